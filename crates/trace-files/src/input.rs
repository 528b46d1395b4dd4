//! Bytes of a file: from a path or standard input, compressed or not.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use zstandard::WindowLog;

use crate::peek::READ_BYTES;
use crate::problem::Problems;
use crate::unpack::Unpacked;

/// Idle time of a pipe after which its complete records are released.
const IDLE_TIME: Duration = Duration::from_millis(200);

/// Maximum number of chunks read ahead from a pipe.
const CHUNKS_MAX: usize = 4;

/// A file without any readable content. Displays with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Reading failed.
    #[error("{name}: {error}")]
    Unreadable {
        /// Name of the file.
        name: String,
        /// Cause.
        #[source]
        error: io::Error,
    },
    /// Decompression failed from the start.
    #[error("{name}: {what}")]
    Damaged {
        /// Name of the file.
        name: String,
        /// Cause.
        what: String,
    },
    /// The file has only white space.
    #[error("{name} is empty")]
    Empty {
        /// Name of the file.
        name: String,
    },
    /// The format is known but not supported.
    #[error("{name}: {reason}")]
    Rejected {
        /// Name of the file.
        name: String,
        /// Format and workaround.
        reason: &'static str,
    },
    /// Every part of the file is invalid.
    #[error("{name}: {}", in_words(problems, *is_known))]
    NothingRead {
        /// Name of the file.
        name: String,
        /// Causes.
        problems: Problems,
        /// True if the format is supported.
        is_known: bool,
    },
}

impl FileError {
    /// Returns the causes without the file's name, each with its position if known.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Option<String>, String)> {
        match self {
            Self::Unreadable { error, .. } => vec![(None, error.to_string())],
            Self::Damaged { what, .. } => vec![(None, what.clone())],
            Self::Empty { .. } => vec![(None, "the file is empty".to_owned())],
            Self::Rejected { reason, .. } => vec![(None, (*reason).to_owned())],
            Self::NothingRead { problems, .. } => problems.reasons(),
        }
    }
}

fn in_words(problems: &Problems, is_known: bool) -> String {
    let first = problems.first.first().map(ToString::to_string).unwrap_or_default();
    let more = match problems.count {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let known = if is_known {
        ""
    } else {
        "\n  supported: OTLP (JSON or protobuf), Jaeger JSON (API or Elasticsearch), Zipkin JSON (v1 or v2), spanfall tail --json"
    };
    first + &more + known
}

/// A source of a file's bytes.
pub struct Input {
    name: String,
    from: From,
}

enum From {
    Bytes(Vec<u8>),
    /// With its length in bytes.
    File(File, usize),
    /// A pipe or terminal, of unknown length.
    Stream(Arc<File>),
    StandardInput,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Input {
    /// Creates an input from bytes, with a name for errors.
    #[must_use]
    pub const fn new(name: String, bytes: Vec<u8>) -> Self {
        Self {
            name,
            from: From::Bytes(bytes),
        }
    }

    /// Opens a file; `-` is standard input. Reads nothing yet.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        if path == Path::new("-") {
            return Ok(Self {
                name: "standard input".to_owned(),
                from: From::StandardInput,
            });
        }
        let name = printable::clean(&path.display().to_string()).into_owned();
        let opened = File::open(path).and_then(|file| {
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Ok(if about.is_file() {
                From::File(file, usize::try_from(about.len()).unwrap_or(usize::MAX))
            } else {
                From::Stream(Arc::new(file))
            })
        });
        match opened {
            Ok(from) => Ok(Self { name, from }),
            Err(error) => Err(FileError::Unreadable { name, error }),
        }
    }

    /// Returns the name, printable if opened by path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its decompressed chunks; windows of the decoder are limited.
    pub(crate) fn pieces(&self, window: WindowLog, live: bool) -> Result<Pieces<'_>, FileError> {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = |inner: Box<dyn Read + Send>| CountingReader {
            inner,
            count: count.clone(),
        };
        let (from, of) = match &self.from {
            From::Bytes(bytes) => (
                Source::Direct(CountingReader {
                    inner: Box::new(bytes.as_slice()),
                    count: count.clone(),
                }),
                bytes.len(),
            ),
            From::File(file, length) => (
                Source::Direct(CountingReader {
                    inner: Box::new(file),
                    count: count.clone(),
                }),
                *length,
            ),
            From::Stream(file) => {
                let file = file.try_clone().map_err(|error| self.unreadable(error))?;
                (Source::Stream(counted(Box::new(file))), 0)
            }
            From::StandardInput => (Source::Stream(counted(Box::new(io::stdin()))), 0),
        };
        let way = match from {
            Source::Stream(stream) if live => Way::Thread(read_ahead(stream, window), Vec::new()),
            Source::Stream(stream) => Way::here(stream, window).map_err(|error| self.unreadable(error))?,
            Source::Direct(file) => Way::here(file, window).map_err(|error| self.unreadable(error))?,
        };
        Ok(Pieces { way, count, of })
    }

    fn unreadable(&self, error: io::Error) -> FileError {
        FileError::Unreadable {
            name: self.name.clone(),
            error,
        }
    }
}

