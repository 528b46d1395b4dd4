//! Memory limits of reading.

use zstandard::WindowLog;

/// Bounds of the memory for the decoder of a compressed file, in bytes: two windows of 8 MiB, which `zstd -19` needs, and of 128
/// MiB, which `zstd --long` needs (RFC 8878 leaves the limit to the decoder).
const DECODER_MIN: usize = 16 << 20;
const DECODER_MAX: usize = 256 << 20;
/// Minimum of the document limit in bytes.
const DOCUMENT_MIN: usize = 8 << 20;
/// Maximum of the document limit in bytes; larger documents are truncated.
const DOCUMENT_MAX: usize = 512 << 20;
/// Fraction of the limit for reading; the rest is for the store.
const READING_SHARE: usize = 4;

/// Memory for reading, from a total limit: the store, one document, its decoder's window, and the records held for merging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    limit: usize,
    /// Maximum document or message in bytes, after decompression.
    pub(crate) document: usize,
    /// Maximum window of a decoder.
    pub(crate) window: WindowLog,
    /// Maximum memory of records held until the end of all files, in bytes.
    pub(crate) held: usize,
}

impl Memory {
    /// Divides a limit in bytes.
    #[must_use]
    pub fn within(limit: usize) -> Self {
        let reading = limit / READING_SHARE;
        Self {
            limit,
            document: (reading / 2).clamp(DOCUMENT_MIN, DOCUMENT_MAX),
            window: WindowLog::within(reading.clamp(DECODER_MIN, DECODER_MAX)),
            held: (reading / 2).max(DOCUMENT_MIN),
        }
    }

    /// Returns the part of the limit for the store, in bytes.
    #[must_use]
    pub const fn store(&self) -> usize {
        self.limit - self.limit / READING_SHARE
    }
}

impl Default for Memory {
    /// Divides 2 GiB.
    fn default() -> Self {
        Self::within(2 << 30)
    }
}

/// Formats a number of bytes.
pub(crate) fn in_words(bytes: usize) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ => format!("{} GiB", bytes.div_ceil(1 << 30)),
    }
}
