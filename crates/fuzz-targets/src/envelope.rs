//! Sentry envelopes.

use collector::envelope::Envelope;
use collector::sentry::{ParsedEnvelope, RequestMeta, read};
use serde_json::Value;
use trace_model::sentry::ErrorEvent;

/// Maximum kept bytes per byte of an envelope, and in addition to that.
const GROWTH_MAX: usize = 1000;

/// Parsed items are complete, and the envelope round-trips.
pub(crate) fn check(data: &[u8]) {
    let Ok(envelope) = Envelope::parse(data.to_vec().into()) else {
        return;
    };
    let mut framed = Value::Object(envelope.header.clone()).to_string().into_bytes();
    let mut payloads = 0;
    for item in &envelope.items {
        payloads += item.payload.len();
        let mut header = item.header.clone();
        header.insert("length".into(), item.payload.len().into());
        framed.extend_from_slice(format!("\n{}\n", Value::Object(header)).as_bytes());
        framed.extend_from_slice(&item.payload);
    }
    assert!(payloads <= data.len());
    assert!(envelope.items.len() + envelope.bad_items.len() <= 1001);

    let again = match Envelope::parse(framed.into()) {
        Ok(again) => again,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(again.bad_items, []);
    assert_eq!(again.event_id(), envelope.event_id());
    let contents = |envelope: &Envelope| -> Vec<_> {
        let items = envelope.items.iter();
        items.map(|item| (item.item_type.clone(), item.payload.clone())).collect()
    };
    assert_eq!(contents(&again), contents(&envelope));
    items(&envelope, data.len());
}

/// Counted items are present and can be decoded, with a size proportional to the input.
fn items(envelope: &Envelope, length: usize) {
    let ParsedEnvelope {
        arrival,
        problems,
        counts,
        ..
    } = read(envelope, RequestMeta::default());
    assert!(problems.len() <= envelope.items.len() + envelope.bad_items.len());
    assert_eq!(counts.dropped, problems.len() as u64);
    assert_eq!(arrival.spans.decode_spans().count() as u64, counts.spans);
    let logs: Vec<_> = arrival.logs.decode_logs().collect();
    assert_eq!(logs.len(), arrival.logs.log_count());
    let errors = logs.iter().filter_map(ErrorEvent::of).count() as u64;
    assert_eq!(errors, counts.errors);
    assert!(
        arrival.bytes() <= GROWTH_MAX * (length + 1),
        "{} bytes of {length}",
        arrival.bytes()
    );
}
