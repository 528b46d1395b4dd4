//! Writing of traces and log records to a file: OTLP/JSON lines, readable by this crate and by OpenTelemetry's collector.
//!
//! A line is a request with spans or log records of one resource, some hundred at most.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use otlp_wire::json::write;
use otlp_wire::schema::{LOGS_REQUEST, Message, TRACES_REQUEST};
use trace_model::Store;

use crate::pending::Pending;
use crate::selection::{Selection, SelectionCounts, SelectionReader};

/// Maximum number of files with the same name but for a number.
const FILES_MAX: usize = 1_000;
/// Ending of a file's name.
const EXTENSION: &str = "otlp.jsonl";
/// Ending of the name of a file that is being written.
const PARTIAL: &str = ".part";

/// A copy of spans or log records of one resource, in protobuf. It holds no reference to the store.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    signal: Signal,
    body: Vec<u8>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("signal", &self.signal)
            .finish_non_exhaustive()
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

impl Request {
    /// Formats it as a line of JSON.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        write(&self.body, self.signal.request(), &mut line);
        line.push(b'\n');
        line
    }

    /// Returns its bytes in protobuf.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.body.len()
    }
}

/// Copy of a selection from the store, in steps.
#[derive(Debug)]
pub struct Copying {
    reader: SelectionReader,
    spans: Pending,
    logs: Pending,
}

impl Copying {
    /// Starts a copy.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self {
            reader: SelectionReader::new(selection),
            spans: Pending::default(),
            logs: Pending::default(),
        }
    }

    /// Returns the reader, with its counts.
    #[must_use]
    pub const fn reader(&self) -> &SelectionReader {
        &self.reader
    }

    /// Continues until about this much [work](trace_model::work) is done; returns true once all is copied. Of one trace, spans are before log
    /// records.
    pub fn step(&mut self, store: &Store, work: u64, requests: &mut Vec<Request>) -> bool {
        let Self { reader, spans, logs } = self;
        let is_complete = reader.step(store, work, |is_span, record| {
            let (pending, signal) = if is_span {
                (&mut *spans, Signal::Traces)
            } else {
                (&mut *logs, Signal::Logs)
            };
            pending.add_raw(record);
            if pending.is_full_line() {
                drain(pending, signal, requests);
            }
        });
        if is_complete {
            drain(spans, Signal::Traces, requests);
            drain(logs, Signal::Logs, requests);
        }
        is_complete
    }

    /// Copies a selection at once.
    #[must_use]
    pub fn whole(store: &Store, selection: Selection) -> (Vec<Request>, SelectionCounts) {
        let mut copying = Self::new(selection);
        let mut requests = Vec::new();
        while !copying.step(store, u64::MAX, &mut requests) {}
        (requests, *copying.reader.counts())
    }
}

fn drain(pending: &mut Pending, signal: Signal, requests: &mut Vec<Request>) {
    requests.extend(pending.bodies().map(|body| Request { signal, body }));
}

/// A new file that is being written under a temporary name in its directory. Unless it is finished it is removed: a partial one would be misleading.
#[derive(Debug)]
pub struct SavedFile {
    directory: PathBuf,
    stem: String,
    /// The temporary name.
    path: PathBuf,
    out: BufWriter<File>,
    is_finished: bool,
}

impl SavedFile {
    /// Returns the name of a file.
    #[must_use]
    pub fn name(stem: &str) -> String {
        format!("{stem}.{EXTENSION}")
    }

    /// Creates a file that will be `<stem>.otlp.jsonl` in a directory, with `-2`, `-3`, … after the stem if it exists; existing files are never overwritten.
    /// Blocks.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(directory: &Path, stem: &str) -> io::Result<Self> {
        let (path, file) = create_new(directory, stem, PARTIAL)?;
        Ok(Self {
            directory: directory.to_owned(),
            stem: stem.to_owned(),
            path,
            out: BufWriter::new(file),
            is_finished: false,
        })
    }

    /// Writes requests as lines. Blocks.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, requests: &[Request]) -> io::Result<()> {
        requests.iter().try_for_each(|request| self.out.write_all(&request.line()))
    }

    /// Completes the file, gives it its name and returns its path. Blocks.
    ///
    /// # Errors
    /// The file cannot be written; then none is left.
    pub fn finish(mut self) -> io::Result<PathBuf> {
        self.out.flush()?;
        // The name is taken by an empty file, which the rename replaces: an existing one is never overwritten.
        let (path, _) = create_new(&self.directory, &self.stem, "")?;
        if let Err(error) = fs::rename(&self.path, &path) {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        self.is_finished = true;
        Ok(path)
    }
}

/// Creates a file with a name that no other has, for its owner alone: spans contain addresses and tokens.
fn create_new(directory: &Path, stem: &str, ending: &str) -> io::Result<(PathBuf, File)> {
    for number in 1..=FILES_MAX {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let path = directory.join(SavedFile::name(&format!("{stem}{suffix}")) + ending);
        // `create_new` follows no symlinks.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((path, file?)),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{FILES_MAX} files have this name already"),
    ))
}

impl Drop for SavedFile {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = fs::remove_file(&self.path);
        }
    }
}
