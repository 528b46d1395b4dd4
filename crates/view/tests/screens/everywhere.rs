//! Whatever is pressed in whatever state, on a screen of whatever size, while whatever arrives: there is a picture.

use std::collections::BTreeMap;

use app::keymap::{KEYMAP, Key, KeyContext};
use app::{Effect, Event, Mode, Pointer, PointerKind};
use opentelemetry_proto::tonic::trace::v1::span::Link;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use ratatui::style::Color;
use trace_model::Source;
use view::{Theme, ThemeKind};

use crate::errors::{add_error, smtp_error, text};
use crate::scene::{Scene, edit, failed, password_reset, span};
use crate::whole;

/// Sizes at which something gives way, from nothing on.
const SIZES: [(u16, u16); 12] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (0, 10),
    (10, 0),
    (3, 7),
    (20, 5),
    (39, 12),
    (80, 24),
    (120, 40),
    (200, 50),
    (300, 9),
];

#[derive(Clone, Debug)]
enum Step {
    /// One of the keys in the table, by position.
    Key(usize),
    Type(char),
    /// Enter: few keys lead further in.
    Open,
    /// Esc: most keys do not lead out of a line that is edited.
    Leave,
    /// A click at this column and row.
    Click(u16, u16),
    Resize(usize),
    Arrive(u8),
    /// Milliseconds that pass.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = all_keys().len();
    prop_oneof![
        12 => (0..keys).prop_map(Step::Key),
        2 => proptest::char::range(' ', '~').prop_map(Step::Type),
        2 => Just(Step::Open),
        2 => Just(Step::Leave),
        2 => (0..200_u16, 0..50_u16).prop_map(|(column, row)| Step::Click(column, row)),
        3 => (0..SIZES.len()).prop_map(Step::Resize),
        3 => (0..9_u8).prop_map(Step::Arrive),
        1 => prop_oneof![Just(100), Just(1_500), Just(400_000)].prop_map(Step::Wait),
    ]
}

