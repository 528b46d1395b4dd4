//! Queues: declaring, purging, deleting, and putting messages in.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use amq_protocol::protocol::basic::{AMQPMethod as Basic, Cancel};
use amq_protocol::protocol::{AMQPClass, AMQPSoftError};
use amq_protocol::types::ShortString;

use super::settings::Settings;
use super::{ChannelId, Core, Entry};
use crate::config::MAX_QUEUES;
use crate::message::Message;
use crate::refusal::Refusal;

/// A queue, whatever its name: one that is declared again after its deletion is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QueueId(u64);

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: ShortString,
    pub(super) settings: Settings,
    /// The messages that wait, by position.
    pub(super) ready: BTreeMap<u64, Entry>,
    last_position: u64,
    /// The next one to be served is first.
    pub(super) consumers: VecDeque<(ChannelId, ShortString)>,
}

/// How many messages wait in a queue and how many consumers it has, as `queue.declare-ok` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) messages: u32,
    pub(crate) consumers: u32,
}

impl Core {
    /// Makes the queue unless it is there with the same settings.
    pub(crate) fn declare(&mut self, name: &ShortString, settings: Settings) -> Result<Counts, Refusal> {
        if let Some(queue) = self.names.get(name).and_then(|id| self.queues.get(id)) {
            if queue.settings != settings {
                let reason = format!("inequivalent arg for queue '{name}' in vhost '/': it was declared otherwise");
                return Err(Refusal::precondition(reason));
            }
        } else if self.queues.len() >= MAX_QUEUES {
            return Err(Refusal::no_room(format_args!("there are {MAX_QUEUES} queues already")));
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

    /// What is in a queue that must be there.
    pub(crate) fn counts(&mut self, name: &ShortString) -> Result<Counts, Refusal> {
        let (_, queue) = self.queue(name)?;
        Ok(Counts {
            messages: count(queue.ready.len()),
            consumers: count(queue.consumers.len()),
        })
    }

    /// Drops the messages that wait; says how many.
    pub(crate) fn purge(&mut self, name: &ShortString) -> Result<u32, Refusal> {
        let (_, queue) = self.queue(name)?;
        Ok(count(std::mem::take(&mut queue.ready).len()))
    }

    /// Deletes a queue and tells its consumers; says how many messages went with it. As in RabbitMQ none is an error.
    pub(crate) fn delete(&mut self, name: &ShortString, if_unused: bool, if_empty: bool) -> Result<u32, Refusal> {
        let Ok((id, queue)) = self.queue(name) else { return Ok(0) };
        if if_unused && !queue.consumers.is_empty() {
            return Err(Refusal::precondition(format_args!("queue '{name}' in vhost '/' in use")));
        }
        if if_empty && !queue.ready.is_empty() {
            return Err(Refusal::precondition(format_args!("queue '{name}' in vhost '/' not empty")));
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

    /// Puts a message into the queue that its routing key names; gives it back when there is none.
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

    pub(super) fn queue(&mut self, name: &ShortString) -> Result<(QueueId, &mut Queue), Refusal> {
        let id = self.names.get(name).copied();
        id.and_then(|id| Some((id, self.queues.get_mut(&id)?)))
            .ok_or_else(|| Refusal::channel(&AMQPSoftError::NOTFOUND, format_args!("no queue '{name}' in vhost '/'")))
    }
}

/// The protocol counts in 32 bits.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
