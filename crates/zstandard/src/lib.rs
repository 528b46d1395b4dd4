//! Decompression of Zstandard ([RFC 8878](https://datatracker.ietf.org/doc/html/rfc8878)) with a bound on its memory.
//!
//! The only crate that knows the decoder, which is Rust without `unsafe`. What it decodes is compared with the reference implementation
//! in C by the tests alone, so that no program has to compile that.

use std::io::{self, BufRead, Read};

use mzstd::{DecodeError, DecodeLimits, DecodeOperation, DecoderConfig, DecoderSessionOwned, Decompressor};

pub use mzstd::FrameMode;

/// What a decoder takes besides its history, in bytes: blocks and tables.
const TABLES: usize = 1024 * 1024;
/// How many windows of history a decoder keeps, so that it moves each byte once at most.
const HISTORY_WINDOWS: usize = 2;

/// A limit on the window that a frame may ask for: 2 to this power, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLog(u8);

impl WindowLog {
    /// Returns the limit.
    ///
    /// # Panics
    ///
    /// Below 10 and above 31, which the format does not have.
    #[must_use]
    pub const fn new(log: u8) -> Self {
        assert!(matches!(log, DecodeLimits::MIN_WINDOW_LOG..=DecodeLimits::MAX_WINDOW_LOG));
        Self(log)
    }

    /// Returns the largest limit whose decoder stays within so many bytes, its tables aside.
    #[must_use]
    pub const fn within(bytes: usize) -> Self {
        let mut log = DecodeLimits::MIN_WINDOW_LOG;
        while log < DecodeLimits::MAX_WINDOW_LOG && HISTORY_WINDOWS << (log + 1) <= bytes {
            log += 1;
        }
        Self(log)
    }

    /// Returns the longest window in bytes.
    #[must_use]
    pub const fn window_bytes(self) -> usize {
        1 << self.0
    }

    /// Returns the most memory that a decoder takes, in bytes.
    #[must_use]
    pub const fn decoder_bytes(self) -> usize {
        HISTORY_WINDOWS * self.window_bytes() + TABLES
    }
}

/// A decoder that reads from `R`.
#[derive(Debug)]
pub struct Decoder<R> {
    session: DecoderSessionOwned,
    compressed: R,
    /// Why it stopped, until what was decoded before is read.
    failed: Option<DecodeError>,
}

impl<R: BufRead> Decoder<R> {
    /// Returns a decoder of one frame, or of all up to the end.
    pub fn new(compressed: R, frames: FrameMode, limit: WindowLog) -> Self {
        let limits = DecodeLimits::DEFAULT
            .with_max_window_log(limit.0)
            .unwrap_or(DecodeLimits::DEFAULT);
        let config = DecoderConfig::DEFAULT.with_frame_mode(frames).with_limits(limits);
        Self {
            session: Decompressor::new(config).into_session(),
            compressed,
            failed: None,
        }
    }

    /// Returns what it read from, at the first byte that it did not decode.
    pub fn into_inner(self) -> R {
        self.compressed
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        while !into.is_empty() && !self.session.is_finished() {
            let compressed = self.compressed.fill_buf()?;
            let operation = if compressed.is_empty() {
                DecodeOperation::Finish
            } else {
                DecodeOperation::Process
            };
            let (consumed, produced) = match self.session.process(compressed, into, operation) {
                Ok(progress) => (progress.consumed, progress.produced),
                Err(failure) => {
                    self.failed = Some(failure.error);
                    (failure.consumed, failure.produced)
                }
            };
            self.compressed.consume(consumed);
            if produced > 0 {
                return Ok(produced);
            }
            if let Some(error) = self.failed.take() {
                return Err(error.into());
            }
        }
        Ok(0)
    }
}

/// Returns the window in bytes that a frame asked for, if the limit is why reading it failed.
#[must_use]
pub fn refused_window(error: &io::Error) -> Option<u64> {
    match error.get_ref()?.downcast_ref()? {
        DecodeError::WindowLimitExceeded { window_size, .. } => Some(*window_size),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
