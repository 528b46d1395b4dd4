//! Links between spans, from either side.

use opentelemetry_proto::tonic::trace::v1::span::Link;
use trace_model::{Batch, Outline, Source, Store, otlp};

use crate::support::{Sent, edit, sent, span, trace};

fn of(number: u8, id: u8) -> Sent {
    Sent {
        trace: number,
        ..sent(id, 0, u64::from(number), 100)
    }
}

/// A span with links to others, by trace and span.
fn linking(from: &Sent, to: &[(u8, u8)]) -> Batch {
    let spans = edit(from.to_otlp(), |otlp| {
        otlp.links = to
            .iter()
            .map(|(trace, span)| Link {
                trace_id: vec![*trace; 16],
                span_id: vec![*span; 8],
                ..Link::default()
            })
            .collect();
    });
    otlp::batch(vec![spans], Source::OtlpHttp).0
}

fn from(store: &Store, number: u8, id: u8) -> Vec<(u8, u8)> {
    let linked = store.linked_from(trace(number), span(id));
    linked
        .iter()
        .map(|(trace, key)| (trace.as_bytes()[0], key.span_id.as_bytes()[0]))
        .collect()
}

fn links(store: &Store, number: u8) -> usize {
    let mut outline = Outline::new(trace(number));
    outline.refresh(store);
    outline.rows(store, 0..1)[0].links
}

#[test]
fn links_are_known_from_both_sides_in_any_order() {
    let mut store = Store::new(1 << 24);
    store.add(linking(&of(3, 7), &[(1, 5), (2, 5)]));
    store.add(linking(&of(2, 5), &[]));
    store.add(linking(&of(1, 5), &[]));
    store.add(linking(&of(4, 8), &[(1, 5)]));
    assert_eq!(from(&store, 1, 5), [(3, 7), (4, 8)], "by start");
    assert_eq!(from(&store, 2, 5), [(3, 7)], "the same id in another trace is another span");
    assert_eq!((links(&store, 1), links(&store, 2), links(&store, 3)), (2, 1, 2));
}

#[test]
fn links_are_those_of_the_later_record() {
    let mut store = Store::new(1 << 24);
    store.add(linking(&Sent { end: 0, ..of(3, 7) }, &[(1, 5)]));
    store.add(linking(&of(3, 7), &[(1, 6), (1, 6)]));
    assert_eq!(
        (from(&store, 1, 5), from(&store, 1, 6)),
        (vec![], vec![(3, 7)]),
        "and each once"
    );
}

#[test]
fn links_to_and_from_what_has_left_are_no_trouble() {
    const BUDGET: usize = 64 * 1024;
    let mut store = Store::new(BUDGET);
    store.add(linking(&of(1, 5), &[]));
    // Each links to the previous one and to the first; one is kept, and is copied forward as the others are evicted.
    store.add(linking(&of(2, 5), &[(1, 5)]));
    store.pin(trace(2), true);
    for round in 0..40 {
        for number in 3..=250 {
            store.add(linking(&of(number, 1 + round), &[(number - 1, 1 + round), (1, 5)]));
        }
        assert!(store.totals().bytes <= BUDGET);
    }
    assert!(store.totals().evicted_traces > 1_000 && store.trace(trace(1)).is_none());
    let here = from(&store, 1, 5);
    assert!(here.contains(&(2, 5)), "it still has the link");
    for (number, id) in here {
        let mut outline = Outline::new(trace(number));
        outline.refresh(&store);
        assert!(
            outline
                .first_of(span(id))
                .is_some_and(|at| outline.tree().nodes()[at].arrived),
            "no link is from a span that has left"
        );
    }
    assert_eq!(links(&store, 250), 2, "of one that is here");
}

/// A row in view is read for every frame.
#[test]
fn row_of_a_span_with_many_parts_is_read_from_its_first_fields() {
    use opentelemetry_proto::tonic::trace::v1::span::Event;
    let mut store = Store::new(1 << 24);
    store.add(linking(&of(1, 7), &vec![(2, 5); 30_000]));
    let count = links(&store, 1);
    assert!((9_990..=10_000).contains(&count), "{count}");

    // The earliest event is far behind the others.
    let many = edit(of(2, 7).to_otlp(), |span| {
        let event = |time_unix_nano| Event {
            time_unix_nano,
            ..Event::default()
        };
        span.events = (0..30_000).map(|at| event(100_000 - at)).collect();
    });
    store.add(otlp::batch(vec![many], Source::OtlpHttp).0);
    let mut outline = Outline::new(trace(2));
    outline.refresh(&store);
    let row = &outline.rows(&store, 0..1)[0];
    assert_eq!(row.events.len(), trace_model::EVENT_MARKS);
    assert!(row.events[0].time_unix_nano > 90_000, "{:?}", row.events[0]);
}
