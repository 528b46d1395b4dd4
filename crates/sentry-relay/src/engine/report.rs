//! What the engine tells: to who waits for an answer, as an event, and in numbers.

use tokio::sync::oneshot;
use tokio::time::Instant;
use trace_model::sentry::Delivery;

use super::{Asking, Engine};
use crate::answer::Answer;
use crate::buffer::Entry;
use crate::relay::Event;

impl Asking {
    /// Answers that the envelope is kept here.
    pub(super) fn keep_waiting(self, problem: &str) {
        // Who is gone hears of it in the end.
        let _ = self.reply.send(Answer::waiting(self.receipt, problem));
    }
}

impl<T: Send + 'static> Engine<T> {
    /// Answers those who have waited long enough; what they sent goes on.
    pub(super) fn answer_impatient(&mut self) {
        let now = Instant::now();
        let under_way = self.under_way.values_mut();
        let impatient = under_way.filter_map(|under_way| under_way.asking.take_if(|asking| asking.until <= now));
        let impatient: Vec<_> = impatient.collect();
        self.tell();
        let problem = format!("no answer within {:?} so far", self.limits.deadline);
        for asking in impatient {
            asking.keep_waiting(&problem);
        }
    }

    /// Counts and tells it: to who waits, or as an event if nobody does any more.
    pub(super) fn reply(&mut self, reply: oneshot::Sender<Answer>, tag: T, answer: Answer) {
        self.counts.send_modify(|counts| counts.count(&answer.delivery));
        self.tell();
        if let Err(Answer { delivery, .. }) = reply.send(answer) {
            self.outbox.push_back(Event { tag, delivery });
        }
    }

    pub(super) fn tell_later(&mut self, tag: T, delivery: Delivery) {
        self.counts.send_modify(|counts| counts.count(&delivery));
        self.outbox.push_back(Event { tag, delivery });
    }

    pub(super) fn lose(&mut self, entry: Entry<T>, asking: Option<Asking>, reason: &str) {
        match asking {
            Some(Asking { reply, .. }) => self.reply(reply, entry.tag, Answer::lost(reason)),
            None => self.tell_later(entry.tag, Delivery::Lost { reason: reason.into() }),
        }
    }

    /// Brings the counts up to date, before anybody is answered.
    pub(super) fn tell(&self) {
        let kept = self.under_way.values().filter(|under_way| under_way.asking.is_none());
        let kept = kept.map(|under_way| under_way.entry.outgoing.bytes());
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
