//! Lint results of traces as they arrive.

use trace_model::work::{self, VISIT};
use trace_model::{Rule, Store};
use trace_stats::{QUIET_NANO, Warnings};

use crate::support::{Sent, add, id, sent, store};

const SECOND: u64 = 1_000_000_000;

/// Advances the time by the idle time.
fn judged(warnings: &mut Warnings, store: &Store, from: u64) {
    for moment in [from, from + QUIET_NANO, from + QUIET_NANO + SECOND] {
        while warnings.step(store, moment, 10) {}
    }
}

fn orphan(trace: u64) -> Sent {
    sent((trace, 2, 1), "api", 's', (0, 5)).named("orphan")
}

/// Rule, traces, spans.
fn counts(warnings: &Warnings) -> Vec<(Rule, usize, usize)> {
    let rules = warnings.rules().into_iter();
    rules.map(|count| (count.rule, count.traces, count.spans)).collect()
}

#[test]
fn trace_is_checked_after_the_idle_time() {
    let mut store = store(&[orphan(1)]);
    let mut warnings = Warnings::default();
    assert_eq!(warnings.due(&Store::new(1 << 20)), None, "nothing to do");
    let mut now = 100 * SECOND;
    while warnings.step(&store, now, 10) {}
    let due = warnings.due(&store).expect("a moment");
    assert_eq!((due, warnings.traces()), (now + QUIET_NANO, 0), "the parent may still arrive");

    // Another span restarts the idle time.
    now += 2 * SECOND;
    add(&mut store, &[sent((1, 3, 2), "api", 'i', (0, 1))]);
    while warnings.step(&store, now, 10) {}
    while warnings.step(&store, due, 10) {}
    assert_eq!(warnings.traces(), 0);
    while warnings.step(&store, now + QUIET_NANO, 10) {}
    assert_eq!(counts(&warnings), [(Rule::MissingParent, 1, 1)]);
    let found = warnings.of_rule(Rule::MissingParent);
    assert_eq!(id(Some(&found[0].first)).0, 1);

    // The parent arrives late: the warning disappears.
    let revision = warnings.revision();
    add(&mut store, &[sent((1, 1, 0), "web", 'c', (0, 9))]);
    judged(&mut warnings, &store, now + 10 * SECOND);
    assert_eq!((counts(&warnings), warnings.traces()), (vec![], 0));
    assert!(warnings.revision() > revision);
    assert_eq!(warnings.due(&store), None, "nothing pending");
}

#[test]
fn pinned_trace_is_checked() {
    let mut store = store(&[orphan(1), orphan(2)]);
    let id = store.traces(0..2).iter().map(|trace| trace.trace_id).min().expect("traces");
    let mut warnings = Warnings::default();
    // Before it was seen, and again after its check.
    store.pin(id, true);
    judged(&mut warnings, &store, 100 * SECOND);
    assert_eq!(warnings.traces(), 2);
    add(&mut store, &[sent((1, 1, 0), "web", 'c', (0, 9))]);
    judged(&mut warnings, &store, 200 * SECOND);
    assert_eq!(counts(&warnings), [(Rule::MissingParent, 1, 1)]);
    store.pin(id, false);
    judged(&mut warnings, &store, 300 * SECOND);
    assert_eq!(warnings.traces(), 1);
}

#[test]
fn evicted_traces_are_not_counted() {
    let mut store = Store::new(1 << 20);
    add(&mut store, &[orphan(1)]);
    let mut warnings = Warnings::default();
    judged(&mut warnings, &store, SECOND);
    assert_eq!(warnings.traces(), 1);
    for trace in 2..200 {
        add(
            &mut store,
            &[sent((trace, 1, 0), "api", 's', (0, 5)).named(&"x".repeat(20_000))],
        );
    }
    judged(&mut warnings, &store, 100 * SECOND);
    assert!(store.totals().evicted_traces > 0);
    assert_eq!(warnings.traces(), 0);
}

#[test]
fn evicted_traces_are_not_read() {
    const TRACES: u64 = 100;
    let mut store = Store::new(1 << 20);
    let mut warnings = Warnings::default();
    let waiting: Vec<_> = (1..=TRACES).map(orphan).collect();
    add(&mut store, &waiting);
    while warnings.step(&store, SECOND, 10) {}
    for trace in 1..200 {
        let long = sent((TRACES + trace, 1, 0), "api", 's', (0, 5)).named(&"x".repeat(20_000));
        add(&mut store, &[long]);
    }
    assert!(store.totals().evicted_traces > TRACES);
    while warnings.step(&store, 2 * SECOND, 10) {}
    let ((), counted) = work::of(|| while warnings.step(&store, SECOND + QUIET_NANO, 10) {});
    assert_eq!(counted, TRACES * VISIT as u64);
}

