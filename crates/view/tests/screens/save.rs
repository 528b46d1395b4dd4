//! Saving of what is listed.

use app::keymap::Key;
use app::{Effect, Mode, SaveRequest};
use trace_files::Selection;
use trace_model::LogView;

use crate::logs::{add, record};
use crate::scene::{Scene, password_reset, span, trace};

fn saved(scene: &mut Scene) -> SaveRequest {
    match scene.press(&[Key::Enter]) {
        Some(Effect::Save(request)) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn save_in_the_list_is_of_all_listed_traces() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        assert_eq!(scene.type_keys("W"), None);
        assert!(scene.text().contains("no trace to save"));
        scene.add(password_reset());
        scene.add(vec![span(2, 1, 0, "api", "open", 0, 5)]);
        scene.type_keys("W");
        while scene.app.is_reading() {
            scene.app.read_part(1 << 20);
        }
        let text = scene.text();
        assert!(text.contains("2 traces · ") && text.contains("about "), "{text}");
        assert!(
            text.contains(".otlp.jsonl") && text.contains("in the current directory"),
            "{text}"
        );
        let request = saved(&mut scene);
        assert_eq!(
            request.selection,
            Selection::Traces(vec![trace(1), trace(2)]),
            "the oldest one first"
        );
        assert_eq!(request.stem, "traces");
        assert!(!scene.text().contains("in the current directory"), "the popup has closed");
    }
}

#[test]
fn save_of_a_filtered_list_is_of_what_is_found() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.add(vec![span(2, 1, 0, "api", "open", 0, 5)]);
    scene.type_keys("/name:open");
    scene.press(&[Key::Enter]);
    while scene.app.is_searching() {
        scene.app.search(1_000);
    }
    scene.type_keys("W");
    let request = saved(&mut scene);
    assert_eq!(request.selection, Selection::Traces(vec![trace(2)]));
    assert_eq!(request.stem, format!("trace-{}", trace(2)));
}

#[test]
fn save_beside_the_list_is_of_the_selected_trace() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(2, 1, 0, "api", "open", 0, 5)]);
    scene.add(password_reset());
    for keys in ["\tW", "\tW", "LW"] {
        let keys: Vec<Key> = keys
            .chars()
            .map(|key| if key == '\t' { Key::Tab } else { Key::Char(key) })
            .collect();
        assert_eq!(scene.press(&keys), None);
        let text = scene.text();
        assert!(
            text.contains("1 trace · ") && text.contains(&format!("trace-{}", trace(1))),
            "{text}"
        );
        scene.press(&[Key::Esc]);
        assert!(!scene.text().contains("in the current directory"), "canceled");
        scene.type_keys("W");
        assert_eq!(saved(&mut scene).selection, Selection::Traces(vec![trace(1)]));
    }
}

#[test]
fn save_on_logs_is_of_all_listed_records() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.type_keys("2W");
    assert!(scene.text().contains("no log record to save"));
    add(
        &mut scene,
        "janitor",
        vec![record(1, 9, "one"), record(2, 9, "two"), record(3, 17, "three")],
    );
    scene.type_keys("W");
    while scene.app.is_reading() {
        scene.app.read_part(1 << 20);
    }
    let text = scene.text();
    assert!(text.contains("3 log records") && text.contains("logs.otlp.jsonl"), "{text}");
    let listed = scene.app.store.logs_at(LogView::All, 0..3);
    assert_eq!(saved(&mut scene).selection, Selection::Logs(listed));
}
