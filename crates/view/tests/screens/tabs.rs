//! Tabs, the screens above them, and the way back.

use app::keymap::{Key, KeyContext};
use app::{Mode, Pane, Tab};

use crate::scene::{MILLI, Scene, password_reset, span, trace};

fn several(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.add(vec![span(2, 1, 0, "shop", "GET /cart", 0, 30)]);
    scene.add(vec![span(3, 1, 0, "shop", "GET /", 0, 5)]);
    scene.add(password_reset());
    scene
}

fn line(scene: &mut Scene, part: &str) -> String {
    let text = scene.text();
    let line = text.lines().find(|line| line.contains(part));
    line.unwrap_or_else(|| panic!("{part} is not there\n{text}")).to_owned()
}

#[test]
fn digits_and_brackets_go_to_tabs() {
    let mut scene = several(120, 40);
    for (keys, tab) in [
        ("3", Tab::Errors),
        ("5", Tab::Operations),
        ("6", Tab::ServiceMap),
        ("7", Tab::Warnings),
        ("8", Tab::Ingest),
        ("]", Tab::Traces),
        ("[", Tab::Ingest),
        ("[", Tab::Warnings),
        ("1", Tab::Traces),
        ("2", Tab::Logs),
        ("4", Tab::Logs),
        ("1", Tab::Traces),
        ("9", Tab::Traces),
        ("O", Tab::Operations),
        ("w", Tab::Warnings),
        ("w", Tab::Operations),
        ("O", Tab::Warnings),
    ] {
        scene.type_keys(keys);
        assert_eq!(scene.app.screens.tab(), tab, "{keys}");
        assert!(scene.text().starts_with(&format!("[{}", tab.number())) || scene.text().contains(&format!("[{} ", tab.number())));
    }
}

/// On 40 columns the active tab was beyond the right edge.
#[test]
fn active_tab_is_whole_on_a_screen_of_any_width() {
    for width in 26..=130 {
        let mut scene = several(width, 24);
        for tab in Tab::ALL {
            scene.type_keys(&tab.number().to_string());
            let text = scene.text();
            let bar = text.lines().next().unwrap_or_default();
            assert!(
                bar.contains(&format!("[{} ", tab.number())) && bar.contains(']'),
                "{width}: {bar}"
            );
        }
    }
}

/// On 60 columns a port lost its last digits.
#[test]
fn ports_and_counts_of_the_header_are_whole() {
    for width in 26..=130 {
        let mut scene = Scene::new(Mode::Demo, width, 24);
        scene.app.health.listeners[app::Listener::OtlpHttp].rejected = 2;
        let text = scene.text();
        let header = text.lines().nth(1).unwrap_or_default();
        for port in header.split_whitespace().filter(|word| word.starts_with(':')) {
            assert!([":4317", ":4318", ":8969", ":3001"].contains(&port), "{width}: {header}");
        }
        assert!(header.ends_with(" 2 rejected"), "{width}: {header}");
    }
}

#[test]
fn tabs_say_less_on_narrow_screens_and_mark_what_is_new() {
    let mut scene = several(120, 24);
    scene.type_keys("8");
    scene.draw();
    scene.add(vec![span(4, 1, 0, "shop", "GET /late", 0, 5)]);
    let first = |scene: &mut Scene, width| {
        scene.resize(width, 24);
        scene.text().lines().next().unwrap_or_default().to_owned()
    };
    assert!(
        first(&mut scene, 120).starts_with(" 1 Traces 4, 1 new │ 2 Logs │ 3 Errors 1, 1 new │ 5 Operations │ 6 Map │"),
        "{}",
        first(&mut scene, 120)
    );
    assert!(
        first(&mut scene, 80).starts_with(" 1 Traces•  2 Logs  3 Errors•  5 Operations  6 Map  7 Warnings [8 Ingest]"),
        "{}",
        first(&mut scene, 80)
    );
    assert!(
        first(&mut scene, 60).starts_with(" 1 Traces•  2 Log  3 Err•  5 Ops  6 Map  7 Warn [8 Ing]"),
        "{}",
        first(&mut scene, 60)
    );
    scene.type_keys("1");
    assert!(
        first(&mut scene, 80).starts_with("[1 Traces] 2 Logs  3 Errors•  5 Operations"),
        "{}",
        first(&mut scene, 80)
    );
}

#[test]
fn tabs_keep_selection_and_what_is_open() {
    let mut scene = several(120, 40);
    scene.type_keys("j\nL");
    assert_eq!(scene.app.key_context(), KeyContext::TraceLogs);
    scene.type_keys("5jj/shop");
    scene.press(&[Key::Enter]);
    scene.type_keys("61");
    assert_eq!(scene.app.key_context(), KeyContext::TraceLogs);
    assert_eq!(scene.app.traces.selected(), Some(trace(3)));
    scene.type_keys("5");
    assert!(scene.text().contains("2 operations"), "still narrowed: {}", scene.text());
    scene.type_keys("1");
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
}

