//! The mouse.

use app::keymap::{Key, KeyContext};
use app::{Effect, Event, EventResult, Hit, Mode, Pane, Pointer, PointerKind};

use crate::scene::{Scene, password_reset, span, trace};

/// A modifier key.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    Nothing,
    Control,
    Shift,
}

fn event(scene: &mut Scene, kind: PointerKind, (column, row): (u16, u16), held: Held) -> EventResult {
    scene.draw();
    scene.app.apply(Event::Pointer(Pointer {
        at: (column, row).into(),
        kind,
        control: held == Held::Control,
        shift: held == Held::Shift,
    }))
}

fn click(scene: &mut Scene, at: (u16, u16)) -> EventResult {
    let pressed = event(scene, PointerKind::Press, at, Held::Nothing);
    event(scene, PointerKind::Release, at, Held::Nothing);
    pressed
}

/// Returns the position of a text on the screen.
fn place(scene: &mut Scene, part: &str) -> (u16, u16) {
    let text = scene.text();
    let mut lines = text.lines().enumerate();
    let found = lines.find_map(|(row, line)| Some((line[..line.find(part)?].chars().count(), row)));
    let (column, row) = found.unwrap_or_else(|| panic!("{part} is not there\n{text}"));
    (u16::try_from(column).expect("small"), u16::try_from(row).expect("small"))
}

fn several() -> Scene {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    for number in 2..=12 {
        scene.add(vec![span(number, 1, 0, "shop", "GET /", 0, 1)]);
    }
    scene.add(password_reset());
    scene
}

#[test]
fn a_click_selects_and_another_opens() {
    let mut scene = several();
    click(&mut scene, (20, 4));
    scene.draw();
    assert_eq!(
        (scene.app.traces.selected(), scene.app.screens.pane),
        (Some(trace(12)), Pane::Traces)
    );
    click(&mut scene, (20, 3));
    click(&mut scene, (20, 3));
    assert_eq!(
        (scene.app.traces.selected(), scene.app.screens.pane),
        (Some(trace(1)), Pane::Waterfall)
    );
    let at = place(&mut scene, "send mail");
    click(&mut scene, at);
    scene.draw();
    let selected = scene.app.waterfall.selected().map(|(_, key)| key.span_id);
    assert_eq!(
        (selected, scene.app.screens.pane),
        (Some(crate::scene::span_id(7)), Pane::Waterfall)
    );
    click(&mut scene, at);
    assert_eq!(scene.app.screens.pane, Pane::Details);
}

#[test]
fn a_click_on_a_fold_mark_folds() {
    let mut scene = several();
    let (column, row) = place(&mut scene, "api resetPasswordHandler");
    click(&mut scene, (column - 2, row));
    assert!(scene.text().contains("+4"), "{}", scene.text());
    click(&mut scene, (column - 2, row));
    assert!(!scene.text().contains("+4"));
}

#[test]
fn a_click_on_a_key_below_is_that_key() {
    let mut scene = several();
    let at = place(&mut scene, "reset  i invalid");
    assert!(matches!(click(&mut scene, at), EventResult::Changed(Some(Effect::Send(_)))));
    let at = place(&mut scene, "help  q quit");
    click(&mut scene, at);
    assert_eq!(scene.app.key_context(), KeyContext::Help);
    click(&mut scene, (0, 0));
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall, "a click beside it closes it");
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer() {
    let mut scene = several();
    let wheel = |scene: &mut Scene, at| event(scene, PointerKind::WheelDown, at, Held::Nothing);
    let at = place(&mut scene, "resetPasswordHandler");
    wheel(&mut scene, at);
    scene.draw();
    assert_eq!((scene.app.waterfall.position(), scene.app.screens.pane), (3, Pane::Traces));
    wheel(&mut scene, (20, 4));
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(10)), "three rows down");
    scene.type_keys("?g");
    let before = scene.text();
    wheel(&mut scene, (20, 10));
    assert_eq!(scene.app.key_context(), KeyContext::Help);
    assert_ne!(scene.text(), before, "the help scrolls");
}

