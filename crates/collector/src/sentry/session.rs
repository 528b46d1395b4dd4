//! Sessions: counted, and no more.
//!
//! Source: [Sessions](https://develop.sentry.dev/sdk/telemetry/sessions/).

use super::json::Object;
use super::read::Reader;

/// What an aggregate counts.
const STATUSES: [&str; 5] = ["exited", "errored", "unhandled", "abnormal", "crashed"];

/// What one session has come to. One that began is told of again when it ends.
pub(super) fn update(reader: &mut Reader<'_>, session: &Object<'_>) {
    let status = session.text("status").unwrap_or_else(|| "ok".into());
    // Not a status of its own in the protocol, but what Sentry counts.
    let errored = matches!(&*status, "ok" | "exited") && session.u64("errors").is_some_and(|errors| errors > 0);
    reader.count_sessions(if errored { "errored" } else { &status }, 1);
}

/// How many sessions came to what.
pub(super) fn aggregates(reader: &mut Reader<'_>, sessions: &Object<'_>) {
    for aggregate in sessions.list("aggregates").into_iter().filter_map(Object::of) {
        for status in STATUSES {
            if let Some(number) = aggregate.u64(status).filter(|number| *number > 0) {
                reader.count_sessions(status, number);
            }
        }
    }
}
