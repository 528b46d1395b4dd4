//! Spans: those of a transaction, and `span` items, of which there are two versions.
//!
//! Version 1 is one span per item, in the form of a transaction's spans. Version 2 is [many of
//! them](https://develop.sentry.dev/sdk/telemetry/spans/span-protocol/), with typed attributes.

use super::draft::Draft;
use super::ids::Ids;
use super::json::{self, Object};
use super::sender::SenderInfo;
use super::sink::Sink;

/// Reads an item of either version.
pub(super) fn item(sink: &mut Sink<'_>, item: &Object<'_>) {
    let many = item.get("items").and_then(json::elements);
    let Some(many) = many else { return one(sink, item) };
    for raw in many {
        match Object::of(raw) {
            Some(span) => one(sink, &span),
            None => sink.leave_out("not an object"),
        }
    }
}

fn one(sink: &mut Sink<'_>, span: &Object<'_>) {
    let Some(draft) = Draft::of(span, Ids::of(span)) else {
        return sink.leave_out("its ids are unusable");
    };
    let origin = sink.origin(SenderInfo::of_attributes(&draft.attributes));
    sink.span(&origin, draft);
}

#[cfg(test)]
mod tests;
