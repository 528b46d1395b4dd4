//! What has arrived, taken in for a bounded time at once: keys come first.

use std::time::{Duration, Instant};

use collector::{Arrival, Arrivals};
use trace_model::{Batch, Store};

/// How long arrivals are taken in before the next look at the keyboard.
const TURN: Duration = Duration::from_millis(4);
/// How many spans between two looks at the clock: a request may have any number of them.
const SLICE: usize = 1_024;

/// The way from the collector to the store.
#[derive(Debug)]
pub(super) struct Inbox {
    arrivals: Arrivals,
    /// What is to be taken in next.
    next: Option<Arrival>,
    /// What has been taken in up to a part.
    begun: Option<Batch>,
}

impl Inbox {
    pub(super) const fn new(arrivals: Arrivals) -> Self {
        Self {
            arrivals,
            next: None,
            begun: None,
        }
    }

    /// Waits until there is something to take in; nothing is lost when it is not waited for to the end.
    pub(super) async fn wait(&mut self) {
        if self.next.is_some() || self.begun.is_some() {
            // Others have their turn, the clock among them.
            return tokio::task::yield_now().await;
        }
        self.next = self.arrivals.recv().await;
        if self.next.is_none() {
            // The collector has ended.
            std::future::pending::<()>().await;
        }
    }

    /// Takes in what there is, for a bounded time.
    pub(super) fn take_in(&mut self, store: &mut Store) {
        let started = Instant::now();
        while self.step(store) && started.elapsed() < TURN {}
    }

    /// Takes in a little; false when there was nothing.
    fn step(&mut self, store: &mut Store) -> bool {
        if let Some(batch) = &mut self.begun {
            if !store.add_part(batch, SLICE) {
                self.begun = None;
            }
            return true;
        }
        match self.next.take().or_else(|| self.arrivals.try_recv().ok()) {
            Some(Arrival::Batch(batch)) => self.begun = Some(batch),
            Some(Arrival::Metrics(batch)) => store.add_metrics(&batch),
            Some(Arrival::SentrySpans(traces)) => {
                for trace in traces {
                    store.add_sentry(trace.trace_id, trace.span_ids);
                }
            }
            None => return false,
        }
        true
    }
}
