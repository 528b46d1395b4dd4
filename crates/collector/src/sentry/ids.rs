//! Trace and span ids as text.

use opentelemetry_proto::tonic::trace::v1::span::Link;
use trace_model::{SpanId, TraceId};

use super::json::Object;
use super::value;

/// A trace id, or an event's id, which is of the same kind. Some write it as a UUID, with hyphens.
pub(super) fn trace_id(text: &str) -> Option<TraceId> {
    if text.len() == 36 {
        return text.replace('-', "").parse().ok();
    }
    text.parse().ok()
}

/// The ids of a span, or of the place where something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) trace: Option<TraceId>,
    pub(super) span: Option<SpanId>,
    pub(super) parent: Option<SpanId>,
}

impl Ids {
    /// Parses the ids; an invalid one counts as absent.
    pub(super) fn of(object: &Object<'_>) -> Self {
        let span_id = |key| object.text(key)?.parse().ok();
        Self {
            trace: object.text("trace_id").and_then(|text| trace_id(&text)),
            span: span_id("span_id"),
            parent: span_id("parent_span_id"),
        }
    }

    /// Returns the id as in OTLP: empty if absent.
    pub(super) fn trace_bytes(&self) -> Vec<u8> {
        self.trace.map(|id| id.as_bytes().to_vec()).unwrap_or_default()
    }

    pub(super) fn span_bytes(&self) -> Vec<u8> {
        self.span.map(|id| id.as_bytes().to_vec()).unwrap_or_default()
    }

    pub(super) fn parent_bytes(&self) -> Vec<u8> {
        self.parent.map(|id| id.as_bytes().to_vec()).unwrap_or_default()
    }
}

/// A span's links; those without usable ids lead nowhere.
pub(super) fn links(of: &Object<'_>) -> Vec<Link> {
    let links = of.list("links").into_iter().filter_map(Object::of);
    let links = links.filter_map(|link| {
        let ids = Ids::of(&link);
        let (Some(_), Some(_)) = (ids.trace, ids.span) else {
            return None;
        };
        let mut attributes = value::typed(&link.object("attributes"));
        attributes.member("sentry.link.sampled", &link, "sampled");
        Some(Link {
            trace_id: ids.trace_bytes(),
            span_id: ids.span_bytes(),
            attributes: attributes.0,
            ..Link::default()
        })
    });
    links.collect()
}
