//! Real traces of other programs. They are not in the repository: `SPANFALL_FIXTURES` is their directory.

use std::ops::ControlFlow;
use std::path::Path;

use trace_files::{Input, read_alone};
use trace_model::{Rule, Store};
use trace_stats::{Callee, QUIET_NANO, Warnings};

use crate::support::survey;

fn store(file: &str) -> Option<Store> {
    let Some(fixtures) = std::env::var_os("SPANFALL_FIXTURES") else {
        eprintln!("skipped: SPANFALL_FIXTURES is not set");
        return None;
    };
    let bytes = std::fs::read(Path::new(&fixtures).join(file)).expect("the fixture");
    let mut store = Store::new(1 << 30);
    let input = Input::new(file.to_owned(), bytes);
    let read = read_alone(&input, &mut |part| {
        store.add(part.batch);
        ControlFlow::Continue(())
    });
    read.expect("saved traces");
    Some(store)
}

/// Returns the warnings after the idle time.
fn warnings(store: &Store) -> Warnings {
    let mut warnings = Warnings::default();
    for moment in [QUIET_NANO, 3 * QUIET_NANO, 4 * QUIET_NANO] {
        while warnings.step(store, moment, 100) {}
    }
    warnings
}

#[test]
fn map_of_a_real_shop() {
    let Some(store) = store("otlp/onlineboutique.otlp.jsonl") else {
        return;
    };
    let survey = survey(&store, 100);
    let totals = store.totals();
    assert_eq!((survey.traces, survey.spans), (totals.traces, totals.spans as u64));
    assert_eq!(
        survey.operations.iter().map(|operation| operation.count).sum::<u64>(),
        survey.spans
    );
    let calls = |from: &str, to: &str| {
        let is_it = |callee: &Callee| matches!(callee, Callee::Service(name) if &**name == to);
        survey.edges.iter().any(|edge| &*edge.caller == from && is_it(&edge.callee))
    };
    for (from, to) in [
        ("frontend", "cartservice"),
        ("frontend", "currencyservice"),
        ("frontend", "productcatalogservice"),
        ("checkoutservice", "paymentservice"),
    ] {
        assert!(calls(from, to), "{from} → {to}: {:?}", survey.edges);
    }
    let warnings = warnings(&store);
    assert_eq!(warnings.broken(), [], "each of its traces is whole");
}

#[test]
fn spans_that_share_an_id_are_both_sides_of_a_call() {
    let Some(store) = store("zipkin/yelp.json") else { return };
    let survey = survey(&store, 100);
    assert!(
        survey.edges.iter().any(|edge| matches!(edge.callee, Callee::Service(_))),
        "{:?}",
        survey.edges
    );
    assert_eq!(warnings(&store).broken(), []);
}

#[test]
fn messages_are_distinguished_from_calls() {
    for file in ["zipkin/messaging.json", "zipkin/messaging-kafka.json"] {
        let Some(store) = store(file) else { return };
        let survey = survey(&store, 100);
        assert!(survey.edges.iter().any(|edge| edge.messaging), "{file}: {:?}", survey.edges);
    }
}

#[test]
fn missing_parent_causes_a_warning() {
    let Some(store) = store("otlp/otel-gui-trace-orphan-span.json") else {
        return;
    };
    let rules: Vec<_> = warnings(&store).rules().into_iter().map(|count| count.rule).collect();
    assert!(rules.contains(&Rule::MissingParent), "{rules:?}");
}
