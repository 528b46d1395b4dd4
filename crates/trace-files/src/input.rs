//! Getting a file's bytes: from a path or from standard input, packed or not.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::problem::Problem;
use crate::reader::Reader;
use crate::{Part, Report};

/// How many bytes a file may have, unpacked: 2 GiB.
pub const LIMIT: u64 = 2 << 30;

/// By these bytes gzip is known.
const GZIP: [u8; 2] = [0x1f, 0x8b];

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
    /// There are more than [`LIMIT`] of them.
    #[error("{name} is larger than {} GiB", LIMIT >> 30)]
    TooLarge {
        /// The file's name.
        name: String,
    },
    /// There is nothing but white space.
    #[error("{name} is empty")]
    Empty {
        /// The file's name.
        name: String,
    },
    /// Nothing in it is of a kind that is understood.
    #[error("{name}: {problem}\n  understood are OTLP/JSON (an object, an array, JSON lines), Jaeger JSON and Zipkin v2 JSON")]
    Unknown {
        /// The file's name.
        name: String,
        /// What was noticed first.
        problem: Problem,
    },
}

/// A file's contents.
#[derive(Clone, PartialEq, Eq)]
pub struct Input {
    name: String,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl Input {
    /// Contents that are there already, by the name that errors shall give them.
    #[must_use]
    pub const fn new(name: String, bytes: Vec<u8>) -> Self {
        Self { name, bytes }
    }

    /// Reads a whole file; `-` is standard input. Blocks.
    ///
    /// # Errors
    /// It cannot be read, or is too large.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        if path == Path::new("-") {
            return Self::all("standard input".to_owned(), io::stdin().lock());
        }
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::all(name, file),
            Err(error) => Err(FileError::Unreadable { name, error }),
        }
    }

    /// Reads all that there is, and unpacks it.
    fn all(name: String, from: impl Read) -> Result<Self, FileError> {
        let mut bytes = bounded(&name, from)?;
        if bytes.starts_with(&GZIP) {
            bytes = bounded(&name, MultiGzDecoder::new(bytes.as_slice()))?;
        }
        Ok(Self { name, bytes })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads what is in it, handing on one part after the other until `sink` breaks. What cannot be read costs itself.
    ///
    /// # Errors
    /// Nothing in it is of a kind that is understood.
    pub fn read(&self, sink: &mut dyn FnMut(Part) -> ControlFlow<()>) -> Result<Report, FileError> {
        let text = String::from_utf8_lossy(&self.bytes);
        // A mark of the byte order, which UTF-8 does not need and some write.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if text.trim_ascii().is_empty() {
            return Err(FileError::Empty { name: self.name.clone() });
        }
        let report = Reader::new(text, sink).read();
        match report.problems.first.first() {
            Some(problem) if report.formats.is_empty() => Err(FileError::Unknown {
                name: self.name.clone(),
                problem: problem.clone(),
            }),
            _ => Ok(report),
        }
    }
}

fn bounded(name: &str, from: impl Read) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = from.take(LIMIT + 1).read_to_end(&mut bytes);
    match read {
        Ok(length) if length as u64 > LIMIT => Err(FileError::TooLarge { name: name.to_owned() }),
        Ok(_) => Ok(bytes),
        Err(error) => Err(FileError::Unreadable {
            name: name.to_owned(),
            error,
        }),
    }
}
