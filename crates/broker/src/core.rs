//! The broker's state: queues, consumers and unsettled deliveries.
//!
//! One value behind one lock, without I/O: output to a client is appended to its [`Outbox`]. The methods are
//! grouped by subject: [`queue`] (declare, purge, delete), [`delivery`] (consume, get, deliver), [`settle`]
//! (acknowledge, reject, requeue) and [`expiry`].

mod delivery;
mod expiry;
mod queue;
mod settings;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use amq_protocol::protocol::AMQPHardError;
use amq_protocol::types::ShortString;
use tokio::sync::Notify;

use self::queue::{Queue, QueueId};
pub(crate) use self::settings::Settings;
pub(crate) use self::settle::Settlement;
use crate::exception::Exception;
use crate::message::Message;
use crate::outbox::Outbox;

/// A connection id, ascending in the order of accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// A channel of a connection.
pub(crate) type ChannelId = (ConnectionId, u16);

#[derive(Debug, Default)]
pub(crate) struct Core {
    clients: HashMap<ConnectionId, Client>,
    channels: HashMap<ChannelId, Channel>,
    queues: HashMap<QueueId, Queue>,
    names: HashMap<ShortString, QueueId>,
    last_queue: u64,
    /// Notified when a message may expire earlier than [`Core::expire`] returned.
    pub(crate) expiring: Arc<Notify>,
}

/// The output side of a connection.
#[derive(Debug)]
struct Client {
    outbox: Arc<Outbox>,
    frame_max: u32,
}

#[derive(Debug, Default)]
struct Channel {
    last_tag: u64,
    consumers: HashMap<ShortString, Consumer>,
    /// By delivery tag.
    unsettled: BTreeMap<u64, Unsettled>,
}

#[derive(Debug)]
struct Consumer {
    queue: QueueId,
    no_ack: bool,
    /// The maximum number of unsettled messages; 0 means no limit.
    prefetch: u16,
    unsettled: usize,
}

/// A message in a queue.
#[derive(Debug)]
struct Entry {
    /// The position in the queue; a requeued message returns to it.
    position: u64,
    redelivered: bool,
    /// The time of expiry. It does not change when the message is requeued.
    expires: Option<Instant>,
    message: Message,
}

/// A delivered message that is not acknowledged yet.
#[derive(Debug)]
struct Unsettled {
    queue: QueueId,
    /// `None` for a message fetched with `basic.get`.
    consumer: Option<ShortString>,
    entry: Entry,
}

impl Core {
    pub(crate) fn connect(&mut self, id: ConnectionId, outbox: Arc<Outbox>, frame_max: u32) {
        self.clients.insert(id, Client { outbox, frame_max });
    }

    /// Removes a connection and requeues its unsettled messages, those of all its channels at once: requeuing channel by channel
    /// would deliver one channel's messages to another consumer before older messages of the next channel.
    pub(crate) fn disconnect(&mut self, id: ConnectionId) {
        let channels: Vec<ChannelId> = self.channels.keys().filter(|channel| channel.0 == id).copied().collect();
        for channel in &channels {
            self.cancel_all(*channel);
        }
        let channels = channels.iter().filter_map(|channel| self.channels.remove(channel));
        let held = channels.flat_map(|channel| channel.unsettled.into_values()).collect();
        self.return_all(held, Settlement::Requeue);
        self.clients.remove(&id);
    }

    /// Returns `true` if a connection has neither consumers nor unsettled messages.
    pub(crate) fn holds_nothing(&self, id: ConnectionId) -> bool {
        let mut channels = self.channels.iter().filter(|(channel, _)| channel.0 == id);
        channels.all(|(_, channel)| channel.consumers.is_empty() && channel.unsettled.is_empty())
    }

    pub(crate) fn open_channel(&mut self, id: ChannelId) {
        self.channels.insert(id, Channel::default());
    }

    /// Removes a channel and requeues its unsettled messages.
    pub(crate) fn close_channel(&mut self, id: ChannelId) {
        self.cancel_all(id);
        if let Some(channel) = self.channels.remove(&id) {
            self.return_all(channel.unsettled.into_values().collect(), Settlement::Requeue);
        }
    }

    fn cancel_all(&mut self, id: ChannelId) {
        let tags: Vec<_> = self
            .channels
            .get(&id)
            .into_iter()
            .flat_map(|channel| channel.consumers.keys().cloned())
            .collect();
        for tag in tags {
            self.cancel(id, &tag);
        }
    }

    /// Returns an open channel. Sessions pass only channels they opened; a bug there must not panic with the lock held.
    fn channel(&mut self, id: ChannelId) -> Result<&mut Channel, Exception> {
        let unknown = || Exception::connection(&AMQPHardError::CHANNELERROR, format_args!("channel {} is not open", id.1));
        self.channels.get_mut(&id).ok_or_else(unknown)
    }
}
