//! One trace compared with another, and with the median of its operation.

use app::keymap::{Key, KeyContext};
use app::{Baseline, Mode, Screen};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use trace_model::work;

use crate::scene::{Part, Scene, edit, failed, password_reset, span, trace};

/// A request to a shop, slower and with more to do the higher its number is; the last one fails.
fn request(number: u8) -> Vec<ResourceSpans> {
    let from = 1_000 * u64::from(number);
    let slow = if number == 9 { 400 } else { u64::from(number) };
    let span =
        |id, parent, service, name, start: u64, end: u64| span(number, id, parent, service, name, from + start, from + end);
    let mut spans = vec![
        span(1, 0, "web", "GET /checkout", 0, 100 + slow),
        span(2, 1, "orders", "POST /orders", 10, 80 + slow),
        span(3, 2, "orders", "INSERT orders", 20, 25 + slow),
    ];
    let items = if number == 9 { 7 } else { 2 };
    spans.extend((0..items).map(|at| span(20 + at, 2, "stock", "GET /items/{id}", 50 + u64::from(at), 53 + u64::from(at))));
    if number == 9 {
        spans.push(failed(
            span(5, 1, "payment", "POST /charge", 81 + slow, 90 + slow),
            "card declined",
        ));
    } else {
        spans.push(span(6, 1, "web", "render page", 90, 98));
        spans.push(span(7, 6, "web", "template", 91, 97));
    }
    spans
}

fn shop(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    (1..=9).for_each(|number| scene.add(request(number)));
    scene
}

/// At each size that a snapshot is taken of.
fn snapshots(name: &str, keys: &str) {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = shop(width, height);
        scene.type_keys(keys);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), scene.part(Part::Body));
    }
}

fn baseline(scene: &Scene) -> Baseline {
    match scene.app.screens.top() {
        Some(Screen::Compare(compare)) => compare.baseline(),
        other => panic!("{other:?} is open"),
    }
}

#[test]
fn a_trace_and_a_marked_one() {
    snapshots("compare_marked", "j=gd");
}

#[test]
fn a_trace_and_what_is_usual() {
    snapshots("compare_median", "d");
}

#[test]
fn the_marked_trace_is_marked_in_the_list_until_it_is_marked_again() {
    let mut scene = shop(120, 40);
    scene.type_keys("jj=");
    assert!(scene.text().contains("=▸"), "{}", scene.text());
    scene.type_keys("=");
    assert!(!scene.text().contains("=▸"), "{}", scene.text());
    assert!(scene.app.marked.is_none());
}

#[test]
fn differences_are_gone_through_and_opened_on_the_side_that_has_them() {
    let mut scene = shop(120, 40);
    scene.type_keys("j=gdn");
    scene.press(&[Key::Enter]);
    scene.draw();
    let (trace_id, key) = scene.app.waterfall.selected().expect("a span");
    assert_eq!(
        (trace_id, &*key.service),
        (trace(9), "orders"),
        "the first one is the slow query"
    );
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);

    scene.type_keys("dNN");
    scene.draw();
    scene.press(&[Key::Enter]);
    scene.draw();
    let (trace_id, _) = scene.app.waterfall.selected().expect("a span");
    assert_eq!(
        trace_id,
        trace(8),
        "what is gone is in the trace that was marked: {}",
        scene.text()
    );
}

#[test]
fn comparison_by_change_puts_the_largest_first() {
    let mut scene = shop(120, 40);
    scene.type_keys("j=gds");
    let text = scene.text();
    let first = text.lines().nth(7).unwrap_or_default();
    assert!(first.contains("INSERT orders") && first.contains("+392 ms"), "{text}");
}

#[test]
fn tab_changes_what_it_is_compared_with() {
    let mut scene = shop(120, 40);
    scene.type_keys("j=gd");
    assert_eq!(baseline(&scene), Baseline::Marked);
    scene.press(&[Key::Tab]);
    assert!(
        scene.text().contains("median of 8 traces without errors: web GET /checkout"),
        "{}",
        scene.text()
    );
    scene.press(&[Key::Tab]);
    assert_eq!(baseline(&scene), Baseline::Marked);
    // The marked one is compared with the median: there is nothing else.
    scene.press(&[Key::Esc]);
    scene.type_keys("jd");
    assert_eq!(baseline(&scene), Baseline::Median);
    scene.press(&[Key::Tab]);
    assert!(scene.text().contains("this is the marked trace"), "{}", scene.text());
}

