//! How a relay ends: one more try for all that is left, within a time, and a word on what was not delivered.

use std::collections::VecDeque;

use tokio::time::{Instant, timeout_at};

use super::{Engine, UnderWay};
use crate::buffer::Entry;

const LOST: &str = "the program ended before Sentry could be reached";

impl<T: Send + 'static> Engine<T> {
    pub(super) async fn end(mut self) {
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.take(command);
        }
        let mut left = VecDeque::new();
        let until = Instant::now() + self.limits.farewell;
        if timeout_at(until, self.last_tries(&mut left)).await.is_err() {
            self.attempts.abort_all();
        }
        let cut_off: Vec<_> = self.under_way.drain().map(|(_, under_way)| under_way).collect();
        for UnderWay { entry, asking, .. } in cut_off {
            self.lose(entry, asking, LOST);
        }
        self.drain_buffer(&mut left);
        for entry in left {
            self.lose(entry, None, LOST);
        }
        self.tell();
        self.last_events().await;
    }

    /// Waits for what is under way and tries each entry that waits once more, several at a time: one that hangs must not cost the
    /// others their try.
    async fn last_tries(&mut self, left: &mut VecDeque<Entry<T>>) {
        loop {
            // What was under way when the end began comes back to the buffer when it fails.
            self.drain_buffer(left);
            while self.under_way.len() < self.limits.concurrent.max(1)
                && let Some(entry) = left.pop_front()
            {
                if let Some(entry) = self.sendable(entry) {
                    self.send(entry, None, true);
                }
            }
            let Some(done) = self.attempts.join_next_with_id().await else {
                return;
            };
            self.finish(done);
        }
    }

    /// Takes all that waits, those that failed least first.
    fn drain_buffer(&mut self, left: &mut VecDeque<Entry<T>>) {
        let now = Instant::now();
        left.extend(std::iter::from_fn(|| self.buffer.next(true, now)));
    }

    /// Gives who reads them as long again as the last tries could take.
    async fn last_events(&mut self) {
        let until = Instant::now() + self.limits.farewell;
        while let Some(event) = self.outbox.pop_front() {
            if !matches!(timeout_at(until, self.events.send(event)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}
