//! Analysis of one trace.

use proptest::prelude::*;
use trace_model::{Analysis, ClockTrouble, CriticalPathError, Gap, Rule, Source, SpanTree, Store, otlp};

use crate::support::{Sent, batch, edit, sent, store, trace};

pub(crate) const MS: u64 = 1_000_000;

pub(crate) fn read(store: &Store) -> (SpanTree, Analysis) {
    let tree = SpanTree::of(store, trace(1));
    let analysis = Analysis::of(&tree);
    (tree, analysis)
}

pub(crate) fn analysed(spans: &[Sent]) -> (SpanTree, Analysis) {
    read(&store(spans))
}

pub(crate) fn in_ms(mut span: Sent) -> Sent {
    (span.start, span.end) = (span.start * MS, span.end * MS);
    span
}

/// Sections as (first byte of the span's id, from, to).
pub(crate) fn sections(spans: &[Sent]) -> Vec<(u8, u64, u64)> {
    let (tree, analysis) = analysed(spans);
    let path = analysis.critical_path().expect("a path");
    let id = |node: usize| tree.nodes()[node].key.span_id.as_bytes()[0];
    let section = |section: &trace_model::Section| (id(section.node), section.start_unix_nano, section.end_unix_nano);
    path.sections.iter().map(section).collect()
}

pub(crate) fn node(tree: &SpanTree, id: u8) -> usize {
    let found = tree.nodes().iter().position(|node| node.key.span_id.as_bytes()[0] == id);
    found.expect("a node")
}

pub(crate) fn rules(spans: &[Sent]) -> Vec<(u8, Rule)> {
    let (tree, analysis) = analysed(spans);
    let id = |node: usize| tree.nodes()[node].key.span_id.as_bytes()[0];
    analysis.lints().iter().map(|lint| (id(lint.node), lint.rule)).collect()
}

#[test]
fn critical_path_goes_from_the_end_to_the_child_that_ended_last() {
    let spans = [sent(1, 0, 0, 100), sent(2, 1, 10, 40), sent(3, 1, 20, 60), sent(4, 1, 70, 90)];
    assert_eq!(
        sections(&spans),
        [(1, 0, 20), (3, 20, 60), (1, 60, 70), (4, 70, 90), (1, 90, 100)]
    );
}

#[test]
fn critical_path_includes_a_child_that_ends_when_the_next_starts() {
    let spans = [sent(1, 0, 0, 100), sent(2, 1, 0, 50), sent(3, 1, 50, 100)];
    assert_eq!(sections(&spans), [(2, 0, 50), (3, 50, 100)]);
    let (_, analysis) = analysed(&spans);
    assert_eq!(
        analysis.critical_path().expect("a path").exclusive,
        [(0, 0), (1, 50), (2, 50)]
    );
}

#[test]
fn children_that_overlap_a_little_ran_one_after_the_other() {
    let overlapping = |by: u64| [sent(1, 0, 0, 1_000), sent(2, 1, 100, 500 + by), sent(3, 1, 500, 900)];
    assert_eq!(
        sections(&overlapping(9)),
        [(1, 0, 100), (2, 100, 500), (3, 500, 900), (1, 900, 1_000)],
        "no moment counts twice"
    );
    assert_eq!(
        sections(&overlapping(10)),
        [(1, 0, 500), (3, 500, 900), (1, 900, 1_000)],
        "a hundredth is too much"
    );
    let mut meanwhile = overlapping(9).to_vec();
    meanwhile.push(sent(4, 1, 505, 506));
    assert_eq!(
        sections(&meanwhile),
        [(1, 0, 500), (3, 500, 900), (1, 900, 1_000)],
        "they ran side by side"
    );
}

#[test]
fn children_outside_of_their_parent_are_cut_or_left_out() {
    let spans = [
        sent(1, 0, 10, 100),
        sent(2, 1, 5, 30),
        sent(3, 1, 80, 140),
        sent(4, 1, 120, 130),
    ];
    assert_eq!(sections(&spans), [(2, 10, 30), (1, 30, 80), (3, 80, 100)]);
}

