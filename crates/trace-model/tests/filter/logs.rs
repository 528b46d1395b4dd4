//! Filters of log records.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use trace_model::{Clock, Filter, FilterError, LogCandidate, Records, Severity, SpanId, TraceId};

use crate::support::{SPAN_ID, TRACE_ID, attribute, text};

const NOW: u64 = 1_790_000_000_000_000_000;

fn parse(filter: &str, records: Records) -> Result<Filter, FilterError> {
    Filter::parse_for(filter, records, &Clock::in_local_zone(NOW))
}

fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn record() -> LogRecord {
    LogRecord {
        time_unix_nano: NOW - 60_000_000_000,
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: Some(any(Value::StringValue(
            "cannot send mail: 550 mailbox unavailable".to_owned(),
        ))),
        attributes: vec![text("smtp.host", "mail.local"), attribute("smtp.code", Value::IntValue(550))],
        trace_id: TRACE_ID.to_vec(),
        span_id: SPAN_ID.to_vec(),
        event_name: "smtp.rejected".to_owned(),
        ..LogRecord::default()
    }
}

fn finds(record: &LogRecord, filter: &str) -> bool {
    let raw = record.encode_to_vec();
    let resource = Resource {
        attributes: vec![text("service.name", "mailer"), text("host.name", "worker-7")],
        ..Resource::default()
    };
    let candidate = LogCandidate {
        trace_id: TraceId::try_from(record.trace_id.as_slice()).ok(),
        span_id: SpanId::try_from(record.span_id.as_slice()).ok(),
        service: "mailer",
        severity: Severity::of(record.severity_number, &record.severity_text),
        time_unix_nano: record.time_unix_nano,
        raw: &raw,
        resource: &resource.encode_to_vec(),
        scope: &[],
    };
    let parsed = parse(filter, Records::Logs).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let shown = parsed.to_string();
    assert_eq!(
        parse(&shown, Records::Logs).as_ref(),
        Ok(&parsed),
        "{filter} is shown as {shown}"
    );
    parsed.matches(&candidate)
}

#[test]
fn fields_of_a_log_record_are_found() {
    let record = record();
    for filter in [
        "severity:error",
        "severity:>=warn",
        "severity:<fatal",
        "severity:[warning, err]",
        "service:mail",
        "body:MAILBOX",
        "body:\"cannot * unavailable\"",
        "mailbox",
        "550",
        "worker-7",
        "smtp.rejected",
        "smtp.host:local",
        "smtp.code:>=500",
        "host.name:worker",
        "event:rejected",
        "trace:4bf92f",
        "id:00f067",
        "has:trace has:span has:severity has:body has:smtp.code",
        "since:5m",
        "!since:30s",
    ] {
        assert!(finds(&record, filter), "{filter}");
    }
    for filter in [
        "severity:warn",
        "severity:<error",
        "body:local",
        "service:api",
        "trace:abc",
        "nothing",
        "since:30s",
        "has:other",
    ] {
        assert!(!finds(&record, filter), "{filter}");
    }
}

#[test]
fn structured_body_is_found_by_its_keys_and_values() {
    let map = Value::KvlistValue(KeyValueList {
        values: vec![
            text("event", "smtp_timeout"),
            attribute(
                "hosts",
                Value::ArrayValue(ArrayValue {
                    values: vec![any(Value::StringValue("mail.local".to_owned()))],
                }),
            ),
        ],
    });
    let record = LogRecord {
        body: Some(any(map)),
        ..LogRecord::default()
    };
    for filter in [
        "body:timeout",
        "body:hosts",
        "body:mail.local",
        "smtp_timeout",
        "body:=smtp_timeout",
    ] {
        assert!(finds(&record, filter), "{filter}");
    }
    assert!(!finds(&record, "body:other") && !finds(&record, "has:trace") && !finds(&record, "severity:<fatal"));
}

#[test]
fn severity_is_read_from_text_without_a_number() {
    let record = LogRecord {
        severity_text: "Warning".to_owned(),
        ..LogRecord::default()
    };
    assert!(finds(&record, "severity:warn"));
    let numbered = LogRecord {
        severity_number: 9,
        ..record
    };
    assert!(finds(&numbered, "severity:info"), "the number decides");
}

#[test]
fn field_of_other_records_is_an_error_that_names_where_it_works() {
    for field in [
        "duration:>1s",
        "kind:server",
        "status:error",
        "is:root",
        "name:GET",
        "message:x",
        "parent:4bf92f",
        "has:duration",
    ] {
        let error = parse(field, Records::Logs).expect_err(field);
        assert!(error.message.contains("works in Traces, not in Logs"), "{field}: {error}");
    }
    for field in ["severity:error", "body:x", "a has:severity"] {
        let error = parse(field, Records::Spans).expect_err(field);
        assert!(error.message.contains("works in Logs, not in Traces"), "{field}: {error}");
        assert!(error.at.end <= field.len());
    }
    assert!(
        parse("\"severity\":error", Records::Spans).is_ok(),
        "an attribute of that name"
    );
    assert!(parse("\"duration\":5", Records::Logs).is_ok());
}

#[test]
fn times_work_for_spans_and_need_a_clock() {
    assert!(parse("since:5m at:10:00..10:05 at:[9:00, 10:00:30]", Records::Spans).is_ok());
    for filter in ["since:5m", "at:10:00"] {
        assert!(Filter::parse(filter).expect_err(filter).message.contains("current time"));
    }
    for filter in [
        "since:soon",
        "since:[1m, 2m]",
        "since:>5m",
        "at:noon",
        "severity:loud",
        "severity:>[warn, error]",
    ] {
        assert!(parse(filter, Records::Logs).is_err(), "{filter}");
    }
}
