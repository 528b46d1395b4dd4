//! Hidden spans: shown with the first span that is below them or has their id, whichever arrives first.

use proptest::prelude::*;
use trace_model::sentry::{Delivery, Evidence, Reason, Verdict};
use trace_model::{Batch, Filter, HiddenSpans, Outline, SpanKind, Store, work};

use crate::support::{self, Sent, batch, drawn, envelope, errors, logs, outline, sent, span, trace};

/// A client span, which is hidden.
fn upload(id: u8, parent: u8) -> Sent {
    Sent {
        kind: 3,
        ..sent(id, parent, 1, 20)
    }
}

fn hide(mut batch: Batch) -> Batch {
    batch.hide_spans(|span| span.candidate().kind == SpanKind::Client);
    batch
}

fn request(spans: &[Sent]) -> Batch {
    hide(batch(spans))
}

/// The tree after some requests, and how many spans are hidden.
fn tree(requests: &[&[Sent]]) -> (Vec<String>, u64) {
    let mut store = Store::new(1 << 20);
    for spans in requests {
        store.add(request(spans));
    }
    (drawn(&store, &outline(&store)), store.totals().hidden_spans)
}

fn lines(text: &str) -> Vec<String> {
    text.split('|').filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn hidden_spans_are_shown_with_what_is_below_them() {
    let root = || sent(1, 0, 0, 30);
    let below = |id, parent| sent(id, parent, 2, 3);
    let cases: &[(&[&[Sent]], &str, u64)] = &[
        // Alone, and below a span: hidden.
        (&[&[upload(2, 0)]], "", 1),
        (&[&[root(), upload(2, 1)]], "1api", 1),
        // In one request, in either order.
        (&[&[upload(2, 0), below(3, 2)]], "2api|  3api", 0),
        (&[&[below(3, 2), upload(2, 0)]], "2api|  3api", 0),
        // In two requests, either first.
        (&[&[upload(2, 0)], &[below(3, 2)]], "2api|  3api", 0),
        (&[&[below(3, 2)], &[upload(2, 0)]], "2api|  3api", 0),
        // An HTTP library's span and that of the one below it: the chain up from what is shown.
        (
            &[&[upload(2, 1)], &[upload(4, 2)], &[below(5, 4)], &[root()]],
            "1api|  2api|    4api|      5api",
            0,
        ),
        (
            &[&[below(5, 4)], &[upload(4, 2)], &[upload(2, 1)], &[root()]],
            "1api|  2api|    4api|      5api",
            0,
        ),
        (
            &[&[upload(4, 2)], &[below(5, 4)], &[upload(2, 1)], &[root()]],
            "1api|  2api|    4api|      5api",
            0,
        ),
        (&[&[upload(2, 1), upload(4, 2), upload(6, 2)], &[root()]], "1api", 3),
        // A circle of hidden spans.
        (&[&[upload(2, 4), upload(4, 2)]], "", 2),
        // The same ids in another trace.
        (&[&[upload(2, 0), Sent { trace: 2, ..below(3, 2) }]], "", 1),
        // Another span with their id, in either order.
        (&[&[upload(2, 0)], &[sent(2, 0, 5, 6)]], "2api|2api", 0),
        (&[&[sent(2, 0, 5, 6)], &[upload(2, 0)]], "2api|2api", 0),
    ];
    for (requests, expected, hidden) in cases {
        assert_eq!(tree(requests), (lines(expected), *hidden), "{requests:?}");
    }
}

#[test]
fn hidden_spans_end_once_they_are_shown() {
    let open = Sent { end: 0, ..upload(2, 0) };
    for requests in [
        [open.clone(), upload(2, 0), sent(3, 2, 2, 3)],
        [open.clone(), sent(3, 2, 2, 3), upload(2, 0)],
        [sent(3, 2, 2, 3), upload(2, 0), open],
    ] {
        let mut store = Store::new(1 << 20);
        for span in &requests {
            store.add(request(std::slice::from_ref(span)));
        }
        assert_eq!(drawn(&store, &outline(&store)), ["2api", "  3api"]);
        let key = outline(&store).rows(&store, 0..1).remove(0).key;
        let span = store.span(trace(1), &key).expect("shown");
        assert_eq!(span.end_unix_nano, Some(20), "{requests:?}");
    }
}

#[test]
fn hidden_spans_are_shown_with_errors_in_them() {
    for error_first in [true, false] {
        let mut store = Store::new(1 << 20);
        store.add(logs(&[(1, 2, 5, "connecting")]));
        if error_first {
            store.add(errors(&[(1, 2, 5, "connection refused")]));
        }
        store.add(request(&[upload(2, 0)]));
        if !error_first {
            assert_eq!(store.totals().hidden_spans, 1, "other log records show nothing");
            store.add(errors(&[(1, 2, 5, "connection refused")]));
        }
        assert_eq!(drawn(&store, &outline(&store)), ["2api"]);
        assert_eq!((store.totals().spans, store.totals().hidden_spans), (1, 0));
    }
}

#[test]
fn hidden_spans_of_envelopes_are_shown_with_what_is_below_them() {
    for child_first in [true, false] {
        let (upload, below) = (hide(envelope(&[upload(2, 0)])), hide(envelope(&[sent(3, 2, 2, 3)])));
        let mut store = Store::new(1 << 20);
        for batch in if child_first { [below, upload] } else { [upload, below] } {
            store.add(batch);
        }
        assert_eq!(drawn(&store, &outline(&store)), ["2api", "  3api"]);
    }
}

/// The delivery of a span is reported before anything shows it.
#[test]
fn hidden_spans_keep_the_evidence_of_their_delivery() {
    for child_first in [true, false] {
        let (upload, below) = (hide(envelope(&[upload(2, 0)])), hide(envelope(&[sent(3, 2, 2, 3)])));
        let rejected = Evidence::Relayed {
            trace_id: trace(1),
            spans: vec![span(2)],
            delivery: Delivery::Rejected {
                status: 413,
                reason: "too large".into(),
            },
        };
        let mut store = Store::new(1 << 20);
        let (first, second) = if child_first { (below, upload) } else { (upload, below) };
        store.add_evidence(vec![rejected]);
        store.add(first);
        assert_eq!(store.listed(), usize::from(child_first));
        store.add(second);
        let verdict = |at: usize| support::verdict(&store, trace(1), &outline(&store).rows(&store, at..at + 1)[0].key, u64::MAX);
        assert!(
            matches!(verdict(0), Some(Verdict::Missing(Reason::Rejected { status: 413, .. }))),
            "{:?}",
            verdict(0)
        );
        assert_eq!(verdict(1), Some(Verdict::SentryOnly));
    }
}

#[test]
fn hidden_spans_are_kept_whole() {
    let mut span = upload(2, 0).to_otlp();
    let sent_span = &mut span.scope_spans[0].spans[0];
    sent_span.name = "n".repeat(5_000);
    let (plain, _) = trace_model::otlp::batch(vec![span], trace_model::Source::OtlpHttp);
    let mut store = Store::new(1 << 22);
    store.add(hide(plain.clone()));
    store.add(batch(&[sent(3, 2, 2, 3)]));
    let mut outline = Outline::new(trace(1));
    outline.refresh(&store);
    let rows = outline.rows(&store, 0..2);
    let mut shown = Store::new(1 << 22);
    shown.add(plain.clone());
    shown.add(batch(&[sent(3, 2, 2, 3)]));
    outline.refresh(&shown);
    assert_eq!(rows, outline.rows(&shown, 0..2), "its long name too");
    assert_eq!(store.span(trace(1), &rows[0].key), plain.decode_spans().next());
}

#[test]
fn hidden_spans_take_a_bounded_part_of_the_memory() {
    const LIMIT: usize = 64 << 10;
    let mut hidden = HiddenSpans::new(LIMIT);
    for id in 1..=255 {
        for trace in 1..=4 {
            let batch = batch(&[Sent { trace, ..upload(id, 0) }]);
            batch.each_span().for_each(|span| hidden.hold(&span));
            assert!(hidden.bytes() <= LIMIT);
        }
    }
    let last = batch(&[upload(255, 0)]);
    let (trace_id, span_id) = last.span_ids().next().expect("a span");
    let (_, first_id) = batch(&[upload(1, 0)]).span_ids().next().expect("a span");
    assert_eq!(hidden.reveal(trace_id, span_id).len(), 1, "of the newest");
    assert_eq!(hidden.reveal(trace_id, first_id).len(), 0, "of the oldest");
    let mut none = HiddenSpans::new(10);
    last.each_span().for_each(|span| none.hold(&span));
    assert_eq!((none.is_empty(), none.bytes()), (true, 0));
}

/// Each upload arrives in a request of its own, in a trace of many spans.
#[test]
fn hidden_spans_cost_work_linear_in_their_trace() {
    let cost = |count: u64| {
        let edited = |kind: i32| {
            (1..=count).map(move |number| {
                let mut span = upload(1, 0).to_otlp();
                let inner = &mut span.scope_spans[0].spans[0];
                inner.kind = kind;
                inner.span_id = (number * 2 + u64::from(kind == 3)).to_be_bytes().to_vec();
                inner.parent_span_id = (number * 2 + 1).to_be_bytes().to_vec();
                span
            })
        };
        let mut store = Store::new(1 << 28);
        store.add(trace_model::otlp::batch(edited(1).collect(), trace_model::Source::OtlpHttp).0);
        let uploads: Vec<_> = edited(3)
            .map(|span| hide(trace_model::otlp::batch(vec![span], trace_model::Source::OtlpHttp).0))
            .collect();
        let ((), work) = work::of(|| uploads.into_iter().for_each(|batch| store.add(batch)));
        assert_eq!(store.totals().spans as u64, 2 * count);
        work
    };
    let (half, whole) = (cost(500), cost(1_000));
    assert!(whole * 10 <= half * 22, "{half} for half as many, {whole}");
}

fn any_span() -> impl Strategy<Value = (u8, bool)> {
    (0..12_u8, any::<bool>())
}

proptest! {
    /// Span `at + 1` is below one of the first twelve, or none, and may be hidden; traces differ.
    #[test]
    fn hidden_spans_do_not_depend_on_the_order_of_arrival(
        (spans, shuffled) in prop::collection::vec(any_span(), 1..12).prop_flat_map(|spans| {
            let spans: Vec<Sent> = (1..).zip(spans).map(|(id, (parent, hidden))| {
                if hidden { upload(id, parent) } else { sent(id, parent, 1, 20) }
            }).collect();
            (Just(spans.clone()), Just(spans).prop_shuffle())
        }),
        one in 1..5_usize, other in 1..5_usize,
    ) {
        let read = |spans: &[Sent], at_once: usize| {
            let mut store = Store::new(1 << 20);
            store.set_filter(Some(Filter::parse("span").expect("a filter")));
            spans.chunks(at_once).for_each(|some| store.add(request(some)));
            while store.search(5) {}
            let totals = store.totals();
            prop_assert_eq!(totals.spans + usize::try_from(totals.hidden_spans).expect("few"), spans.len());
            Ok((drawn(&store, &outline(&store)), totals.hidden_spans, store.found_in(trace(1))))
        };
        prop_assert_eq!(read(&spans, one)?, read(&shuffled, other)?);
    }
}
