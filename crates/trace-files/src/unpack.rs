//! Decompression of files, compressed or not.

use std::io::{self, Read};

use flate2::bufread::GzDecoder;
use zstandard::WindowLog;

use crate::frames::{self, Frames};
use crate::peek::Peek;

/// Magic number of gzip.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

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
                    if begin.len() < GZIP.len() && GZIP.starts_with(begin) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
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
