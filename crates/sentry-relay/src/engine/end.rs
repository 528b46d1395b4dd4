//! How a relay ends: a last attempt for all that is left, within a time, and a word on what was not delivered.

use tokio::time::{Instant, timeout_at};
use trace_model::sentry::Delivery;

use super::{Asking, Engine, UnderWay};
use crate::answer::Answer;

const LOST: &str = "the program ended before Sentry could be reached";

impl<T: Send + 'static> Engine<T> {
    pub(super) async fn end(mut self) {
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.take(command);
        }
        let until = Instant::now() + self.limits.farewell;
        if timeout_at(until, self.last_attempts()).await.is_err() {
            self.attempts.abort_all();
        }
        let cut_off: Vec<_> = self.under_way.drain().map(|(_, under_way)| under_way).collect();
        for UnderWay { entry, asking } in cut_off {
            match asking {
                Some(Asking { reply, .. }) => self.reply(reply, entry.tag, Answer::lost(LOST)),
                None => self.tell_later(entry.tag, Delivery::Lost { reason: LOST.into() }),
            }
        }
        while let Some(entry) = self.buffer.take() {
            self.tell_later(entry.tag, Delivery::Lost { reason: LOST.into() });
        }
        self.tell();
        self.last_events().await;
    }

    /// Waits for what is under way, and tries what waits one after the other until anything fails.
    async fn last_attempts(&mut self) {
        let mut hopeless = false;
        loop {
            if !hopeless && !self.is_trying() {
                self.try_oldest();
            }
            let Some(done) = self.attempts.join_next_with_id().await else {
                return;
            };
            hopeless |= !self.finish(done);
        }
    }

    /// Gives who reads them as long again as the last attempts could take.
    async fn last_events(&mut self) {
        let until = Instant::now() + self.limits.farewell;
        while let Some(event) = self.outbox.pop_front() {
            if !matches!(timeout_at(until, self.events.send(event)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}
