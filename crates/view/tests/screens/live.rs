//! Spans that are running.

use app::Mode;
use app::keymap::Key;

use crate::scene::{MILLI, NOW, START, Scene, password_reset_without, span};

/// A row of the waterfall.
fn row<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, waterfall) = text.split_once("WATERFALL").expect("a waterfall");
    waterfall.lines().skip(1).find(|line| line.contains(name)).unwrap_or_default()
}

fn listed<'a>(text: &'a str, name: &str) -> &'a str {
    let (list, _) = text.split_once("WATERFALL").expect("a waterfall");
    list.lines().find(|line| line.contains(name)).unwrap_or_default()
}

/// The title of an open trace, and the list of those with a warning, said that it took 0 ns.
#[test]
fn open_trace_has_no_duration() {
    for keys in ["1", "1\n", "5", "6", "6v", "7", "7\n", "1d", "1x"] {
        for mode in [Mode::Viewer, Mode::Files] {
            let mut scene = Scene::new(mode, 120, 40);
            scene.add(vec![span(1, 2, 9, "cron", "cleanup", 0, 0)]);
            for _ in 0..3 {
                scene.now += 4_000 * MILLI;
                scene.draw();
                while scene.app.survey(scene.now, 1_000) {}
            }
            scene.type_keys(keys);
            assert!(!scene.text().contains(" 0 ns"), "{keys}\n{}", scene.text());
        }
    }
}

#[test]
fn a_running_span_turns_and_grows_until_its_end_takes_its_place() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, "api", "GET /", 0, 2_000),
        span(1, 2, 1, "api", "slow", 500, 0),
    ]);
    scene.now = START + 2_800 * MILLI;
    let before = scene.text();
    let slow = row(&before, "api slow");
    assert!(
        slow.contains("2.3 s") && slow.contains("▒░") && slow.ends_with("running"),
        "{before}"
    );
    assert!(listed(&before, "GET /").contains(" 2.8 s"), "{before}");
    assert_eq!(
        scene.app.redraw_after(&scene.clock()).map(|stays| stays.as_millis()),
        Some(100)
    );

    scene.now += 100 * MILLI;
    let later = scene.text();
    assert!(row(&later, "api slow").contains("2.4 s"), "{later}");
    let turn = |text: &str| row(text, "api slow").chars().find(|c| ('⠁'..='⣿').contains(c));
    assert!(turn(&before).is_some() && turn(&before) != turn(&later), "{before}\n{later}");

    scene.add(vec![span(1, 2, 1, "api", "slow", 500, 2_850)]);
    let ended = scene.text();
    assert!(
        row(&ended, "api slow").contains("2.35 s") && !ended.contains("running"),
        "{ended}"
    );
    assert_eq!(ended.matches("api slow").count(), 1);
}

#[test]
fn abandoned_spans_stop_moving() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, "api", "never ends", 0, 0)]);
    scene.now = NOW + 600_000 * MILLI;
    let text = scene.text();
    assert!(
        row(&text, "never ends").contains(" no end ") && row(&text, "never ends").ends_with("no end"),
        "{text}"
    );
    assert_eq!(scene.app.redraw_after(&scene.clock()), None);
    scene.now += 60_000 * MILLI;
    assert_eq!(scene.text(), text);
}

#[test]
fn a_trace_that_runs_turns_in_the_list_when_another_is_looked_at() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, "api", "running", 0, 0),
        span(2, 1, 0, "api", "over", 10, 20),
    ]);
    scene.type_keys("g");
    let text = scene.text();
    assert!(row(&text, "api over").contains("10.0 ms"), "{text}");
    assert_eq!(
        scene.app.redraw_after(&scene.clock()).map(|stays| stays.as_millis()),
        Some(100)
    );
}

#[test]
fn a_parent_that_comes_late_becomes_itself_in_its_place() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset_without(&[5]));
    // On the last one below the missing parent.
    scene.press(&[Key::Tab, Key::End]);
    let selected = |text: &str| {
        let title = text.lines().find(|line| line.contains("SPAN "))?;
        title.split_once(" send mail").map(|(span, _)| format!("{span} send mail"))
    };
    let before = scene.text();
    assert!(row(&before, "has not arrived").contains('◌'), "{before}");
    assert!(selected(&before).is_some_and(|title| title.contains("send mail")), "{before}");

    scene.add(vec![span(1, 5, 4, "mailer", "handleSentMailMessage", 80, 0)]);
    let after = scene.text();
    assert!(!after.contains("has not arrived"), "{after}");
    assert!(row(&after, "handleSentMailMessage").contains("running"), "{after}");
    assert_eq!(selected(&after), selected(&before), "the cursor stays on its span:\n{after}");
}
