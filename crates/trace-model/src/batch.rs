//! What travels from the edge to the store.

use std::fmt;
use std::sync::Arc;

use crate::{SpanId, SpanKey, SpanKind, StatusCode, TraceId};

/// How a span came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP, protobuf or JSON.
    OtlpHttp,
    /// Made by the viewer itself: the request that a key fires.
    Viewer,
}

impl Source {
    /// The name that `tail --json` prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp-grpc",
            Self::OtlpHttp => "otlp-http",
            Self::Viewer => "viewer",
        }
    }
}

/// What all spans of one `ScopeSpans` share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `service.name`; empty when the resource has none.
    pub service: Arc<str>,
    /// How it came here.
    pub source: Source,
    /// The OTLP `Resource` message, encoded: one copy for all scopes of a request, however many there are.
    pub resource: Arc<[u8]>,
    /// The OTLP `InstrumentationScope` message, encoded.
    pub scope: Box<[u8]>,
}

impl Origin {
    /// Bytes of memory it stands for in the store's budget.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.resource.len() + self.scope.len() + self.service.len()
    }
}

/// One span: the few fields that lists and bars need, and the rest as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecord {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// Its parent; `None` for a root.
    pub parent_span_id: Option<SpanId>,
    /// What was done.
    pub name: Arc<str>,
    /// The part it played.
    pub kind: SpanKind,
    /// How it ended.
    pub status: StatusCode,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch; 0 while the span is in flight.
    pub end_unix_nano: u64,
    /// Who made it.
    pub origin: Arc<Origin>,
    /// The OTLP `Span` message, encoded: decoded only when somebody looks at it.
    pub raw: Box<[u8]>,
}

impl SpanRecord {
    /// What names the span's row in its trace.
    #[must_use]
    pub fn key(&self) -> SpanKey {
        SpanKey {
            span_id: self.span_id,
            service: self.origin.service.clone(),
        }
    }

    /// Whether its end has not been seen.
    #[must_use]
    pub const fn in_flight(&self) -> bool {
        self.end_unix_nano == 0
    }

    /// Bytes of memory it stands for in the store's budget, without its shared [`Origin`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.raw.len() + self.name.len()
    }
}

/// The spans of one request, in the sender's order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Batch {
    /// The usable spans.
    pub spans: Vec<SpanRecord>,
}

/// Why one span of a request was not taken, the others having been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejection {
    /// Which field: `trace_id`, `span_id`, `parent_span_id`.
    pub field: &'static str,
    /// What is wrong with it.
    pub error: crate::IdError,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.error)
    }
}
