//! Logs: many records to an item.
//!
//! Source: [Logs](https://develop.sentry.dev/sdk/telemetry/logs/).

use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use super::ids::Ids;
use super::json::Object;
use super::sender::SenderInfo;
use super::sink::Sink;
use super::{time, value};

/// Reads an item.
pub(super) fn item(sink: &mut Sink<'_>, item: &Object<'_>) {
    sink.each_item(item, one);
}

fn one(sink: &mut Sink<'_>, record: &Object<'_>) {
    let attributes = value::typed(&record.object("attributes"));
    let mut ids = Ids::of(record);
    // The SDKs' name of the span in which it was written.
    let span = || attributes.get_text("sentry.trace.parent_span_id")?.parse().ok();
    ids.span = ids.span.or_else(span);
    let level = record.text("level").unwrap_or_default();
    let number = record.u64("severity_number").and_then(|number| i32::try_from(number).ok());
    let number = number.filter(|number| (1..=24).contains(number));
    let origin = sink.origin(SenderInfo::of_attributes(&attributes));
    sink.count_log();
    let received = sink.received();
    sink.record(
        &origin,
        LogRecord {
            time_unix_nano: time::member(record, "timestamp").unwrap_or(received),
            observed_time_unix_nano: received,
            severity_number: number.unwrap_or_else(|| severity(&level).into()),
            severity_text: level.into(),
            body: record.get("body").and_then(value::any),
            attributes: attributes.0,
            trace_id: ids.trace_bytes(),
            span_id: ids.span_bytes(),
            ..LogRecord::default()
        },
    );
}

/// Sentry's levels, those of events and breadcrumbs too.
pub(super) fn severity(level: &str) -> SeverityNumber {
    match level {
        "trace" => SeverityNumber::Trace,
        "debug" => SeverityNumber::Debug,
        "info" | "log" => SeverityNumber::Info,
        "warn" | "warning" => SeverityNumber::Warn,
        "error" => SeverityNumber::Error,
        "fatal" | "critical" => SeverityNumber::Fatal,
        _ => SeverityNumber::Unspecified,
    }
}