enum Source<'a> {
    Direct(CountingReader<Box<dyn Read + 'a>>),
    Stream(CountingReader<Box<dyn Read + Send>>),
}

/// A reader that counts its bytes.
struct CountingReader<R> {
    inner: R,
    count: Arc<AtomicUsize>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read, Ordering::Relaxed);
        Ok(read)
    }
}

/// The chunks of a file.
pub(crate) struct Pieces<'a> {
    way: Way<'a>,
    count: Arc<AtomicUsize>,
    of: usize,
}

enum Way<'a> {
    /// Read on demand.
    Here(Unpacked<Box<dyn Read + 'a>>, Vec<u8>),
    /// Read ahead by a thread, to detect an idle pipe.
    Thread(Receiver<Result<Vec<u8>, String>>, Vec<u8>),
}

impl<'a> Way<'a> {
    fn here(file: impl Read + 'a, window: WindowLog) -> io::Result<Self> {
        let file: Box<dyn Read + 'a> = Box::new(file);
        Ok(Self::Here(Unpacked::new(file, window)?, vec![0; READ_BYTES]))
    }
}

/// Result of waiting for a chunk.
pub(crate) enum Next<'p> {
    Piece(&'p [u8]),
    /// The pipe is idle.
    Quiet,
    End,
    Failed(String),
}

impl Pieces<'_> {
    /// Waits for the next chunk; with `until_quiet`, only until the pipe is idle.
    pub(crate) fn next(&mut self, until_quiet: bool) -> Next<'_> {
        match &mut self.way {
            Way::Here(unpacked, buffer) => loop {
                return match unpacked.read(buffer) {
                    Ok(0) => Next::End,
                    Ok(read) => Next::Piece(&buffer[..read]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Next::Failed(unpacked.what(&error)),
                };
            },
            Way::Thread(pieces, piece) => {
                let next = if until_quiet {
                    pieces.recv_timeout(IDLE_TIME)
                } else {
                    pieces.recv().map_err(|_| RecvTimeoutError::Disconnected)
                };
                match next {
                    Ok(Ok(next)) => {
                        *piece = next;
                        Next::Piece(piece)
                    }
                    Ok(Err(what)) => Next::Failed(what),
                    Err(RecvTimeoutError::Timeout) => Next::Quiet,
                    Err(RecvTimeoutError::Disconnected) => Next::End,
                }
            }
        }
    }

    /// Returns the bytes read and the total; 0 if unknown.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let read = self.count.load(Ordering::Relaxed);
        (if self.of > 0 { read.min(self.of) } else { read }, self.of)
    }
}

/// Reads on a thread, which ends with its receiver or the process: a pipe may be silent forever.
fn read_ahead(file: impl Read + Send + 'static, window: WindowLog) -> Receiver<Result<Vec<u8>, String>> {
    let (sender, pieces) = sync_channel(CHUNKS_MAX);
    std::thread::spawn(move || {
        let mut unpacked = match Unpacked::new(file, window) {
            Ok(unpacked) => unpacked,
            Err(error) => {
                let _ = sender.send(Err(error.to_string()));
                return;
            }
        };
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let next = match unpacked.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => Ok(buffer[..read].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(unpacked.what(&error)),
            };
            let is_last = next.is_err();
            if sender.send(next).is_err() || is_last {
                return;
            }
        }
    });
    pieces
}
