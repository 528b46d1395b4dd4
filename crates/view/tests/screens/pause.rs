//! The pause.

use app::Mode;
use app::keymap::Key;

use crate::scene::{MILLI, Scene, password_reset, span};

fn below_the_header(text: &str) -> String {
    text.lines().skip(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_pause_holds_the_clock_and_says_what_has_arrived_since() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, "api", "slow", 0, 0)]);
    let before = scene.text();
    assert!(before.contains("⠹ 0.2 s"), "{before}");
    scene.type_keys("P");
    scene.apply(app::Event::Held { spans: 312 });
    scene.now += 60_000 * MILLI;
    let paused = scene.text();
    assert!(paused.contains("❚❚ paused · 312 spans arrived since, P resumes"), "{paused}");
    let keys = |text: &str| below_the_header(text);
    assert_eq!(keys(&paused), keys(&before));
    assert_eq!(scene.app.redraw_after(&scene.clock()), None, "nothing moves");

    scene.type_keys("P");
    let on = scene.text();
    assert!(!on.contains("paused") && on.contains("1m 00s"), "{on}");
}

#[test]
fn pause_keeps_all_keys_working() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.type_keys("P");
    scene.press(&[Key::Enter, Key::Down, Key::Down]);
    let text = scene.text();
    assert!(text.contains("SPAN api resetPasswordHandler"), "{text}");
    scene.type_keys(" ");
    let folded = scene.text();
    assert!(folded.contains("▸ api resetPasswordHandler +"), "{folded}");
    scene.type_keys("/name:smtp");
    scene.press(&[Key::Enter]);
    assert!(scene.text().contains("❚❚ paused"));
}

#[test]
fn sending_a_request_ends_the_pause() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.type_keys("P");
    assert!(scene.app.pause().is_some());
    scene.type_keys("r");
    assert_eq!(scene.app.pause(), None);
}

#[test]
fn pause_is_shown_on_the_narrowest_screen() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.type_keys("P");
    scene.apply(app::Event::Held { spans: 1 });
    let text = scene.text();
    assert!(text.contains("❚❚ paused · 1 span"), "{text}");
}