#[test]
fn control_and_the_wheel_zoom() {
    let mut scene = several();
    let (_, row) = place(&mut scene, "resetPasswordHandler");
    event(&mut scene, PointerKind::WheelUp, (100, row), Held::Control);
    assert!(scene.app.waterfall.zoom().is_zoomed());
    let before = scene.app.waterfall.zoom().shown();
    event(&mut scene, PointerKind::WheelUp, (100, row), Held::Shift);
    assert!(scene.app.waterfall.zoom().shown().start_unix_nano < before.start_unix_nano);
}

#[test]
fn a_title_can_be_dragged_and_the_same_done_by_key() {
    let mut scene = several();
    let (_, title) = place(&mut scene, "WATERFALL");
    event(&mut scene, PointerKind::Press, (5, title), Held::Nothing);
    let dragged = |scene: &mut Scene, row| event(scene, PointerKind::Drag, (5, row), Held::Nothing);
    assert_eq!(dragged(&mut scene, title + 4), EventResult::Changed(None));
    assert_eq!(place(&mut scene, "WATERFALL").1, title + 4);
    assert_eq!(dragged(&mut scene, title + 4), EventResult::Nothing, "it is there");
    dragged(&mut scene, 39);
    assert!(scene.text().contains("WATERFALL"), "it cannot be dragged away");
    event(&mut scene, PointerKind::Release, (5, title), Held::Nothing);
    assert_eq!(dragged(&mut scene, title), EventResult::Nothing, "let go");

    let mut scene = several();
    let (_, details) = place(&mut scene, "SPAN ");
    scene.press(&[Key::Enter, Key::Enter]);
    scene.type_keys("}}");
    assert_eq!(place(&mut scene, "SPAN ").1, details - 2);
    scene.type_keys("{");
    assert_eq!(place(&mut scene, "SPAN ").1, details - 1);
}

#[test]
fn clicks_beside_the_screen_change_nothing() {
    let mut scene = several();
    assert_eq!(click(&mut scene, (500, 500)), EventResult::Nothing);
    for (width, height) in [(0, 0), (1, 1), (7, 3)] {
        scene.resize(width, height);
        for at in [(0, 0), (3, 2), (500, 500)] {
            click(&mut scene, at);
            event(&mut scene, PointerKind::WheelUp, at, Held::Control);
        }
    }
}

#[test]
fn rows_and_column_names_of_lists_are_clicked() {
    let mut scene = several();
    scene.type_keys("O");
    let at = place(&mut scene, "resetPasswordHandler");
    click(&mut scene, at);
    assert_eq!(scene.app.key_context(), KeyContext::Operations, "selected");
    click(&mut scene, at);
    scene.draw();
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
    let (trace_id, key) = scene.app.waterfall.selected().expect("a span");
    assert_eq!((trace_id, &*key.service), (trace(1), "api"));

    scene.type_keys("O");
    let at = place(&mut scene, "p50");
    click(&mut scene, at);
    assert!(scene.text().contains("▾p50"), "{}", scene.text());
    click(&mut scene, at);
    assert!(scene.text().contains("▴p50"), "{}", scene.text());
    // The typed filter is kept by a click on a match.
    scene.type_keys("/mail");
    let at = place(&mut scene, "handleSentMailMessage");
    click(&mut scene, at);
    assert_eq!(scene.app.key_context(), KeyContext::Operations);
    click(&mut scene, (2, 0));
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall, "the first tab as it was left");
}

#[test]
fn every_list_can_be_clicked() {
    let mut scene = several();
    for (keys, row) in [
        ("g", "reset password"),
        ("mv", "● api  "),
        ("x", "EnqueueMessage"),
        ("d", "resetPasswordHandler"),
        (":quit", "or quit"),
    ] {
        scene.type_keys(keys);
        if keys == "d" {
            // Something to compare with.
            scene.press(&[Key::Esc]);
            scene.type_keys("=jdk");
        }
        let text = scene.text();
        if let Some(line) = text.lines().position(|line| line.contains(row)) {
            let at = u16::try_from(line).expect("small");
            let answer = click(&mut scene, (30, at));
            assert!(matches!(answer, EventResult::Changed(_)), "{keys}: {text}");
            if keys.starts_with(':') {
                assert_eq!(answer, EventResult::Changed(Some(Effect::Quit)), "a command is done at once");
            }
        } else {
            panic!("{keys}: {row}\n{text}");
        }
        scene.press(&[Key::Esc]);
    }
}

