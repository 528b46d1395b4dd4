//! Transactions: a span that brings what happened below it in the same process.
//!
//! Source: [Transaction payloads](https://develop.sentry.dev/sdk/foundations/transport/event-payloads/transaction/).

use trace_model::sentry::Evidence;

use super::draft::{Draft, measurements};
use super::ids::Ids;
use super::json::Object;
use super::sender::{SenderInfo, is_of_the_process};
use super::sink::{SHARED_TEXT_BYTES_MAX, Sink};
use super::value::Attributes;

/// Reads one. Of a transaction without usable ids the spans may still be of use.
pub(super) fn item(sink: &mut Sink<'_>, transaction: &Object<'_>) {
    let contexts = transaction.object("contexts");
    let trace = contexts.object("trace");
    let ids = Ids::of(&trace);
    let origin = sink.origin(SenderInfo::of_event(transaction).with_contexts(&contexts));
    match Draft::of(&trace, ids) {
        None => sink.leave_out("its ids are unusable"),
        Some(mut root) => {
            if let Some(name) = transaction.text("transaction") {
                root.name = name.into();
            }
            root.during(transaction);
            more(&mut root.attributes, transaction, &contexts);
            sink.span(&origin, root);
        }
    }
    let mut spans = 0;
    for raw in transaction.list("spans") {
        let span = Object::of(raw).unwrap_or_default();
        let mut own = Ids::of(&span);
        // Old SDKs omit it: a transaction belongs to one trace.
        own.trace = own.trace.or(ids.trace.filter(|_| span.get("trace_id").is_none()));
        match Draft::of(&span, own) {
            None => sink.leave_out("its ids are unusable"),
            Some(draft) => {
                spans += 1;
                sink.span(&origin, draft);
            }
        }
    }
    if let (Some(trace_id), Some(root)) = (ids.trace, ids.span) {
        sink.evidence(Evidence::Transaction { trace_id, root, spans });
    }
}

/// Adds the fields of an event that a span lacks.
fn more(attributes: &mut Attributes, transaction: &Object<'_>, contexts: &Object<'_>) {
    for (key, member) in [
        ("sentry.event_id", "event_id"),
        ("sentry.release", "release"),
        ("sentry.environment", "environment"),
        ("sentry.dist", "dist"),
    ] {
        if !attributes.has(key) {
            attributes.member(key, transaction, member);
        }
    }
    // The older SDK for Go keeps OpenTelemetry's data of the root here.
    attributes.missing(&contexts.object("otel").object("attributes"));
    let request = transaction.object("request");
    for (key, member) in [("http.request.method", "method"), ("url.full", "url")] {
        if !attributes.has(key) {
            attributes.member(key, &request, member);
        }
    }
    attributes.tags(transaction);
    measurements(attributes, transaction);
    attributes.members("extra.", &transaction.object("extra"));
    for (name, raw) in contexts.members() {
        if !is_of_the_process(name)
            && name != "trace"
            && name != "otel"
            && let Some(context) = Object::of(raw)
        {
            if name.len() <= SHARED_TEXT_BYTES_MAX {
                attributes.members(&format!("contexts.{name}."), &context);
            } else {
                // Each member would take the name over: a megabyte of envelope would be gigabytes of attributes.
                attributes.member(&format!("contexts.{name}"), contexts, name);
            }
        }
    }
}