#[test]
fn checks_continue_when_the_clock_is_set_back() {
    let mut store = store(&[orphan(1)]);
    let mut warnings = Warnings::default();
    while warnings.step(&store, 1_000 * SECOND, 10) {}
    add(&mut store, &[orphan(2)]);
    judged(&mut warnings, &store, SECOND);
    assert_eq!(warnings.traces(), 2);
}

/// `web` calls `api` at a host, with both sides in one trace.
fn whole(trace: u64, from: u64) -> [Sent; 2] {
    [
        sent((trace, 1, 0), "web", 'c', (from, from + 50)).with("server.address", "10.0.0.7"),
        sent((trace, 2, 1), "api", 's', (from + 1, from + 49)),
    ]
}

/// The same, but the called side started a trace of its own: the traces are `trace` and `trace + 1`.
fn broken(trace: u64, from: u64) -> [Sent; 2] {
    let [call, answer] = whole(trace, from);
    let answer = Sent {
        trace: trace + 1,
        parent: 0,
        ..answer
    };
    [call, answer]
}

fn found(spans: &[Sent]) -> Vec<((u128, u64), (u128, u64))> {
    let mut warnings = Warnings::default();
    judged(&mut warnings, &store(spans), SECOND);
    assert_eq!(warnings.of_rule(Rule::BrokenTrace).len(), warnings.broken().len());
    let broken = warnings.broken().iter();
    broken
        .map(|broken| (id(Some(&broken.span)), id(Some(&broken.call))))
        .collect()
}

#[test]
fn broken_trace_is_found() {
    let spans = [whole(1, 0), broken(2, 200)].concat();
    assert_eq!(found(&spans), [((3, 2), (2, 1))]);
    assert_eq!(found(&broken(2, 200)), [], "no evidence that they call each other");

    let mut named = broken(2, 200);
    named[0].attributes = vec![("server.address", "api.default.svc:8080".to_owned())];
    assert_eq!(found(&named), [((3, 2), (2, 1))], "the host name is evidence");
    named[0].attributes = vec![("peer.service", "api".to_owned())];
    assert_eq!(found(&named).len(), 1);
}

#[test]
fn ambiguous_fragments_are_not_a_broken_trace() {
    let sure = [whole(1, 0), broken(2, 200)].concat();
    let with = |change: &dyn Fn(&mut Vec<Sent>)| {
        let mut spans = sure.clone();
        change(&mut spans);
        found(&spans)
    };
    assert_eq!(with(&|_| ()).len(), 1);
    assert_eq!(with(&|spans| spans[3].end = Some(260)), [], "outlasts the call");
    assert_eq!(with(&|spans| spans[3].start = 199), [], "started before the call");
    assert_eq!(with(&|spans| spans[3].kind = 'i'), [], "not a server span");
    assert_eq!(with(&|spans| spans[3].linked = true), [], "its links name its origin");
    assert_eq!(
        with(&|spans| spans[3].service = "billing".to_owned()),
        [],
        "web never called it"
    );
    let stranger = |spans: &mut Vec<Sent>| spans[2].attributes[0].1 = "api.stripe.com".to_owned();
    assert_eq!(with(&stranger), [], "the call is to another host");
    let database = |spans: &mut Vec<Sent>| spans[2].attributes.push(("db.system", "redis".to_owned()));
    assert_eq!(with(&database), [], "the call is to a database");
    assert_eq!(with(&|spans| spans.extend(broken(5, 201))), [], "two simultaneous calls");
    let answered = |spans: &mut Vec<Sent>| spans.push(sent((2, 9, 1), "api", 's', (205, 210)));
    assert_eq!(with(&answered), [], "the call is answered");
}

#[test]
fn broken_message_is_found_by_its_queue() {
    let queue = |sent: Sent, name| {
        sent.with("messaging.system", "rabbitmq")
            .with("messaging.destination.name", name)
    };
    let producer = queue(sent((1, 1, 0), "api", 'p', (0, 2)), "mails");
    let consumer = |name| queue(sent((2, 2, 0), "mailer", 'n', (300, 400)), name);
    assert_eq!(found(&[producer.clone(), consumer("mails")]), [((2, 2), (1, 1))]);
    assert_eq!(found(&[producer.clone(), consumer("orders")]), []);
    let late = Sent {
        start: 6_000,
        end: Some(6_001),
        ..consumer("mails")
    };
    assert_eq!(found(&[producer, late]), []);
}
