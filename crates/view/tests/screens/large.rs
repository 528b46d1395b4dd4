//! Large traces: nothing that a key or a frame does with one takes long, by the work that is counted.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use trace_model::work;

use crate::scene::{Scene, edit, failed, span};

/// All that a frame may do: the waterfall and what is searched have a budget each, and end with a whole step.
const FRAME: u64 = 16 << 20;
/// Work of a key, at most.
const KEY: u64 = 6 << 20;
/// Work of a step, at most: it may end with a jump to the first match, which folds as a key does.
const STEP: u64 = 5 << 20;

/// A trace below one root; every hundredth span failed.
fn wide(spans: u64) -> Vec<ResourceSpans> {
    let mut root = span(1, 1, 0, "api", "all", 0, 900);
    let one = failed(root.clone(), "no").scope_spans[0].spans[0].clone();
    root.scope_spans[0].spans.extend((2..=spans).map(|id| Span {
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: one.span_id.clone(),
        name: format!("work {id}"),
        status: one.status.clone().filter(|_| id % 100 == 0),
        ..one.clone()
    }));
    vec![root]
}

/// A trace in which each span is below the one before the last.
fn deep(spans: u64) -> Vec<ResourceSpans> {
    let mut groups = wide(spans);
    for span in groups[0].scope_spans[0].spans.iter_mut().skip(3) {
        let id = u64::from_be_bytes(span.span_id.as_slice().try_into().expect("8 bytes"));
        span.parent_span_id = (id / 2).to_be_bytes().to_vec();
    }
    groups
}

/// As many services that use one span id.
fn one_id(services: u64) -> Vec<ResourceSpans> {
    (0..services)
        .map(|number| span(1, 1, 0, &format!("service {number}"), "work", number % 100, 900))
        .collect()
}

/// Draws and reads until all is on the screen.
fn settle(scene: &mut Scene, what: &str) {
    loop {
        let (_, counted) = work::of(|| scene.draw());
        assert!(counted <= FRAME, "{what}: {counted} in a frame");
        if !scene.app.is_reading() {
            break;
        }
        while scene.app.is_reading() {
            let (_, counted) = work::of(|| scene.app.read_part(1 << 16));
            assert!(counted <= STEP, "{what}: {counted} in a step");
        }
    }
}

fn press(scene: &mut Scene, key: Key) {
    let (_, counted) = work::of(|| scene.app.apply(app::Event::Key(key)));
    assert!(counted <= KEY, "{key:?}: {counted} by a key");
    settle(scene, &format!("{key:?}"));
}

fn each_key(spans: Vec<ResourceSpans>) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(spans);
    settle(&mut scene, "arrival");
    press(&mut scene, Key::Enter);
    for key in "/work\nnNMU()FEeTTcu".chars() {
        press(&mut scene, if key == '\n' { Key::Enter } else { Key::Char(key) });
    }
    scene
}

#[test]
fn keys_do_bounded_work_on_large_traces() {
    for spans in [wide(60_000), deep(60_000), one_id(10_000)] {
        let mut scene = each_key(spans);
        // Another trace: what was shown is dropped.
        scene.add(vec![span(2, 1, 0, "web", "other", 0, 1)]);
        press(&mut scene, Key::Esc);
        press(&mut scene, Key::Esc);
        press(&mut scene, Key::Char('g'));
        assert!(scene.text().contains("other"), "{}", scene.text());
    }
}

#[test]
fn links_into_a_large_trace_are_followed_between_frames() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(deep(60_000));
    let linking = edit(span(2, 1, 0, "web", "other", 0, 1), |span| {
        span.links.push(Link {
            trace_id: vec![1; 16],
            span_id: 41_234_u64.to_be_bytes().to_vec(),
            ..Link::default()
        });
        span.links.push(Link {
            trace_id: vec![1; 16],
            span_id: 999_999_u64.to_be_bytes().to_vec(),
            ..Link::default()
        });
    });
    scene.add(vec![linking]);
    press(&mut scene, Key::Char('g'));
    press(&mut scene, Key::Enter);
    let name = |scene: &Scene| {
        let row = scene.app.waterfall.row().and_then(|row| row.line.clone()).expect("a span");
        row.name.to_string()
    };
    assert_eq!(name(&scene), "other", "the newest trace");
    press(&mut scene, Key::Char('f'));
    assert_eq!(name(&scene), "work 41234");
    press(&mut scene, Key::Char('f'));
    assert!(scene.text().contains("has not arrived"), "{}", scene.text());
    press(&mut scene, Key::Char('b'));
    press(&mut scene, Key::Char('b'));
    assert_eq!(name(&scene), "other");
}

#[test]
fn large_span_is_decoded_once_while_its_trace_grows() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let large = edit(span(1, 1, 0, "api", "all", 0, 900), |span| {
        span.events = vec![Event {
            name: "x".repeat(1 << 20),
            ..Event::default()
        }];
    });
    scene.add(vec![large]);
    press(&mut scene, Key::Enter);
    let ((), counted) = work::of(|| {
        for id in 2..50 {
            scene.add(vec![span(1, id, 1, "api", "child", 0, 1)]);
            scene.draw();
        }
    });
    assert!(counted < 4 << 20, "{counted} for 48 spans");
}

#[test]
fn search_of_a_large_trace_ends_at_its_first_match() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(wide(60_000));
    settle(&mut scene, "arrival");
    press(&mut scene, Key::Enter);
    // Typed faster than frames are drawn.
    for key in "/59999\n".chars() {
        let key = if key == '\n' { Key::Enter } else { Key::Char(key) };
        scene.app.apply(app::Event::Key(key));
    }
    scene.app.apply(app::Event::Key(Key::Char('M')));
    let notice = scene.app.notice.take().map(|notice| notice.text).unwrap_or_default();
    assert!(notice.contains("still searching"), "{notice}");
    settle(&mut scene, "search");
    let row = scene.app.waterfall.row().and_then(|row| row.line.clone()).expect("a span");
    assert_eq!(&*row.name, "work 59999");
    assert_eq!(scene.app.waterfall.find().count(), Some(1));
    // The cursor keeps its span when it is folded, as far as it can.
    press(&mut scene, Key::Char('M'));
    let row = scene.app.waterfall.row().and_then(|row| row.line.clone()).expect("a span");
    assert_eq!(&*row.name, "work 59999");
}
