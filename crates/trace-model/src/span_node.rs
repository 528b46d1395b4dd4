//! A span in the tree of its trace.

use std::sync::Arc;

use crate::{Flags, SpanId, SpanKey, SpanKind, StatusCode};

/// One node of the tree: a span, or a row for a missing one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct SpanNode {
    /// Key that a cursor keeps.
    pub key: SpanKey,
    /// False for a parent that is missing, and for a span that is only known because an error happened in it. Its times are then
    /// those from its first child's start to its last child's end.
    pub arrived: bool,
    /// Position of the parent in [`crate::SpanTree::nodes`].
    pub parent: Option<usize>,
    /// The parent's id as the span has it, which may have been ignored ([`SpanNode::cyclic`]).
    pub parent_span_id: Option<SpanId>,
    /// 0 for a root.
    pub depth: usize,
    /// Direct children.
    pub children: usize,
    /// Number of all nodes below; those are the next ones in [`crate::SpanTree::nodes`].
    pub descendants: usize,
    /// True if one of its references was ignored because it is cyclic: its parent's, or a link to itself.
    pub cyclic: bool,
    /// True if another span has its id, and they are not the two sides of one call.
    pub duplicate: bool,
    /// Empty for a span that has not arrived.
    pub name: Arc<str>,
    /// The part it played.
    pub kind: SpanKind,
    /// Status of the span.
    pub status: StatusCode,
    /// Nanoseconds since the Unix epoch. Of a span without a start below another one, its parent's.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch, possibly before the start; `None` while it is in flight.
    pub end_unix_nano: Option<u64>,
    /// True if it ends before it starts, or has no start.
    pub has_invalid_times: bool,
    /// True if an exception is among its events.
    pub has_exception: bool,
    /// True if it has links to other spans.
    pub has_links: bool,
    /// W3C trace flags, and OTLP's next to them.
    pub flags: Flags,
    /// True for a span of a file, where nothing runs.
    pub is_saved: bool,
    /// On which host it ran: nodes with the same number share a clock. By `host.name` of the resource, else by its service.
    pub host: u32,
}

impl SpanNode {
    /// Creates the node of a span that has arrived, of which nothing else is known yet.
    pub(crate) fn new(key: SpanKey, name: Arc<str>) -> Self {
        Self {
            key,
            arrived: true,
            parent: None,
            parent_span_id: None,
            depth: 0,
            children: 0,
            descendants: 0,
            cyclic: false,
            duplicate: false,
            name,
            kind: SpanKind::Unspecified,
            status: StatusCode::Unset,
            start_unix_nano: 0,
            end_unix_nano: None,
            has_invalid_times: false,
            has_exception: false,
            has_links: false,
            flags: Flags::default(),
            is_saved: false,
            host: u32::MAX,
        }
    }
}
