//! Check-ins of jobs that run at certain times.
//!
//! Source: [Check-ins](https://develop.sentry.dev/sdk/telemetry/check-ins/).

use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use super::ids::Ids;
use super::json::Object;
use super::sender::SenderInfo;
use super::sink::Sink;
use super::value::{self, Attributes};

/// Reads one: counted, and a log record of its trace if it is in one.
pub(super) fn item(sink: &mut Sink<'_>, check_in: &Object<'_>) {
    let status = check_in.text("status").unwrap_or_else(|| "unknown".into());
    sink.count_check_in(&status);
    let ids = Ids::of(&check_in.object("contexts").object("trace"));
    if ids.trace.is_none() {
        return;
    }
    let mut attributes = Attributes::default();
    for (key, member) in [
        ("sentry.check_in.id", "check_in_id"),
        ("sentry.check_in.status", "status"),
        ("sentry.check_in.duration", "duration"),
        ("sentry.monitor.slug", "monitor_slug"),
    ] {
        attributes.member(key, check_in, member);
    }
    let monitor = check_in.text("monitor_slug").unwrap_or_default();
    let severity = match &*status {
        "error" => SeverityNumber::Error,
        _ => SeverityNumber::Info,
    };
    let origin = sink.origin(SenderInfo::of_event(check_in));
    let received = sink.received();
    sink.record(
        &origin,
        LogRecord {
            // It has no time.
            time_unix_nano: received,
            observed_time_unix_nano: received,
            severity_number: severity.into(),
            body: Some(value::string(format!("{monitor} {status}").trim())),
            attributes: attributes.0,
            trace_id: ids.trace_bytes(),
            span_id: ids.span_bytes(),
            event_name: "sentry.check_in".to_owned(),
            ..LogRecord::default()
        },
    );
}
