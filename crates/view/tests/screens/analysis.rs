//! Analysis of a trace: repeated calls, gaps, the critical path, clocks.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use crate::navigation::linked;
use crate::scene::{Scene, span};
use crate::waterfall::{reset, row, title};

/// Equal calls below one parent, one after the other, and a long time without any.
pub(crate) fn repeated() -> Vec<ResourceSpans> {
    let call = |number: u8| {
        let start = 10 * u64::from(number);
        let mut call = span(1, 10 + number, 1, "db", "SELECT", start, start + 9);
        call.scope_spans[0].spans[0].kind = 3;
        call
    };
    let mut spans = vec![span(1, 1, 0, "api", "GET /orders", 0, 400)];
    spans.extend((0..12).map(call));
    spans
}

#[test]
fn equal_calls_are_one_row_until_it_is_opened() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(repeated());
    scene.press(&[Key::Enter]);
    let group = row(&mut scene, "SELECT");
    assert!(
        group.contains("SELECT × 12") && group.contains("108 ms") && group.contains("median 9.00 ms"),
        "{group}"
    );
    assert!(group.contains("▄▄▄"), "{group}");
    assert!(row(&mut scene, "GET /orders").contains("N+1 ×12"), "{}", scene.text());
    scene.press(&[Key::Down, Key::Char(' ')]);
    assert_eq!(scene.app.waterfall.outline().expect("rows").len(), 13);
    scene.press(&[Key::Down, Key::Down, Key::Char(' ')]);
    scene.draw();
    assert_eq!(scene.app.waterfall.outline().expect("rows").len(), 2);
    assert_eq!(scene.app.waterfall.position(), 1, "on the row that hides it");
}

#[test]
fn time_that_no_child_covers_is_hatched_and_said() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(repeated());
    let parent = row(&mut scene, "GET /orders");
    assert!(parent.contains("░ no span here ░"), "{parent}");
    // On the critical path too it is text on the ground, and not in reverse.
    let buffer = scene.draw();
    let row = (0..40).find(|y| (0..4).any(|x| buffer[(x, *y)].symbol() == "▾"));
    let row = row.expect("the parent's row");
    let said: Vec<_> = (0..120)
        .filter(|x| *x > 60 && buffer[(*x, row)].symbol().chars().all(char::is_alphabetic))
        .collect();
    assert_eq!(said.len(), "nospanhere".len(), "{parent}");
    assert!(
        said.iter()
            .all(|x| !buffer[(*x, row)].modifier.contains(ratatui::style::Modifier::REVERSED))
    );
}

#[test]
fn the_critical_path_is_on_the_bars_and_before_them() {
    let mut scene = reset(120, 40);
    assert!(
        title(&mut scene).contains("critical path ") && title(&mut scene).contains("self "),
        "{}",
        title(&mut scene)
    );
    let buffer = scene.draw();
    let lines = (0..40).flat_map(|y| (0..120).map(move |x| (x, y)));
    let struck: Vec<_> = lines.filter(|at| buffer[*at].symbol() == "━").collect();
    assert!(!struck.is_empty(), "{}", scene.text());
    for at in struck {
        let modifier = buffer[at].modifier;
        assert!(
            modifier.contains(ratatui::style::Modifier::REVERSED),
            "the bar is seen without colors too: {at:?}"
        );
    }
    assert!(row(&mut scene, "send mail").contains('┃'));
    assert!(!row(&mut scene, "compose mail").is_empty());
    scene.type_keys("c");
    assert!(scene.text().contains("critical path, section "), "{}", scene.text());
}

#[test]
fn clocks_that_disagree_are_flagged_and_can_be_straightened() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, "api", "GET /", 100, 200),
        span(1, 2, 1, "far", "handle", 60, 90),
    ]);
    scene.press(&[Key::Enter, Key::Down]);
    let flagged = row(&mut scene, "far handle");
    assert!(flagged.contains("⚠ clock −40.0 ms"), "{flagged}");
    assert!(
        scene.text().contains("clocks disagree"),
        "the details say what it means\n{}",
        scene.text()
    );
    scene.type_keys("T");
    let straightened = row(&mut scene, "far handle");
    assert!(
        straightened.contains("±") && straightened.contains("shifted +"),
        "{straightened}"
    );
    assert!(title(&mut scene).contains("± clocks straightened"), "{}", title(&mut scene));
    scene.type_keys("T");
    assert!(row(&mut scene, "far handle").contains("⚠ clock"));
}

#[test]
fn the_details_name_the_spans_at_the_other_end_of_links() {
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![span(2, 1, 0, "shop", "checkout", 0, 9)]);
    scene.add(vec![linked(span(1, 1, 0, "worker", "batch", 10, 30), &[(2, 1), (7, 7)])]);
    scene.press(&[Key::Enter, Key::Enter]);
    let text = scene.text();
    assert!(text.contains("shop checkout · span 0101010101010101"), "{text}");
    let absent: Vec<_> = scene.app.details.content().links.iter().map(|link| link.is_absent).collect();
    assert_eq!(absent, [false, true]);
}
