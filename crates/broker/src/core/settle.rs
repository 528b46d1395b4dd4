//! Settlement of deliveries: acknowledge, requeue or dead-letter.

use std::collections::BTreeMap;

use super::queue::QueueId;
use super::{ChannelId, Core, Entry, Unsettled};
use crate::exception::Exception;
use crate::message::Death;

/// A client's settlement of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    Ack,
    Requeue,
    /// Dead-lettered if the queue has a dead-letter exchange, otherwise dropped.
    Reject,
}

impl Settlement {
    pub(crate) fn rejected(requeue: bool) -> Self {
        if requeue { Self::Requeue } else { Self::Reject }
    }
}

impl Core {
    /// Settles a delivery, or with `multiple` all up to and including it (tag 0: all).
    pub(crate) fn settle(&mut self, id: ChannelId, tag: u64, multiple: bool, settlement: Settlement) -> Result<(), Exception> {
        let channel = self.channel(id)?;
        let settled = match (tag, multiple) {
            (0, true) => std::mem::take(&mut channel.unsettled),
            (tag, _) if !channel.unsettled.contains_key(&tag) => {
                return Err(Exception::precondition(format_args!("unknown delivery tag {tag}")));
            }
            (tag, true) => {
                let later = channel.unsettled.split_off(&tag.saturating_add(1));
                std::mem::replace(&mut channel.unsettled, later)
            }
            (tag, false) => channel.unsettled.remove_entry(&tag).into_iter().collect::<BTreeMap<_, _>>(),
        };
        for one in settled.values() {
            if let Some(consumer) = one.consumer.as_ref().and_then(|tag| channel.consumers.get_mut(tag)) {
                consumer.unsettled = consumer.unsettled.saturating_sub(1);
            }
        }
        self.return_all(settled.into_values().collect(), settlement);
        self.deliver_to_channel(id);
        Ok(())
    }

    pub(super) fn return_all(&mut self, settled: Vec<Unsettled>, settlement: Settlement) {
        let mut requeued = Vec::new();
        for Unsettled { queue: id, entry, .. } in settled {
            match settlement {
                Settlement::Ack => {}
                Settlement::Reject => self.dead_letter(id, entry, Death::Rejected),
                Settlement::Requeue => {
                    // The messages of a queue that was deleted in the meantime are dropped with it.
                    let Some(queue) = self.queues.get_mut(&id) else { continue };
                    queue.ready.insert(
                        entry.position,
                        Entry {
                            redelivered: true,
                            ..entry
                        },
                    );
                    requeued.push(id);
                }
            }
        }
        // All are requeued before the first redelivery, so that order is kept.
        requeued.sort_unstable();
        requeued.dedup();
        for queue in requeued {
            self.deliver(queue);
        }
        self.expiring.notify_one();
    }

    pub(super) fn dead_letter(&mut self, from: QueueId, Entry { mut message, .. }: Entry, death: Death) {
        let Some(queue) = self.queues.get(&from) else { return };
        let Some(dead_letter) = &queue.settings.dead_letter else {
            return;
        };
        message.died_in(queue.name.as_str(), death);
        if let Some(routing_key) = &dead_letter.routing_key {
            message.routing_key = routing_key.clone();
        }
        let name = queue.name.clone();
        if death == Death::Expired && message.is_in_cycle() {
            tracing::warn!(queue = %name, "expired message dropped: dead-letter cycle");
        } else if self.publish(message).is_err() {
            tracing::warn!(queue = %name, "dead letter dropped: dead-letter queue does not exist");
        }
    }
}
