//! Saved traces: files in, batches for the store out; and one trace out as a file.
//!
//! What a file is, its content says, not its name. It may be compressed with gzip or Zstandard. A file holds one or more JSON values (so
//! JSON lines are such a file), each one of these or an array of them; or OTLP in protobuf; or messages of either kind, each behind its
//! length, as OpenTelemetry's collector writes them.
//!
//! | format | known by | read as |
//! |---|---|---|
//! | OTLP/JSON | `resourceSpans`, `resourceLogs` | requests of OTLP, of any version since 0.9 |
//! | OTLP in protobuf | the ids of its first span, the time of its first log record | the same |
//! | Jaeger | `spans` with `processes` or `traceID`, within `data` or bare; single spans by `spanID` | traces of Jaeger's HTTP API |
//! | Jaeger's storage | the same, within `_source` or bare | documents of Elasticsearch, as searches and dumps have them |
//! | Zipkin v2 | `traceId` with `id` and another of its names | spans |
//! | Zipkin v1 | `traceId` with annotations that have endpoints | spans |
//! | `spanfall tail --json` | `trace_id`, `span_id`, `start_unix_nano` | spans |
//!
//! All become OTLP, so that there is one store and one screen for them; [`ids`](#ids) says what happens to ids. Whatever is wrong with a
//! span, a record or a document costs only itself, and is reported with its line and column. What looks like one of these and is not is
//! refused by name.
//!
//! It knows neither screens nor the command line, and keeps nothing but what waits for the end of all files (see [`Session`]).
//!
//! # Ids
//! Short hexadecimal is padded with zeros to the left. An id that is not hexadecimal becomes the FNV-1a hash of its text, of 128 bits for
//! traces and of 64 for spans: the same text is the same id in all files. A trace id of 64 bits is the one of 128 bits that ends in it, if
//! exactly one in all files does.
//!
//! ```
//! use std::ops::ControlFlow;
//! use trace_files::{Format, Input};
//! use trace_model::Store;
//!
//! let zipkin = r#"[{"traceId": "a1", "id": "b2", "name": "get", "timestamp": 1, "duration": 2}, {"traceId": "a1"}]"#;
//! let mut store = Store::new(1 << 20);
//! let report = Input::new("saved.json".to_owned(), zipkin.into()).read(&mut |part| {
//!     store.add(part.batch);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!((report.formats, report.spans), (vec![Format::Zipkin], 1));
//! assert_eq!(report.problems.first[0].to_string(), "line 1, column 79: the span has no id");
//! assert_eq!(store.totals().spans, 1);
//! # Ok::<_, trace_files::FileError>(())
//! ```

mod content;
mod formats;
mod frames;
mod held;
mod ids;
mod input;
mod jaeger;
mod json;
pub mod json_lines;
mod lines;
mod memory;
mod messages;
mod otlp;
mod pending;
mod problem;
mod reader;
mod refused;
mod save;
mod session;
mod sink;
mod tags;
mod tail;
mod unpack;
mod zipkin;

use trace_model::Batch;

pub use input::{FileError, Input};
pub use lines::{write_logs, write_spans};
pub use memory::Memory;
pub use problem::{Position, Problem, Problems};
pub use save::{Copied, Copying, Saved};
pub use session::Session;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenTelemetry's.
    Otlp,
    /// Jaeger's.
    Jaeger,
    /// Zipkin's, version 1 or 2.
    Zipkin,
    /// Lines of `spanfall tail --json`.
    Tail,
}

/// A part of what a file holds.
#[derive(Debug)]
pub struct Part {
    /// Spans or log records, of about a mebibyte.
    pub batch: Batch,
    /// Up to where the file has been read, in bytes.
    pub read: usize,
    /// How many bytes it has; 0 when that is not known.
    pub of: usize,
}

/// What was in a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Report {
    /// The kinds of its documents, in the order in which they were met.
    pub formats: Vec<Format>,
    /// How many spans were read.
    pub spans: u64,
    /// How many log records were read.
    pub logs: u64,
    /// What could not be read.
    pub problems: Problems,
    /// What was read and looks wrong.
    pub warnings: Problems,
}