#[test]
fn escape_returns_from_a_jump_to_its_row() {
    for back in [Key::Esc, Key::Char('b'), Key::Char('q')] {
        let mut scene = several(120, 40);
        scene.type_keys("j");
        scene.type_keys("5j");
        let operations = scene.draw();
        let before = scene.text();
        scene.press(&[Key::Enter]);
        assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
        let title = line(&mut scene, "› trace");
        let (way, rest) = title.split_once(" › trace ").unwrap_or_default();
        let operation = way.strip_prefix("▌Operations › ").expect("the way");
        assert!(!rest.contains(operation), "the name twice: {title}");
        assert_eq!(scene.press(&[back]), None, "{back:?}");
        assert_eq!(scene.app.key_context(), KeyContext::Operations);
        assert_eq!(scene.draw(), operations, "{before}");
        scene.type_keys("1");
        assert_eq!(scene.app.traces.selected(), Some(trace(3)), "as it was before the jump");
        assert_eq!(scene.app.screens.pane, Pane::Traces);
    }
}

#[test]
fn a_jump_from_a_screen_returns_to_that_screen() {
    let mut scene = several(120, 40);
    scene.add_logs(1, 7, &[(95, 13, "the server is slow")]);
    scene.type_keys("L\n");
    let title = line(&mut scene, "› trace");
    assert!(title.starts_with("▌Logs › trace"), "{title}");
    assert_eq!(
        scene.app.waterfall.selected().map(|(_, key)| key.span_id),
        Some(crate::scene::span_id(7))
    );
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::TraceLogs);
    let title = line(&mut scene, "LOGS");
    assert!(title.starts_with("▌Traces › reset password 01010101… › LOGS"), "{title}");
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
}

/// The way names screens and operations: a trace whose name is a part of such a word is named all the same.
#[test]
fn trace_with_a_name_within_a_word_of_the_way_is_named() {
    for name in ["trace", "log", "Log"] {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.add(vec![span(1, 1, 0, "shop", name, 0, 30)]);
        scene.add_logs(1, 1, &[(5, 9, "done")]);
        scene.type_keys("2\n");
        let title = line(&mut scene, "› trace");
        assert!(title.starts_with(&format!("▌Logs › trace  {name} · 30.0 ms")), "{title}");
    }
}

#[test]
fn choosing_another_trace_forgets_the_way_back() {
    let mut scene = several(120, 40);
    scene.type_keys("5\n");
    scene.press(&[Key::BackTab]);
    scene.type_keys("j");
    scene.draw();
    assert_eq!(scene.app.screens.trail().count(), 0);
    scene.press(&[Key::Tab, Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
}

#[test]
fn screens_are_stacked_once_each() {
    let mut scene = several(120, 40);
    scene.type_keys("xLd");
    assert_eq!(scene.app.key_context(), KeyContext::Compare);
    scene.type_keys("x");
    assert_eq!(
        scene.app.key_context(),
        KeyContext::CrossCheck,
        "a covered one comes to the top"
    );
    scene.type_keys("Lx");
    scene.type_keys("x");
    assert_eq!(scene.app.key_context(), KeyContext::Traces, "pressed there it closes");
}

/// The rows between the title of the list and that of the waterfall.
fn list_rows(scene: &mut Scene) -> usize {
    let text = scene.text();
    text.lines().position(|line| line.contains("WATERFALL")).expect("a waterfall") - 3
}

#[test]
fn list_grows_in_steps_with_its_traces_and_never_shrinks() {
    let mut scene = Scene::new(Mode::Viewer, 120, 60);
    let mut rows = Vec::new();
    for number in 1..=10 {
        scene.add(vec![span(number, 1, 0, "shop", "GET /", 0, 5)]);
        rows.push(list_rows(&mut scene));
    }
    assert_eq!(rows, [3, 3, 3, 5, 5, 8, 8, 8, 11, 11]);
    scene.type_keys("/nowhere");
    assert_eq!(list_rows(&mut scene), 11);
}

#[test]
fn list_stays_while_the_waterfall_is_read_and_after_the_user_has_set_it() {
    let mut scene = Scene::new(Mode::Viewer, 120, 60);
    scene.add(vec![span(1, 1, 0, "shop", "GET /", 0, 5)]);
    scene.press(&[Key::Enter]);
    let more = |scene: &mut Scene| {
        for number in 2..=6 {
            scene.add(vec![span(number, 1, 0, "shop", "GET /", 0, 5)]);
        }
    };
    more(&mut scene);
    assert_eq!(list_rows(&mut scene), 3);
    scene.press(&[Key::Esc]);
    assert_eq!(list_rows(&mut scene), 8);

    let mut scene = Scene::new(Mode::Viewer, 120, 60);
    scene.add(vec![span(1, 1, 0, "shop", "GET /", 0, 5)]);
    scene.type_keys("}");
    more(&mut scene);
    assert_eq!(list_rows(&mut scene), 4);
}

#[test]
fn small_screen_shows_a_whole_trace_of_the_demo_beside_three_in_the_list() {
    let mut scene = Scene::new(Mode::Demo, 80, 24);
    scene.add(vec![span(2, 1, 0, "spanfall", "reset password", 0, 30)]);
    scene.add(vec![span(3, 1, 0, "spanfall", "reset password", 0, 5)]);
    scene.add(password_reset());
    scene.add(vec![span(1, 8, 5, "mailer", "ack email_queue", 170, 175)]);
    scene.now += 10_000 * MILLI;
    let text = scene.text();
    for part in [
        "spanfall reset",
        "handleSent",
        "compose m",
        "send ma",
        "ack email",
        ":8969 page :3001 ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("more"), "{text}");
    assert_eq!(
        text.lines()
            .skip(3)
            .take(3)
            .filter(|line| line.contains("reset password"))
            .count(),
        3,
        "{text}"
    );
}
