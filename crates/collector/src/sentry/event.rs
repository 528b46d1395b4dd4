//! Events: errors and messages, as log records on the span in which they happened.
//!
//! Source: [Event payloads](https://develop.sentry.dev/sdk/foundations/transport/event-payloads/).
//! [`trace_model::sentry::ErrorEvent`] parses the result.

mod breadcrumb;
mod exception;
mod params;

use std::borrow::Cow;

use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use trace_model::sentry::{EXCEPTION, SENTRY_EVENT};

use self::exception::Exception;
use super::ids::{self, Ids};
use super::json::{self, Object};
use super::log::severity;
use super::sender::SenderInfo;
use super::sink::Sink;
use super::value::{self, Attributes};
use super::{time, transaction};

/// Headers that authenticate the sender. SDKs omit them unless configured to send all.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
    "x-csrf-token",
];

/// Converts an event. One without a trace is the only item of a trace of its own, whose id is the event's.
pub(super) fn item(sink: &mut Sink<'_>, event: &Object<'_>) {
    if event.text("type").as_deref() == Some("transaction") {
        return transaction::item(sink, event);
    }
    let contexts = event.object("contexts");
    let event_id = event.text("event_id").map(Cow::into_owned).or_else(|| sink.event_id());
    let mut ids = Ids::of(&contexts.object("trace"));
    ids.trace = ids.trace.or_else(|| sink.trace_id());
    ids.trace = ids.trace.or_else(|| ids::trace_id(event_id.as_deref()?));

    let exceptions = exception::all(event);
    let thrown = exceptions.iter().rfind(|exception| exception.has_name());
    let message = message(event);
    let title = match (thrown, &message) {
        (Some(thrown), _) => thrown.title(),
        (None, Some(message)) => message.clone(),
        (None, None) => "an event without a message".to_owned(),
    };
    let mut attributes = Attributes::default();
    if let Some(thrown) = thrown {
        attributes.text("exception.type", thrown.type_name.as_deref());
        attributes.text("exception.message", thrown.value.as_deref());
        attributes.text("sentry.message", message.as_deref());
    }
    if !exceptions.is_empty() {
        attributes.push("exception.stacktrace", value::string(exception::stacktrace(&exceptions)));
        let exceptions = exceptions.iter().map(Exception::encode).collect();
        attributes.push("sentry.exceptions", value::array(exceptions));
    }
    let is_exception = thrown.is_some();
    describe(&mut attributes, event, &contexts, event_id);
    let level = event.text("level").unwrap_or_else(|| "error".into());
    let severity = match severity(&level) {
        SeverityNumber::Unspecified => SeverityNumber::Error,
        known => known,
    };
    let origin = sink.origin(SenderInfo::of_event(event));
    sink.count_error();
    let received = sink.received();
    sink.record(
        &origin,
        LogRecord {
            time_unix_nano: time::member(event, "timestamp").unwrap_or(received),
            observed_time_unix_nano: received,
            severity_number: severity.into(),
            severity_text: level.into_owned(),
            body: Some(value::string(title)),
            attributes: attributes.0,
            trace_id: ids.trace_bytes(),
            span_id: ids.span_bytes(),
            event_name: if is_exception { EXCEPTION } else { SENTRY_EVENT }.to_owned(),
            ..LogRecord::default()
        },
    );
}

/// Returns the message, with its parameters filled in if the SDK did not do that.
fn message(event: &Object<'_>) -> Option<String> {
    let entry = |key| {
        let entry = event.object(key);
        let formatted = entry.text("formatted").filter(|text| !text.is_empty());
        let formatted = formatted.map(Cow::into_owned);
        formatted
            .or_else(|| Some(params::interpolate(&entry.text("message")?, entry.get("params")?)))
            .or_else(|| entry.text("message").map(Cow::into_owned))
    };
    // Either may be an object or, of a plain message, its text.
    let plain = |key| event.text(key).map(Cow::into_owned);
    entry("logentry")
        .or_else(|| plain("logentry"))
        .or_else(|| plain("message"))
        .or_else(|| entry("message"))
}

/// Adds everything but the exceptions.
fn describe(attributes: &mut Attributes, event: &Object<'_>, contexts: &Object<'_>, event_id: Option<String>) {
    attributes.text("sentry.event_id", event_id);
    for (key, member) in [
        ("sentry.transaction", "transaction"),
        ("sentry.logger", "logger"),
        ("sentry.platform", "platform"),
        ("sentry.dist", "dist"),
    ] {
        attributes.member(key, event, member);
    }
    let breadcrumbs = breadcrumb::all(event);
    if !breadcrumbs.is_empty() {
        attributes.push("sentry.breadcrumbs", value::array(breadcrumbs));
    }
    attributes.tags(event);
    for (name, raw) in contexts.members() {
        if name != "trace"
            && name != "otel"
            && let Some(context) = Object::of(raw)
        {
            attributes.members(&format!("contexts.{name}."), &context);
        }
    }
    attributes.members("extra.", &event.object("extra"));
    attributes.members("user.", &event.object("user"));
    request(attributes, &event.object("request"));
}

fn request(attributes: &mut Attributes, request: &Object<'_>) {
    for (key, member) in [
        ("request.method", "method"),
        ("request.url", "url"),
        ("request.query_string", "query_string"),
        ("request.data", "data"),
    ] {
        attributes.member(key, request, member);
    }
    let mut header = |name: &str, value: &serde_json::value::RawValue| {
        let is_secret = CREDENTIALS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        if let (false, Some(value)) = (is_secret, value::any(value)) {
            attributes.push(format!("request.headers.{name}"), value);
        }
    };
    for (name, value) in request.object("headers").members() {
        header(name, value);
    }
    for pair in request.list("headers") {
        if let Some([name, value]) = json::elements(pair).as_deref()
            && let Some(name) = json::text(name)
        {
            header(&name, value);
        }
    }
}

#[cfg(test)]
mod tests;
