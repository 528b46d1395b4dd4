//! Trees of spans, for any content and order of arrival.

use crate::support::{Sent, batch, drawn, outline, sent, span, store, trace};
use proptest::prelude::*;
use trace_model::{Analysis, Lint, Outline, SpanKey, SpanTree, Store};

fn tree_of(spans: &[Sent]) -> Vec<String> {
    let store = store(spans);
    drawn(&store, &outline(&store))
}

#[test]
fn children_stand_below_their_parent_by_start() {
    assert_eq!(
        tree_of(&[sent(3, 1, 30, 40), sent(1, 0, 0, 100), sent(4, 2, 12, 13), sent(2, 1, 10, 20)]),
        ["1api", "  2api", "    4api", "  3api"]
    );
}

#[test]
fn missing_parent_has_a_row_that_becomes_the_span_in_place() {
    let mut store = store(&[sent(1, 0, 0, 100), sent(5, 9, 50, 60), sent(6, 9, 55, 60)]);
    let mut outline = outline(&store);
    assert_eq!(drawn(&store, &outline), ["1api", "?9", "  5api", "  6api"]);

    let cursor = outline.key(1).expect("the placeholder").clone();
    store.add(batch(&[sent(9, 1, 40, 70)]));
    outline.refresh(&store);
    assert_eq!(drawn(&store, &outline), ["1api", "  9api", "    5api", "    6api"]);
    assert_eq!(outline.position(&cursor), Some(1), "the cursor stays on it");
}

#[test]
fn circles_are_broken_at_their_first_span_and_marked() {
    assert_eq!(tree_of(&[sent(1, 1, 5, 6)]), ["@1api"]);
    assert_eq!(
        tree_of(&[sent(1, 3, 9, 10), sent(2, 1, 5, 6), sent(3, 2, 7, 8), sent(4, 3, 0, 1)]),
        ["@2api", "  3api", "    4api", "    1api"]
    );
}

/// Rule names by row, with the first byte of the span's id.
fn rules(spans: &[Sent]) -> Vec<(u8, &'static str)> {
    let tree = SpanTree::of(&store(spans), trace(1));
    let analysis = Analysis::of(&tree);
    let named = |lint: &Lint| (tree.nodes()[lint.node].key.span_id.as_bytes()[0], lint.rule.name());
    analysis.lints().iter().map(named).collect()
}

#[test]
fn cycles_are_warned_of_at_the_span_whose_reference_is_disregarded() {
    assert_eq!(rules(&[sent(1, 0, 0, 10), sent(2, 2, 5, 6)]), [(2, "parent-cycle")]);
    assert_eq!(
        rules(&[sent(1, 3, 9, 10), sent(2, 1, 5, 6), sent(3, 2, 7, 8)])[0],
        (2, "parent-cycle")
    );
}

#[test]
fn links_of_a_span_to_itself_are_warned_of() {
    let linking = |parent: u8, of_trace: u8| {
        let mut span = sent(2, parent, 5, 6).to_otlp();
        span.scope_spans[0].spans[0].links = vec![opentelemetry_proto::tonic::trace::v1::span::Link {
            trace_id: vec![of_trace; 16],
            span_id: vec![2; 8],
            ..Default::default()
        }];
        let (batch, _) = trace_model::otlp::batch(vec![sent(1, 0, 0, 10).to_otlp(), span], trace_model::Source::OtlpHttp);
        let mut store = Store::new(1 << 20);
        store.add(batch);
        let tree = SpanTree::of(&store, trace(1));
        let lints = Analysis::of(&tree)
            .lints()
            .iter()
            .map(|lint| lint.rule.name())
            .collect::<Vec<_>>();
        (lints, drawn(&store, &outline(&store)))
    };
    let lines = |lines: [&str; 2]| lines.map(str::to_owned).to_vec();
    assert_eq!(linking(1, 1), (vec!["parent-cycle"], lines(["1api", "  @2api"])));
    assert_eq!(linking(0, 1).0, ["parent-cycle"]);
    assert_eq!(linking(1, 3), (Vec::new(), lines(["1api", "  2api"])), "of another trace");
}

#[test]
fn children_without_a_start_begin_with_their_parent() {
    let spans = [
        sent(1, 0, 1_000, 1_100),
        sent(2, 1, 0, 1_050),
        sent(3, 2, 0, 1_010),
        sent(4, 9, 0, 1_020),
        sent(5, 1, 1_010, 1_020),
    ];
    for turn in 0..spans.len() {
        let mut spans = spans.to_vec();
        spans.rotate_left(turn);
        let store = store(&spans);
        let tree = SpanTree::of(&store, trace(1));
        let starts: Vec<_> = tree
            .nodes()
            .iter()
            .map(|node| (node.key.span_id.as_bytes()[0], node.start_unix_nano))
            .collect();
        assert_eq!(
            starts,
            [(1, 1_000), (2, 1_000), (3, 1_000), (5, 1_010), (9, 1_000), (4, 1_000)]
        );
        let summary = store.trace(trace(1)).expect("the trace");
        assert_eq!(
            (summary.start_unix_nano, summary.duration_nano),
            (1_000, 100),
            "the axis is not stretched to 1970"
        );
    }
    let invalid = [
        (2, "invalid-times"),
        (3, "invalid-times"),
        (4, "missing-parent"),
        (4, "invalid-times"),
    ];
    assert_eq!(rules(&spans), invalid);
}

