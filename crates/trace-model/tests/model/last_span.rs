//! The path to the span that ends last, also over messages.

use trace_model::Store;

use crate::analysis::{MS, analysed, in_ms, node, read, rules, sections};
use crate::support::{Sent, edit, link, sent, store};

fn message(mut span: Sent, kind: i32, service: &'static str) -> Sent {
    (span.kind, span.service) = (kind, service);
    span
}

/// A request that publishes a message, whose consumer works from 50 to 80.
fn published() -> [Sent; 3] {
    [
        sent(1, 0, 0, 30),
        message(sent(2, 1, 10, 20), 4, "api"),
        message(sent(3, 2, 50, 80), 5, "mailer"),
    ]
}

/// The path to the last span as (first byte of the span's id, from, to, whether it is time in a queue).
fn to_last(store: &Store) -> (Vec<(u8, u64, u64, bool)>, u64) {
    let (tree, analysis) = read(store);
    let path = analysis.path_to_last_span().expect("a path");
    let id = |node: usize| tree.nodes()[node].key.span_id.as_bytes()[0];
    let section = |part: &trace_model::Section| (id(part.node), part.start_unix_nano, part.end_unix_nano, part.queued);
    (path.sections.iter().map(section).collect(), path.nano)
}

#[test]
fn critical_path_of_the_root_leaves_out_consumers() {
    let (_, analysis) = analysed(&published());
    assert_eq!(analysis.critical_path().expect("a path").nano, 30);
    assert_eq!(sections(&published()), [(1, 0, 10), (2, 10, 20), (1, 20, 30)]);
    assert!(analysis.ends_asynchronously());
}

#[test]
fn path_to_last_span_leads_through_the_queue() {
    let expected = [(1, 0, 10, false), (2, 10, 20, false), (3, 20, 50, true), (3, 50, 80, false)];
    assert_eq!(to_last(&store(&published())), (expected.to_vec(), 80));
}

#[test]
fn path_to_last_span_leads_over_two_queues() {
    let mut spans = published().to_vec();
    spans.push(message(sent(4, 3, 60, 70), 4, "mailer"));
    spans.push(message(sent(5, 4, 90, 100), 5, "audit"));
    let (path, nano) = to_last(&store(&spans));
    assert_eq!(nano, 100);
    assert_eq!(
        path[3..],
        [(3, 50, 60, false), (4, 60, 70, false), (5, 70, 90, true), (5, 90, 100, false)]
    );
}

#[test]
fn path_to_last_span_follows_a_link_within_the_trace() {
    let [root, producer, mut consumer] = published();
    consumer.parent = 0;
    let linked = edit(consumer.to_otlp(), |otlp| otlp.links.push(link(1, 2)));
    let mut store = store(&[root, producer]);
    store.add(trace_model::otlp::batch(vec![linked], trace_model::Source::OtlpHttp).0);
    let (path, nano) = to_last(&store);
    assert_eq!((path[2], path[3], nano), ((3, 20, 50, true), (3, 50, 80, false), 80));
}

/// Without a span for sending, the message was in the queue since its sender's end.
#[test]
fn path_to_last_span_leads_through_a_queue_without_a_producer() {
    let [root, producer, consumer] = published();
    let sender = Sent { kind: 3, ..producer };
    let expected = [(1, 0, 10, false), (2, 10, 20, false), (3, 20, 50, true), (3, 50, 80, false)];
    assert_eq!(
        to_last(&store(&[root.clone(), sender, consumer.clone()])),
        (expected.to_vec(), 80)
    );
    let below_root = |start| {
        [
            root.clone(),
            Sent {
                parent: 1,
                start,
                ..consumer.clone()
            },
        ]
    };
    let expected = [(1, 0, 30, false), (3, 30, 50, true), (3, 50, 80, false)];
    assert_eq!(to_last(&store(&below_root(50))), (expected.to_vec(), 80));
    assert_eq!(rules(&below_root(50).map(in_ms)), [], "its parent need not wait for it");
    let (path, _) = to_last(&store(&below_root(20)));
    assert!(path.iter().all(|(.., queued)| !queued), "its parent had not ended: {path:?}");
}

/// The producer knows better when the message was sent.
#[test]
fn linked_producer_precedes_a_parent_that_had_ended() {
    let [root, producer, mut consumer] = published();
    consumer.parent = 1;
    let linked = edit(consumer.to_otlp(), |otlp| otlp.links.push(link(1, 2)));
    let mut store = store(&[root, producer]);
    store.add(trace_model::otlp::batch(vec![linked], trace_model::Source::OtlpHttp).0);
    let (path, _) = to_last(&store);
    assert_eq!(path[2], (3, 20, 50, true));
}

#[test]
fn path_to_last_span_has_no_queue_where_the_consumer_starts_before_its_producer_ends() {
    let mut spans = published();
    (spans[1].end, spans[0].end) = (60, 70);
    let (path, nano) = to_last(&store(&spans));
    assert_eq!(path, [(1, 0, 10, false), (2, 10, 50, false), (3, 50, 80, false)]);
    assert_eq!(nano, 80);
}

#[test]
fn path_to_last_span_is_that_of_the_root_where_the_root_ends_last() {
    let mut spans = published();
    spans[0].end = 90;
    let (path, nano) = to_last(&store(&spans));
    assert_eq!((path.len(), nano), (3, 90));
    let late_by_clock = [sent(1, 0, 0, 100), sent(2, 1, 10, 101)].map(in_ms);
    assert!(
        !analysed(&late_by_clock).1.ends_asynchronously(),
        "a hundredth is the clock's error"
    );
}

#[test]
fn path_to_last_span_ends_with_work_that_outlives_its_root() {
    let spans = [
        sent(1, 0, 0, 100),
        sent(2, 1, 10, 40),
        sent(3, 1, 50, 400),
        sent(4, 3, 300, 400),
    ]
    .map(in_ms);
    let (path, nano) = to_last(&store(&spans));
    let in_nano = |(id, from, to): (u8, u64, u64)| (id, from * MS, to * MS, false);
    assert_eq!(
        path,
        [(1, 0, 10), (2, 10, 40), (1, 40, 50), (3, 50, 300), (4, 300, 400)].map(in_nano)
    );
    assert_eq!(nano, 400 * MS);
}

#[test]
fn path_to_last_span_needs_a_cause_back_to_the_root() {
    let (tree, analysis) = analysed(&[sent(2, 9, 0, 10), sent(1, 0, 5, 50), sent(3, 0, 60, 70)]);
    let path = analysis.path_to_last_span().expect("a path");
    assert_eq!((path.nano, path.sections.len()), (45, 1));
    assert_eq!(
        path.sections[0].node,
        node(&tree, 1),
        "the first span without a parent is the root"
    );
}

#[test]
fn path_to_last_span_ends_at_links_that_lead_in_a_circle() {
    let consumer = |id, start| message(sent(id, 0, start, start + 10), 5, "a");
    let producer = |id, parent, start| message(sent(id, parent, start, start + 5), 4, "a");
    let spans = [sent(1, 0, 0, 5), producer(3, 2, 12), producer(5, 4, 32)];
    let linked = [(consumer(2, 10), 5), (consumer(4, 30), 3)];
    let mut store = store(&spans);
    let linked = linked.map(|(span, to)| edit(span.to_otlp(), |otlp| otlp.links.push(link(1, to))));
    store.add(trace_model::otlp::batch(linked.to_vec(), trace_model::Source::OtlpHttp).0);
    assert_eq!(to_last(&store).1, 5, "no cause leads to the root");
}
