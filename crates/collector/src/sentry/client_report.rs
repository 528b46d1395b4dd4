//! Client reports: what an SDK dropped before it was sent.
//!
//! Source: [Client reports](https://develop.sentry.dev/sdk/telemetry/client-reports/).

use std::borrow::Cow;

use trace_model::sentry::Evidence;

use super::json::Object;
use super::sink::Sink;
use super::time;

/// Characters of a reason or a category.
const NAME: usize = 64;
/// The lists of a report; all but the first are what relays write.
const LISTS: [&str; 4] = [
    "discarded_events",
    "rate_limited_events",
    "filtered_events",
    "filtered_sampling_events",
];

/// Reads one.
pub(super) fn item(sink: &mut Sink<'_>, report: &Object<'_>) {
    let unix_nano = time::member(report, "timestamp").unwrap_or_else(|| sink.received());
    let service = sink.service();
    for list in LISTS {
        for line in report.list(list).into_iter().filter_map(Object::of) {
            let Some(quantity) = line.u64("quantity").filter(|quantity| *quantity > 0) else {
                continue;
            };
            let reason = line.text("reason").unwrap_or_else(|| list.trim_end_matches("_events").into());
            sink.evidence(Evidence::Dropped {
                service: service.clone(),
                unix_nano,
                reason: short(reason),
                category: short(line.text("category").unwrap_or_default()),
                quantity,
            });
        }
    }
}

fn short(name: Cow<'_, str>) -> Box<str> {
    match name.char_indices().nth(NAME) {
        Some((end, _)) => name[..end].into(),
        None => name.into(),
    }
}
