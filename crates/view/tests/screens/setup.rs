//! Tabs with nothing to show: whether nothing was received, or nothing matches.

use app::keymap::Key;
use app::{Effect, Mode};

use crate::scene::{Scene, password_reset};
use crate::snapshots::at_all_sizes;

#[test]
fn traces_tab_lists_what_to_set() {
    at_all_sizes("setup", Mode::Viewer, |_| {});
}

#[test]
fn line_under_the_cursor_is_copied() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let Some(Effect::Copy(first)) = scene.type_keys("y") else {
        panic!("nothing copied")
    };
    assert_eq!(first, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318");
    let Some(Effect::Copy(third)) = scene.type_keys("jjy") else {
        panic!("nothing copied")
    };
    assert_eq!(third, "SENTRY_DSN=http://spanfall@127.0.0.1:8969/1");
    let Some(Effect::Copy(last)) = scene.type_keys("Gy") else {
        panic!("nothing copied")
    };
    assert_eq!(last, "spanfall demo");
    scene.add(password_reset());
    assert_eq!(scene.type_keys("y"), None, "a menu, since there is a trace");
}

#[test]
fn empty_tabs_say_whether_anything_was_received() {
    for key in ["3", "5", "6", "7"] {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.type_keys(key);
        while scene.app.survey(scene.now, 1_000) {}
        let text = scene.text();
        assert!(text.contains("no traces received yet · 1 lists what to set"), "{text}");
    }
    for key in ["5", "6"] {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.add(password_reset());
        scene.type_keys("/service:nobody\n");
        while scene.app.search(1_000) {}
        scene.type_keys(key);
        while scene.app.survey(scene.now, 1_000) {}
        assert!(scene.text().contains("no trace matches the filter"), "{}", scene.text());
        scene.press(&[Key::Char('1')]);
        scene.press(&[Key::Esc]);
        scene.type_keys(key);
        while scene.app.survey(scene.now + 2_000_000_000, 1_000) {}
        assert!(!scene.text().contains("no trace matches the filter"), "{}", scene.text());
    }
}
