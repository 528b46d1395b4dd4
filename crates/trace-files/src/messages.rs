//! Binary files: OTLP in protobuf, or length-prefixed messages of any kind.
//!
//! Source: [fileexporter](https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/fileexporter):
//! with `format: proto` or `compression: zstd` each message follows its length, four bytes in big-endian order; each compressed
//! message is a Zstandard frame.

use std::io::Read;

use crate::frames::{self, Frames};
use crate::json::documents::Documents;
use crate::memory::{Memory, in_words};
use crate::otlp::protobuf::{self, Signal};
use crate::peek::Peek;
use crate::problem::Position;
use crate::sink::Sink;
use crate::values;

/// Separation of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Each message follows its length.
    Length,
    /// One or more protobuf requests: each of their groups is parsed separately.
    Protobuf,
}

/// State of splitting a file into messages.
#[derive(Debug)]
pub(crate) struct Messages {
    framing: Framing,
    memory: Memory,
    buffer: Vec<u8>,
    /// Start of the unprocessed part of the buffer.
    start: usize,
    /// Bytes to skip.
    skip: usize,
    /// Position of `start` in the file.
    position: Position,
    /// Signal of the last request.
    signal: Option<Signal>,
    /// True after an error from which parsing cannot resume.
    is_lost: bool,
}

/// The next message in the buffer.
enum Next {
    /// Start and end.
    Message(usize, usize),
    /// Over the size limit: start and length.
    TooLong(usize, usize),
    More,
    Malformed,
}

impl Messages {
    pub(crate) const fn new(framing: Framing, memory: Memory) -> Self {
        Self {
            framing,
            memory,
            buffer: Vec::new(),
            start: 0,
            skip: 0,
            position: Position::BINARY,
            signal: None,
            is_lost: false,
        }
    }

    /// Returns the end of the parsed part.
    pub(crate) const fn position(&self) -> Position {
        self.position
    }

    /// Appends the next chunk and parses complete messages.
    pub(crate) fn push(&mut self, piece: &[u8], sink: &mut Sink<'_>) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(piece);
        while !sink.is_stopped() && self.step(sink) {}
    }

    /// Parses the available part of the last message.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) {
        let rest = std::mem::take(&mut self.buffer);
        let rest = &rest[self.start..];
        if !rest.is_empty() && !self.is_lost {
            sink.problem(self.position, "last message is truncated");
            let message = match self.framing {
                Framing::Length => rest.get(4..).unwrap_or_default(),
                Framing::Protobuf => rest,
            };
            self.message(message, true, sink);
        }
        if self.signal.is_none() && sink.report.formats.is_empty() && sink.report.problems.count == 0 {
            sink.problem(self.position, "no OTLP spans or log records in this binary file");
        }
    }

    fn step(&mut self, sink: &mut Sink<'_>) -> bool {
        if self.is_lost {
            self.advance(self.buffer.len());
            return false;
        }
        if self.skip > 0 {
            let passed = self.skip.min(self.buffer.len() - self.start);
            self.skip -= passed;
            self.advance(self.start + passed);
        }
        match self.next() {
            Next::More => false,
            Next::Message(from, to) => {
                self.position.message += u64::from(self.framing == Framing::Length);
                let buffer = std::mem::take(&mut self.buffer);
                self.message(&buffer[from..to], false, sink);
                self.buffer = buffer;
                self.advance(to);
                true
            }
            Next::TooLong(from, length) => {
                self.position.message += u64::from(self.framing == Framing::Length);
                let limit = in_words(self.memory.document);
                sink.problem(
                    self.position,
                    format!("message larger than {limit} skipped (raise --max-memory)"),
                );
                self.skip = length;
                self.advance(from);
                true
            }
            Next::Malformed => {
                sink.problem(self.position, "not an OTLP message");
                self.is_lost = true;
                true
            }
        }
    }

    fn next(&self) -> Next {
        let rest = &self.buffer[self.start..];
        let (head, length) = match self.framing {
            Framing::Length => match rest.split_first_chunk::<4>() {
                Some((length, _)) => (4, u64::from(u32::from_be_bytes(*length))),
                None => return Next::More,
            },
            Framing::Protobuf => match protobuf::delimited(rest) {
                Some((1, length, group)) => (rest.len() - group.len(), length),
                None if rest.len() < 16 => return Next::More,
                _ => return Next::Malformed,
            },
        };
        let Ok(length) = usize::try_from(length) else {
            return Next::Malformed;
        };
        if length > self.memory.document {
            Next::TooLong(self.start + head, length)
        } else if rest.len() - head < length {
            Next::More
        } else {
            // In protobuf the key is a part of the message: a request with one group.
            let from = if self.framing == Framing::Length { head } else { 0 };
            Next::Message(self.start + from, self.start + head + length)
        }
    }

    fn message(&mut self, bytes: &[u8], is_cut: bool, sink: &mut Sink<'_>) {
        if !frames::is_frame(bytes) {
            return self.payload(bytes, is_cut, sink);
        }
        let limit = self.memory.document;
        let mut payload = Vec::new();
        let frames = Frames::new(Peek::new(bytes), self.memory.window);
        let decoded = frames.take(limit as u64 + 1).read_to_end(&mut payload);
        let is_cut = is_cut || decoded.is_err() || payload.len() > limit;
        if payload.len() > limit {
            payload.truncate(limit);
            sink.problem(
                self.position,
                format!("message truncated at {}: too large (raise --max-memory)", in_words(limit)),
            );
        } else if let Err(error) = decoded {
            sink.problem(self.position, format!("invalid Zstandard data: {error}"));
        }
        self.payload(&payload, is_cut, sink);
    }

    fn payload(&mut self, bytes: &[u8], is_cut: bool, sink: &mut Sink<'_>) {
        if matches!(bytes.trim_ascii_start(), [b'{' | b'[', rest @ ..] if rest.first().is_none_or(|byte| *byte >= 9)) {
            let position = Position {
                message: self.position.message,
                ..Position::TEXT
            };
            let mut documents = Documents::new(position, self.memory.document);
            documents.push(bytes, &mut |position, found| values::read(sink, position, found));
            return documents.finish(&mut |position, found| values::read(sink, position, found));
        }
        match protobuf::signal(bytes).or(self.signal) {
            Some(signal) => {
                self.signal = Some(signal);
                let position = match self.framing {
                    Framing::Protobuf => self.position,
                    Framing::Length => Position {
                        message: self.position.message,
                        ..Position::BINARY
                    },
                };
                protobuf::request(sink, position, bytes, signal);
            }
            // Groups without records are not errors.
            None if bytes.is_empty() || is_cut || self.framing == Framing::Protobuf => {}
            None => sink.problem(self.position, "message is neither JSON nor OTLP in protobuf"),
        }
    }

    fn advance(&mut self, to: usize) {
        self.position = self.position.after(&self.buffer[self.start..to]);
        self.start = to;
    }
}
