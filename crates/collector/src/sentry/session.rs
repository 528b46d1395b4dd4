//! Sessions: counted, and no more.
//!
//! Source: [Sessions](https://develop.sentry.dev/sdk/telemetry/sessions/).

use super::json::Object;
use super::sink::Sink;

/// Statuses that an aggregate counts.
const STATUSES: [&str; 5] = ["exited", "errored", "unhandled", "abnormal", "crashed"];

/// Counts an update of one session. A session is reported at its begin and at its end.
pub(super) fn update(sink: &mut Sink<'_>, session: &Object<'_>) {
    let status = session.text("status").unwrap_or_else(|| "ok".into());
    // Not a status in the protocol, but Sentry counts it.
    let errored = matches!(&*status, "ok" | "exited") && session.u64("errors").is_some_and(|errors| errors > 0);
    sink.count_sessions(if errored { "errored" } else { &status }, 1);
}

/// Counts aggregated sessions by status.
pub(super) fn aggregates(sink: &mut Sink<'_>, sessions: &Object<'_>) {
    for aggregate in sessions.list("aggregates").into_iter().filter_map(Object::of) {
        for status in STATUSES {
            if let Some(number) = aggregate.u64(status).filter(|number| *number > 0) {
                sink.count_sessions(status, number);
            }
        }
    }
}
