//! Bound of the work per step on large traces: counted by [`trace_model::work`], not timed.

use std::sync::Arc;

use trace_model::work::Steps;
use trace_model::{Analysis, SpanTree, Store, TraceId, work};
use trace_stats::{Comparison, MedianPass, Profile, QUIET_NANO, RootOperation, Warnings};

use crate::support::{Listed, Sent, sent, store};

/// Work requested per step, and the maximum that a step may do.
const WORK: u64 = 1 << 16;
const STEP: u64 = 1 << 20;

fn trace(number: u64) -> TraceId {
    TraceId::from_bytes(u128::from(number).to_be_bytes()).expect("not zero")
}

type Generator = fn(u64) -> Vec<Sent>;

/// Kinds of large traces, about `size` times the smallest of their kind.
const CASES: &[(&str, Generator)] = &[
    ("one level", |size| {
        (1..2_000 * size)
            .map(|id| sent((1, id, u64::from(id > 1)), "api", 'i', (id, id + 1)))
            .collect()
    }),
    ("a chain", |size| {
        (1..2_000 * size)
            .map(|id| sent((1, id, id - 1), "api", 'i', (0, 9)))
            .collect()
    }),
    ("missing parents", |size| {
        (1..2_000 * size)
            .map(|id| sent((1, id, 1_000_000 + id), "api", 'i', (0, 9)))
            .collect()
    }),
    ("calls without an answer", |size| {
        (1..1_000 * size)
            .map(|id| sent((1, id, u64::from(id > 1)), "api", 'c', (id, id + 1)).with("server.address", "elsewhere"))
            .collect()
    }),
    ("requests without a caller", |size| {
        (1..1_000 * size)
            .map(|id| sent((1, id, 0), "api", 's', (id, id + 1)))
            .collect()
    }),
    ("names of their own", |size| {
        (1..1_000 * size)
            .map(|id| sent((1, id, u64::from(id > 1)), "api", 'i', (id, id + 1)).named(&id.to_string()))
            .collect()
    }),
];

/// Doubles each trace; the work must at most double, and each step must keep its bound.
fn assert_linear_in_steps(mut step: impl FnMut(&Store) -> Box<dyn FnMut(&Store) -> bool>) {
    let mut wrong = Vec::new();
    for (name, generator) in CASES {
        let [once, twice] = [1, 2].map(|size| {
            let store = store(&generator(size));
            let mut step = step(&store);
            let mut counted = 0;
            loop {
                let (has_more, once) = work::of(|| step(&store));
                if once > WORK + STEP {
                    wrong.push(format!("{name}: {once} at once"));
                }
                counted += once;
                if !has_more {
                    break counted;
                }
            }
        });
        if twice * 10 > once * 23 {
            wrong.push(format!("{name}: {once}, doubled {twice}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn warnings_are_computed_in_steps() {
    assert_linear_in_steps(|store| {
        let mut warnings = Warnings::default();
        assert!(!warnings.step(store, 1, WORK));
        let mut now = 1 + QUIET_NANO;
        Box::new(move |store| {
            let has_more = warnings.step(store, now, WORK);
            // Finally the fragments are compared.
            now += u64::from(!has_more) * QUIET_NANO;
            has_more || warnings.due(store).is_some()
        })
    });
}

#[test]
fn surveys_are_computed_in_steps() {
    assert_linear_in_steps(|store| {
        let mut pass = Listed::new(store);
        Box::new(move |store| pass.step(store, WORK))
    });
}

#[test]
fn medians_are_computed_in_steps() {
    assert_linear_in_steps(|store| {
        let operation = RootOperation::of(store, trace(1));
        let mut pass = operation.map(|operation| MedianPass::new(store, operation, trace(2)));
        Box::new(move |store| pass.as_mut().is_some_and(|pass| pass.step(store, WORK)))
    });
}

#[test]
fn comparison_is_computed_in_steps() {
    assert_linear_in_steps(|store| {
        let tree = SpanTree::of(store, trace(1));
        let profile = Arc::new(Profile::of(&tree, &Analysis::of(&tree)));
        let mut steps = Steps::new(async move { Comparison::read(&profile, &profile).await });
        Box::new(move |_| steps.run(WORK).is_none())
    });
}