#[test]
fn the_names_of_the_lists_columns_sort_it() {
    let mut scene = several();
    let at = place(&mut scene, "duration");
    click(&mut scene, at);
    assert!(scene.text().contains("longest first"), "{}", scene.text());
    click(&mut scene, at);
    assert!(scene.text().contains("shortest first"), "{}", scene.text());
    let (column, row) = place(&mut scene, "duration spans");
    click(&mut scene, (column + 10, row));
    assert!(scene.text().contains("most spans first"), "{}", scene.text());
}

#[test]
fn nodes_and_column_names_of_the_map_are_clicked() {
    let mut scene = several();
    scene.type_keys("m");
    let at = place(&mut scene, "▌ mailer");
    click(&mut scene, (at.0 + 3, at.1));
    assert!(
        scene.text().contains("▌▸mailer") && scene.text().contains("EDGES mailer"),
        "{}",
        scene.text()
    );
    let (column, row) = place(&mut scene, "p99  in queue");
    click(&mut scene, (column + 1, row));
    assert!(scene.text().contains("▾p99"), "{}", scene.text());
    click(&mut scene, (column + 1, row));
    assert!(scene.text().contains("▴p99"), "{}", scene.text());
    click(&mut scene, (at.0 + 3, at.1));
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall, "again it opens");
}

#[test]
fn tabs_are_clicked() {
    let mut scene = several();
    scene.add(vec![span(40, 2, 1, "api", "orphan", 0, 5)]);
    scene.type_keys("j");
    scene.now += 10_000 * crate::scene::MILLI;
    scene.type_keys("k");
    let at = place(&mut scene, "Warnings 1");
    click(&mut scene, at);
    assert_eq!(scene.app.key_context(), KeyContext::Warnings);
    click(&mut scene, (1, 1));
    assert_eq!(scene.app.key_context(), KeyContext::Warnings, "there is nothing to click");
    click(&mut scene, (1, 0));
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
    let at = place(&mut scene, "0 rejected");
    click(&mut scene, at);
    assert_eq!(scene.app.key_context(), KeyContext::Ingest);
}

#[test]
fn the_line_between_panes_beside_each_other_is_dragged() {
    let mut scene = several();
    scene.resize(200, 50);
    let rule = |scene: &mut Scene| {
        let text = scene.text();
        let line = text
            .lines()
            .find(|line| line.contains("WATERFALL"))
            .expect("a title")
            .to_owned();
        u16::try_from(line.chars().position(|c| c == '┬').expect("a line between")).expect("small")
    };
    let at = rule(&mut scene);
    event(&mut scene, PointerKind::Press, (at, 20), Held::Nothing);
    event(&mut scene, PointerKind::Drag, (at - 30, 20), Held::Nothing);
    event(&mut scene, PointerKind::Release, (at - 30, 20), Held::Nothing);
    assert_eq!(rule(&mut scene), at - 30);
    // A click in the other pane is a click there.
    click(&mut scene, (at, 20));
    assert_eq!(scene.app.screens.pane, Pane::Details);
}

#[test]
fn sections_of_the_details_are_clicked() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = several();
        scene.resize(width, height);
        scene.press(&[Key::Enter, Key::Down]);
        scene.draw();
        let sections = scene.app.hits.iter().filter_map(|(area, hit)| match hit {
            Hit::Section(name) => Some(((area.x, area.y), name)),
            _ => None,
        });
        let sections: Vec<_> = sections.collect();
        assert!(sections.iter().any(|(_, name)| *name == "attributes"), "{sections:?}");
        for (at, name) in sections {
            let mut scene = several();
            scene.resize(width, height);
            scene.press(&[Key::Enter, Key::Down]);
            click(&mut scene, at);
            scene.draw();
            assert_eq!(scene.app.details.pane().section().map(|section| section.name), Some(name));
            assert_eq!(scene.app.screens.pane, Pane::Details);
        }
    }
}
