//! The palette.

use app::keymap::{Key, KeyContext};
use app::{Action, Mode, Popup};

use crate::scene::{Part, Scene, password_reset, span};
use crate::snapshots::part_at_all_sizes;

fn logged(scene: &mut Scene) {
    scene.add(password_reset());
    scene.add_logs(1, 3, &[(2, 9, "reset asked for"), (6, 5, "message is in the queue")]);
    scene.add_logs(
        1,
        7,
        &[(95, 13, "the server is slow"), (169, 17, "451 try \u{1b}[2Jagain later")],
    );
}

#[test]
fn a_trace_without_logs_says_so() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.type_keys("L");
    assert!(scene.text().contains("no trace whose logs"), "{}", scene.text());
    scene.add(vec![span(1, 1, 0, "api", "GET /", 0, 1)]);
    scene.draw();
    scene.type_keys("L");
    assert!(scene.text().contains("nothing was logged in this trace"), "{}", scene.text());
}

fn finding_a_command(scene: &mut Scene) {
    logged(scene);
    scene.type_keys(":fold");
}

#[test]
fn the_palette_shows_what_can_be_done_and_by_which_key() {
    part_at_all_sizes("palette", Mode::Demo, Part::Popup, |scene| {
        logged(scene);
        scene.type_keys(":");
    });
    part_at_all_sizes("palette_found", Mode::Demo, Part::Popup, finding_a_command);
}

#[test]
fn palette_does_what_the_key_does() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    logged(&mut scene);
    scene.type_keys(":GO to map");
    scene.press(&[Key::Enter]);
    scene.draw();
    assert_eq!(scene.app.key_context(), KeyContext::ServiceMap);
    // From there back to what lay over the panes.
    scene.type_keys(":quit");
    scene.press(&[Key::Esc]);
    scene.draw();
    assert_eq!(scene.app.key_context(), KeyContext::ServiceMap);
    scene.press(&[Key::Esc]);
    scene.type_keys(":quit");
    assert_eq!(scene.press(&[Key::Enter]), Some(app::Effect::Quit));
}

#[test]
fn arrows_choose_among_what_was_found() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    scene.type_keys(":traces");
    scene.draw();
    let Some(Popup::Palette(palette)) = scene.app.screens.popup() else {
        panic!("no palette")
    };
    let at = palette.rows().position(|(command, _)| command.action == Action::SortReversed);
    scene.press(&vec![Key::Down; at.expect("it is offered")]);
    scene.press(&[Key::Enter]);
    scene.draw();
    assert!(scene.app.traces.order().is_reversed, "the other way round");
    scene.type_keys(":no such thing");
    scene.press(&[Key::Enter]);
    assert!(scene.text().contains("no command has all these words"), "{}", scene.text());
}

#[test]
fn palette_begins_with_what_is_special_to_its_place() {
    for (keys, first) in [
        ("", Action::Sort),
        ("\n", Action::ToggleFold),
        ("6", Action::TogglePicture),
        ("L", Action::Patterns),
    ] {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        logged(&mut scene);
        scene.type_keys(keys);
        while scene.app.survey(scene.now, 1_000) {}
        scene.type_keys(":");
        scene.draw();
        let Some(Popup::Palette(palette)) = scene.app.screens.popup() else {
            panic!("no palette")
        };
        let actions: Vec<_> = palette.rows().map(|(command, _)| command.action).collect();
        let at = |action: Action| actions.iter().position(|of| *of == action);
        assert!(at(first).is_some_and(|first| first < 4), "{first:?}: {actions:?}");
        assert!(at(Action::NextTab).is_none_or(|tab| at(first) < Some(tab)), "{actions:?}");
    }
}

#[test]
fn only_what_makes_sense_where_it_was_opened_is_offered() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    let offered = |scene: &mut Scene, action: Action| {
        scene.draw();
        let Some(Popup::Palette(palette)) = scene.app.screens.popup() else {
            return false;
        };
        palette.rows().any(|(command, _)| command.action == action)
    };
    scene.type_keys(":reverse");
    assert!(offered(&mut scene, Action::SortReversed));
    scene.press(&[Key::Esc, Key::Enter]);
    scene.type_keys(":reverse");
    assert!(!offered(&mut scene, Action::SortReversed), "not in the waterfall");
    scene.press(&[Key::Esc]);
    scene.type_keys(":password");
    assert!(!offered(&mut scene, Action::SendReset), "there is no demo");
}

#[test]
fn help_is_searched() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.type_keys("?/critical path");
    let text = scene.part(crate::scene::Part::Popup);
    assert!(
        text.contains("follow the critical path") && !text.contains("zoom in"),
        "{text}"
    );
    scene.press(&[app::keymap::Key::Enter, app::keymap::Key::Esc]);
    assert!(
        scene.part(crate::scene::Part::Popup).contains("SCREENS"),
        "Esc shows all again first"
    );
    scene.press(&[app::keymap::Key::Esc]);
    assert!(scene.app.screens.popup().is_none());
}
