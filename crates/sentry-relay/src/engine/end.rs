//! Shutdown: one more try for each remaining entry, within a time limit, and an event for each that is lost.

use std::collections::VecDeque;

use tokio::time::{Instant, timeout_at};

use super::{Engine, InFlight};
use crate::buffer::Entry;

const LOST: &str = "shut down before Sentry was reachable";

impl<T: Send + 'static> Engine<T> {
    pub(super) async fn end(mut self) {
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.handle(command);
        }
        let mut left = VecDeque::new();
        let until = Instant::now() + self.limits.shutdown_timeout;
        if timeout_at(until, self.last_tries(&mut left)).await.is_err() {
            self.attempts.abort_all();
        }
        let cut_off: Vec<_> = self.in_flight.drain().map(|(_, in_flight)| in_flight).collect();
        for InFlight { entry, waiter, .. } in cut_off {
            self.lose(entry, waiter, LOST);
        }
        self.drain_buffer(&mut left);
        for entry in left {
            self.lose(entry, None, LOST);
        }
        self.publish_counts();
        self.last_events().await;
    }

    /// Waits for requests in flight and tries each buffered entry once more, several at a time: a request that hangs must not
    /// cost the others their try.
    async fn last_tries(&mut self, left: &mut VecDeque<Entry<T>>) {
        loop {
            // A request that was in flight when the shutdown began returns to the buffer when it fails.
            self.drain_buffer(left);
            while self.in_flight.len() < self.limits.concurrent.max(1)
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

    /// Removes all buffered entries, those with the fewest failures first.
    fn drain_buffer(&mut self, left: &mut VecDeque<Entry<T>>) {
        let now = Instant::now();
        left.extend(std::iter::from_fn(|| self.buffer.next(true, now)));
    }

    /// Gives the reader of events as much time again as the last tries could take.
    async fn last_events(&mut self) {
        let until = Instant::now() + self.limits.shutdown_timeout;
        while let Some(event) = self.outbox.pop_front() {
            if !matches!(timeout_at(until, self.events.send(event)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}
