//! A span of an envelope on its way to OTLP.

use opentelemetry_proto::tonic::trace::v1 as proto;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use super::ids::{Ids, links};
use super::json::Object;
use super::time;
use super::value::{self, Attributes};

/// The statuses that Sentry counts as failures. It takes what it does not know for `unknown`, which is none.
const FAILURES: [&str; 17] = [
    "aborted",
    "already_exists",
    "data_loss",
    "deadline_exceeded",
    "error",
    "failed_precondition",
    "failure",
    "internal_error",
    "invalid_argument",
    "not_found",
    "out_of_range",
    "permission_denied",
    "resource_exhausted",
    "unauthenticated",
    "unavailable",
    "unimplemented",
    "unknown_error",
];

/// A span in the making.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) ids: Ids,
    pub(super) name: String,
    pub(super) attributes: Attributes,
    op: Option<String>,
    kind: Option<String>,
    /// Nanoseconds since the Unix epoch.
    start: Option<u64>,
    end: Option<u64>,
    status: Option<String>,
    links: Vec<proto::span::Link>,
}

impl Draft {
    /// Reads a span; `None` if its ids are unusable.
    pub(super) fn of(span: &Object<'_>, ids: Ids) -> Option<Self> {
        let (Some(_), Some(_)) = (ids.trace, ids.span) else {
            return None;
        };
        let mut attributes = value::typed(&span.object("attributes"));
        attributes.members("", &span.object("data"));
        let op = span.text("op").map(Into::into);
        let op: Option<String> = op.or_else(|| attributes.get_text("sentry.op").map(str::to_owned));
        let name = span.first_text(&["name", "description"]).map(Into::into);
        let name: String = name.or_else(|| op.clone()).unwrap_or_default();
        for (key, member) in [
            ("sentry.op", "op"),
            ("sentry.origin", "origin"),
            ("sentry.description", "description"),
            ("sentry.is_segment", "is_segment"),
        ] {
            let is_name = member == "description" && span.text(member).is_some_and(|text| text == name);
            if !is_name && !attributes.has(key) {
                attributes.member(key, span, member);
            }
        }
        attributes.tags(span);
        measurements(&mut attributes, span);
        let status: Option<String> = span.text("status").map(Into::into);
        let is_otlps = |said: &str| matches!(said, "ok" | "success" | "unset") || FAILURES.contains(&said);
        if let Some(said) = status.as_deref().filter(|said| !is_otlps(said)) {
            attributes.text("sentry.status", Some(said));
        }
        Some(Self {
            ids,
            name,
            attributes,
            op,
            kind: span.text("kind").map(Into::into),
            start: time::member(span, "start_timestamp"),
            end: time::member(span, "end_timestamp").or_else(|| time::member(span, "timestamp")),
            status,
            links: links(span),
        })
    }

    /// Sets the times if another object has them.
    pub(super) fn during(&mut self, times: &Object<'_>) {
        self.start = time::member(times, "start_timestamp");
        self.end = time::member(times, "timestamp");
    }

    /// Converts it to OTLP. A span without a start begins at its end, or at its receipt.
    pub(super) fn finish(self, received_unix_nano: u64) -> proto::Span {
        let kind = self.kind();
        let status = self.status();
        proto::Span {
            trace_id: self.ids.trace_bytes(),
            span_id: self.ids.span_bytes(),
            parent_span_id: self.ids.parent_bytes(),
            name: self.name,
            kind: kind.into(),
            start_time_unix_nano: self.start.or(self.end).unwrap_or(received_unix_nano),
            end_time_unix_nano: self.end.unwrap_or_default(),
            attributes: self.attributes.0,
            links: self.links,
            status,
            ..proto::Span::default()
        }
    }

    fn kind(&self) -> SpanKind {
        let said = ["otel.kind", "sentry.kind", "span.kind"];
        let said = said.into_iter().find_map(|key| self.attributes.get_text(key));
        let said = said.or(self.kind.as_deref()).unwrap_or_default().to_ascii_lowercase();
        match said.as_str() {
            "server" => SpanKind::Server,
            "client" => SpanKind::Client,
            "producer" => SpanKind::Producer,
            "consumer" => SpanKind::Consumer,
            "internal" => SpanKind::Internal,
            _ => kind_of(self.op.as_deref().unwrap_or_default()),
        }
    }

    fn status(&self) -> Option<proto::Status> {
        let (code, message) = match self.status.as_deref() {
            Some("ok" | "success") => (StatusCode::Ok, ""),
            // Version 2 has no more than that.
            Some("error") => (
                StatusCode::Error,
                self.attributes.get_text("sentry.status.message").unwrap_or_default(),
            ),
            Some(reason) if FAILURES.contains(&reason) => (StatusCode::Error, reason),
            _ => return None,
        };
        Some(proto::Status {
            code: code.into(),
            message: message.to_owned(),
        })
    }
}

/// Returns the kind by the [operation](https://develop.sentry.dev/sdk/telemetry/traces/span-operations/).
pub(super) fn kind_of(op: &str) -> SpanKind {
    match op {
        "queue.publish" => SpanKind::Producer,
        "queue.process" | "queue.receive" => SpanKind::Consumer,
        _ if op.ends_with(".server") => SpanKind::Server,
        _ if op.ends_with(".client") || op == "db" || op.starts_with("db.") => SpanKind::Client,
        _ => SpanKind::Internal,
    }
}

/// `{"name": {"value": 1, "unit": "byte"}}`.
pub(super) fn measurements(attributes: &mut Attributes, of: &Object<'_>) {
    for (name, raw) in of.object("measurements").members() {
        let value = Object::of(raw)
            .and_then(|measurement| measurement.get("value"))
            .unwrap_or(raw);
        if let Some(value) = value::any(value) {
            attributes.push(format!("measurements.{name}"), value);
        }
    }
}
