//! Writing of one trace to a file: OTLP/JSON lines, readable by this crate and by OpenTelemetry's collector.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use otlp_wire::json::write;
use otlp_wire::schema::{LOGS_REQUEST, Message, TRACES_REQUEST};
use trace_model::{RawProgress, RawReader, Store, TraceId};

use crate::pending::Pending;

/// Maximum number of files of one trace in a directory.
const FILES_MAX: usize = 1_000;

/// A copy of a trace for writing: requests of about 1 MiB each, in protobuf. It holds no reference to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Saved {
    trace_id: TraceId,
    requests: Vec<(Signal, Vec<u8>)>,
    /// Number of spans.
    pub spans: usize,
    /// Number of log records.
    pub logs: usize,
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved")
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}

/// Copy of a trace from the store, in steps.
#[derive(Debug)]
pub struct Copying {
    reader: RawReader,
    saved: Saved,
    /// Kind of the records in the next request.
    signal: Signal,
    pending: Pending,
}

/// Progress of copying.
#[derive(Debug)]
pub enum Copied {
    /// A part of it.
    Part,
    /// The complete trace.
    Whole(Saved),
    /// The trace was evicted or never stored: a partial trace is not saved.
    Evicted,
}

impl Copying {
    /// Starts a copy.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            reader: RawReader::new(store, trace_id),
            saved: Saved::nothing(trace_id),
            signal: Signal::Traces,
            pending: Pending::default(),
        }
    }

    /// Continues until about this much [work](trace_model::work) is done.
    pub fn step(&mut self, store: &Store, work: u64) -> Copied {
        let Self {
            reader,
            saved,
            signal,
            pending,
        } = self;
        let progress = reader.step(store, work, |is_span, record| {
            let next = if is_span { Signal::Traces } else { Signal::Logs };
            if pending.is_full() || (*signal != next && !pending.is_empty()) {
                saved.requests.push((*signal, pending.body()));
            }
            *signal = next;
            pending.add_raw(&record);
            let count = if is_span { &mut saved.spans } else { &mut saved.logs };
            *count += 1;
        });
        match progress {
            RawProgress::More => return Copied::Part,
            RawProgress::Left => return Copied::Evicted,
            RawProgress::Complete => {}
        }
        if !pending.is_empty() {
            saved.requests.push((*signal, pending.body()));
        }
        if saved.requests.is_empty() {
            Copied::Evicted
        } else {
            Copied::Whole(std::mem::replace(saved, Saved::nothing(saved.trace_id)))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Traces,
    Logs,
}

impl Signal {
    const fn request(self) -> &'static Message {
        match self {
            Self::Traces => &TRACES_REQUEST,
            Self::Logs => &LOGS_REQUEST,
        }
    }
}

impl Saved {
    const fn nothing(trace_id: TraceId) -> Self {
        Self {
            trace_id,
            requests: Vec::new(),
            spans: 0,
            logs: 0,
        }
    }

    /// Copies a whole trace: its spans with their resources and scopes, and its log records. `None` if it is not stored.
    #[must_use]
    pub fn of(store: &Store, trace_id: TraceId) -> Option<Self> {
        let mut copying = Copying::new(store, trace_id);
        loop {
            match copying.step(store, u64::MAX) {
                Copied::Part => {}
                Copied::Whole(saved) => return Some(saved),
                Copied::Evicted => return None,
            }
        }
    }

    /// Writes the lines: requests with spans, then requests with log records.
    ///
    /// # Errors
    /// Writing to `out` failed.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        for at in 0..self.requests.len() {
            out.write_all(&self.line(at).unwrap_or_default())?;
        }
        out.flush()
    }

    /// Formats a line by its position; `None` after the last one.
    #[must_use]
    pub fn line(&self, at: usize) -> Option<Vec<u8>> {
        let (signal, request) = self.requests.get(at)?;
        let mut line = Vec::new();
        write(request, signal.request(), &mut line);
        line.push(b'\n');
        Some(line)
    }

    /// Creates a file `trace-<id>.otlp.jsonl` in a directory, with `-2`, `-3`, … after the id if it exists; existing files are
    /// never overwritten. Returns the file's path. Blocks.
    ///
    /// # Errors
    /// The file cannot be created or written; then none is left.
    pub fn write_into(&self, directory: &Path) -> io::Result<PathBuf> {
        for number in 1..=FILES_MAX {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = directory.join(format!("trace-{}{suffix}.otlp.jsonl", self.trace_id));
            // A new file for its owner alone: spans contain addresses and tokens. `create_new` follows no symlinks.
            let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let file = match created {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            return match self.write(BufWriter::new(file)) {
                Ok(()) => Ok(path),
                Err(error) => {
                    // A partial trace would be misleading.
                    let _ = fs::remove_file(&path);
                    Err(error)
                }
            };
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("the trace already has {FILES_MAX} files"),
        ))
    }
}
