//! Getting a file's bytes: from a path or from standard input, packed or not.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use zstandard::WindowLog;

use crate::memory::Memory;
use crate::problem::Problems;
use crate::session::Session;
use crate::unpack::{PIECE, Unpacked};
use crate::{Part, Report};

/// For how long nothing comes through a pipe before what has come is handed on.
const QUIET: Duration = Duration::from_millis(200);

/// How many pieces of a pipe wait to be read.
const WAITING: usize = 4;

/// Why nothing of a file can be shown. Displays with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The bytes cannot be had.
    #[error("{name}: {error}")]
    Unreadable {
        /// The file's name.
        name: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Nothing can be decompressed.
    #[error("{name}: {what}")]
    Damaged {
        /// The file's name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// There is nothing but white space.
    #[error("{name} is empty")]
    Empty {
        /// The file's name.
        name: String,
    },
    /// It is of a format that is known and not supported.
    #[error("{name}: {reason}")]
    Refused {
        /// The file's name.
        name: String,
        /// What it is, and what to do.
        reason: &'static str,
    },
    /// Something is wrong with everything in it.
    #[error("{name}: {}", in_words(problems, *is_known))]
    NothingRead {
        /// The file's name.
        name: String,
        /// What is wrong.
        problems: Problems,
        /// Whether its format is known.
        is_known: bool,
    },
}

impl FileError {
    /// What could not be read, without the file's name: where, if that is known, and why.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Option<String>, String)> {
        match self {
            Self::Unreadable { error, .. } => vec![(None, error.to_string())],
            Self::Damaged { what, .. } => vec![(None, what.clone())],
            Self::Empty { .. } => vec![(None, "the file is empty".to_owned())],
            Self::Refused { reason, .. } => vec![(None, (*reason).to_owned())],
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

/// Where a file's bytes come from.
pub struct Input {
    name: String,
    from: From,
}

enum From {
    Bytes(Vec<u8>),
    /// With its length.
    File(File, usize),
    /// What has no length: a pipe, or a terminal.
    Stream(Arc<File>),
    StandardInput,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Input {
    /// Contents that are there already, by the name that errors shall give them.
    #[must_use]
    pub const fn new(name: String, bytes: Vec<u8>) -> Self {
        Self {
            name,
            from: From::Bytes(bytes),
        }
    }

    /// Opens a file; `-` is standard input. Nothing is read yet.
    ///
    /// # Errors
    /// It cannot be opened.
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

    /// What it is called; printable if it was opened by its path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads it alone, with all that waits for the end, within the memory that [`Memory::default`] allows.
    ///
    /// # Errors
    /// Nothing of it could be read.
    pub fn read(&self, deliver: &mut dyn FnMut(Part) -> ControlFlow<()>) -> Result<Report, FileError> {
        let mut session = Session::new(Memory::default());
        let (mut spans, mut stopped) = (0, false);
        let mut counting = |part: Part| {
            spans += part.batch.span_count() as u64;
            let flow = deliver(part);
            stopped |= flow.is_break();
            flow
        };
        let mut report = session.read(self, &mut counting)?;
        let warnings = session.finish(&mut counting);
        if !stopped {
            // Parts of one span are one.
            report.spans = spans;
        }
        report.warnings.extend(warnings);
        Ok(report)
    }

    /// Its contents piece by piece, unpacked by a decoder with a window within the limit.
    pub(crate) fn pieces(&self, window: WindowLog, live: bool) -> Result<Pieces<'_>, FileError> {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = |inner: Box<dyn Read + Send>| Counted {
            inner,
            count: count.clone(),
        };
        let (from, of) = match &self.from {
            From::Bytes(bytes) => (
                Source::Direct(Counted {
                    inner: Box::new(bytes.as_slice()),
                    count: count.clone(),
                }),
                bytes.len(),
            ),
            From::File(file, length) => (
                Source::Direct(Counted {
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
    Direct(Counted<Box<dyn Read + 'a>>),
    Stream(Counted<Box<dyn Read + Send>>),
}

/// A reader that says how far it is.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicUsize>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read, Ordering::Relaxed);
        Ok(read)
    }
}

/// A file's contents on their way.
pub(crate) struct Pieces<'a> {
    way: Way<'a>,
    count: Arc<AtomicUsize>,
    of: usize,
}

enum Way<'a> {
    /// Read when it is asked for.
    Here(Unpacked<Box<dyn Read + 'a>>, Vec<u8>),
    /// Read ahead by a thread, so that one can notice that nothing comes.
    Thread(Receiver<Result<Vec<u8>, String>>, Vec<u8>),
}

impl<'a> Way<'a> {
    fn here(file: impl Read + 'a, window: WindowLog) -> io::Result<Self> {
        let file: Box<dyn Read + 'a> = Box::new(file);
        Ok(Self::Here(Unpacked::new(file, window)?, vec![0; PIECE]))
    }
}

/// What comes next.
pub(crate) enum Next<'p> {
    Piece(&'p [u8]),
    /// Nothing has come for a moment.
    Quiet,
    End,
    Failed(String),
}

impl Pieces<'_> {
    /// Waits for the next piece, with `until_quiet` only for a moment.
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
                    pieces.recv_timeout(QUIET)
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

    /// How many bytes of the file have been read, and how many it has: 0 when that is not known.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let read = self.count.load(Ordering::Relaxed);
        (if self.of > 0 { read.min(self.of) } else { read }, self.of)
    }
}

/// Reads on a thread of its own, which ends when nobody wants more, or with the program: a pipe may be silent for ever.
fn read_ahead(file: impl Read + Send + 'static, window: WindowLog) -> Receiver<Result<Vec<u8>, String>> {
    let (sender, pieces) = sync_channel(WAITING);
    std::thread::spawn(move || {
        let mut unpacked = match Unpacked::new(file, window) {
            Ok(unpacked) => unpacked,
            Err(error) => {
                let _ = sender.send(Err(error.to_string()));
                return;
            }
        };
        let mut buffer = vec![0; PIECE];
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