#[test]
fn spans_in_flight_end_with_the_trace() {
    assert_eq!(sections(&[sent(1, 0, 0, 0), sent(2, 1, 10, 40)]), [(1, 0, 10), (2, 10, 40)]);
}

/// An ended span did not wait for one below it: the known length of that one is that of the spans below it.
#[test]
fn open_spans_below_ended_ones_last_as_long_as_is_known() {
    let root = sent(1, 0, 0, 100);
    assert_eq!(sections(&[root.clone(), sent(2, 1, 60, 0)]), [(1, 0, 60), (1, 60, 100)]);
    assert_eq!(
        sections(&[root.clone(), sent(2, 1, 60, 0), sent(3, 2, 70, 80)]),
        [(1, 0, 60), (2, 60, 70), (3, 70, 80), (1, 80, 100)]
    );
    assert_eq!(
        sections(&[root.clone(), sent(2, 1, 60, 0), sent(3, 2, 70, 0)]),
        [(1, 0, 60), (2, 60, 70), (1, 70, 100)]
    );
    // While all spans above it run, they wait for it.
    let open_root = sent(1, 0, 0, 0);
    let spans = [open_root, sent(2, 1, 60, 0), sent(3, 1, 10, 100)];
    assert_eq!(sections(&spans), [(1, 0, 60), (2, 60, 100)]);
    // So it is below a parent that may still arrive.
    assert_eq!(sections(&[sent(2, 9, 60, 0), sent(3, 9, 10, 100)]), [(2, 60, 100)]);
}

/// In a file nothing runs.
#[test]
fn open_spans_of_files_last_as_long_as_is_known() {
    let path = |spans: &[Sent]| {
        let (batch, _) = otlp::batch(spans.iter().map(Sent::to_otlp).collect(), Source::File);
        let mut store = Store::new(1 << 30);
        store.add(batch);
        let (tree, analysis) = read(&store);
        let path = analysis.critical_path().expect("a path");
        let id = |node: usize| tree.nodes()[node].key.span_id.as_bytes()[0];
        let own: Vec<_> = path.exclusive.iter().map(|(node, nano)| (id(*node), *nano)).collect();
        own
    };
    assert_eq!(
        path(&[sent(1, 0, 0, 0), sent(2, 1, 60, 0), sent(3, 1, 10, 100)]),
        [(1, 10), (3, 90)]
    );
    assert_eq!(path(&[sent(1, 0, 0, 0), sent(2, 1, 60, 0)]), [(1, 60), (2, 0)]);
    assert_eq!(path(&[sent(2, 9, 60, 0), sent(3, 9, 10, 50)]), [(3, 40), (2, 0)]);
}

#[test]
fn trace_without_spans_has_no_critical_path() {
    let (_, analysis) = read(&Store::new(1 << 30));
    assert_eq!(analysis.critical_path(), Err(CriticalPathError::NoRoot));
    let mut store = Store::new(1 << 30);
    store.add(crate::support::errors(&[(1, 5, 10, "failed")]));
    let (tree, analysis) = read(&store);
    assert_eq!((tree.nodes().len(), tree.nodes()[0].start_unix_nano), (1, 10));
    assert_eq!(analysis.critical_path(), Err(CriticalPathError::NoRoot));
}

#[test]
fn self_time_is_what_no_child_covers() {
    let (tree, analysis) = analysed(&[
        sent(1, 0, 0, 100),
        sent(2, 1, 10, 40),
        sent(3, 1, 30, 60),
        sent(4, 1, 90, 150),
    ]);
    assert_eq!(
        analysis.self_nano(node(&tree, 1)),
        40,
        "10 before, 30 between, and the last child is cut"
    );
    assert_eq!(analysis.self_nano(node(&tree, 4)), 60);
}

#[test]
fn gap_is_long_and_a_large_part_of_its_parent() {
    let spans = [
        sent(1, 0, 0, 1_200),
        sent(2, 1, 110, 300),
        sent(3, 1, 500, 1_200),
        sent(4, 3, 500, 620),
    ]
    .map(in_ms);
    let (tree, analysis) = analysed(&spans);
    let gap = |start, end| Gap {
        start_unix_nano: start * MS,
        end_unix_nano: end * MS,
    };
    assert_eq!(analysis.gaps(node(&tree, 1)), [gap(300, 500)], "110 ms are not a tenth");
    assert_eq!(analysis.gaps(node(&tree, 3)), [gap(620, 1_200)]);
    assert_eq!(analysis.gaps(node(&tree, 2)), [], "nothing is below it");
}

