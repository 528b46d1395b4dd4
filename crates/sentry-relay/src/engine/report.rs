//! The engine's reports: responses to waiting senders, events, and counts.

use tokio::sync::oneshot;
use tokio::time::Instant;
use trace_model::sentry::Delivery;

use super::{Engine, Waiter};
use crate::buffer::Entry;
use crate::event::Event;
use crate::response::RelayResponse;

impl Waiter {
    /// Responds that the envelope is buffered.
    pub(super) fn keep_waiting(self, problem: &str) {
        // A sender that is gone gets an event at the end.
        let _ = self.reply.send(RelayResponse::waiting(self.receipt, problem));
    }
}

impl<T: Send + 'static> Engine<T> {
    /// Responds to the senders whose deadline has passed; their envelopes are still sent.
    pub(super) fn answer_overdue(&mut self) {
        let now = Instant::now();
        let in_flight = self.in_flight.values_mut();
        let overdue = in_flight.filter_map(|in_flight| in_flight.waiter.take_if(|waiter| waiter.until <= now));
        let overdue: Vec<_> = overdue.collect();
        self.publish_counts();
        let problem = format!("no answer within {:?} so far", self.limits.deadline);
        for waiter in overdue {
            waiter.keep_waiting(&problem);
        }
    }

    /// Counts a delivery and reports it: to the waiting sender, or as an event if it is gone.
    pub(super) fn reply(&mut self, reply: oneshot::Sender<RelayResponse>, tag: T, answer: RelayResponse) {
        self.counts.send_modify(|counts| counts.count(&answer.delivery));
        self.publish_counts();
        if let Err(RelayResponse { delivery, .. }) = reply.send(answer) {
            self.outbox.push_back(Event { tag, delivery });
        }
    }

    pub(super) fn queue_event(&mut self, tag: T, delivery: Delivery) {
        self.counts.send_modify(|counts| counts.count(&delivery));
        self.outbox.push_back(Event { tag, delivery });
    }

    pub(super) fn lose(&mut self, entry: Entry<T>, waiter: Option<Waiter>, reason: &str) {
        match waiter {
            Some(Waiter { reply, .. }) => self.reply(reply, entry.tag, RelayResponse::lost(reason)),
            None => self.queue_event(entry.tag, Delivery::Lost { reason: reason.into() }),
        }
    }

    /// Updates the counts, before a response is sent.
    pub(super) fn publish_counts(&self) {
        let kept = self.in_flight.values().filter(|in_flight| in_flight.waiter.is_none());
        let kept = kept.map(|in_flight| in_flight.entry.outgoing.bytes());
        let waiting = (
            self.buffer.len() + kept.clone().count(),
            self.buffer.bytes() + kept.sum::<usize>(),
        );
        let problem = self.reach.problem();
        self.counts.send_if_modified(|counts| {
            let changed = (counts.waiting, counts.waiting_bytes) != waiting || counts.problem.as_deref() != problem;
            if changed {
                (counts.waiting, counts.waiting_bytes) = waiting;
                counts.problem = problem.map(Into::into);
            }
            changed
        });
    }
}
