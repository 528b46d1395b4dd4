//! Nodes of the tree, made from spans.

use std::sync::Arc;

use crate::store::SpanRecord as Span;
use crate::{Flags, SpanId, SpanKey, SpanKind, SpanNode, StatusCode};

/// A span that has not arrived.
pub(super) struct Missing {
    pub(super) id: SpanId,
    pub(super) start: u64,
}

/// A span's node, without its place.
pub(super) fn node(span: &Span, start: u64, cyclic: bool) -> SpanNode {
    let ends_before = span.end_unix_nano.is_some_and(|end| end < span.start_unix_nano);
    SpanNode {
        has_invalid_times: ends_before || start != span.start_unix_nano,
        key: span.key.clone(),
        arrived: true,
        parent: None,
        parent_span_id: span.parent_span_id,
        depth: 0,
        children: 0,
        descendants: 0,
        cyclic,
        duplicate: false,
        name: span.name.clone(),
        kind: span.kind,
        status: span.status,
        start_unix_nano: start,
        end_unix_nano: span.end_unix_nano,
        has_exception: span.has_exception,
        has_links: span.has_links,
        flags: span.flags,
        is_saved: span.is_saved,
        host: span.host,
    }
}

/// The node of a span that has not arrived, without its place.
pub(super) fn missing<'a>(
    missing: &Missing,
    start: u64,
    children: impl Iterator<Item = &'a Span>,
    nothing: &Arc<str>,
) -> SpanNode {
    let mut end = 0;
    for child in children {
        end = end.max(child.end_unix_nano.unwrap_or(child.start_unix_nano));
    }
    SpanNode {
        key: SpanKey::new(missing.id, nothing.clone()),
        arrived: false,
        parent: None,
        parent_span_id: None,
        depth: 0,
        children: 0,
        descendants: 0,
        cyclic: false,
        duplicate: false,
        name: nothing.clone(),
        kind: SpanKind::Unspecified,
        status: StatusCode::Unset,
        start_unix_nano: start,
        end_unix_nano: Some(end.max(start)),
        has_invalid_times: false,
        has_exception: false,
        has_links: false,
        flags: Flags::default(),
        is_saved: false,
        host: u32::MAX,
    }
}
