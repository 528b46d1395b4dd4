//! Messages of traces.

use super::common::{RESOURCE_FIELD, SCHEMA_URL, SCOPE_FIELD, attributes};
use super::message::{Kind, Message, many, one};

const SPAN_KIND: &[(&str, i32)] = &[
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];

const STATUS_CODE: &[(&str, i32)] = &[("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)];

/// Request of trace exporters.
pub static TRACES_REQUEST: Message = Message::new(
    "ExportTraceServiceRequest",
    &[many(1, "resource_spans", "resourceSpans", Kind::Message(&RESOURCE_SPANS))],
);

/// `ResourceSpans`.
pub static RESOURCE_SPANS: Message = Message::new(
    "ResourceSpans",
    &[
        RESOURCE_FIELD,
        many(2, "scope_spans", "scopeSpans", Kind::Message(&SCOPE_SPANS)),
        SCHEMA_URL,
    ],
);

/// `ScopeSpans`.
pub static SCOPE_SPANS: Message = Message::new(
    "ScopeSpans",
    &[SCOPE_FIELD, many(2, "spans", "spans", Kind::Message(&SPAN)), SCHEMA_URL],
);

/// `Span`.
pub static SPAN: Message = Message::new(
    "Span",
    &[
        one(1, "trace_id", "traceId", Kind::Id),
        one(2, "span_id", "spanId", Kind::Id),
        one(3, "trace_state", "traceState", Kind::String),
        one(4, "parent_span_id", "parentSpanId", Kind::Id),
        one(5, "name", "name", Kind::String),
        one(6, "kind", "kind", Kind::Enum(SPAN_KIND)),
        one(7, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(8, "end_time_unix_nano", "endTimeUnixNano", Kind::Fixed64),
        attributes(9),
        one(10, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        many(11, "events", "events", Kind::Message(&SPAN_EVENT)),
        one(12, "dropped_events_count", "droppedEventsCount", Kind::Uint32),
        many(13, "links", "links", Kind::Message(&SPAN_LINK)),
        one(14, "dropped_links_count", "droppedLinksCount", Kind::Uint32),
        one(15, "status", "status", Kind::Message(&STATUS)),
        one(16, "flags", "flags", Kind::Fixed32),
    ],
);

/// `Event`.
pub static SPAN_EVENT: Message = Message::new(
    "Event",
    &[
        one(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(2, "name", "name", Kind::String),
        attributes(3),
        one(4, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `Link`.
pub static SPAN_LINK: Message = Message::new(
    "Link",
    &[
        one(1, "trace_id", "traceId", Kind::Id),
        one(2, "span_id", "spanId", Kind::Id),
        one(3, "trace_state", "traceState", Kind::String),
        attributes(4),
        one(5, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        one(6, "flags", "flags", Kind::Fixed32),
    ],
);

/// `Status`.
pub static STATUS: Message = Message::new(
    "Status",
    &[
        one(2, "message", "message", Kind::String),
        one(3, "code", "code", Kind::Enum(STATUS_CODE)),
    ],
);
