//! Zstandard frames, one by one.
//!
//! Source: [RFC 8878](https://datatracker.ietf.org/doc/html/rfc8878). A decoder keeps a window of its last output, of the size in
//! the frame header: a window over the limit is rejected before any allocation.

use std::io::{self, Read};

use zstandard::{Decoder, FrameMode, WindowLog};

use crate::memory::in_words;
use crate::peek::Peek;

/// Magic number of a frame.
pub(crate) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Decoder of consecutive frames.
pub(crate) struct Frames<R: Read> {
    state: State<R>,
    window: WindowLog,
}

enum State<R: Read> {
    Within(Box<Decoder<Peek<R>>>),
    Between(Peek<R>),
    Ended,
}

impl<R: Read> Frames<R> {
    /// Creates a decoder that accepts windows up to `window`.
    pub(crate) const fn new(packed: Peek<R>, window: WindowLog) -> Self {
        let state = State::Between(packed);
        Self { state, window }
    }

    /// Starts the next frame, if there is one; trailing zeros are padding.
    fn begin(&mut self, mut packed: Peek<R>) -> io::Result<State<R>> {
        packed.skip_zeros()?;
        let begin = packed.peek(MAGIC.len())?;
        if begin.is_empty() {
            return Ok(State::Ended);
        }
        if begin.len() < MAGIC.len() && MAGIC.starts_with(begin) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !is_frame(begin) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "trailing data is not Zstandard"));
        }
        let decoder = Decoder::new(packed, FrameMode::Single, self.window);
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
                    Ok(0) if !buffer.is_empty() => self.state = State::Between(decoder.into_inner()),
                    read => {
                        self.state = State::Within(decoder);
                        return read.map_err(|error| name_the_window(error, self.window));
                    }
                },
            }
        }
    }
}

/// Returns true for the start of a frame or a skippable frame.
pub(crate) fn is_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn name_the_window(error: io::Error, limit: WindowLog) -> io::Error {
    let Some(window) = zstandard::rejected_window(&error) else {
        return error;
    };
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "window of {} exceeds the limit of {} (decompress with zstd -d --long=31)",
            in_words(usize::try_from(window).unwrap_or(usize::MAX)),
            in_words(limit.window_bytes())
        ),
    )
}
