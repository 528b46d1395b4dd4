//! Spans in flight, as Logfire sends them.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use proptest::prelude::*;
use trace_model::{Source, Store, otlp};

use crate::support::{Sent, drawn, outline, sent, span, trace};

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

/// Returns Logfire's pending span for a running one, under an id of its own.
fn pending(running: &Sent, id: u8) -> ResourceSpans {
    let stand_in = Sent {
        id,
        parent: running.id,
        end: running.start,
        ..running.clone()
    };
    let mut sent = stand_in.to_otlp();
    let span = &mut sent.scope_spans[0].spans[0];
    span.name = format!("span {}", running.id);
    span.attributes = vec![
        text("http.route", "/users"),
        text("logfire.span_type", "pending_span"),
        text("logfire.pending_parent_id", &format!("{:02x}", running.parent).repeat(8)),
    ];
    sent
}

fn store(spans: impl IntoIterator<Item = ResourceSpans>) -> Store {
    let mut store = Store::new(1 << 30);
    for span in spans {
        store.add(otlp::batch(vec![span], Source::OtlpHttp).0);
    }
    store
}

#[test]
fn pending_span_is_the_running_one_in_its_place() {
    let (root, child) = (sent(1, 0, 10, 90), sent(2, 1, 20, 80));
    let running = store([pending(&root, 101), pending(&child, 102)]);
    assert_eq!(drawn(&running, &outline(&running)), ["1api", "  2api"]);
    assert_eq!(
        running.trace(trace(1)).map(|trace| (trace.spans, trace.in_flight)),
        Some((2, 2))
    );

    let rows = outline(&running).rows(&running, 0..usize::MAX);
    let details = running.span(trace(1), &rows[1].key).expect("it is here");
    assert_eq!(
        (details.span_id, details.parent_span_id, details.end_unix_nano),
        (span(2), Some(span(1)), None)
    );
    let root = running.span(trace(1), &rows[0].key).expect("it is here");
    assert_eq!((root.span_id, root.parent_span_id), (span(1), None), "zeros are not a parent");
}

#[test]
fn ended_span_replaces_the_pending_one_in_any_order() {
    let real = sent(2, 0, 20, 80);
    for spans in [[pending(&real, 102), real.to_otlp()], [real.to_otlp(), pending(&real, 102)]] {
        let store = store(spans);
        assert_eq!(drawn(&store, &outline(&store)), ["2api"]);
        let summary = store.trace(trace(1)).expect("it is here");
        assert_eq!((summary.spans, summary.in_flight, summary.duration_nano), (1, 0, 60));
    }
}

#[test]
fn pending_attributes_count_only_on_spans_of_no_length() {
    let instant = sent(3, 1, 20, 20).to_otlp();
    let mut lasting = sent(4, 1, 20, 30).to_otlp();
    lasting.scope_spans[0].spans[0].attributes = vec![text("logfire.span_type", "pending_span")];
    let mut log = sent(5, 1, 20, 20).to_otlp();
    log.scope_spans[0].spans[0].attributes = vec![text("logfire.span_type", "log")];
    let mut nowhere = sent(6, 0, 20, 20).to_otlp();
    nowhere.scope_spans[0].spans[0].attributes = vec![text("logfire.span_type", "pending_span")];
    let store = store([instant, lasting, log, nowhere]);
    let summary = store.trace(trace(1)).expect("it is here");
    assert_eq!((summary.spans, summary.in_flight), (4, 0));
}

proptest! {
    #[test]
    fn header_matches_the_decoded_span(parent in ".{0,20}", kind in "pending_span|log|", length in 0..2_u64, start in 0..3_u64) {
        let mut sent = sent(2, 1, start, start + length).to_otlp();
        sent.scope_spans[0].spans[0].attributes = vec![
            text("logfire.span_type", &kind),
            text("logfire.pending_parent_id", &parent),
        ];
        let (batch, _) = otlp::batch(vec![sent], Source::OtlpHttp);
        let noted: Vec<_> = batch.span_ids().map(|(_, span_id)| span_id).collect();
        let decoded: Vec<_> = batch.decode_spans().map(|span| span.span_id).collect();
        prop_assert_eq!(noted, decoded);
    }
}
