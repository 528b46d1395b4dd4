//! A bounded output buffer per client.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amq_protocol::protocol::AMQPClass;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::frame::{put_content, put_heartbeat, put_method};
use crate::message::Message;

/// The bytes to be written to one client.
///
/// Appending never blocks (it happens while the broker's state is locked); instead producers check
/// first: a consumer whose connection has no [room](Self::has_room) gets no message, and a client's next request waits until there
/// is [room again](Self::room).
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Notified on append and on close.
    filled: Notify,
    /// Notified after each write.
    emptied: Notify,
    max_unsent: usize,
}

#[derive(Debug, Default)]
struct State {
    queued: Vec<u8>,
    being_written: usize,
    /// A delivery is pending because there was no room.
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

    /// Like [`has_room`](Self::has_room), and records a pending delivery if it is full.
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

    /// Closes the buffer: [`write`](Self::write) returns once it is empty.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    /// Writes the buffer until it is closed and empty, with a heartbeat after `heartbeat` without output.
    /// Calls `deliver` when there is room again for a pending delivery.
    ///
    /// # Errors
    /// The socket failed, or the client read nothing for `write_stall_timeout`.
    pub(crate) async fn write(
        &self,
        mut socket: impl AsyncWrite + Unpin,
        heartbeat: Option<Duration>,
        write_stall_timeout: Duration,
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
                // The deadline is for progress, not for the whole buffer: a slow reader is fine, a stalled one is not.
                match timeout(write_stall_timeout, socket.write(rest)).await {
                    Ok(Ok(written)) if written > 0 => rest = &rest[written..],
                    Ok(Ok(_)) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "client stopped reading")),
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

    /// Marks the taken bytes as written; returns `true` if a delivery is pending.
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