/// Every key of the table once.
fn all_keys() -> Vec<Key> {
    let mut keys = Vec::new();
    for key in KEYMAP
        .iter()
        .flat_map(|section| section.bindings)
        .flat_map(|binding| binding.keys)
    {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    keys
}

/// Adds spans that have crashed other viewers: services and spans in cycles, spans that are their own parents, links to nowhere, repeated
/// requests, roots that arrive last, times that run backwards.
fn arrive(scene: &mut Scene, what: u8) {
    match what {
        0 => scene.add(password_reset()),
        1 => scene.add(vec![
            span(2, 1, 2, "api", "circle", 0, 5),
            span(2, 2, 1, "mailer", "circle", 1, 4),
            span(2, 3, 3, "api", "own parent", 1, 2),
        ]),
        2 => scene.add(vec![edit(span(3, 1, 0, "api", "linked", 0, 5), |span| {
            let link = |trace: u8, id: u8| Link {
                trace_id: vec![trace; 16],
                span_id: vec![id; 8],
                ..Link::default()
            };
            span.links = vec![link(1, 4), link(200, 1), link(3, 1), Link::default()];
        })]),
        3 => scene.add(vec![
            span(4, 2, 1, "api", "child", 3, 900),
            span(4, 3, 1, "", "nameless", 2, 0),
        ]),
        4 => {
            scene.add(vec![failed(span(4, 1, 0, "web", "late root", 0, 5), "no\u{1b}[2J")]);
            let title = text("Net\u{1b}[2Jwork\u{202e}Error: 7");
            add_error(scene, 4, 1, "web", 2, vec![("title", title)]);
            add_error(scene, 6, 1, "web", 3, smtp_error());
        }
        5 => scene.add(
            (2..40)
                .map(|id| span(5, id, 1, "db", "SELECT", u64::from(id) * 3, u64::from(id) * 3 + 2))
                .collect(),
        ),
        6 => scene.add(vec![edit(span(5, 1, 0, "api", "backwards", 0, 5), |span| {
            span.start_time_unix_nano = u64::MAX;
            span.end_time_unix_nano = 1;
        })]),
        7 => scene.add_envelope(password_reset()),
        _ => scene.add_logs(1, 5, &[(3, 9, "said"), (2, 17, "failed")]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn there_is_a_picture(demo: bool, steps in prop::collection::vec(step(), 1..120)) {
        let mode = if demo { Mode::Demo } else { Mode::Viewer };
        let mut scene = Scene::new(mode, 80, 24);
        for step in steps {
            take(&mut scene, &step);
        }
    }
}

fn take(scene: &mut Scene, step: &Step) {
    match *step {
        Step::Key(number) => {
            send(scene, all_keys()[number]);
        }
        Step::Type(c) => {
            send(scene, Key::Char(c));
        }
        Step::Open => {
            send(scene, Key::Enter);
        }
        Step::Leave => {
            send(scene, Key::Esc);
        }
        Step::Click(column, row) => {
            scene.apply(Event::Pointer(Pointer {
                at: (column, row).into(),
                kind: PointerKind::Press,
                control: false,
                shift: false,
            }));
        }
        Step::Resize(size) => scene.resize(SIZES[size].0, SIZES[size].1),
        Step::Arrive(what) => arrive(scene, what),
        Step::Wait(milliseconds) => scene.now += milliseconds * crate::scene::MILLI,
    }
    while scene.app.survey(scene.now, 1_000) {}
    while scene.app.search(1_000) {}
    while scene.app.is_reading() {
        scene.app.read_part(10_000);
    }
    scene.draw();
}

/// Seeds of the walks: from these on, few walks come to every context.
const WALKS: std::ops::RangeInclusive<u8> = 150..=255;
/// Walks, at least.
const WALKS_MIN: u8 = 12;
/// Steps of a walk.
const STEPS: usize = 150;

/// All walks begin on the first screen; together they come to every context there is.
#[test]
fn walks_reach_every_context() {
    let mut reached = BTreeMap::new();
    let mut steps = 0;
    for walk in WALKS {
        let mut scene = whole::reached(KeyContext::Traces, 80, 24);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[walk; 32]);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        for _ in 0..STEPS {
            let step = step().new_tree(&mut runner).expect("a step").current();
            take(&mut scene, &step);
            steps += 1;
            reached.entry(scene.app.key_context()).or_insert(steps);
        }
        if walk - WALKS.start() >= WALKS_MIN && reached.len() == KeyContext::ALL.len() {
            break;
        }
    }
    println!("reached, after how many of {steps} steps: {reached:?}");
    let missed: Vec<_> = KeyContext::ALL
        .into_iter()
        .filter(|context| !reached.contains_key(context))
        .collect();
    assert_eq!(missed, []);
}

/// Views write roles, and only the theme knows colors: any other color would show on a screen without colors.
#[test]
fn a_screen_without_colors_has_none() {
    let keys = all_keys().len();
    for opened in 0..keys {
        let mut scene = Scene::new(Mode::Demo, 120, 40);
        scene.theme = Theme::new(ThemeKind::None);
        (0..9).for_each(|what| arrive(&mut scene, what));
        scene.draw();
        send(&mut scene, all_keys()[opened]);
        let buffer = scene.draw();
        let colored = |cell: &&ratatui::buffer::Cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset);
        assert_eq!(buffer.content.iter().find(colored), None, "after {:?}", all_keys()[opened]);
    }
}

/// Each key once, in each place that one or two keys lead to.
#[test]
fn every_key_can_be_pressed_on_every_screen() {
    let keys = all_keys().len();
    for opened in 0..keys {
        for (at, size) in SIZES.iter().enumerate().skip(opened % 4).step_by(4) {
            let mut scene = Scene::new(Mode::Demo, 80, 24);
            if at % 2 == 0 {
                (0..9).for_each(|what| arrive(&mut scene, what));
            }
            scene.draw();
            send(&mut scene, all_keys()[opened]);
            scene.resize(size.0, size.1);
            for key in (at..keys).step_by(SIZES.len()) {
                send(&mut scene, all_keys()[key]);
                scene.draw();
            }
        }
    }
}

fn send(scene: &mut Scene, key: Key) -> Option<Effect> {
    let effect = scene.apply(Event::Key(key));
    while scene.app.store.search(1_000) {}
    effect
}

#[test]
fn a_summary_of_nothing_is_a_picture() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    let (batch, _) = trace_model::otlp::batch(Vec::new(), Source::OtlpHttp);
    scene.app.store.add(batch);
    assert!(scene.text().contains("No traces yet"), "{}", scene.text());
}
