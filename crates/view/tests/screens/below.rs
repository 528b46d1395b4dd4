//! Lists below popups and edited lines: what lies above moves nothing below.

use app::Mode;
use app::keymap::{Key, KeyContext};

use crate::scene::{MILLI, Scene, edit, failed, password_reset, span};

/// Sixty traces, each with an operation, a service and a warning of its own, and sixty spans and log records in the newest one.
fn sixty() -> Scene {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    for number in 2..=61 {
        let name = format!("GET /{number}");
        let parent = if number % 2 == 0 { 9 } else { 0 };
        scene.add(vec![span(number, 1, parent, &format!("shop-{number}"), &name, 0, 30)]);
    }
    let mut trace = password_reset();
    trace.extend((10..70).map(|id| span(1, id, 2, "api", &format!("step {id}"), 2, 3)));
    trace.push(edit(failed(span(1, 70, 2, "api", "last", 2, 3), "no"), |span| span.kind = 3));
    scene.add(trace);
    scene.add_envelope(password_reset());
    let logs: Vec<_> = (10..70).map(|at| (at, 9, "said")).collect();
    scene.add_logs(1, 3, &logs);
    for _ in 0..3 {
        scene.now += 4_000 * MILLI;
        scene.draw();
        while scene.app.survey(scene.now, 1_000) {}
    }
    scene
}

/// Each list, by the keys that lead there.
const LISTS: [&str; 11] = ["1", "1\n", "1\n\n", "5", "6", "6v", "7", "7\n", "8", "1x", "1L"];

/// Layers above it, by the keys that open them, and the key that closes them.
const ABOVE: [(&str, &[Key]); 5] = [
    ("?", &[Key::Esc]),
    ("?/map", &[Key::Esc, Key::Esc]),
    (":sort", &[Key::Esc]),
    ("y", &[Key::Esc]),
    ("/", &[Key::Esc]),
];

#[test]
fn lists_keep_their_place_below_popups_and_screens() {
    for list in LISTS {
        for (opened, closed) in ABOVE {
            let mut scene = sixty();
            scene.type_keys(list);
            scene.press(&[Key::PageDown, Key::PageDown, Key::Up, Key::Up, Key::Up]);
            let context = scene.app.key_context();
            let before = scene.text();
            scene.type_keys(opened);
            scene.draw();
            if scene.app.key_context() == context {
                // Nothing that is opened here by these keys.
                continue;
            }
            scene.press(closed);
            assert_eq!(scene.app.key_context(), context, "{list:?} after {opened:?}");
            scene.app.notice = None;
            assert_eq!(scene.text(), before, "{list:?} after {opened:?}");
        }
    }
}

#[test]
fn lists_keep_their_place_below_screens_of_their_tab() {
    for opened in ["x", "L", "d"] {
        for list in ["1", "1\n", "1\n\n"] {
            let mut scene = sixty();
            scene.type_keys(list);
            scene.press(&[Key::PageDown, Key::PageDown, Key::Up]);
            let before = scene.text();
            scene.type_keys(opened);
            scene.draw();
            assert!(matches!(
                scene.app.key_context(),
                KeyContext::CrossCheck | KeyContext::TraceLogs | KeyContext::Compare
            ));
            scene.press(&[Key::Esc]);
            scene.app.notice = None;
            assert_eq!(scene.text(), before, "{list:?} after {opened:?}");
        }
    }
}
