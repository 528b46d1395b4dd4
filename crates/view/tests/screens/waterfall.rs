//! Reading one trace: time, folds, jumps, what is found in it.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::Event;

use crate::analysis::repeated;
use crate::navigation::linked;
use crate::scene::{MILLI, Part, START, Scene, edit, failed, password_reset, span};

/// The title line of the waterfall.
pub(crate) fn title(scene: &mut Scene) -> String {
    let text = scene.text();
    let line = text.lines().find(|line| line.contains("WATERFALL"));
    line.expect("a waterfall").to_owned()
}

/// The line of the first row that says this.
pub(crate) fn row(scene: &mut Scene, name: &str) -> String {
    let text = scene.text();
    let mut rows = text.lines().skip_while(|line| !line.contains("WATERFALL")).skip(2);
    rows.find(|line| line.contains(name))
        .unwrap_or_else(|| panic!("{name}\n{text}"))
        .to_owned()
}

pub(crate) fn reset(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.add(password_reset());
    scene.press(&[Key::Enter]);
    scene
}

pub(crate) fn select(scene: &mut Scene, row: usize) {
    scene.press(&[Key::Home]);
    scene.press(&vec![Key::Down; row]);
    scene.draw();
}

/// It began with the id, which says nothing to a reader.
#[test]
fn title_begins_with_the_name_and_ends_with_the_id() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.add(password_reset());
        let title = title(&mut scene);
        let title = title.split('┬').next().unwrap_or_default().trim_end();
        assert!(title.starts_with(" WATERFALL  reset password · 180 ms"), "{title}");
        assert!(title.ends_with("01010101…") || title.ends_with("01010101"), "{title}");
    }
    let mut scene = Scene::new(Mode::Viewer, 40, 12);
    scene.add(password_reset());
    assert!(
        title(&mut scene).starts_with(" WATERFALL  reset passwo… · 180 ms"),
        "{}",
        title(&mut scene)
    );
}

/// Two lines below a short trace were empty, while its details were cut.
#[test]
fn waterfall_of_a_low_screen_leaves_its_empty_rows_to_the_details() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    for (trace, spans) in (1..).zip([7, 1, 3, 2, 6, 4, 5]) {
        let work = |id| span(trace, id, u8::from(id > 1), "api", "work", 0, 5);
        scene.add((1..=spans).map(work).collect());
    }
    for _ in 0..6 {
        scene.press(&[Key::Down]);
        let buffer = scene.draw();
        let selected = scene
            .app
            .traces
            .selected()
            .and_then(|trace_id| scene.app.store.trace(trace_id));
        let spans = selected.expect("a trace").spans;
        let lines = scene.app.prepare(buffer.area).panes.waterfall.height;
        // With its title and the axis.
        assert_eq!(usize::from(lines), spans + 2, "{}", scene.text());
    }
}

#[test]
fn zooming_to_a_span_fills_the_axis_with_it() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys("z");
    let compose = row(&mut scene, "compose mail");
    let cells = compose.chars().filter(|c| matches!(c, '█' | '━')).count();
    assert!(cells > 50, "{compose}");
    assert!(title(&mut scene).contains("⌕ 8.80 ms"), "{}", title(&mut scene));
    assert!(
        row(&mut scene, "reset password").trim_end().ends_with("8.00 ms ‹") || row(&mut scene, "reset password").contains('‹')
    );
    scene.type_keys("0");
    assert!(!title(&mut scene).contains('⌕') && !row(&mut scene, "reset password").contains('‹'));
}

#[test]
fn plus_and_minus_keep_the_span_where_it_stands() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    let start = |scene: &mut Scene| {
        let row = row(scene, "compose mail");
        row.chars().skip(58).position(|c| c != ' ').expect("a bar")
    };
    let before = start(&mut scene);
    scene.type_keys("+");
    assert!(title(&mut scene).contains("⌕ 90.0 ms"), "{}", title(&mut scene));
    assert!(start(&mut scene).abs_diff(before) <= 3);
    scene.type_keys("-");
    assert_eq!(start(&mut scene), before);
    assert!(!title(&mut scene).contains('⌕'), "out again it is whole");
}

