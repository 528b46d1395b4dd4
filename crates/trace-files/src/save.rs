//! One trace as a file: OTLP/JSON lines, which this crate and OpenTelemetry's collector read.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use otlp_wire::json::write;
use otlp_wire::schema::{LOGS_REQUEST, Message, TRACES_REQUEST};
use trace_model::{RawProgress, RawReader, Store, TraceId};

use crate::pending::Pending;

/// How many files of one trace there may be in a directory.
const NAMES: usize = 1_000;

/// A trace on its way into a file: requests of about a mebibyte each, in protobuf. It holds nothing of the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Saved {
    trace_id: TraceId,
    requests: Vec<(Signal, Vec<u8>)>,
    /// How many spans it has.
    pub spans: usize,
    /// How many log records it has.
    pub logs: usize,
}

impl std::fmt::Debug for Saved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Saved")
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}

/// A trace that is being copied out of the store, in steps.
#[derive(Debug)]
pub struct Copying {
    reader: RawReader,
    saved: Saved,
    /// What comes together for the next request.
    signal: Signal,
    pending: Pending,
}

/// How much of a trace was copied.
#[derive(Debug)]
pub enum Copied {
    /// There is more to copy.
    Part,
    /// All of it.
    Whole(Saved),
    /// The trace has left the store, or has never been there: a part of it is not saved.
    Left,
}

impl Copying {
    /// Nothing is copied yet.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            reader: RawReader::new(store, trace_id),
            saved: Saved::nothing(trace_id),
            signal: Signal::Traces,
            pending: Pending::default(),
        }
    }

    /// Copies on until about so much [work](trace_model::work) is done.
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
            RawProgress::Left => return Copied::Left,
            RawProgress::Complete => {}
        }
        if !pending.is_empty() {
            saved.requests.push((*signal, pending.body()));
        }
        if saved.requests.is_empty() {
            Copied::Left
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

    /// Copies a trace out of the store at once: its spans with their resources and scopes, and its log records. `None` when it is not there.
    #[must_use]
    pub fn of(store: &Store, trace_id: TraceId) -> Option<Self> {
        let mut copying = Copying::new(store, trace_id);
        loop {
            match copying.step(store, u64::MAX) {
                Copied::Part => {}
                Copied::Whole(saved) => return Some(saved),
                Copied::Left => return None,
            }
        }
    }

    /// Writes the lines: requests with spans, then requests with log records.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let mut line = Vec::new();
        for (signal, request) in &self.requests {
            line.clear();
            write(request, signal.request(), &mut line);
            line.push(b'\n');
            out.write_all(&line)?;
        }
        out.flush()
    }

    /// Writes a new file `trace-<id>.otlp.jsonl` into a directory, with `-2`, `-3`, … behind the id where there is one already; what is
    /// there is never written over. Gives the file's path. Blocks.
    ///
    /// # Errors
    /// The file cannot be made or written; then there is none.
    pub fn write_into(&self, directory: &Path) -> io::Result<PathBuf> {
        for number in 1..=NAMES {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = directory.join(format!("trace-{}{suffix}.otlp.jsonl", self.trace_id));
            // A new file for its owner alone: spans hold addresses and tokens. This follows no symlink.
            let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let file = match created {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            return match self.write(BufWriter::new(file)) {
                Ok(()) => Ok(path),
                Err(error) => {
                    // A part of a trace would be a lie.
                    let _ = fs::remove_file(&path);
                    Err(error)
                }
            };
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("there are {NAMES} files of this trace already"),
        ))
    }
}
