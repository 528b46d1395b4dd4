//! Reading one trace: time, folds, jumps, what is found in it.

use crossterm::event::KeyCode;
use spanfall::app::Mode;

use crate::scene::{MILLI, START, Scene, password_reset, span};

/// The title line of the waterfall.
fn title(scene: &mut Scene) -> String {
    let text = scene.text();
    let line = text.lines().find(|line| line.starts_with(" WATERFALL"));
    line.expect("a waterfall").to_owned()
}

/// The line of the first row that says this.
fn row(scene: &mut Scene, name: &str) -> String {
    let text = scene.text();
    let mut rows = text.lines().skip_while(|line| !line.starts_with(" WATERFALL")).skip(2);
    rows.find(|line| line.contains(name))
        .unwrap_or_else(|| panic!("{name}\n{text}"))
        .to_owned()
}

fn reset(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.add(password_reset());
    scene.press(&[KeyCode::Enter]);
    scene
}

fn select(scene: &mut Scene, row: usize) {
    scene.press(&[KeyCode::Home]);
    scene.press(&vec![KeyCode::Down; row]);
    scene.draw();
}

#[test]
fn zooming_to_a_span_fills_the_axis_with_it() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys("z");
    let compose = row(&mut scene, "compose mail");
    let cells = compose.chars().filter(|c| *c == '█').count();
    assert!(cells > 50, "{compose}");
    assert!(title(&mut scene).contains("⌕ 8.80 ms from 81.6 ms"), "{}", title(&mut scene));
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
    scene.press(&[KeyCode::Enter, KeyCode::Char('z')]);
    assert!(scene.app.waterfall.zoom().is_zoomed());
    scene.type_keys("0");
    scene.press(&[KeyCode::Esc, KeyCode::Esc, KeyCode::Char('+')]);
    assert!(!scene.app.waterfall.zoom().is_zoomed());
}

#[test]
fn what_is_looked_at_stays_while_the_trace_grows() {
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
