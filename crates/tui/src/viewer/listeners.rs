//! The state of ingest for queries.

use std::time::UNIX_EPOCH;

use collector::{Addresses, Health};
use query::{ListenerLine, Listeners, Rejection};

/// Returns what queries are answered about the listeners; nothing without any.
pub(super) fn state(listening: Option<&(Addresses, Health)>) -> Listeners {
    let Some((addresses, health)) = listening else {
        return Listeners::default();
    };
    let (counts, queue) = (health.snapshot(), health.queue());
    let listener = |(listener, address): (collector::Listener, &std::net::SocketAddr)| {
        let counts = &counts.listeners[listener];
        ListenerLine {
            name: listener.to_string(),
            address: address.to_string(),
            requests: counts.requests,
            bytes: counts.received_bytes,
            spans: counts.spans,
            logs: counts.log_records,
            errors: counts.errors,
            data_points: counts.data_points,
            dropped: counts.dropped,
            rejected: counts.rejected,
            denied: counts.denied,
            throttled: counts.throttled,
        }
    };
    let rejected = counts.recent.iter().map(|rejection| Rejection {
        time_unix_nano: rejection
            .time
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| u64::try_from(since.as_nanos()).ok())
            .unwrap_or_default(),
        listener: rejection.listener.to_string(),
        reason: rejection.reason.clone(),
    });
    Listeners {
        listeners: addresses.iter().map(listener).collect(),
        waiting_requests: queue.waiting,
        waiting_bytes: queue.bytes,
        rejected: rejected.collect(),
    }
}
