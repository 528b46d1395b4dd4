//! Zstandard, the one place that knows its decoder.
//!
//! Source: [RFC 8878](https://datatracker.ietf.org/doc/html/rfc8878). A decoder keeps a window of what it decoded last, as long as a frame's
//! header says: it is looked at before anything is allocated.

use std::io::{self, Read};

use zstd::stream::read::Decoder;

use crate::memory::in_words;
use crate::unpack::Peek;

/// By these bytes a frame is known.
pub(crate) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How long a frame's header is at most.
const HEADER: usize = 18;

/// What is decoded of frames, one after the other.
pub(crate) struct Frames<R: Read> {
    state: State<R>,
    window: usize,
}

enum State<R: Read> {
    Within(Box<Decoder<'static, Peek<R>>>),
    Between(Peek<R>),
    Ended,
}

impl<R: Read> Frames<R> {
    /// Frames whose windows are at most so many bytes.
    pub(crate) const fn new(packed: Peek<R>, window: usize) -> Self {
        let state = State::Between(packed);
        Self { state, window }
    }

    /// Begins the next frame, if there is one; zeros behind the last one are padding.
    fn begin(&mut self, mut packed: Peek<R>) -> io::Result<State<R>> {
        packed.skip_zeros()?;
        let header = packed.peek(HEADER)?;
        if header.is_empty() {
            return Ok(State::Ended);
        }
        if !is_frame(header) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "what follows is not Zstandard"));
        }
        if let Some(window) = window_of(header)
            && window > self.window as u64
        {
            let needed = usize::try_from(window).unwrap_or(usize::MAX);
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "decompression needs a window of {}, the limit is {} (decompress it with zstd -d --long=31)",
                    in_words(needed),
                    in_words(self.window)
                ),
            ));
        }
        let mut decoder = Decoder::with_buffer(packed)?.single_frame();
        decoder.window_log_max(self.window.ilog2())?;
        Ok(State::Within(Box::new(decoder)))
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(packed) => self.state = self.begin(packed)?,
                State::Within(mut decoder) => match decoder.read(buffer) {
                    Ok(0) if !buffer.is_empty() => self.state = State::Between(decoder.finish()),
                    read => {
                        self.state = State::Within(decoder);
                        return read;
                    }
                },
            }
        }
    }
}

/// A frame, or one to be skipped.
pub(crate) fn is_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// How large a window a frame's header asks for, in bytes.
fn window_of(header: &[u8]) -> Option<u64> {
    let rest = header.strip_prefix(&MAGIC)?;
    let (descriptor, rest) = rest.split_first()?;
    let is_single = descriptor & 0x20 != 0;
    if !is_single {
        let window = rest.first()?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = rest.get(dictionary..dictionary + length)?;
    let number = size.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some(if length == 2 { number + 256 } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_from_headers() {
        for (header, window) in [
            // The window alone; a content's size of one, two (from 256 on), four and eight bytes.
            (&[0x00, 0x88][..], Some(128 << 20)),
            (&[0x00, 0x01], Some(1024 + 128)),
            (&[0x20, 7], Some(7)),
            (&[0x60, 1, 0], Some(257)),
            (&[0xa0, 0, 0, 0, 1], Some(1 << 24)),
            (&[0xe1, 0xff, 0, 0, 0, 0, 1, 0, 0, 0], Some(1 << 32)),
            (&[0xe0, 0], None),
        ] {
            assert_eq!(window_of(&[&MAGIC[..], header].concat()), window, "{header:x?}");
        }
    }
}
