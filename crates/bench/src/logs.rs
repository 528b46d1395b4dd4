//! The log records that are sent: requests whose every record is a new one, at the price of a copy.

use std::time::SystemTime;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use crate::spans::{SPANS, all, hex, mixed, number, put, text, unix_nano};

/// Log records in one request of [`LogTemplate`]: as many as spans, so that a load counts both alike.
pub(crate) const RECORDS: usize = SPANS;
/// Records that were written in one span, or outside of any.
const TOGETHER: usize = 8;
/// Every how many records one is an error.
const FAILING: usize = 64;

/// Placeholders of the template. None of them occurs anywhere else in it; a test checks that.
mod blank {
    pub(super) const TRACE_ID: [u8; 16] = [0xf1; 16];
    pub(super) const SPAN_ID: [u8; 8] = [0xf2; 8];
    pub(super) const TIME: u64 = u64::from_le_bytes([0xf4; 8]);
    pub(super) const REQUEST_ID: &str = "~~~~~~~~~~~~~~~~";
    /// Digits of the number in a body.
    pub(super) const NUMBER: &str = "########";
}

/// Bodies around a number, with their severities.
const BODIES: [(&str, &str, SeverityNumber); 8] = [
    ("message ", " accepted for delivery to mail.example", SeverityNumber::Info),
    (
        "requeue message ",
        " after a soft bounce (attempt 2 of 5)",
        SeverityNumber::Warn,
    ),
    ("session ", " found in the cache of this process", SeverityNumber::Debug),
    ("user ", " asked for a link to reset the password", SeverityNumber::Info),
    ("connection ", " of the pool was idle and is closed", SeverityNumber::Debug),
    ("token of user ", " is valid for another 15 minutes", SeverityNumber::Info),
    ("SELECT users took 8 ms for session ", ", 1 row", SeverityNumber::Info),
    ("GET /users/", " answered with 200 in 12 ms", SeverityNumber::Info),
];

/// Offsets of one record's values in the template, in bytes.
#[derive(Clone, Copy, Debug)]
struct Places {
    /// Ids of trace and span; `None` outside of any.
    ids: Option<(usize, usize)>,
    /// Time and observed time.
    times: [usize; 2],
    request_id: usize,
    number: usize,
}

/// A request of [`RECORDS`] log records, encoded once. [`LogTemplate::request`] makes any number of requests of it.
///
/// A record has about 300 bytes on the wire, six attributes and one of eight bodies with a number. Half of the records were written in spans, eight in
/// each; one in eight is a warning, one in 64 an error.
#[derive(Debug)]
pub(crate) struct LogTemplate {
    bytes: Vec<u8>,
    records: Vec<Places>,
}

impl LogTemplate {
    pub(crate) fn new() -> Self {
        let bytes = request("mailer", (0..RECORDS).map(blank_record).collect()).encode_to_vec();
        let mut ids = all(&bytes, &blank::TRACE_ID).into_iter().zip(all(&bytes, &blank::SPAN_ID));
        let times = all(&bytes, &blank::TIME.to_le_bytes());
        let request_ids = all(&bytes, blank::REQUEST_ID.as_bytes());
        let numbers = all(&bytes, blank::NUMBER.as_bytes());
        let records = (0..RECORDS)
            .map(|at| Places {
                ids: if is_in_span(at) { ids.next() } else { None },
                times: [times[2 * at], times[2 * at + 1]],
                request_id: request_ids[at],
                number: numbers[at],
            })
            .collect();
        Self { bytes, records }
    }

    /// Writes request number `number` into `body`, which is emptied first. Requests of different numbers share no trace and no record; their records
    /// were written just before `now`.
    pub(crate) fn request(&self, number: u64, now: SystemTime, body: &mut Vec<u8>) {
        body.clear();
        body.extend_from_slice(&self.bytes);
        let first = unix_nano(now) - RECORDS as u64;
        for (places, at) in self.records.iter().zip(0_u64..) {
            let record = number * RECORDS as u64 + at + 1;
            if let Some((trace_id, span_id)) = places.ids {
                let span = mixed(record.div_ceil(TOGETHER as u64));
                put(body, trace_id, &span.to_be_bytes());
                put(body, trace_id + 8, &mixed(span).to_be_bytes());
                put(body, span_id, &mixed(!span).to_be_bytes());
            }
            for time in places.times {
                put(body, time, &(first + at).to_le_bytes());
            }
            put(body, places.request_id, &hex(mixed(record)));
            put(body, places.number, format!("{:08}", record % 100_000_000).as_bytes());
        }
    }
}

const fn is_in_span(at: usize) -> bool {
    (at / TOGETHER).is_multiple_of(2)
}

