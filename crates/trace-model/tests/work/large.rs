//! Work of searching, folding and dropping a large trace that is on the screen.

use trace_model::{Filter, MatchReader, Outline, Source, SpanKey, Store, TraceId, work};

use crate::cases::{Generator, by_services, id, plain, span, with};
use crate::{MIB, SLICE, in_steps, is_linear_in_steps, store, take};

/// Finds the spans of each trace that a filter matches.
fn find(store: &mut Store) -> (u64, u64) {
    let mut longest = 0;
    let ((), counted) = work::of(|| {
        for summary in store.traces(0..usize::MAX) {
            let mut outline = Outline::new(summary.trace_id);
            outline.refresh(store);
            let filter = Filter::parse("name:work !filler:nothing").expect("a filter");
            let mut reader = MatchReader::new(store, summary.trace_id, filter);
            in_steps(&mut longest, || !reader.step(store, SLICE as u64));
            let nodes = outline.tree().nodes();
            let is_work = |key: &SpanKey| reader.found().has(key);
            let found = nodes.iter().filter(|node| node.arrived && is_work(&node.key)).count();
            assert_eq!(
                found,
                nodes.iter().filter(|node| node.arrived && &*node.name == "work").count()
            );
        }
    });
    (counted, longest)
}

/// Looks up each node by its key.
fn look_up(store: &mut Store) -> (u64, u64) {
    let mut counted = 0;
    for summary in store.traces(0..usize::MAX) {
        let mut outline = Outline::new(summary.trace_id);
        outline.refresh(store);
        for (at, node) in outline.tree().nodes().iter().enumerate() {
            let (found, work) = work::of(|| outline.node_of(&node.key));
            assert_eq!(found, Some(at));
            counted += work;
        }
    }
    (counted, 0)
}

/// Folds and unfolds each trace in all ways, and drops it.
fn fold(store: &mut Store) -> (u64, u64) {
    let mut longest = 0;
    let changes: [fn(&mut Outline); 6] = [
        Outline::fold_all,
        Outline::unfold_all,
        |outline| outline.fold_to_depth(2),
        |outline| outline.fold_to((0..outline.tree().nodes().len()).step_by(2).collect()),
        Outline::toggle_straight,
        |outline| {
            if let Some(last) = outline.tree().nodes().last().map(|node| node.key.clone()) {
                outline.reveal(&last);
            }
        },
    ];
    let ((), counted) = work::of(|| {
        for summary in store.traces(0..usize::MAX) {
            let mut outline = Outline::new(summary.trace_id);
            outline.refresh(store);
            for change in changes {
                change(&mut outline);
                in_steps(&mut longest, || {
                    outline.read_part(store, SLICE as u64);
                    outline.is_reading()
                });
            }
            let mut leaving = outline.leave();
            in_steps(&mut longest, || leaving.run(SLICE as u64).is_none());
        }
    });
    (counted, longest)
}

#[test]
fn search_of_a_trace_takes_steps() {
    is_linear_in_steps(find);
}

#[test]
fn nodes_are_found_by_key_whatever_shares_their_id() {
    is_linear_in_steps(look_up);
}

#[test]
fn folding_and_dropping_take_steps() {
    is_linear_in_steps(fold);
}

/// Adds a span that is hidden unless something of its trace is below it.
fn add_hidden(store: &mut Store, number: usize) -> u64 {
    let hidden = with(span(1, number), |span| span.kind = 3);
    let mut longest = 0;
    for mut batch in plain(std::iter::once(hidden)) {
        batch.hide_spans(|_| true);
        in_steps(&mut longest, || store.add_part(&mut batch, SLICE));
    }
    longest
}

#[test]
fn parents_of_a_large_trace_are_read_in_steps() {
    let mut store = store(1 << 30);
    let chain: Generator =
        |_| plain((1..50_000).map(|number| with(span(1, number), |span| span.parent_span_id = id(number - 1, 8))));
    take(&mut store, chain, 1);
    let spans = store.totals().spans;
    let longest = add_hidden(&mut store, 60_000);
    assert!(longest <= SLICE as u64 + MIB / 8, "{longest} at once");
    assert_eq!(
        (store.totals().hidden_spans, store.totals().spans),
        (1, spans),
        "nothing is below it"
    );
    add_hidden(&mut store, 0);
    assert_eq!(
        (store.totals().hidden_spans, store.totals().spans),
        (1, spans + 1),
        "one is below it"
    );
}

#[test]
fn trace_that_grows_meanwhile_is_searched_whole() {
    let mut store = store(1 << 30);
    let more = |number: usize| by_services((0..2_000).map(|at| span(1, number + at)), Source::OtlpHttp);
    take(
        &mut store,
        |_| by_services((0..2_000).map(|at| span(1, at)), Source::OtlpHttp),
        1,
    );
    let trace_id = TraceId::from_bytes(id(1, 16).try_into().expect("16 bytes")).expect("an id");
    let mut reader = MatchReader::new(&store, trace_id, Filter::parse("name:work").expect("a filter"));
    let mut steps = 0;
    while !reader.step(&store, 1 << 12) {
        if steps < 5 {
            for batch in more(10_000 * (steps + 1)) {
                store.add(batch);
            }
        }
        steps += 1;
    }
    assert_eq!(reader.found().len(), 12_000);
}