#[test]
fn comparison_that_is_impossible_says_why() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.type_keys("d");
    assert!(scene.text().contains("no trace to compare"));
    scene.type_keys("=");
    assert!(scene.text().contains("no trace to compare yet"));
    scene.add(password_reset());
    scene.type_keys("d");
    assert!(
        scene.text().contains("no other trace of spanfall reset password"),
        "{}",
        scene.text()
    );
    scene.type_keys("n");
    assert!(scene.text().contains("nothing differs"), "{}", scene.text());
    scene.press(&[Key::Esc]);
    scene.add(vec![span(7, 2, 1, "api", "child", 3, 9)]);
    scene.type_keys("kd");
    assert!(scene.text().contains("has not arrived"), "{}", scene.text());
    // Its root comes while one looks, and there is another of its operation.
    scene.add(vec![
        span(7, 1, 0, "web", "GET /", 1, 10),
        span(8, 1, 0, "web", "GET /", 1, 10),
    ]);
    scene.draw();
    scene.type_keys("n");
    assert!(
        scene.text().contains("median of 1 trace without errors: web GET /"),
        "{}",
        scene.text()
    );
}

#[test]
fn a_marked_trace_that_left_is_compared_as_it_was() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(request(1));
    scene.type_keys("=");
    let fat = |number: u8, id: u8| {
        edit(span(number, id, 0, "web", "GET /checkout", 0, 5), |span| {
            span.name = "x".repeat(60_000);
        })
    };
    for number in 10..=200 {
        scene.add((1..=250).map(|id| fat(number, id)).collect());
        if scene.app.store.trace(trace(1)).is_none() {
            break;
        }
    }
    assert!(scene.app.store.trace(trace(1)).is_none(), "the memory is full");
    scene.add(request(9));
    scene.type_keys("gd");
    let text = scene.text();
    assert!(
        text.contains("= no longer in memory, as it was") && text.contains("render page"),
        "{text}"
    );
    scene.type_keys("NN");
    scene.press(&[Key::Enter]);
    assert!(scene.text().contains("trace evicted"), "{}", scene.text());
}

#[test]
fn comparison_grows_with_the_trace_and_keeps_its_cursor() {
    let mut scene = shop(120, 40);
    scene.type_keys("j=gdn");
    let before = scene.text();
    assert!(before.contains("▸ 03:04:14 web GET /checkout"), "{before}");
    scene.add(vec![span(9, 60, 1, "web", "audit", 9_001, 9_002)]);
    scene.draw();
    assert!(scene.text().contains("audit"), "{}", scene.text());
    scene.press(&[Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
    let (_, key) = scene.app.waterfall.selected().expect("a span");
    assert_eq!(&*key.service, "orders");
}

#[test]
fn large_traces_are_compared_between_frames() {
    // All that a frame may do: the waterfall, both traces and the comparison have a budget each, and end with a whole step.
    const FRAME: u64 = 20 << 20;
    // The most that a step may do beyond what it was asked for, of each that is read.
    const STEP: u64 = 4 << 20;
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    for number in [1, 2] {
        scene.add(vec![large(number, 100_000)]);
    }
    let count = |scene: &mut Scene| {
        let (_, counted) = work::of(|| scene.draw());
        assert!(counted <= FRAME, "{counted} in a frame");
    };
    for key in "j=gd".chars() {
        scene.app.apply(app::Event::Key(Key::Char(key)));
        count(&mut scene);
        // Each step may begin the next one: at a frame.
        while scene.app.is_reading() {
            let ((), counted) = work::of(|| {
                scene.app.read_part(1 << 16);
            });
            assert!(counted <= STEP, "{counted} in a step");
            if !scene.app.is_reading() {
                count(&mut scene);
            }
        }
    }
    let Some(Screen::Compare(compare)) = scene.app.screens.top() else {
        panic!("no comparison is open")
    };
    assert_eq!((compare.is_comparing(), compare.len()), (false, 100_000));
}

/// A trace whose spans have names of their own, below one root.
fn large(number: u8, spans: u64) -> ResourceSpans {
    let mut root = span(number, 1, 0, "api", "all", 0, 900);
    let one = root.scope_spans[0].spans[0].clone();
    root.scope_spans[0].spans.extend((2..=spans).map(|id| Span {
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: one.span_id.clone(),
        name: format!("work {id}"),
        ..one.clone()
    }));
    root
}
