//! A message being received: a publish, then its header, then its body in frames.

use std::time::Instant;

use amq_protocol::protocol::BasicProperties;
use amq_protocol::protocol::basic::Publish;
use bytes::Bytes;

use crate::config::USER;
use crate::exception::Exception;
use crate::memory::{Memory, Reservation};
use crate::message::Message;

/// A partially received message.
#[derive(Debug)]
pub(crate) struct Content {
    publish: Publish,
    header: Option<Header>,
    body: Vec<u8>,
    received: u64,
    started: Instant,
}

#[derive(Debug)]
struct Header {
    raw: Vec<u8>,
    size: u64,
    /// `None` when memory is full: the body is then skipped, so that the frames after it can still be parsed.
    room: Option<Reservation>,
}

/// A completely received message.
#[derive(Debug)]
pub(crate) struct Published {
    /// `None` when memory was full.
    pub(crate) message: Option<Message>,
    /// An unroutable message must be returned.
    pub(crate) mandatory: bool,
}

impl Content {
    pub(crate) fn new(publish: Publish) -> Self {
        Self {
            publish,
            header: None,
            body: Vec::new(),
            received: 0,
            started: Instant::now(),
        }
    }

    /// Returns the time of the `basic.publish`.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn header(
        &mut self,
        size: u64,
        properties: &BasicProperties,
        raw: &Bytes,
        (memory, max_message): (&Memory, u64),
    ) -> Result<(), Exception> {
        if self.header.is_some() {
            return Err(Exception::unexpected("second content header"));
        }
        if size > max_message {
            return Err(Exception::precondition(format_args!(
                "message size {size} is larger than the maximum of {max_message}"
            )));
        }
        check(properties)?;
        // The body is charged as it arrives: an announced size alone must not consume the budget.
        let room = memory.reserve(raw.len() as u64 + self.publish.routing_key.as_str().len() as u64);
        // Copied out of the read buffer: a slice would keep the whole buffer alive.
        self.header = Some(Header {
            raw: raw.to_vec(),
            size,
            room,
        });
        Ok(())
    }

    pub(crate) fn body(&mut self, part: &[u8]) -> Result<(), Exception> {
        let Some(header) = &mut self.header else {
            return Err(Exception::unexpected("content body without a content header"));
        };
        self.received += part.len() as u64;
        if self.received > header.size {
            return Err(Exception::unexpected("content body longer than announced in its header"));
        }
        if let Some(room) = &mut header.room {
            let size = usize::try_from(header.size).unwrap_or(usize::MAX);
            if grow(&mut self.body, part.len(), size, room) {
                self.body.extend_from_slice(part);
            } else {
                header.room = None;
                self.body = Vec::new();
            }
        }
        Ok(())
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.size == self.received)
    }

    /// Returns the message once it [is complete](Self::is_complete).
    pub(crate) fn finish(self) -> Published {
        let Self {
            publish, header, body, ..
        } = self;
        let message = header.and_then(|header| {
            Some(Message {
                header: header.raw,
                body,
                routing_key: publish.routing_key,
                room: header.room?,
            })
        });
        Published {
            message,
            mandatory: publish.mandatory,
        }
    }
}

/// Grows `body` by `more` bytes up to `size`; returns `false` if memory is full.
fn grow(body: &mut Vec<u8>, more: usize, size: usize, room: &mut Reservation) -> bool {
    let needed = body.len() + more;
    if needed <= body.capacity() {
        return true;
    }
    // Doubled, so that each byte is copied once on average, but never beyond the announced size.
    let capacity = needed.max(body.capacity() * 2).min(size);
    if !room.extend((capacity - body.capacity()) as u64) {
        return false;
    }
    body.reserve_exact(capacity - body.len());
    true
}

/// Rejects properties that require unimplemented behavior.
fn check(properties: &BasicProperties) -> Result<(), Exception> {
    if properties.expiration().is_some() {
        return Err(Exception::not_implemented("per-message expiration"));
    }
    if properties.user_id().as_ref().is_some_and(|user| user.as_str() != USER) {
        return Err(Exception::precondition("user_id does not match the logged-in user"));
    }
    let has = |key| properties.headers().as_ref().is_some_and(|headers| headers.contains_key(key));
    if has("CC") || has("BCC") {
        return Err(Exception::not_implemented("the headers CC and BCC"));
    }
    Ok(())
}