/// Siblings that are alike, `step` ms from one start to the next, each 12 ms long.
fn alike(count: u8, step: u64) -> Vec<Sent> {
    let mut spans = vec![in_ms(sent(100, 0, 0, 1_000))];
    spans.extend((0..count).map(|at| in_ms(sent(1 + at, 100, 10 + u64::from(at) * step, 22 + u64::from(at) * step))));
    spans
}

fn named(spans: &[Sent]) -> Store {
    let spans = spans.iter().map(|span| {
        edit(span.to_otlp(), |otlp| {
            if span.id < 100 {
                "SELECT".clone_into(&mut otlp.name);
            }
        })
    });
    let mut store = Store::new(1 << 30);
    store.add(trace_model::otlp::batch(spans.collect(), trace_model::Source::OtlpHttp).0);
    store
}

#[test]
fn five_equal_leaves_are_a_group() {
    let mut spans = alike(6, 20);
    spans[2].failed = true;
    spans[3].end += 5 * MS;
    let (_, analysis) = read(&named(&spans));
    let (first, group) = analysis.group_of(4).expect("a group");
    assert_eq!((first, group.count, group.failed), (1, 6, 1));
    assert_eq!((group.total_nano, group.median_nano), (77 * MS, 12 * MS));
    assert_eq!((group.first, group.last), (10 * MS, 122 * MS));
    assert_eq!(read(&named(&alike(4, 20))).1.groups(), []);
    let below = in_ms(sent(101, 3, 60, 61));
    let mut spans = alike(8, 20);
    spans.push(below);
    assert_eq!(read(&named(&spans)).1.groups()[0].1.count, 5, "one that has a child ends it");
}

#[test]
fn child_that_starts_before_its_parent_is_clock_skew() {
    let server = Sent {
        service: "b",
        ..sent(2, 1, 1, 41)
    };
    let below = Sent {
        service: "b",
        ..sent(3, 2, 11, 21)
    };
    let spans = [sent(1, 0, 100, 200), server, below].map(in_ms);
    let (tree, analysis) = analysed(&spans);
    assert_eq!(
        analysis.clock(node(&tree, 2)),
        Some(ClockTrouble::StartsBefore { nano: 99 * MS })
    );
    assert_eq!(analysis.clock(node(&tree, 3)), None, "by its own parent's clock it is right");
    let centred = i64::try_from(129 * MS).expect("small");
    assert_eq!(analysis.shift_nano(node(&tree, 2)), centred, "it is put into the middle");
    assert_eq!(analysis.shift_nano(node(&tree, 3)), centred, "its host's spans move with it");
    assert_eq!(analysis.shift_nano(node(&tree, 1)), 0);
    assert_eq!(rules(&spans), [(2, Rule::ClockTrouble)], "nothing else is wrong with it");
}

#[test]
fn early_start_within_the_tolerance_is_not_warned_of() {
    for service in ["api", "b"] {
        let early = |nano: u64| {
            let child = Sent {
                service,
                ..sent(2, 1, 100 * MS - nano, 150 * MS)
            };
            rules(&[sent(1, 0, 100 * MS, 200 * MS), child])
        };
        assert_eq!(early(MS), [], "{service}: a millisecond");
        assert!(early(MS + 1).contains(&(2, Rule::ClockTrouble)), "{service}");
    }
}

#[test]
fn late_end_is_clock_skew_only_on_another_host() {
    let late = |service, end| {
        let child = Sent {
            service,
            ..sent(2, 1, 150, end)
        };
        let (_, analysis) = analysed(&[sent(1, 0, 100, 200), child].map(in_ms));
        (
            analysis.clock(1).is_some(),
            analysis.lints_of(1).any(|lint| lint.rule == Rule::OutsideParent),
        )
    };
    assert_eq!(late("b", 240), (true, false));
    assert_eq!(late("api", 240), (false, true), "the same clock");
    assert_eq!(late("b", 206), (false, true), "not far");
    assert_eq!(late("b", 300), (false, true), "longer than its parent: it was given up on");
}

