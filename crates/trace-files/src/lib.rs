//! Saved traces: reads files into batches for the store, and writes traces and log records to a file.
//!
//! **Invariant:** work is linear in the bytes of a file, whatever is damaged. **Boundary:** formats know no files.
//!
//! The format is detected from the content, not from the name. A file may be compressed with gzip or Zstandard. It contains one
//! or more JSON values (so JSON lines are such a file), each in one of these formats or an array of them; or OTLP in protobuf; or
//! length-prefixed messages of either kind, as OpenTelemetry's collector writes them.
//!
//! | format | detected by | read as |
//! |---|---|---|
//! | OTLP/JSON | `resourceSpans`, `resourceLogs` | OTLP requests of any version since 0.9 |
//! | OTLP in protobuf | the ids of its first span, the time of its first log record | the same |
//! | Jaeger | `spans` with `processes` or `traceID`, within `data` or bare; single spans by `spanID` | traces of Jaeger's HTTP API |
//! | Jaeger's storage | the same, within `_source` or bare | documents of Elasticsearch, from searches and dumps |
//! | Zipkin v2 | `traceId` and `id`, with an endpoint or without foreign members | spans |
//! | Zipkin v1 | `traceId` with annotations that have endpoints | spans |
//! | `spanfall tail --json` | `trace_id`, `span_id`, `start_unix_nano` | spans |
//!
//! Everything is converted to OTLP, so that one store and one UI suffice; [`ids`](#ids) has the rules for ids. An invalid span,
//! record or document affects only itself, and is reported with its line and column. Similar formats that are not supported are
//! rejected by name.
//!
//! The crate is independent of UI and command line, and keeps only records held until the end of all files (see [`Session`]).
//!
//! # Ids
//! Short hexadecimal is left-padded with zeros. An id that is not hexadecimal becomes the FNV-1a hash of its text, of 128 bits
//! for traces and 64 for spans: equal texts are equal ids in all files. A 64-bit trace id is the 128-bit id with this suffix, if
//! exactly one in all files has it.
//!
//! ```
//! use std::ops::ControlFlow;
//! use trace_files::{Format, Input, read_alone};
//! use trace_model::Store;
//!
//! let zipkin = r#"[{"traceId": "a1", "id": "b2", "name": "get", "timestamp": 1, "duration": 2}, {"traceId": "a1"}]"#;
//! let mut store = Store::new(1 << 20);
//! let input = Input::new("saved.json".to_owned(), zipkin.into());
//! let report = read_alone(&input, &mut |part| {
//!     store.add(part.batch);
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!((report.formats, report.spans), (vec![Format::Zipkin], 1));
//! assert_eq!(report.problems.first[0].to_string(), "line 1, column 79: span without id");
//! assert_eq!(store.totals().spans, 1);
//! # Ok::<_, trace_files::FileError>(())
//! ```

#![warn(missing_docs)]

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
mod peek;
mod pending;
mod problem;
mod reader;
mod rejected;
mod resource_scope;
mod save;
mod selection;
mod session;
mod sink;
mod tags;
mod tail;
mod unpack;
mod values;
mod zipkin;

use trace_model::Batch;

pub use input::{FileError, Input};
pub use lines::{read_logs, read_spans, write_logs, write_spans};
pub use memory::Memory;
pub use problem::{Position, Problem, Problems};
pub use save::{Copying, Request, SavedFile};
pub use selection::{Selection, SelectionCounts, SelectionReader};
pub use session::{Session, read_alone};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OTLP in JSON or protobuf.
    Otlp,
    /// Jaeger's JSON.
    Jaeger,
    /// Zipkin's JSON, version 1 or 2.
    Zipkin,
    /// Lines of `spanfall tail --json`.
    Tail,
}

/// A part of a file's contents.
#[derive(Debug)]
pub struct Part {
    /// Spans or log records, about 1 MiB.
    pub batch: Batch,
    /// Bytes of the file read so far.
    pub read: usize,
    /// Length of the file in bytes; 0 if unknown.
    pub of: usize,
}

/// Summary of a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Report {
    /// Formats of its documents in order of appearance.
    pub formats: Vec<Format>,
    /// Number of spans read.
    pub spans: u64,
    /// Number of log records read.
    pub logs: u64,
    /// Parts that could not be read.
    pub problems: Problems,
    /// Suspicious data that was read.
    pub warnings: Problems,
}
