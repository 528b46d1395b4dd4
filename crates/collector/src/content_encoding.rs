//! Content encodings, and bounded decompression.

mod window;

use std::io::{self, Read};

use brotli_decompressor::reader::DecompressorCustomAlloc;
use brotli_decompressor::{Allocator as _, BrotliDecoderParameter, StandardAlloc};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::HeaderName;
use zstandard::{FrameMode, WindowLog};

use self::window::WindowAlloc;
use crate::pool::Buffer;

/// Known encodings, as [`ContentEncoding::of`] parses them: for `Accept-Encoding` and gRPC's `grpc-accept-encoding`.
pub(crate) const KNOWN: &str = "gzip, zstd, deflate, br";

/// Base-2 logarithm of the longest window over HTTP, in bytes: 8 MiB for Zstandard ([RFC
/// 9659](https://www.rfc-editor.org/rfc/rfc9659)), 16 MiB for Brotli ([RFC 7932](https://www.rfc-editor.org/rfc/rfc7932), which
/// has an extension that allows 1 GiB). A frame of a few bytes can request it.
const ZSTD_WINDOW: WindowLog = WindowLog::new(23);
const BROTLI_WINDOW_LOG: u32 = 24;
/// Bytes of a decoder's tables and blocks, in addition to its window.
const INFLATE: usize = 64 * 1024;
const BROTLI_TABLES: usize = 4 * 1024 * 1024;
/// Bytes that a Brotli decoder reads at once.
const BROTLI_INPUT: usize = 4096;
/// The most that any decoder takes, in bytes.
pub(crate) const DECODER_MAX: usize = ContentEncoding::Brotli.decoder_bytes();
/// Bytes decompressed before other tasks get their turn.
pub(crate) const STEP: usize = 256 * 1024;

/// Content encoding of a body or of a gRPC message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentEncoding {
    Identity,
    Gzip,
    /// With zlib's header, as HTTP defines it.
    Deflate,
    Brotli,
    Zstd,
}

/// An encoding without a decoder, or a failed decompression.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InflateError {
    /// The data requires a window larger than HTTP allows.
    #[error("its {0} window is larger than {1} MiB")]
    Window(&'static str, usize),
    /// The data is cut off or damaged.
    #[error(transparent)]
    Damaged(#[from] io::Error),
}

impl ContentEncoding {
    /// The most memory that a decoder takes, in bytes.
    pub(crate) const fn decoder_bytes(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Gzip | Self::Deflate => INFLATE,
            Self::Brotli => (1 << BROTLI_WINDOW_LOG) + BROTLI_TABLES,
            Self::Zstd => ZSTD_WINDOW.decoder_bytes(),
        }
    }

    /// Parses the header. An unknown encoding is an error, and so is a list of several: only decompression bombs need that.
    pub(crate) fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Self, String> {
        let mut values = headers.get_all(name).iter();
        let value = values.next().map_or(&b""[..], |value| value.as_bytes()).trim_ascii();
        let known = match &*value.to_ascii_lowercase() {
            b"" | b"identity" => Some(Self::Identity),
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            b"br" => Some(Self::Brotli),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        };
        let only = values.next().is_none();
        known.filter(|_| only).ok_or_else(|| {
            let value = String::from_utf8_lossy(value);
            format!("the {name} {value} is not known here, use one of: {KNOWN}")
        })
    }

    /// A decoder of `compressed`. It fails where that is cut off or damaged.
    pub(crate) fn inflate(self, compressed: &[u8]) -> Result<Inflate<'_>, InflateError> {
        let reader: Box<dyn Read + Send + '_> = match self {
            Self::Identity => Box::new(compressed),
            Self::Gzip => Box::new(MultiGzDecoder::new(compressed)),
            Self::Deflate => Box::new(ZlibDecoder::new(compressed)),
            Self::Brotli => {
                // The first byte of the extension, which RFC 7932 reserves.
                if compressed.first().is_some_and(|first| first & 0x7f == 0x11) {
                    return Err(Self::Brotli.window_error());
                }
                let input = StandardAlloc::default().alloc_cell(BROTLI_INPUT);
                let (tables, trees) = (StandardAlloc::default(), StandardAlloc::default());
                let mut inflated = DecompressorCustomAlloc::new(compressed, input, WindowAlloc, tables, trees);
                inflated.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Box::new(inflated)
            }
            Self::Zstd => Box::new(zstandard::Decoder::new(compressed, FrameMode::Concatenated, ZSTD_WINDOW)),
        };
        Ok(Inflate { coding: self, reader })
    }

    const fn window_error(self) -> InflateError {
        match self {
            Self::Zstd => InflateError::Window("Zstandard", ZSTD_WINDOW.window_bytes() >> 20),
            _ => InflateError::Window("Brotli", 1 << (BROTLI_WINDOW_LOG - 20)),
        }
    }
}

/// A decoder.
pub(crate) struct Inflate<'a> {
    coding: ContentEncoding,
    reader: Box<dyn Read + Send + 'a>,
}

impl Inflate<'_> {
    /// Reads at most [`STEP`] bytes more; returns how many. 0 is the end.
    pub(crate) fn step(&mut self, into: &mut Buffer) -> Result<usize, InflateError> {
        let read = self.reader.as_mut().take(STEP as u64).read_to_end(&mut into.bytes);
        read.map_err(|error| match self.coding {
            // Any frame may require it, not only the first.
            ContentEncoding::Zstd if zstandard::rejected_window(&error).is_some() => ContentEncoding::Zstd.window_error(),
            _ => error.into(),
        })
    }
}

#[cfg(test)]
mod tests;
