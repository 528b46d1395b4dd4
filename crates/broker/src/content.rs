//! A message on its way in: a publish, then its header, then its body in parts.

use std::time::Instant;

use amq_protocol::protocol::BasicProperties;
use amq_protocol::protocol::basic::Publish;
use bytes::Bytes;

use crate::config::USER;
use crate::memory::{Memory, Reservation};
use crate::message::Message;
use crate::refusal::Refusal;

/// What has come of a message so far.
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
    /// `None` when there is no room: the body is then read past, so that what follows it on the connection is understood.
    room: Option<Reservation>,
}

/// A message that has come as a whole.
#[derive(Debug)]
pub(crate) struct Published {
    /// `None` when there was no room for it.
    pub(crate) message: Option<Message>,
    /// Whether it must be returned when it cannot be routed.
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

    /// When it began.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn header(
        &mut self,
        size: u64,
        properties: &BasicProperties,
        raw: &Bytes,
        (memory, max_message): (&Memory, u64),
    ) -> Result<(), Refusal> {
        if self.header.is_some() {
            return Err(Refusal::unexpected("a second content header"));
        }
        if size > max_message {
            return Err(Refusal::precondition(format_args!(
                "message size {size} is larger than the maximum of {max_message}"
            )));
        }
        check(properties)?;
        // The body is paid for as it comes: one that is only announced costs nobody anything.
        let room = memory.reserve(raw.len() as u64 + self.publish.routing_key.as_str().len() as u64);
        // Copied out of the buffer that it was read into: a slice would keep all of that.
        self.header = Some(Header {
            raw: raw.to_vec(),
            size,
            room,
        });
        Ok(())
    }

    pub(crate) fn body(&mut self, part: &[u8]) -> Result<(), Refusal> {
        let Some(header) = &mut self.header else {
            return Err(Refusal::unexpected("a body without its content header"));
        };
        self.received += part.len() as u64;
        if self.received > header.size {
            return Err(Refusal::unexpected("a body that is longer than its content header says"));
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

    pub(crate) fn is_whole(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.size == self.received)
    }

    /// The message, once it [is whole](Self::is_whole).
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

/// Makes room for `more` bytes of a body of `size`; says whether there is as much.
fn grow(body: &mut Vec<u8>, more: usize, size: usize, room: &mut Reservation) -> bool {
    let needed = body.len() + more;
    if needed <= body.capacity() {
        return true;
    }
    // Doubled, so that each byte is copied once on average, but never beyond what will come.
    let capacity = needed.max(body.capacity() * 2).min(size);
    if !room.extend((capacity - body.capacity()) as u64) {
        return false;
    }
    body.reserve_exact(capacity - body.len());
    true
}

/// Refuses the properties that would have to do something.
fn check(properties: &BasicProperties) -> Result<(), Refusal> {
    if properties.expiration().is_some() {
        return Err(Refusal::not_implemented("the expiration of messages"));
    }
    if properties.user_id().as_ref().is_some_and(|user| user.as_str() != USER) {
        return Err(Refusal::precondition("user_id is not that of the login"));
    }
    let has = |key| properties.headers().as_ref().is_some_and(|headers| headers.contains_key(key));
    if has("CC") || has("BCC") {
        return Err(Refusal::not_implemented("the headers CC and BCC"));
    }
    Ok(())
}