#[test]
fn roots_may_begin_at_0_and_what_is_below_them_too() {
    let spans = [sent(1, 0, 0, 100), sent(2, 1, 0, 50)];
    assert_eq!(store(&spans).trace(trace(1)).expect("the trace").duration_nano, 100);
    assert_eq!(rules(&spans), []);
}

#[test]
fn spans_that_end_before_they_start_have_no_length_and_a_warning() {
    let spans = [sent(1, 0, 1_000, 1_100), sent(2, 1, 1_050, 1_020)];
    let store = store(&spans);
    let tree = SpanTree::of(&store, trace(1));
    assert_eq!(Analysis::of(&tree).self_nano(1), 0);
    assert_eq!(store.trace(trace(1)).expect("the trace").duration_nano, 100);
    assert_eq!(rules(&spans), [(2, "invalid-times")]);
}

#[test]
fn sides_of_a_call_may_share_a_span_id() {
    let client = Sent {
        kind: 3,
        service: "web",
        ..sent(2, 1, 10, 50)
    };
    let server = Sent {
        kind: 2,
        service: "api",
        ..sent(2, 1, 20, 40)
    };
    let root = Sent {
        service: "web",
        ..sent(1, 0, 0, 60)
    };
    let below = Sent {
        service: "api",
        ..sent(3, 2, 25, 30)
    };
    assert_eq!(
        tree_of(&[below, server, root, client]),
        ["1web", "  2web", "    2api", "      3api"]
    );
}

#[test]
fn folding_hides_what_is_below() {
    let store = store(&[sent(1, 0, 0, 100), sent(2, 1, 10, 20), sent(4, 2, 12, 13), sent(3, 1, 30, 40)]);
    let mut outline = outline(&store);
    let second = outline.key(1).expect("a row").clone();
    outline.fold(&second, true);
    assert_eq!(drawn(&store, &outline), ["1api", "  2api +1", "  3api"]);
    let hidden = SpanKey {
        span_id: span(4),
        service: "api".into(),
        duplicate: 0,
    };
    assert_eq!(outline.position(&hidden), Some(1), "it is at its folded parent");
    assert_eq!(outline.parent(2), Some(0));
    outline.fold(&second, false);
    assert_eq!(outline.len(), 4);
}

#[test]
fn consumer_has_the_time_of_its_message_in_the_queue() {
    let producer = Sent {
        kind: 4,
        ..sent(1, 0, 0, 10)
    };
    let consumer = Sent {
        kind: 5,
        service: "mailer",
        ..sent(2, 1, 25, 30)
    };
    let other = Sent {
        kind: 1,
        ..sent(3, 1, 25, 30)
    };
    let store = store(&[producer, consumer, other]);
    let rows = outline(&store).rows(&store, 0..9);
    let queued: Vec<_> = rows
        .iter()
        .map(|row| row.line.as_ref().and_then(|line| line.queued_unix_nano))
        .collect();
    assert_eq!(queued, [None, Some(10), None], "only below its producer");
}

#[test]
fn depth_costs_no_stack() {
    const DEEP: u64 = 100_000;
    let chain: Vec<_> = (1..=DEEP)
        .map(|at| {
            let mut group = sent(1, 0, at, at + 1).to_otlp();
            let span = &mut group.scope_spans[0].spans[0];
            span.span_id = at.to_be_bytes().to_vec();
            span.parent_span_id = (at - 1).to_be_bytes().to_vec();
            group
        })
        .collect();
    let mut store = Store::new(1 << 30);
    store.add(trace_model::otlp::batch(chain, trace_model::Source::OtlpHttp).0);
    let mut outline = Outline::new(trace(1));
    outline.refresh(&store);
    let last = outline.rows(&store, outline.len() - 1..outline.len());
    assert_eq!(last[0].depth, 99_999);
}

prop_compose! {
    fn any_span()(
        id in 1..12_u8, parent in 0..14_u8, start in 0..50_u64, end in 0..60_u64, kind in 0..6, failed: bool,
        service in prop::sample::select(vec!["api", "mailer", ""]),
    ) -> Sent {
        Sent { trace: 1, id, parent, service, start, end, kind, failed }
    }
}

proptest! {
    #[test]
    fn spans_have_exactly_one_row(spans in prop::collection::vec(any_span(), 1..25)) {
        let store = store(&spans);
        let rows = outline(&store).rows(&store, 0..usize::MAX);
        let arrived = rows.iter().filter(|row| row.line.is_some()).count();
        prop_assert_eq!(arrived, store.totals().spans);
        let mut keys: Vec<_> = rows.iter().map(|row| &row.key).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), rows.len());
    }
}
