//! Decompression of files, compressed or not.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use zstandard::WindowLog;

use crate::frames::{self, Frames};

/// Magic number of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes of a file per read.
pub(crate) const READ_BYTES: usize = 64 << 10;

/// A reader with lookahead.
#[derive(Debug)]
pub(crate) struct Peek<R> {
    inner: R,
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> Peek<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            at: 0,
        }
    }

    /// Returns the next bytes, fewer at the end.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.at < count && self.more()? {}
        let end = self.buffer.len().min(self.at + count);
        Ok(&self.buffer[self.at..end])
    }

    /// Reads more bytes; returns false at the end.
    fn more(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let before = self.buffer.len();
        self.buffer.resize(before + READ_BYTES, 0);
        let read = loop {
            match self.inner.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }

    /// Skips zeros.
    pub(crate) fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill_buf()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            if zeros == 0 {
                return Ok(());
            }
            self.consume(zeros);
        }
    }
}

impl<R: Read> Read for Peek<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Peek<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.more()?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.buffer.len());
    }
}

/// The decompressed contents of a file.
pub(crate) enum Unpacked<R: Read> {
    Plain(Peek<R>),
    Gzip(Members<R>),
    Zstandard(Frames<R>),
}

impl<R: Read> Unpacked<R> {
    /// Detects the compression; windows are limited.
    pub(crate) fn new(file: R, window: WindowLog) -> io::Result<Self> {
        let mut packed = Peek::new(file);
        let begin = packed.peek(4)?;
        Ok(if begin.starts_with(&GZIP) {
            Self::Gzip(Members::Between(packed))
        } else if frames::is_frame(begin) {
            Self::Zstandard(Frames::new(packed, window))
        } else {
            Self::Plain(packed)
        })
    }

    /// Describes an error of this compression.
    pub(crate) fn what(&self, error: &io::Error) -> String {
        let name = match self {
            Self::Plain(_) => return error.to_string(),
            Self::Gzip(_) => "gzip",
            Self::Zstandard(_) => "Zstandard",
        };
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return format!("truncated {name} data: everything before the end was read");
        }
        format!("invalid {name} data: {error}")
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(members) => members.read(buffer),
            Self::Zstandard(frames) => frames.read(buffer),
        }
    }
}

/// Consecutive gzip members; trailing zeros are padding, as in gzip.
pub(crate) enum Members<R: Read> {
    Within(Box<GzDecoder<Peek<R>>>),
    Between(Peek<R>),
    Ended,
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Ended) {
                Self::Ended => return Ok(0),
                Self::Between(mut packed) => {
                    packed.skip_zeros()?;
                    let begin = packed.peek(GZIP.len())?;
                    if begin.is_empty() {
                        return Ok(0);
                    }
                    if begin != GZIP {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, "trailing data is not gzip"));
                    }
                    *self = Self::Within(Box::new(GzDecoder::new(packed)));
                }
                Self::Within(mut member) => match member.read(buffer) {
                    Ok(0) if !buffer.is_empty() => *self = Self::Between(member.into_inner()),
                    Ok(read) => {
                        *self = Self::Within(member);
                        return Ok(read);
                    }
                    Err(error) => return Err(error),
                },
            }
        }
    }
}
