//! Delivery: to consumers with prefetch credit, or one message at a time with `basic.get`.

use std::time::Instant;

use amq_protocol::protocol::basic::{AMQPMethod as Basic, Deliver, GetOk};
use amq_protocol::protocol::{AMQPClass, AMQPHardError};
use amq_protocol::types::ShortString;

use super::queue::QueueId;
use super::{Channel, ChannelId, Client, ConnectionId, Consumer, Core, Entry, Unsettled};
use crate::config::CONSUMERS_PER_QUEUE_MAX;
use crate::exception::Exception;

impl Core {
    /// Adds a consumer. Delivery starts with [`deliver`](Self::deliver), because `consume-ok` must be sent first.
    pub(crate) fn consume(
        &mut self,
        id: ChannelId,
        tag: &ShortString,
        name: &ShortString,
        (no_ack, prefetch): (bool, u16),
    ) -> Result<QueueId, Exception> {
        let (queue_id, queue) = self.queue(name)?;
        if queue.consumers.len() >= CONSUMERS_PER_QUEUE_MAX {
            return Err(Exception::no_room(format_args!(
                "queue '{name}' already has the maximum of {CONSUMERS_PER_QUEUE_MAX} consumers"
            )));
        }
        let channel = self.channel(id)?;
        if channel.consumers.contains_key(tag) {
            let reason = format!("attempt to reuse consumer tag '{tag}'");
            return Err(Exception::connection(&AMQPHardError::NOTALLOWED, reason));
        }
        channel.consumers.insert(
            tag.clone(),
            Consumer {
                queue: queue_id,
                no_ack,
                prefetch,
                unsettled: 0,
            },
        );
        if let Some(queue) = self.queues.get_mut(&queue_id) {
            queue.consumers.push_back((id, tag.clone()));
        }
        Ok(queue_id)
    }

    /// Removes a consumer, if present. Its unsettled messages stay with the channel.
    pub(crate) fn cancel(&mut self, id: ChannelId, tag: &ShortString) {
        let Some(consumer) = self.channels.get_mut(&id).and_then(|channel| channel.consumers.remove(tag)) else {
            return;
        };
        if let Some(queue) = self.queues.get_mut(&consumer.queue) {
            queue.consumers.retain(|(channel, other)| (*channel, other) != (id, tag));
        }
    }

    /// Sends the first message of a queue with `get-ok`; returns `false` if the queue is empty.
    pub(crate) fn get(&mut self, id: ChannelId, name: &ShortString, no_ack: bool) -> Result<bool, Exception> {
        let now = Instant::now();
        while self.expire(now).is_some_and(|next| next <= now) {}
        let (queue, state) = self.queue(name)?;
        let Some((_, entry)) = state.ready.pop_first() else {
            return Ok(false);
        };
        let message_count = u32::try_from(state.ready.len()).unwrap_or(u32::MAX);
        if let (Some(client), Some(channel)) = (self.clients.get(&id.0), self.channels.get_mut(&id)) {
            channel.last_tag += 1;
            let method = Basic::GetOk(GetOk {
                delivery_tag: channel.last_tag,
                redelivered: entry.redelivered,
                exchange: ShortString::default(),
                routing_key: entry.message.routing_key.clone(),
                message_count,
            });
            client
                .outbox
                .content(id.1, AMQPClass::Basic(method), &entry.message, client.frame_max);
            if !no_ack {
                channel.unsettled.insert(
                    channel.last_tag,
                    Unsettled {
                        queue,
                        consumer: None,
                        entry,
                    },
                );
            }
        }
        Ok(true)
    }

    /// Delivers the ready messages of a queue to its consumers, round robin, as long as one has credit and buffer space.
    pub(crate) fn deliver(&mut self, id: QueueId) {
        let Self {
            clients,
            channels,
            queues,
            expiring,
            ..
        } = self;
        let Some(queue) = queues.get_mut(&id) else { return };
        let now = queue.settings.ttl.map(|_| Instant::now());
        while !queue.ready.is_empty() {
            // Dead-lettering here could recurse; the expiry task does it and delivers the messages behind it.
            if now.is_some_and(|now| queue.has_expired(now)) {
                return expiring.notify_one();
            }
            let can_take = |(channel, tag): &(ChannelId, ShortString)| {
                let consumer = channels.get(channel).and_then(|channel| channel.consumers.get(tag));
                consumer.is_some_and(Consumer::has_credit)
                    && clients
                        .get(&channel.0)
                        .is_some_and(|client| client.outbox.has_room_for_delivery())
            };
            let Some(turn) = queue.consumers.iter().position(can_take) else {
                return;
            };
            queue.consumers.rotate_left(turn);
            let Some((channel_id, tag)) = queue.consumers.front().cloned() else {
                return;
            };
            queue.consumers.rotate_left(1);
            let (Some(client), Some(channel)) = (clients.get(&channel_id.0), channels.get_mut(&channel_id)) else {
                return;
            };
            let Some((_, entry)) = queue.ready.pop_first() else { return };
            channel.send_delivery(client, channel_id.1, tag, entry);
        }
    }

    /// Delivers to the consumers of one channel after a settlement has freed credit.
    pub(super) fn deliver_to_channel(&mut self, id: ChannelId) {
        self.deliver_where(|channel| channel == id);
    }

    /// Delivers to the consumers of a connection after its outbox was full.
    pub(crate) fn deliver_to_connection(&mut self, id: ConnectionId) {
        self.deliver_where(|channel| channel.0 == id);
    }

    fn deliver_where(&mut self, selects: impl Fn(ChannelId) -> bool) {
        let channels = self.channels.iter().filter(|(id, _)| selects(**id));
        let mut queues: Vec<QueueId> = channels
            .flat_map(|(_, channel)| channel.consumers.values().map(|c| c.queue))
            .collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            self.deliver(queue);
        }
    }
}

impl Consumer {
    fn has_credit(&self) -> bool {
        self.no_ack || self.prefetch == 0 || self.unsettled < usize::from(self.prefetch)
    }
}

impl Channel {
    fn send_delivery(&mut self, client: &Client, number: u16, tag: ShortString, entry: Entry) {
        let Some(consumer) = self.consumers.get_mut(&tag) else {
            return;
        };
        self.last_tag += 1;
        let method = Basic::Deliver(Deliver {
            consumer_tag: tag.clone(),
            delivery_tag: self.last_tag,
            redelivered: entry.redelivered,
            exchange: ShortString::default(),
            routing_key: entry.message.routing_key.clone(),
        });
        client
            .outbox
            .content(number, AMQPClass::Basic(method), &entry.message, client.frame_max);
        if !consumer.no_ack {
            consumer.unsettled += 1;
            let unsettled = Unsettled {
                queue: consumer.queue,
                consumer: Some(tag),
                entry,
            };
            self.unsettled.insert(self.last_tag, unsettled);
        }
    }
}
