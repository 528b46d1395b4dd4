//! Queues: declare, purge, delete and publish.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use amq_protocol::protocol::basic::{AMQPMethod as Basic, Cancel};
use amq_protocol::protocol::{AMQPClass, AMQPSoftError};
use amq_protocol::types::ShortString;

use super::settings::Settings;
use super::{ChannelId, Core, Entry};
use crate::config::QUEUES_MAX;
use crate::exception::Exception;
use crate::message::Message;

/// A queue id. A queue that is declared again after its deletion gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QueueId(u64);

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: ShortString,
    pub(super) settings: Settings,
    /// The ready messages, by position.
    pub(super) ready: BTreeMap<u64, Entry>,
    last_position: u64,
    /// Round robin: the next consumer to be served is first.
    pub(super) consumers: VecDeque<(ChannelId, ShortString)>,
}

/// The counts of `queue.declare-ok`: ready messages and consumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) messages: u32,
    pub(crate) consumers: u32,
}

impl Core {
    /// Creates the queue unless it exists with the same settings.
    pub(crate) fn declare(&mut self, name: &ShortString, settings: Settings) -> Result<Counts, Exception> {
        if let Some(queue) = self.names.get(name).and_then(|id| self.queues.get(id)) {
            if queue.settings != settings {
                let reason = format!("inequivalent arg for queue '{name}' in vhost '/': already declared with other settings");
                return Err(Exception::precondition(reason));
            }
        } else if self.queues.len() >= QUEUES_MAX {
            return Err(Exception::no_room(format_args!(
                "the limit of {QUEUES_MAX} queues is reached"
            )));
        } else {
            self.last_queue += 1;
            let id = QueueId(self.last_queue);
            let queue = Queue {
                name: name.clone(),
                settings,
                ready: BTreeMap::new(),
                last_position: 0,
                consumers: VecDeque::new(),
            };
            self.names.insert(name.clone(), id);
            self.queues.insert(id, queue);
        }
        self.counts(name)
    }

    /// Returns the counts of an existing queue.
    pub(crate) fn counts(&mut self, name: &ShortString) -> Result<Counts, Exception> {
        let (_, queue) = self.queue(name)?;
        Ok(Counts {
            messages: count(queue.ready.len()),
            consumers: count(queue.consumers.len()),
        })
    }

    /// Drops the ready messages; returns their number.
    pub(crate) fn purge(&mut self, name: &ShortString) -> Result<u32, Exception> {
        let (_, queue) = self.queue(name)?;
        Ok(count(std::mem::take(&mut queue.ready).len()))
    }

    /// Deletes a queue and cancels its consumers; returns the number of dropped messages. As in RabbitMQ, an unknown queue is not an error.
    pub(crate) fn delete(&mut self, name: &ShortString, if_unused: bool, if_empty: bool) -> Result<u32, Exception> {
        let Ok((id, queue)) = self.queue(name) else { return Ok(0) };
        if if_unused && !queue.consumers.is_empty() {
            return Err(Exception::precondition(format_args!("queue '{name}' in vhost '/' in use")));
        }
        if if_empty && !queue.ready.is_empty() {
            return Err(Exception::precondition(format_args!("queue '{name}' in vhost '/' not empty")));
        }
        self.names.remove(name);
        let Some(queue) = self.queues.remove(&id) else { return Ok(0) };
        for (channel_id, tag) in queue.consumers {
            if let Some(channel) = self.channels.get_mut(&channel_id) {
                channel.consumers.remove(&tag);
            }
            if let Some(client) = self.clients.get(&channel_id.0) {
                let cancel = Cancel {
                    consumer_tag: tag,
                    nowait: true,
                };
                client.outbox.method(channel_id.1, AMQPClass::Basic(Basic::Cancel(cancel)));
            }
        }
        Ok(count(queue.ready.len()))
    }

    /// Enqueues a message by its routing key; returns it as the error if the queue does not exist.
    pub(crate) fn publish(&mut self, message: Message) -> Result<(), Message> {
        let Some(id) = self.names.get(&message.routing_key).copied() else {
            return Err(message);
        };
        let Some(queue) = self.queues.get_mut(&id) else {
            return Err(message);
        };
        queue.last_position += 1;
        let position = queue.last_position;
        let expires = queue.settings.ttl.map(|ttl| Instant::now() + ttl);
        queue.ready.insert(
            position,
            Entry {
                position,
                redelivered: false,
                expires,
                message,
            },
        );
        self.deliver(id);
        if expires.is_some() {
            self.expiring.notify_one();
        }
        Ok(())
    }

    pub(super) fn queue(&mut self, name: &ShortString) -> Result<(QueueId, &mut Queue), Exception> {
        let id = self.names.get(name).copied();
        id.and_then(|id| Some((id, self.queues.get_mut(&id)?)))
            .ok_or_else(|| Exception::channel(&AMQPSoftError::NOTFOUND, format_args!("no queue '{name}' in vhost '/'")))
    }
}

/// Saturates to the protocol's 32-bit counts.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
