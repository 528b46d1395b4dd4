//! Messages that have waited in their queue for as long as its `x-message-ttl` allows.

use std::time::Instant;

use super::queue::{Queue, QueueId};
use super::{Core, Entry};
use crate::message::Death;

/// How many messages expire in one go: others need the broker's state too.
const BATCH: usize = 1000;

impl Core {
    /// Dead-letters what has expired by `now`, or drops it if the queue has no dead-letter exchange; returns when to look again.
    ///
    /// The messages of a queue share its time to live and wait in the order in which they were published, so the first of them is
    /// the first to expire.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        let queues: Vec<QueueId> = self
            .queues
            .iter()
            .filter(|(_, queue)| queue.has_expired(now))
            .map(|(id, _)| *id)
            .collect();
        let mut left = BATCH;
        for id in queues {
            while left > 0 {
                let Some(queue) = self.queues.get_mut(&id).filter(|queue| queue.has_expired(now)) else {
                    break;
                };
                let Some((_, entry)) = queue.ready.pop_first() else { break };
                self.dead_letter(id, entry, Death::Expired);
                left -= 1;
            }
            self.deliver(id);
        }
        self.queues.values().filter_map(Queue::next_expiry).min()
    }
}

impl Queue {
    /// When its first message expires.
    fn next_expiry(&self) -> Option<Instant> {
        self.ready.first_key_value()?.1.expires
    }

    /// Whether its first message must not be delivered any more.
    pub(super) fn has_expired(&self, now: Instant) -> bool {
        self.ready.first_key_value().is_some_and(|(_, entry)| entry.has_expired(now))
    }
}

impl Entry {
    fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }
}