fn blank_record(at: usize) -> LogRecord {
    let (before, after, severity) = BODIES[at % BODIES.len()];
    let failed = at % FAILING == FAILING - 1;
    let severity = if failed { SeverityNumber::Error } else { severity };
    let ids = if is_in_span(at) {
        (blank::TRACE_ID.to_vec(), blank::SPAN_ID.to_vec())
    } else {
        (Vec::new(), Vec::new())
    };
    LogRecord {
        time_unix_nano: blank::TIME,
        observed_time_unix_nano: blank::TIME,
        severity_number: severity.into(),
        severity_text: severity.as_str_name().trim_start_matches("SEVERITY_NUMBER_").to_owned(),
        body: Some(string(&format!("{before}{}{after}", blank::NUMBER))),
        attributes: vec![
            text("app.request.id", blank::REQUEST_ID),
            text("code.function.name", "mailer::outbox::deliver"),
            text("code.file.path", "src/outbox.rs"),
            text("client.address", "127.0.0.1"),
            number("http.response.status_code", if failed { 503 } else { 202 }),
            number("thread.id", 11),
        ],
        trace_id: ids.0,
        span_id: ids.1,
        ..LogRecord::default()
    }
}

/// Returns a request with one record outside of any trace, with this body and of the present.
pub(crate) fn single(body: &str) -> Vec<u8> {
    let now = unix_nano(SystemTime::now());
    let record = LogRecord {
        time_unix_nano: now,
        observed_time_unix_nano: now,
        severity_number: SeverityNumber::Info.into(),
        body: Some(string(body)),
        ..LogRecord::default()
    };
    request("bench", vec![record]).encode_to_vec()
}

fn string(text: &str) -> AnyValue {
    AnyValue {
        value: Some(Value::StringValue(text.to_owned())),
    }
}

fn request(service: &str, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: vec![text("service.name", service), text("service.version", "1.0.0")],
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs {
                scope: Some(InstrumentationScope {
                    name: "bench".to_owned(),
                    ..InstrumentationScope::default()
                }),
                log_records,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn records(body: &[u8]) -> Vec<LogRecord> {
        let request = ExportLogsServiceRequest::decode(body).expect("a request");
        let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records).collect()
    }

    fn made(number: u64) -> Vec<LogRecord> {
        let mut body = vec![1, 2, 3];
        LogTemplate::new().request(number, UNIX_EPOCH + Duration::from_secs(1_800_000_000), &mut body);
        records(&body)
    }

    #[test]
    fn log_records_have_the_size_of_the_goals() {
        let template = LogTemplate::new();
        let size = template.bytes.len() / RECORDS;
        assert!((290..=310).contains(&size), "{size} bytes");
        let records = records(&template.bytes);
        assert_eq!(
            records.iter().filter(|record| record.trace_id.is_empty()).count(),
            RECORDS / 2
        );
        let of = |severity: SeverityNumber| {
            let severity = i32::from(severity);
            records.iter().filter(|record| record.severity_number == severity).count()
        };
        assert_eq!(of(SeverityNumber::Error), RECORDS / FAILING);
        assert_eq!(of(SeverityNumber::Warn), RECORDS / 8);
    }

    #[test]
    fn log_records_are_unique_and_keep_their_form() {
        let mut seen = HashSet::new();
        let mut traces = HashSet::new();
        for number in [0, 1, 2, 1_000_000, 1_000_001] {
            for (record, blank) in made(number).into_iter().zip(records(&LogTemplate::new().bytes)) {
                let mut expected = blank.clone();
                for (into, from) in [
                    (&mut expected.trace_id, &record.trace_id),
                    (&mut expected.span_id, &record.span_id),
                ] {
                    assert_eq!(into.len(), from.len());
                    assert!(into.is_empty() || into != from, "{from:?} was written");
                    into.clone_from(from);
                }
                assert!(record.time_unix_nano < 1_800_000_000_000_000_000);
                expected.time_unix_nano = record.time_unix_nano;
                expected.observed_time_unix_nano = record.time_unix_nano;
                assert_ne!(record.body, blank.body, "a number was written");
                expected.body.clone_from(&record.body);
                expected.attributes[0] = record.attributes[0].clone();
                assert_eq!(record, expected);
                assert!(seen.insert(format!("{:?}", record.attributes[0])));
                traces.insert(record.trace_id);
            }
        }
        assert_eq!(traces.len(), 5 * RECORDS / 2 / TOGETHER + 1);
    }

    #[test]
    fn single_record_has_its_body() {
        let sent = records(&single("a body"));
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].body, Some(string("a body")));
    }
}