#[test]
fn panning_stays_within_the_trace() {
    let mut scene = reset(120, 40);
    scene.type_keys(">");
    assert!(!scene.app.waterfall.zoom().is_zoomed());
    scene.type_keys("++");
    let first = scene.app.waterfall.zoom().shown();
    assert_eq!(first.nano, 45 * MILLI);
    scene.type_keys(">");
    assert_eq!(
        scene.app.waterfall.zoom().shown().start_unix_nano,
        first.start_unix_nano + first.nano / 4
    );
    scene.type_keys(&">".repeat(50));
    assert_eq!(scene.app.waterfall.zoom().shown().end_unix_nano(), START + 180 * MILLI);
    scene.type_keys(&"<".repeat(50));
    assert_eq!(scene.app.waterfall.zoom().shown().start_unix_nano, START);
}

#[test]
fn the_details_zoom_too_and_the_list_does_not() {
    let mut scene = reset(120, 40);
    scene.press(&[Key::Enter, Key::Char('z')]);
    assert!(scene.app.waterfall.zoom().is_zoomed());
    scene.type_keys("0");
    scene.press(&[Key::Esc, Key::Esc, Key::Char('+')]);
    assert!(!scene.app.waterfall.zoom().is_zoomed());
}

#[test]
fn view_stays_while_the_trace_grows() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys("z");
    scene.draw();
    let shown = scene.app.waterfall.zoom().shown();
    scene.add(vec![span(1, 30, 1, "api", "much later", 100, 2_000)]);
    scene.draw();
    assert_eq!(scene.app.waterfall.zoom().shown(), shown);
    assert_eq!(scene.app.waterfall.zoom().whole().nano, 2_000 * MILLI);
}

#[test]
fn a_microsecond_is_the_least_and_its_labels_differ() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys(&"+".repeat(60));
    scene.draw();
    assert_eq!(scene.app.waterfall.zoom().shown().nano, 1_000);
    let text = scene.text();
    let labels: Vec<_> = text
        .lines()
        .find(|line| line.contains("service and span"))
        .expect("the axis")
        .split('╷')
        .skip(1)
        .map(str::trim)
        .collect();
    assert!(
        labels.len() > 1 && labels.windows(2).all(|pair| pair[0] != pair[1]),
        "{labels:?}"
    );
}

#[test]
fn the_whole_trace_stands_over_the_axis_with_the_part_that_is_shown() {
    let mut scene = reset(120, 40);
    // A short trace is in view without it.
    for _ in 0..4 {
        scene.type_keys("}");
        scene.draw();
    }
    let line = |scene: &mut Scene| row_above_the_axis(scene);
    assert!(line(&mut scene).contains("up to 4 spans at a time"), "{}", line(&mut scene));
    assert!(!line(&mut scene).contains('['));
    select(&mut scene, 5);
    scene.type_keys("z");
    let zoomed = line(&mut scene);
    let (from, to) = (zoomed.find('[').expect("a start"), zoomed.find(']').expect("an end"));
    assert!(from < to && zoomed[from..to].chars().count() < 8, "{zoomed}");
}

fn row_above_the_axis(scene: &mut Scene) -> String {
    let text = scene.text();
    let axis = text
        .lines()
        .position(|line| line.contains("service and span"))
        .expect("an axis");
    text.lines().nth(axis - 1).expect("a line").to_owned()
}

#[test]
fn a_low_pane_keeps_its_lines_for_spans() {
    let mut scene = reset(80, 24);
    assert!(row_above_the_axis(&mut scene).contains("WATERFALL"));
    scene.type_keys("+");
    assert!(
        row_above_the_axis(&mut scene).contains('['),
        "but a partial view names its range"
    );
}

