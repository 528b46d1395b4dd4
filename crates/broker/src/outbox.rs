//! What waits to be written to a client, bounded.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amq_protocol::protocol::AMQPClass;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::frame::{put_content, put_heartbeat, put_method};
use crate::message::Message;

/// The bytes on their way to one client.
///
/// Putting something in never waits (it happens while the broker's state is locked); instead those who would put more in look
/// first: a consumer whose connection has no [room](Self::has_room) gets no message, a client's next request waits until there
/// is [room again](Self::room).
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Something was put in, or it was closed.
    filled: Notify,
    /// Something was written.
    emptied: Notify,
    max_unsent: usize,
}

#[derive(Debug, Default)]
struct State {
    queued: Vec<u8>,
    being_written: usize,
    /// A delivery was held back for want of room.
    held_back: bool,
    closed: bool,
}

impl Outbox {
    pub(crate) fn new(max_unsent: usize) -> Self {
        Self {
            state: Mutex::default(),
            filled: Notify::new(),
            emptied: Notify::new(),
            max_unsent,
        }
    }

    pub(crate) fn method(&self, channel: u16, method: AMQPClass) {
        put_method(&mut self.state().queued, channel, method);
        self.filled.notify_one();
    }

    pub(crate) fn content(&self, channel: u16, method: AMQPClass, message: &Message, frame_max: u32) {
        put_content(&mut self.state().queued, channel, method, message, frame_max);
        self.filled.notify_one();
    }

    pub(crate) fn has_room(&self) -> bool {
        self.state().has_room(self.max_unsent)
    }

    /// As [`has_room`](Self::has_room), and remembers to tell when there is none.
    pub(crate) fn has_room_for_delivery(&self) -> bool {
        let mut state = self.state();
        let room = state.has_room(self.max_unsent);
        state.held_back |= !room;
        room
    }

    /// Waits until there is room. For one waiter: the connection's own reader.
    pub(crate) async fn room(&self) {
        while !self.has_room() {
            self.emptied.notified().await;
        }
    }

    /// Nothing more comes: [`write`](Self::write) ends once it has written what is here.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    /// Writes what is put in until it is closed and empty, with a heartbeat when there is nothing to say for `heartbeat`.
    /// `deliver` is called when there is room again after a delivery was held back.
    ///
    /// # Errors
    /// The socket failed, or the client read nothing for `read_within`.
    pub(crate) async fn write(
        &self,
        mut socket: impl AsyncWrite + Unpin,
        heartbeat: Option<Duration>,
        read_within: Duration,
        deliver: impl Fn(),
    ) -> io::Result<()> {
        loop {
            let Some(bytes) = self.take() else {
                if self.state().closed {
                    return Ok(());
                }
                let silence = heartbeat.unwrap_or(Duration::MAX);
                if timeout(silence, self.filled.notified()).await.is_err() {
                    put_heartbeat(&mut self.state().queued);
                }
                continue;
            };
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                // The deadline is for progress and not for the whole: a slow reader is fine, one that has stopped is not.
                match timeout(read_within, socket.write(rest)).await {
                    Ok(Ok(written)) if written > 0 => rest = &rest[written..],
                    Ok(Ok(_)) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the client has stopped reading")),
                }
            }
            if self.written() {
                deliver();
            }
        }
    }

    fn take(&self) -> Option<Vec<u8>> {
        let mut state = self.state();
        let bytes = std::mem::take(&mut state.queued);
        state.being_written = bytes.len();
        (!bytes.is_empty()).then_some(bytes)
    }

    /// What was taken is written. Whether a delivery waits for that.
    fn written(&self) -> bool {
        let mut state = self.state();
        state.being_written = 0;
        let deliver = state.has_room(self.max_unsent) && std::mem::take(&mut state.held_back);
        drop(state);
        self.emptied.notify_one();
        deliver
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, max_unsent: usize) -> bool {
        self.queued.len() + self.being_written < max_unsent
    }
}
