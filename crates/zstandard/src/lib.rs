//! Decompression of Zstandard ([RFC 8878](https://datatracker.ietf.org/doc/html/rfc8878)) with a bound on its memory.
//!
//! **Boundary**: the only crate that depends on the decoder, which is Rust without `unsafe`. Only the tests compare it with the reference implementation
//! in C, so that no program has to compile that.

#![warn(missing_docs)]

use std::io::{self, BufRead, Read};

use mzstd::{DecodeError, DecodeLimits, DecodeOperation, DecoderConfig, DecoderSessionOwned, Decompressor};

pub use mzstd::FrameMode;

/// The memory of a decoder in addition to its history, in bytes: blocks and tables.
const TABLES_BYTES: usize = 1024 * 1024;
/// The history of a decoder in windows, so that it moves each byte at most once.
const HISTORY_WINDOWS: usize = 2;

/// The maximum window size of a frame: 2 to this power, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLog(u8);

impl WindowLog {
    /// Returns the limit.
    ///
    /// # Panics
    ///
    /// If `log` is not in 10..=31, the range of the format.
    #[must_use]
    pub const fn new(log: u8) -> Self {
        assert!(matches!(log, DecodeLimits::MIN_WINDOW_LOG..=DecodeLimits::MAX_WINDOW_LOG));
        Self(log)
    }

    /// Returns the largest limit whose decoder history fits into `bytes`.
    #[must_use]
    pub const fn within(bytes: usize) -> Self {
        let mut log = DecodeLimits::MIN_WINDOW_LOG;
        while log < DecodeLimits::MAX_WINDOW_LOG && HISTORY_WINDOWS << (log + 1) <= bytes {
            log += 1;
        }
        Self(log)
    }

    /// Returns the maximum window size in bytes.
    #[must_use]
    pub const fn window_bytes(self) -> usize {
        1 << self.0
    }

    /// Returns the maximum memory of a decoder, in bytes.
    #[must_use]
    pub const fn decoder_bytes(self) -> usize {
        HISTORY_WINDOWS * self.window_bytes() + TABLES_BYTES
    }
}

/// A decoder that reads from `R`.
#[derive(Debug)]
pub struct Decoder<R> {
    session: DecoderSessionOwned,
    compressed: R,
    /// The pending error, returned after the decoded bytes are read.
    failed: Option<DecodeError>,
}

impl<R: BufRead> Decoder<R> {
    /// Creates a decoder of one frame, or of all frames.
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

    /// Returns the reader, positioned at the first byte that was not decoded.
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

/// Returns the requested window size in bytes, if `error` is due to the limit.
#[must_use]
pub fn rejected_window(error: &io::Error) -> Option<u64> {
    match error.get_ref()?.downcast_ref()? {
        DecodeError::WindowLimitExceeded { window_size, .. } => Some(*window_size),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