#[test]
fn outside_parent_says_by_how_much_and_tolerates_what_is_normal() {
    let late = |length: u64, after: u64| {
        let parent = sent(1, 0, 0, length);
        let (_, analysis) = analysed(&[parent, sent(2, 1, 1_000, length + after)]);
        let found = analysis.lints_of(1).find(|lint| lint.rule == Rule::OutsideParent);
        found.and_then(|lint| lint.excess_nano)
    };
    assert_eq!(late(10 * MS, MS), None, "a millisecond");
    assert_eq!(late(10 * MS, MS + 1), Some(MS + 1));
    assert_eq!(late(200 * MS, 10 * MS), None, "a twentieth");
    assert_eq!(late(200 * MS, 11 * MS), Some(11 * MS));
}

#[test]
fn outside_parent_tolerates_what_ends_with_the_response() {
    let is_outside = |end: u64, kind: i32, service: &'static str| {
        let server = Sent {
            service,
            kind,
            ..sent(1, 0, 0, 400)
        };
        let spans = [server, sent(2, 1, 1, 5), sent(3, 2, 4, end)].map(in_ms);
        rules(&spans).contains(&(3, Rule::OutsideParent))
    };
    assert!(!is_outside(398, 2, "api"), "its middleware has handed the request on");
    assert!(is_outside(200, 2, "api"), "nothing ends with it");
    assert!(is_outside(398, 1, "api"), "it is not a request");
    assert!(is_outside(398, 2, "other"), "it is the request of another service");
    let caller = Sent {
        kind: 3,
        service: "web",
        ..sent(1, 0, 0, 400)
    };
    let server = Sent {
        kind: 2,
        ..sent(2, 1, 1, 10)
    };
    let streamed = [caller, server, sent(3, 2, 9, 399)].map(in_ms);
    assert_eq!(rules(&streamed), [], "the caller has read the stream to its end");
}

/// Its parent may have no span for sending, and may still run when it starts.
#[test]
fn consumer_that_outlives_its_parent_is_normal() {
    let late = |kind: i32| {
        let consumer = Sent {
            kind,
            service: "mailer",
            ..sent(2, 1, 95, 150)
        };
        rules(&[sent(1, 0, 0, 100), consumer].map(in_ms))
    };
    assert_eq!(late(5), []);
    assert_eq!(late(2), [(2, Rule::ClockTrouble)], "a call is awaited");
    let early = Sent {
        kind: 5,
        service: "mailer",
        ..sent(2, 1, 80, 150)
    };
    let skewed = rules(&[sent(1, 0, 100, 200), early].map(in_ms));
    assert_eq!(skewed, [(2, Rule::ClockTrouble)], "no message is received before it is sent");
}

#[test]
fn straight_rows_say_where_a_span_would_have_been() {
    let server = Sent {
        service: "b",
        ..sent(2, 1, 1, 41)
    };
    let store = store(&[sent(1, 0, 100, 200), server].map(in_ms));
    let mut outline = crate::support::outline(&store);
    outline.set_straight(true);
    let row = outline.rows(&store, 1..2).pop().expect("a row");
    let line = row.line.expect("a span");
    assert_eq!((line.start_unix_nano, line.end_unix_nano), (130 * MS, Some(170 * MS)));
    outline.set_straight(false);
    let row = outline.rows(&store, 1..2).pop().expect("a row");
    assert_eq!(row.line.expect("a span").start_unix_nano, MS);
}

#[test]
fn lints_name_the_span_they_are_about() {
    let nameless = Sent {
        service: "",
        ..sent(3, 1, 20, 30)
    };
    assert_eq!(
        rules(&[sent(1, 0, 0, 100), sent(2, 9, 10, 20), nameless]),
        [(3, Rule::NoServiceName), (2, Rule::MissingParent)]
    );
    assert_eq!(
        rules(&[
            sent(1, 0, 0, 100),
            Sent {
                service: "unknown_service:node",
                ..sent(2, 1, 20, 30)
            }
        ]),
        [(2, Rule::NoServiceName)]
    );
}

