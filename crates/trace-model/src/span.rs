//! One decoded span, as the details pane, `tail --json` and exports use it.

use crate::{SpanId, TraceId};

/// The part a span plays in a call, as OTLP's `SpanKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SpanKind {
    /// Not set.
    #[default]
    Unspecified,
    /// Work inside one service.
    Internal,
    /// The receiving side of a synchronous call.
    Server,
    /// The calling side of a synchronous call.
    Client,
    /// The sending side of a message.
    Producer,
    /// The receiving side of a message.
    Consumer,
}

impl SpanKind {
    /// Returns true for the called side: a server, or the consumer of a message.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::Server | Self::Consumer)
    }

    /// Returns true for the calling side: a client, or the producer of a message.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::Client | Self::Producer)
    }

    /// Reads OTLP's number; one that OTLP does not define is [`SpanKind::Unspecified`].
    #[must_use]
    pub fn from_otlp(number: i32) -> Self {
        match number {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    /// Reads the lower-case name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (0..=5).map(Self::from_otlp).find(|kind| kind.name() == name)
    }
}

/// Status of a span, as OTLP's `Status.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StatusCode {
    /// Not set, which by convention means success.
    #[default]
    Unset,
    /// Explicit success.
    Ok,
    /// Failed.
    Error,
}

impl StatusCode {
    /// Reads OTLP's number; one that OTLP does not define is [`StatusCode::Unset`].
    #[must_use]
    pub fn from_otlp(number: i32) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// An attribute's value: every type that OTLP's `AnyValue` has.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An `AnyValue` without any value.
    Empty,
    /// Text.
    String(String),
    /// True or false.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float; not always finite.
    Double(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Values in order, of any type.
    Array(Vec<Value>),
    /// Names with values, in the sender's order.
    Map(Vec<Attribute>),
}

/// A name with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Dotted, as in the semantic conventions (`http.request.method`).
    pub key: String,
    /// Value of the attribute.
    pub value: Value,
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Name of the event (`exception`, …).
    pub name: String,
    /// More about it.
    pub attributes: Vec<Attribute>,
}

impl Event {
    /// Name of the event that holds an exception, by OpenTelemetry's conventions.
    pub const EXCEPTION: &str = "exception";

    /// Returns type and message of an exception, separated by a colon; `None` for other events.
    #[must_use]
    pub fn exception(&self) -> Option<String> {
        if self.name != Self::EXCEPTION {
            return None;
        }
        let text = |key: &str| {
            let attribute = self.attributes.iter().find(|attribute| attribute.key == key)?;
            match &attribute.value {
                Value::String(text) if !text.is_empty() => Some(text.as_str()),
                _ => None,
            }
        };
        let parts = [text("exception.type"), text("exception.message")];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(": "))
    }

    /// Returns true if its exception left the span, by an attribute of conventions before 1.29.
    #[must_use]
    pub fn is_escaped(&self) -> bool {
        let escaped = self.attributes.iter().find(|attribute| attribute.key == "exception.escaped");
        match escaped.map(|attribute| &attribute.value) {
            Some(Value::Bool(escaped)) => *escaped,
            Some(Value::String(escaped)) => escaped.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }
}

/// A pointer to a span that this one has to do with, other than its parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Trace of the other span; `None` if its id is invalid.
    pub trace_id: Option<TraceId>,
    /// The other span.
    pub span_id: Option<SpanId>,
    /// More about it.
    pub attributes: Vec<Attribute>,
}

/// The library that made a span.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scope {
    /// Often empty.
    pub name: String,
    /// Often empty.
    pub version: String,
    /// Attributes in the sender's order; mostly none.
    pub attributes: Vec<Attribute>,
    /// Version of the records' semantic conventions; often empty.
    pub schema_url: String,
}

/// One whole span.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Id of the span.
    pub span_id: SpanId,
    /// `None` for a root.
    pub parent_span_id: Option<SpanId>,
    /// `service.name` of its resource; empty without one.
    pub service: String,
    /// Name of the span.
    pub name: String,
    /// The part it played.
    pub kind: SpanKind,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch; `None` while it is in flight.
    pub end_unix_nano: Option<u64>,
    /// Status of the span.
    pub status: StatusCode,
    /// The sender's description of the status; often empty.
    pub status_message: String,
    /// W3C `tracestate`; often empty.
    pub trace_state: String,
    /// Attributes in the sender's order.
    pub attributes: Vec<Attribute>,
    /// Events in the sender's order.
    pub events: Vec<Event>,
    /// Links in the sender's order.
    pub links: Vec<Link>,
    /// The resource's attributes: the service, its process and host.
    pub resource: Vec<Attribute>,
    /// Version of the resource's semantic conventions; often empty.
    pub resource_schema_url: String,
    /// The library that made it.
    pub scope: Scope,
    /// The way by which it arrived.
    pub source: crate::Source,
    /// Number of attributes, events and links that the sender dropped for its own limits.
    pub dropped: u32,
    /// True if it was decoded in part: it has more than [`PARTS_MAX`](crate::PARTS_MAX) attributes, events, links and values.
    pub is_cut: bool,
}
