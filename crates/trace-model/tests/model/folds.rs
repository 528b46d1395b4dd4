//! Folds, and a cursor that keeps its span whatever is folded.

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use trace_model::{Outline, Source, SpanKey, Store, otlp};

use crate::support::{batch, drawn, edit, outline, sent, span, store, trace};

fn key(id: u8) -> SpanKey {
    SpanKey {
        span_id: span(id),
        service: "api".into(),
        duplicate: 0,
    }
}

fn named(id: u8, parent: u8, start: u64, name: &str) -> ResourceSpans {
    edit(sent(id, parent, start, start + 5).to_otlp(), |span| {
        name.clone_into(&mut span.name);
    })
}

/// A root, a call with one below it, six equal leaves, and a last span.
fn with_group() -> Store {
    let mut spans = vec![named(100, 0, 0, "root"), named(90, 100, 1, "call"), named(91, 90, 2, "below")];
    spans.extend((1..=6).map(|id| named(id, 100, 10 * u64::from(id), "SELECT")));
    spans.push(named(99, 100, 100, "end"));
    let mut store = Store::new(1 << 24);
    store.add(otlp::batch(spans, Source::OtlpHttp).0);
    store
}

fn ids(outline: &Outline) -> Vec<u8> {
    (0..outline.len())
        .filter_map(|at| Some(outline.key(at)?.span_id.as_bytes()[0]))
        .collect()
}

#[test]
fn group_is_one_row_until_it_is_opened() {
    let store = with_group();
    let mut outline = outline(&store);
    assert_eq!(ids(&outline), [100, 90, 91, 1, 99]);
    let row = outline.rows(&store, 3..4).pop().expect("a row");
    let group = row.group.expect("a group");
    assert_eq!((group.count, group.median_nano, row.hidden, row.node), (6, 5, 5, 3));
    assert_eq!(outline.position(&key(4)), Some(3), "a member is at its group");
    assert!(outline.is_folded(&key(1)));

    outline.fold(&key(1), false);
    assert_eq!(ids(&outline), [100, 90, 91, 1, 2, 3, 4, 5, 6, 99]);
    assert_eq!(outline.position(&key(4)), Some(6));
    assert!(outline.rows(&store, 0..99).iter().all(|row| row.group.is_none()));

    outline.fold(&key(4), true);
    assert_eq!(outline.len(), 5, "any member closes it");
}

#[test]
fn open_group_stays_open_when_a_member_arrives_before_its_first() {
    let mut store = with_group();
    let mut outline = outline(&store);
    outline.fold(&key(1), false);
    store.add(otlp::batch(vec![named(7, 100, 5, "SELECT")], Source::OtlpHttp).0);
    outline.refresh(&store);
    assert_eq!(ids(&outline), [100, 90, 91, 7, 1, 2, 3, 4, 5, 6, 99]);
    assert_eq!(outline.position(&key(4)), Some(7), "the cursor is on a span");
}

#[test]
fn fold_all_folds_and_unfolds() {
    let store = with_group();
    let mut outline = outline(&store);
    outline.fold_all();
    assert_eq!(ids(&outline), [100]);
    assert_eq!(outline.position(&key(91)), Some(0));
    outline.unfold_all();
    assert_eq!(outline.len(), 10, "groups too");
    outline.fold_to_depth(1);
    assert_eq!(ids(&outline), [100, 90, 1, 99]);
}

#[test]
fn folding_to_some_shows_them_and_what_is_above() {
    let store = with_group();
    let mut outline = outline(&store);
    let below = outline.node_of(&key(91)).expect("a node");
    outline.fold_all();
    outline.fold_to(vec![below]);
    assert_eq!(ids(&outline), [100, 90, 91, 1, 99]);
    let member = outline.node_of(&key(3)).expect("a node");
    outline.fold_to(vec![member]);
    assert_eq!(ids(&outline), [100, 90, 1, 2, 3, 4, 5, 6, 99]);
}

#[test]
fn revealing_opens_no_more_than_hides_it() {
    let store = with_group();
    let mut outline = outline(&store);
    outline.fold_all();
    outline.reveal(&key(91));
    assert_eq!(ids(&outline), [100, 90, 91, 1, 99]);
    outline.fold_all();
    outline.reveal(&key(6));
    assert_eq!(ids(&outline), [100, 90, 1, 2, 3, 4, 5, 6, 99]);
}

#[test]
fn next_match_may_be_folded_and_wraps_around() {
    let store = with_group();
    let mut outline = outline(&store);
    outline.fold_all();
    let selects = |node: usize| &*outline.tree().nodes()[node].name == "SELECT";
    assert_eq!(outline.next(0, true, selects), Some(3));
    assert_eq!(outline.next(8, true, selects), Some(3));
    assert_eq!(outline.next(3, false, selects), Some(8));
    assert_eq!(
        outline.next(5, true, |node| node == 5),
        Some(5),
        "itself, when there is no other"
    );
    assert_eq!(outline.next(0, true, |_| false), None);
    assert_eq!(Outline::new(trace(9)).next(0, true, |_| true), None);
}

#[test]
fn folded_row_shows_the_critical_path_below_it() {
    let store = store(&[sent(1, 0, 0, 100), sent(2, 1, 20, 80), sent(3, 2, 30, 50)]);
    let mut outline = outline(&store);
    let critical = |outline: &Outline| {
        outline
            .rows(&store, 0..9)
            .into_iter()
            .map(|row| row.reading.critical)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        critical(&outline),
        [vec![(0, 20), (80, 100)], vec![(20, 30), (50, 80)], vec![(30, 50)]]
    );
    outline.fold(&key(2), true);
    assert_eq!(critical(&outline), [vec![(0, 20), (80, 100)], vec![(20, 80)]]);
    outline.fold_all();
    assert_eq!(critical(&outline), [vec![(0, 100)]]);
}

#[test]
fn evicted_trace_is_an_empty_outline_in_every_state() {
    let store = with_group();
    let mut outline = outline(&store);
    outline.set_straight(true);
    outline.fold(&key(90), true);
    let empty = Store::new(1 << 24);
    outline.refresh(&empty);
    outline.unfold_all();
    outline.fold_to(vec![0]);
    outline.reveal(&key(91));
    outline.fold(&key(90), false);
    assert_eq!(
        (outline.len(), outline.position(&key(91)), outline.parent(0)),
        (0, None, None)
    );
    assert_eq!(outline.rows(&empty, 0..9), []);
}

#[test]
fn self_parent_and_cycle_can_be_folded() {
    let mut store = store(&[sent(1, 1, 0, 10), sent(2, 3, 20, 30), sent(3, 2, 22, 28)]);
    let mut outline = outline(&store);
    assert_eq!(drawn(&store, &outline), ["@1api", "@2api", "  3api"]);
    outline.fold_all();
    assert_eq!(drawn(&store, &outline), ["@1api", "@2api +1"]);
    assert_eq!(outline.tree().roots().count(), 2);
    // The same again: a retry.
    store.add(batch(&[sent(2, 3, 20, 30), sent(3, 2, 22, 28)]));
    outline.refresh(&store);
    assert_eq!(drawn(&store, &outline), ["@1api", "@2api +1"]);
}
