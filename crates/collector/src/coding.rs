//! What senders compress with, and its inflation under a limit.

use std::io::{self, Read};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::HeaderName;

use crate::pool::Buffer;

/// What is known here, as [`Coding::of`] reads it: for `Accept-Encoding` and gRPC's `grpc-accept-encoding`.
pub(crate) const KNOWN: &str = "gzip, zstd, deflate, br";

/// Base-2 logarithm of how far back zstd may refer, which is the memory that its decoder takes: 8 MiB, as
/// [RFC 9659](https://www.rfc-editor.org/rfc/rfc9659) has it. The format would allow 2 GiB, for a frame of a few bytes.
const ZSTD_WINDOW_LOG: u32 = 23;
/// How much is inflated before others have their turn, in bytes.
pub(crate) const STEP: usize = 256 * 1024;

/// How a body, or a gRPC message, is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    /// With zlib's frame, as HTTP means it.
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// Reads the header that says it. An unknown one is an error, and so are several at once: nobody needs that but those who build
    /// bombs.
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

    /// A reader of what `compressed` inflates to. It fails where that is cut off or damaged.
    pub(crate) fn inflate(self, compressed: &[u8]) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(match self {
            Self::Identity => Box::new(compressed),
            Self::Gzip => Box::new(MultiGzDecoder::new(compressed)),
            Self::Deflate => Box::new(ZlibDecoder::new(compressed)),
            Self::Brotli => {
                let mut inflated = Decompressor::new(compressed, 0);
                // An extension of the format, whose window may have 1 GiB.
                inflated.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Box::new(inflated)
            }
            Self::Zstd => {
                let mut inflated = zstd::Decoder::with_buffer(compressed)?;
                inflated.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(inflated)
            }
        })
    }
}

/// Reads at most [`STEP`] bytes more; says how many. 0 is the end.
pub(crate) fn step(inflated: &mut (dyn Read + Send + '_), into: &mut Buffer) -> io::Result<usize> {
    inflated.take(STEP as u64).read_to_end(&mut into.bytes)
}

#[cfg(test)]
mod tests;
