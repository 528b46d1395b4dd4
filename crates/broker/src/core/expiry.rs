//! Expiry of messages by the queue's `x-message-ttl`.

use std::time::Instant;

use super::queue::{Queue, QueueId};
use super::{Core, Entry};
use crate::message::Death;

/// The maximum number of messages expired under one lock, so that sessions are not blocked for long.
const EXPIRE_BATCH_MAX: usize = 1000;

impl Core {
    /// Dead-letters messages expired by `now`, or drops them if the queue has no dead-letter exchange; returns the time of the next expiry.
    ///
    /// The messages of a queue share its TTL and are ordered by publish time, so the first one is
    /// the first to expire.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        let queues: Vec<QueueId> = self
            .queues
            .iter()
            .filter(|(_, queue)| queue.has_expired(now))
            .map(|(id, _)| *id)
            .collect();
        let mut left = EXPIRE_BATCH_MAX;
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
    /// Returns the expiry time of the first message.
    fn next_expiry(&self) -> Option<Instant> {
        self.ready.first_key_value()?.1.expires
    }

    /// Returns `true` if the first message has expired and must not be delivered.
    pub(super) fn has_expired(&self, now: Instant) -> bool {
        self.ready.first_key_value().is_some_and(|(_, entry)| entry.has_expired(now))
    }
}

impl Entry {
    fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }
}
