//! What only the inside can see: that every byte is accounted for.

use proptest::prelude::*;

use super::*;
use crate::{Source, SpanKind, StatusCode};

fn span(trace: u8, id: u8, service: u8, end: u64, size: usize) -> SpanRecord {
    let origin = Origin {
        service: format!("s{service}").into(),
        source: Source::OtlpHttp,
        resource: [0; 40].into(),
        scope: [].into(),
    };
    SpanRecord {
        trace_id: TraceId::from_bytes([trace; 16]).expect("not zero"),
        span_id: SpanId::from_bytes([id; 8]).expect("not zero"),
        parent_span_id: None,
        name: "span".into(),
        kind: SpanKind::Internal,
        status: StatusCode::Unset,
        start_unix_nano: 0,
        end_unix_nano: end,
        origin: origin.into(),
        raw: vec![0; size].into(),
    }
}

/// What the store holds, counted anew.
fn counted(store: &Store) -> usize {
    let traces: usize = store.traces.values().map(Trace::bytes).sum();
    traces + store.origins.iter().map(|origin| origin.bytes()).sum::<usize>()
}

proptest! {
    #[test]
    fn every_byte_is_accounted_for(
        steps in prop::collection::vec((1..9_u8, 1..30_u8, 0..6_u8, 0..3_u64, 0..400_usize, any::<bool>()), 1..150),
        budget in 1_500..20_000_usize,
    ) {
        let mut store = Store::new(budget);
        for (trace, id, service, end, size, sentry) in steps {
            let span = span(trace, id, service, end, size);
            if sentry {
                store.add_sentry(span.trace_id, [span.span_id]);
            } else {
                store.add(Batch { spans: vec![span] });
            }
            prop_assert_eq!(store.totals.bytes, counted(&store));
            prop_assert!(store.totals.bytes <= budget);
            prop_assert!(store.origins.iter().all(|origin| Arc::strong_count(origin) > 1), "an origin without spans is kept");
            prop_assert_eq!(store.by_activity.len(), store.traces.len());
        }
    }
}

#[test]
fn neither_marks_nor_larger_records_exceed_the_budget() {
    let mut store = Store::new(5_000);
    store.add(Batch {
        spans: vec![span(1, 1, 0, 1, 100), span(1, 2, 0, 1, 100)],
    });
    store.add(Batch {
        spans: vec![span(1, 1, 0, 2, 1 << 20)],
    });
    let ids = (1..=u64::from(u16::MAX)).filter_map(|id| SpanId::from_bytes(id.to_be_bytes()).ok());
    store.add_sentry(TraceId::from_bytes([1; 16]).expect("not zero"), ids);
    assert_eq!(store.traces(0..9)[0].spans, 2);
    assert!(store.totals.bytes <= 5_000, "{:?}", store.totals);
    assert_eq!(store.totals.bytes, counted(&store));
}

#[test]
fn nobody_leaves_for_a_span_that_can_never_fit() {
    let mut store = Store::new(5_000);
    store.add(Batch {
        spans: vec![span(1, 1, 0, 1, 100)],
    });
    store.add(Batch {
        spans: vec![span(2, 1, 0, 1, 10_000)],
    });
    assert_eq!(
        (store.totals.traces, store.totals.evicted_traces, store.totals.truncated_spans),
        (1, 0, 1)
    );
}

#[test]
fn a_trace_beyond_the_budget_is_cut_at_it_and_never_leaves_itself() {
    for budget in (2_000..8_000).step_by(37) {
        let mut store = Store::new(budget);
        for id in 1..=60 {
            store.add(Batch {
                spans: vec![span(1, id, 0, 1, 100)],
            });
        }
        let kept = store.traces(0..9);
        assert_eq!(kept.len(), 1, "{budget}");
        assert_eq!(kept[0].spans + kept[0].truncated, 60, "{budget}");
        assert!(kept[0].truncated > 0 && store.totals().bytes <= budget, "{budget}");
    }
}