#[test]
fn service_without_a_name_is_warned_of_once() {
    let nameless = |id, service| Sent {
        service,
        ..sent(id, 1, 20, 30)
    };
    assert_eq!(
        rules(&[
            sent(1, 0, 0, 100),
            nameless(2, "unknown_service:node"),
            nameless(3, "unknown_service:node"),
            nameless(4, "unknown_service:python"),
        ]),
        [(2, Rule::NoServiceName), (4, Rule::NoServiceName)]
    );
}

#[test]
fn exception_without_error_status_is_a_lint() {
    let with_exception = |failed| {
        let span = Sent {
            failed,
            ..sent(1, 0, 0, 10)
        };
        let mut store = Store::new(1 << 30);
        let otlp = edit(span.to_otlp(), |span| {
            span.events.push(opentelemetry_proto::tonic::trace::v1::span::Event {
                name: "exception".to_owned(),
                ..Default::default()
            });
        });
        store.add(trace_model::otlp::batch(vec![otlp], trace_model::Source::OtlpHttp).0);
        read(&store).1.lints_of(0).map(|lint| lint.rule).collect::<Vec<_>>()
    };
    assert_eq!(with_exception(false), [Rule::ExceptionWithoutError]);
    assert_eq!(with_exception(true), []);
}

#[test]
fn parent_dropped_by_its_own_process_was_not_sampled() {
    let flags = |flags| {
        let mut store = Store::new(1 << 30);
        let otlp = edit(sent(1, 9, 5, 10).to_otlp(), |span| span.flags = flags);
        store.add(trace_model::otlp::batch(vec![otlp], trace_model::Source::OtlpHttp).0);
        read(&store).1.lints_of(1).map(|lint| lint.rule).collect::<Vec<_>>()
    };
    assert_eq!(flags(0x101), [Rule::UnsampledParent]);
    assert_eq!(flags(0x301), [Rule::MissingParent], "it is in another process");
    assert_eq!(flags(1), [Rule::MissingParent], "the parent's process is unknown");
}

#[test]
fn duplicate_ids_are_lints_unless_they_are_the_sides_of_a_call() {
    let side = |service, kind| Sent {
        service,
        kind,
        ..sent(2, 1, 10, 20)
    };
    assert_eq!(rules(&[sent(1, 0, 0, 100), side("api", 3), side("b", 2)]), []);
    assert_eq!(
        rules(&[sent(1, 0, 0, 100), side("api", 3), side("b", 3)]),
        [(2, Rule::DuplicateSpanId), (2, Rule::DuplicateSpanId)]
    );
}

#[test]
fn self_call_keeps_both_sides() {
    // Zipkin's clock ticks in microseconds: both may start within one.
    for server_start in [10, 11] {
        let mut sides = vec![
            Sent {
                kind: 3,
                ..sent(2, 1, 10, 20)
            },
            Sent {
                kind: 2,
                ..sent(2, 1, server_start, 19)
            },
            Sent {
                kind: 3,
                ..sent(2, 1, 10, 20)
            },
            sent(1, 0, 0, 100),
            sent(3, 2, 12, 13),
        ];
        for _ in 0..2 {
            sides.reverse();
            let mut store = Store::new(1 << 24);
            for side in &sides {
                let otlp = edit(side.to_otlp(), |span| span.name = "get".to_owned());
                store.add(trace_model::otlp::batch(vec![otlp], trace_model::Source::OtlpHttp).0);
            }
            let (tree, _) = read(&store);
            let told: Vec<_> = tree.nodes().iter().map(|node| (node.depth, node.kind)).collect();
            let of = |kind: i32| trace_model::SpanKind::from_otlp(kind);
            assert_eq!(
                told[..3],
                [(0, told[0].1), (1, of(3)), (2, of(2))],
                "the server is below the client"
            );
            assert_eq!(told[3].0, 3, "what is done there is below the server");
            for node in tree.nodes() {
                let span = store.span(trace(1), &node.key).expect("a span");
                assert_eq!(span.kind, node.kind, "its key leads to it");
                assert!(!node.duplicate);
            }
        }
    }
}

