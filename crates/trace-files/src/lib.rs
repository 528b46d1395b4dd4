//! Saved traces: files in, batches for the store out; and one trace out as a file.
//!
//! What a file is, its content says, not its name. A file holds one or more JSON values (so JSON lines are such a file), maybe packed by
//! gzip, and each value is one of these, or an array of them:
//!
//! | kind | known by | read as |
//! |---|---|---|
//! | OTLP/JSON | `resourceSpans`, `resourceLogs` | requests of OTLP, of any version since 0.9 |
//! | Jaeger | `spans` with `processes` or `traceID`, within `data` or bare; single spans by `spanID` | traces of Jaeger's HTTP API |
//! | Zipkin v2 | `traceId` with `id` or `localEndpoint` | spans |
//!
//! All become OTLP, so that there is one store and one screen for them; [`ids`](#ids) says what happens to ids. Whatever is wrong with a
//! span, a record or a document costs only itself, and is reported with its line and column.
//!
//! It knows neither screens nor the command line, and keeps nothing.
//!
//! # Ids
//! Short hexadecimal is padded with zeros to the left. An id that is no hexadecimal becomes the FNV-1a hash of its text, of 128 bits for
//! traces and of 64 for spans: the same text is the same id in all files.
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

mod ids;
mod input;
mod jaeger;
mod lines;
mod node;
mod otlp;
mod pending;
mod problem;
mod reader;
mod save;
mod tags;
mod zipkin;

use trace_model::Batch;

pub use input::{FileError, Input, LIMIT};
pub use lines::{write_logs, write_spans};
pub use problem::{Position, Problem, Problems};
pub use save::Saved;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenTelemetry's.
    Otlp,
    /// Jaeger's.
    Jaeger,
    /// Zipkin's, version 2.
    Zipkin,
}

/// A part of what a file holds.
#[derive(Debug)]
pub struct Part {
    /// Spans or log records, of about a mebibyte.
    pub batch: Batch,
    /// Up to where the file has been read, in bytes.
    pub read: usize,
    /// How many bytes it has, unpacked.
    pub of: usize,
}

/// What was in a file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Report {
    /// The kinds of its documents, in the order in which they were met.
    pub formats: Vec<Format>,
    /// How many spans were handed on.
    pub spans: u64,
    /// How many log records were handed on.
    pub logs: u64,
    /// What could not be read.
    pub problems: Problems,
}

impl Report {
    fn saw(&mut self, format: Format) {
        if !self.formats.contains(&format) {
            self.formats.push(format);
        }
    }
}
