//! Sentry's envelopes.

use collector::envelope::Envelope;
use serde_json::Value;

/// What was read is all there, and framed anew it is read again as the same.
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
}
