//! `spanfall open`: files instead of what arrives.

use app::keymap::Key;
use app::{FileState, Files, Mode};
use trace_files::{Input, Report, read_alone};

use crate::scene::{MILLI, START, Scene, password_reset, span};

/// A screen with two files, of which the first has two problems.
pub(crate) fn two_files(scene: &mut Scene) {
    let damaged = r#"[{"traceId": "1", "id": "2", "timestamp": 5}, {"traceId": "1"}, 7]"#;
    let read = |name: &str, text: &str| -> Report {
        let input = Input::new(name.to_owned(), text.into());
        let read = read_alone(&input, &mut |_| std::ops::ControlFlow::Continue(()));
        read.expect("a file with a span")
    };
    scene.app.files = Files::new(["saved/checkout.json".to_owned(), "night.otlp.jsonl".to_owned()]);
    scene.app.files.set(0, FileState::Read(read("checkout.json", damaged)));
    scene.app.files.set(
        1,
        FileState::Read(Report {
            spans: 7,
            logs: 2,
            ..Report::default()
        }),
    );
    scene.add(password_reset());
}

fn scene() -> Scene {
    let mut scene = Scene::new(Mode::Files, 120, 40);
    two_files(&mut scene);
    scene
}

#[test]
fn the_header_names_the_files_and_no_ports() {
    let text = scene().text();
    assert!(text.contains("files saved/checkout.json · night.otlp.jsonl"), "{text}");
    assert!(text.contains("2 not read"), "{text}");
    for listening in ["otlp", ":4318", "127.0.0.1", "waiting"] {
        assert!(
            !text
                .lines()
                .take(2)
                .any(|line| line.contains(listening) && !line.contains("files")),
            "{text}"
        );
    }
}

/// Nothing listens: the address in the advice was 0.0.0.0:0.
#[test]
fn cross_check_of_files_gives_no_address() {
    let mut scene = scene();
    scene.type_keys("x");
    let text = scene.text();
    assert!(
        text.contains("these files have no envelope") && !text.contains("SENTRY_DSN"),
        "{text}"
    );
}

#[test]
fn names_that_do_not_fit_are_counted_and_command_no_terminal() {
    let mut scene = Scene::new(Mode::Files, 80, 24);
    scene.app.files = Files::new((0..30).map(|number| format!("\u{1b}[2J{number:010}.json")));
    for at in 0..30 {
        scene.app.files.set(at, FileState::Read(Report::default()));
    }
    let text = scene.text();
    assert!(text.contains("and 28 more"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn progress_is_said_while_a_file_is_read_and_hints_fit() {
    let mut scene = Scene::new(Mode::Files, 80, 24);
    scene.app.files = Files::new(["large.json".to_owned()]);
    scene.app.files.set(0, FileState::Reading(42, 100));
    let text = scene.text();
    assert!(
        text.contains("reading large.json 42%") && text.contains("reading …"),
        "{text}"
    );
    scene.app.files.set(0, FileState::Read(Report::default()));
    let text = scene.text();
    assert!(text.contains("no trace in what was read"), "{text}");
    for hint in ["press r", "No traces yet", "OTEL_EXPORTER", "SENTRY_DSN"] {
        assert!(!text.contains(hint), "{hint}: {text}");
    }
}

/// The health screen has each problem with its place, and why a file is not there at all.
#[test]
fn unread_parts_of_files_are_listed() {
    let mut scene = scene();
    scene.app.files.list.push(app::ShownFile {
        name: "none.json".to_owned(),
        state: FileState::Failed("none.json: No such file".to_owned()),
    });
    scene.type_keys("H");
    let text = scene.text();
    for said in [
        "1 span · 2 not read",
        "line 1, column 47: span without id",
        "line 1, column 65: neither",
        "7 spans · 2 log records",
        "none.json  not shown",
        "No such file",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("LISTENERS") && !text.contains("rejected"), "{text}");
}

#[test]
fn keys_that_need_somebody_who_sends_do_nothing() {
    let mut scene = scene();
    assert_eq!(scene.type_keys("D"), None);
    assert_eq!(scene.type_keys("yD"), None, "files have no DSN");
    scene.press(&[Key::Esc]);
    assert_eq!(scene.type_keys("r"), None);
    scene.press(&[Key::Char('?')]);
    let text = scene.text();
    assert!(
        !text.contains("copy the DSN") && !text.contains("send a password reset"),
        "{text}"
    );
}

/// Nothing in a file is running: its picture does not change.
#[test]
fn a_span_without_an_end_does_not_move() {
    let mut scene = Scene::new(Mode::Files, 80, 24);
    scene.app.files = Files::new(["a.json".to_owned()]);
    scene.add(vec![span(1, 1, 0, "api", "open", 0, 0), span(1, 2, 1, "api", "done", 1, 8)]);
    scene.draw();
    assert_eq!(scene.app.redraw_after(&scene.clock()), None);
}

/// Spans of a file are not running: an open end is a gap in the saved data.
#[test]
fn spans_without_an_end_are_said_to_have_none() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut scene = Scene::new(Mode::Files, width, height);
        scene.add(vec![
            span(1, 1, 0, "client", "get", 0, 156),
            span(1, 2, 1, "client", "get", 100, 0),
            span(1, 3, 2, "server", "get", 110, 0),
        ]);
        // The moment at which it is opened is not a part of it.
        scene.now = START + 400 * MILLI;
        let text = scene.text();
        let row = text.lines().find(|line| line.starts_with(" ▸")).unwrap_or_default();
        assert!(row.contains(" ≥156 ms "), "{text}");
        assert!(text.contains("2 without end"), "{text}");
        assert_eq!(
            text.matches("no end").count(),
            4,
            "in the rows of two spans and on their bars\n{text}"
        );
        assert!(
            !text.contains("running") && !text.contains(|c| ('⠁'..='⣿').contains(&c)),
            "{text}"
        );
        assert_eq!(scene.app.redraw_after(&scene.clock()), None, "no frame without a reason");
        scene.now += 3_600_000 * MILLI;
        assert_eq!(scene.text(), text);
    }
}