#[test]
fn events_stand_on_the_bar_and_a_running_span_spins() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        edit(span(1, 1, 0, "api", "GET /", 0, 100), |span| {
            span.events.push(Event {
                time_unix_nano: START + 50 * MILLI,
                name: "cache miss".to_owned(),
                ..Event::default()
            });
        }),
        span(1, 2, 1, "api", "work", 10, 0),
    ]);
    assert!(row(&mut scene, "GET /").contains('•'), "{}", scene.text());
    let running = row(&mut scene, "api work");
    assert!(
        running.contains("0.2 s") && running.contains("▒▒▒") && running.contains("running"),
        "{running}"
    );
}

#[test]
fn every_size_can_be_drawn_whatever_is_read() {
    let mut scene = reset(80, 24);
    for key in "+z<>-0FUeeccuffbnNTEM123|+=d/日\"".chars().chain("++z".chars()) {
        scene.press(&[Key::Char(key)]);
        for (width, height) in [(0, 0), (1, 1), (25, 12), (80, 2), (3, 40), (36, 30), (300, 7)] {
            scene.resize(width, height);
        }
        scene.resize(80, 24);
    }
}

/// A trace in which all that can be read in one is to be seen: a group, N+1, a gap, a message in a queue, clocks that disagree, an error,
/// an exception, an event, a link, a span that runs, a parent that is missing; and a second, quiet trace.
fn everything(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.now = START + 450 * MILLI;
    scene.add(vec![linked(span(2, 1, 0, "cron", "nightly", 0, 5), &[(1, 2)])]);
    let mut spans = repeated();
    spans.extend([
        edit(span(1, 2, 1, "api", "charge card", 130, 180), |span| {
            span.kind = 3;
            span.events.push(Event {
                time_unix_nano: START + 150 * MILLI,
                name: "retried".to_owned(),
                ..Event::default()
            });
        }),
        failed(span(1, 3, 2, "bank", "POST /charges", 60, 90), "no such card"),
        edit(span(1, 4, 1, "api", "orders publish", 182, 184), |span| span.kind = 4),
        edit(span(1, 5, 4, "mailer", "orders process", 220, 0), |span| span.kind = 5),
        span(1, 6, 99, "audit", "write", 230, 240),
    ]);
    scene.add(spans);
    scene.press(&[Key::Enter]);
    scene
}

#[test]
fn waterfall_shows_all_that_can_be_read_in_a_trace() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        for (name, keys) in [
            ("read", "j"),
            ("zoomed", "jjjz"),
            ("straight", "T"),
            ("finding", "/charge"),
            ("folded", "F"),
        ] {
            let mut scene = everything(width, height);
            scene.type_keys(keys);
            insta::assert_snapshot!(format!("waterfall_{name}_{width}x{height}"), scene.part(Part::Waterfall));
        }
        let mut scene = everything(width, height);
        scene.type_keys("P");
        scene.apply(app::Event::Held { spans: 312 });
        insta::assert_snapshot!(format!("waterfall_paused_{width}x{height}"), scene.part(Part::Waterfall));
    }
}

#[test]
fn details_show_the_attributes_of_the_scope() {
    let mut spans = span(1, 1, 0, "api", "GET /orders", 0, 400);
    let attribute = KeyValue {
        key: "policy.name".to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue("errors only".to_owned())),
        }),
        ..KeyValue::default()
    };
    spans.scope_spans[0].scope = Some(InstrumentationScope {
        name: "tail".to_owned(),
        attributes: vec![attribute],
        ..InstrumentationScope::default()
    });
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![spans]);
    // The scope is the last section.
    scene.press(&[Key::Enter, Key::Enter, Key::Left, Key::Left, Key::Enter]);
    let line = row(&mut scene, "policy.name");
    assert!(line.contains("errors only"), "{line}");
}
