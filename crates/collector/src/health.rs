//! Counts of accepted and rejected requests, for any number of readers.

use http_server::Limits;
use ingest_state::{HealthSnapshot, PerListener, QueueDepth};
use tokio::sync::watch;

use crate::budget::MemoryBudget;

/// A view of the counts. Cheap to clone; each clone notices changes for itself.
#[derive(Clone, Debug)]
pub struct Health {
    /// For readers that wait for a change.
    changes: watch::Receiver<HealthSnapshot>,
    /// For readers that poll.
    looks: watch::Receiver<HealthSnapshot>,
    budget: MemoryBudget,
    /// Of the connections.
    limits: PerListener<Limits>,
}

impl Health {
    /// The counts now.
    #[must_use]
    pub fn snapshot(&self) -> HealthSnapshot {
        self.looks.borrow().clone()
    }

    /// Returns the counts if they have changed since the last call (of this clone): a screen copies nothing without a change.
    #[must_use]
    pub fn latest(&mut self) -> Option<HealthSnapshot> {
        // It stays readable when the collector is gone.
        let changed = self.looks.has_changed().unwrap_or(false);
        changed.then(|| self.looks.borrow_and_update().clone())
    }

    /// Waits until something has changed since the last call (of this clone). Never resolves once the collector is gone.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns what is in flight now. It changes with every request, so [`Health::changed`] does not report it.
    #[must_use]
    pub fn queue(&self) -> QueueDepth {
        let looks = self.looks.borrow();
        let open = |listener| usize::try_from(looks.listeners[listener].connections).unwrap_or(usize::MAX);
        QueueDepth {
            connection_bytes: self.limits.iter().map(|(at, limits)| limits.bytes(open(at))).sum(),
            connection_bytes_limit: self.limits.iter().map(|(_, limits)| limits.bytes(usize::MAX)).sum(),
            ..self.budget.depth()
        }
    }
}

/// The writing end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(watch::Sender<HealthSnapshot>);

impl Recorder {
    pub(crate) fn health(&self, budget: MemoryBudget, limits: PerListener<Limits>) -> Health {
        let looks = self.0.subscribe();
        Health {
            changes: looks.clone(),
            looks,
            budget,
            limits,
        }
    }

    /// Changes the counts, in constant time.
    pub(crate) fn record(&self, change: impl FnOnce(&mut HealthSnapshot)) {
        self.0.send_modify(change);
    }

    /// Records a change that another one follows soon: no reader is woken for it.
    pub(crate) fn record_quietly(&self, change: impl FnOnce(&mut HealthSnapshot)) {
        self.0.send_if_modified(|health| {
            change(health);
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use ingest_state::Listener;

    use super::*;

    #[test]
    fn latest_copies_counts_only_after_a_change() {
        let recorder = Recorder::default();
        let mut health = recorder.health(MemoryBudget::new(1), PerListener::default());
        assert_eq!(health.latest(), None);
        recorder.record(|health| health.listeners[Listener::Sentry].spans += 1);
        recorder.record(|health| health.listeners[Listener::Sentry].spans += 1);
        let mut other = health.clone();
        assert_eq!(
            health.latest().map(|health| health.listeners[Listener::Sentry].spans),
            Some(2)
        );
        assert_eq!(health.latest(), None);
        assert_eq!(
            other.latest().map(|health| health.listeners[Listener::Sentry].spans),
            Some(2),
            "each clone has its own state"
        );
        assert_eq!(health.snapshot().listeners[Listener::Sentry].spans, 2);
    }
}
