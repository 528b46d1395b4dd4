//! Contents of a file, pushed in chunks: JSON, or OTLP in protobuf, as detected from its first bytes.

use crate::json::documents::Documents;
use crate::memory::Memory;
use crate::messages::{Framing, Messages};
use crate::otlp::protobuf;
use crate::problem::Position;
use crate::sink::Sink;
use crate::{frames, rejected, values};

/// Bytes used to detect the format, if the file has that many.
const DETECTION_BYTES: usize = 512;

/// UTF-8 does not need it, but some programs write it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The part of a file pushed so far.
#[derive(Debug)]
pub(crate) struct Content {
    state: State,
    memory: Memory,
}

#[derive(Debug)]
enum State {
    Undecided(Vec<u8>),
    Json(Documents),
    Binary(Messages),
}

impl Content {
    pub(crate) const fn new(memory: Memory) -> Self {
        Self {
            state: State::Undecided(Vec::new()),
            memory,
        }
    }

    /// Parses the next chunk.
    ///
    /// # Errors
    /// Reason of rejecting the file.
    pub(crate) fn push(&mut self, piece: &[u8], sink: &mut Sink<'_>) -> Result<(), &'static str> {
        match &mut self.state {
            State::Undecided(begin) => {
                begin.extend_from_slice(piece);
                if begin.len() >= DETECTION_BYTES || begin.starts_with(b"{") {
                    self.decide(sink)?;
                }
            }
            State::Json(documents) => documents.push(piece, &mut |position, found| values::read(sink, position, found)),
            State::Binary(messages) => messages.push(piece, sink),
        }
        Ok(())
    }

    /// Detects the format from the bytes so far, and parses them.
    ///
    /// # Errors
    /// Reason of rejecting the file.
    pub(crate) fn decide(&mut self, sink: &mut Sink<'_>) -> Result<(), &'static str> {
        let State::Undecided(begin) = &mut self.state else {
            return Ok(());
        };
        let begin = std::mem::take(begin);
        let begin = begin.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&begin);
        if let Some(reason) = rejected::content(begin) {
            return Err(reason);
        }
        let limit = self.memory.document;
        if let Some(framing) = framing(begin, limit) {
            self.state = State::Binary(Messages::new(framing, self.memory));
        } else {
            self.state = State::Json(Documents::new(Position::TEXT, limit));
        }
        self.push(begin, sink)
    }

    /// Parses the rest at the end.
    ///
    /// # Errors
    /// Reason of rejecting the file.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), &'static str> {
        self.decide(sink)?;
        match &mut self.state {
            State::Undecided(_) => {}
            State::Json(documents) => documents.finish(&mut |position, found| values::read(sink, position, found)),
            State::Binary(messages) => messages.finish(sink),
        }
        Ok(())
    }

    /// Returns true if there is only white space.
    pub(crate) fn is_blank(&self) -> bool {
        match &self.state {
            State::Undecided(begin) => begin.is_empty(),
            State::Json(documents) => documents.is_blank(),
            State::Binary(_) => false,
        }
    }

    /// Returns the end of the parsed part.
    pub(crate) const fn position(&self) -> Position {
        match &self.state {
            State::Undecided(_) => Position::TEXT,
            State::Json(documents) => documents.position(),
            State::Binary(messages) => messages.position(),
        }
    }
}

/// Detects the framing of a binary file; `None` for text.
fn framing(begin: &[u8], limit: usize) -> Option<Framing> {
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 14..=31);
    let has_control = begin[..begin.len().min(DETECTION_BYTES)].iter().any(is_control);
    if let Some((length, message)) = begin.split_first_chunk::<4>() {
        let is_message = message.starts_with(&frames::MAGIC) || message.starts_with(b"{") || message.starts_with(b"\n");
        let length = u32::from_be_bytes(*length) as usize;
        if is_control(&begin[0]) && is_message && (1..=limit).contains(&length) {
            return Some(Framing::Length);
        }
    }
    let is_group = protobuf::delimited(begin).is_some_and(|(number, _, group)| {
        let has_key = matches!(group.first(), None | Some(0x0a | 0x12 | 0x1a));
        number == 1 && has_key
    });
    (has_control && is_group).then_some(Framing::Protobuf)
}