prop_compose! {
    fn any_span()(
        id in 1..16_u8, parent in 0..18_u8, start in 0..40_u64, long in 0..60_u64, kind in 0..6, failed: bool, flies in 0..8,
        service in prop::sample::select(vec!["api", "mailer", ""]),
    ) -> Sent {
        let end = if flies == 0 { 0 } else { start + long };
        in_ms(Sent { trace: 1, id, parent, service, start, end, kind, failed })
    }
}

proptest! {
    #[test]
    fn readings_hold_together(
        (spans, shuffled) in prop::collection::vec(any_span(), 1..40).prop_flat_map(|spans| (Just(spans.clone()), Just(spans).prop_shuffle())),
    ) {
        let (tree, analysis) = analysed(&spans);
        let (other_tree, other) = analysed(&shuffled);
        prop_assert_eq!(tree.nodes(), other_tree.nodes());
        prop_assert_eq!(format!("{:?}", analysis.critical_path()), format!("{:?}", other.critical_path()));
        prop_assert_eq!(analysis.lints(), other.lints());
        prop_assert_eq!(analysis.groups(), other.groups());
        let last = tree.nodes().iter().map(|node| node.start_unix_nano.max(node.end_unix_nano.unwrap_or(0))).max().unwrap_or(0);
        for (at, node) in tree.nodes().iter().enumerate() {
            let end = node.end_unix_nano.unwrap_or(last).max(node.start_unix_nano);
            prop_assert!(analysis.self_nano(at) <= end - node.start_unix_nano);
            prop_assert_eq!(analysis.self_nano(at), other.self_nano(at));
            prop_assert_eq!(analysis.shift_nano(at), other.shift_nano(at));
            prop_assert_eq!(analysis.repeated(at), other.repeated(at));
            let children: Vec<_> = tree.children(at).collect();
            prop_assert_eq!(children.len(), node.children);
            prop_assert!(children.iter().all(|child| tree.nodes()[*child].parent == Some(at)));
        }
        if let Ok(path) = analysis.path_to_last_span() {
            let sections = path.sections.iter();
            let told: u128 = sections.map(|section| u128::from(section.end_unix_nano - section.start_unix_nano)).sum();
            prop_assert!(told <= u128::from(path.nano), "no share of it is more than the whole");
            for pair in path.sections.windows(2) {
                prop_assert!(pair[0].end_unix_nano <= pair[1].start_unix_nano, "they are disjoint");
            }
        }
        if let Ok(path) = analysis.critical_path() {
            prop_assert!(!path.exclusive.is_empty());
            let waited: Vec<_> = path.sections.iter().collect();
            for pair in waited.windows(2) {
                prop_assert!(pair[0].end_unix_nano <= pair[1].start_unix_nano, "they are disjoint");
            }
            // All lie within the root, and fill it when that has arrived.
            if let (Some(first), Some(final_section)) = (waited.first(), waited.last()) {
                let root = std::iter::successors(Some(first.node), |at| tree.nodes()[*at].parent).last().expect("a root");
                let root = &tree.nodes()[root];
                let end = root.end_unix_nano.unwrap_or(last).max(root.start_unix_nano);
                prop_assert!(root.start_unix_nano <= first.start_unix_nano && final_section.end_unix_nano <= end);
                let filled = waited.iter().map(|section| section.end_unix_nano - section.start_unix_nano).sum::<u64>();
                prop_assert!(!root.arrived || filled == end - root.start_unix_nano);
            }
        }
    }
}

#[test]
fn times_at_the_end_of_time_are_no_trouble() {
    let spans = [
        sent(1, 0, 0, u64::MAX),
        sent(2, 1, u64::MAX, u64::MAX),
        Sent {
            service: "b",
            ..sent(3, 1, u64::MAX, 1)
        },
    ];
    let mut store = Store::new(1 << 30);
    store.add(batch(&spans));
    let mut outline = crate::support::outline(&store);
    outline.set_straight(true);
    assert_eq!(outline.rows(&store, 0..9).len(), 3);
}
