//! How much memory reading may take.

use zstandard::WindowLog;

/// What the decoder of a compressed file may take in any case, and at most: two windows of 8 MiB, which `zstd -19` needs, and of 128 MiB,
/// which `zstd --long` needs (RFC 8878 leaves the limit to the decoder).
const DECODER_MIN: usize = 16 << 20;
const DECODER_MAX: usize = 256 << 20;
/// What a document may take in any case.
const DOCUMENT_MIN: usize = 8 << 20;
/// And at most: larger ones are cut off there.
const DOCUMENT_MAX: usize = 512 << 20;
/// Which part of the limit reading takes; the rest is the store's.
const READING_SHARE: usize = 4;

/// The memory for reading, of a limit that holds for all: the store, one document, its decoder's window, and what waits to be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    limit: usize,
    /// The longest document or message in bytes, after decompression.
    pub(crate) document: usize,
    /// The largest window of a decoder.
    pub(crate) window: WindowLog,
    /// What may wait for the end of all files, in bytes.
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

    /// The part of the limit that is left for the store, in bytes.
    #[must_use]
    pub const fn store(&self) -> usize {
        self.limit - self.limit / READING_SHARE
    }
}

impl Default for Memory {
    /// Of 2 GiB.
    fn default() -> Self {
        Self::within(2 << 30)
    }
}

/// A number of bytes, in words.
pub(crate) fn in_words(bytes: usize) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ => format!("{} GiB", bytes.div_ceil(1 << 30)),
    }
}
