//! The list of traces: its order, and that it holds still.

use app::Mode;
use app::keymap::Key;
use trace_model::TraceId;

use crate::scene::{MILLI, Scene, edit, failed, password_reset, span, trace};

/// Four traces that differ in length, spans and errors, and in the order of their arrival.
fn several() -> Scene {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, "api", "GET /1", 0, 40)]);
    scene.add(vec![
        span(2, 1, 0, "api", "GET /2", 0, 10),
        span(2, 2, 1, "api", "query", 1, 9),
    ]);
    scene.add(vec![failed(span(3, 1, 0, "api", "GET /3", 0, 30), "no")]);
    scene.add(vec![span(4, 1, 0, "api", "GET /4", 0, 20)]);
    scene
}

/// The traces of the list, from top to bottom, by the number in their name.
fn listed(scene: &mut Scene) -> String {
    let text = scene.text();
    let rows = text.lines().skip(3).take_while(|line| !line.contains("WATERFALL"));
    let numbers = rows.filter_map(|line| line.split("GET /").nth(1));
    numbers.filter_map(|rest| rest.chars().next()).collect()
}

fn row_of_selected(scene: &mut Scene) -> Option<usize> {
    scene.text().lines().position(|line| line.starts_with(" ▸"))
}

#[test]
fn list_without_a_trace_has_no_names_of_columns() {
    for mode in [Mode::Viewer, Mode::Demo] {
        let mut scene = Scene::new(mode, 120, 40);
        assert!(!scene.text().contains("duration"), "{}", scene.text());
        scene.add(password_reset());
        assert!(scene.text().contains("duration"), "{}", scene.text());
    }
}

#[test]
fn list_is_sorted_by_each_column_in_both_directions() {
    let mut scene = several();
    assert_eq!(listed(&mut scene), "4321", "latest arrival first");
    let mut orders = Vec::new();
    for key in ["S", "s", "S", "s", "S", "s", "S", "s"] {
        scene.type_keys(key);
        let order = scene.app.traces.about(&scene.app.store, Mode::Viewer).to_string();
        orders.push((order, listed(&mut scene)));
    }
    let expected = [
        ("oldest first · 4", "1234"),
        ("longest first · 4", "1342"),
        ("shortest first · 4", "2431"),
        ("most spans first · 4", "2431"),
        ("fewest spans first · 4", "4312"),
        ("most errors first · 4", "3421"),
        ("fewest errors first · 4", "4213"),
        ("following newest · 4", "4321"),
    ];
    let expected = expected.map(|(name, order)| (name.to_owned(), order.to_owned()));
    assert_eq!(orders, expected);
}

#[test]
fn the_heading_says_the_order() {
    let mut scene = several();
    scene.type_keys("s");
    let text = scene.text();
    assert!(text.contains("longest first") && text.contains("▾duration"), "{text}");
    scene.type_keys("S");
    let text = scene.text();
    assert!(text.contains("shortest first") && text.contains("▴duration"), "{text}");
}

#[test]
fn oldest_first_may_be_none_at_all() {
    let mut scene = several();
    scene.type_keys("S/nothing of that name");
    assert_eq!(listed(&mut scene), "");
}

#[test]
fn sorting_keeps_the_selected_trace() {
    let mut scene = several();
    scene.press(&[Key::Down]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(3)));
    for _ in 0..8 {
        scene.type_keys("s");
        scene.draw();
        assert_eq!(scene.app.traces.selected(), Some(trace(3)));
    }
}

#[test]
fn an_order_catches_up_with_what_comes_and_what_leaves() {
    let mut scene = several();
    scene.type_keys("s");
    assert_eq!(listed(&mut scene), "1342");
    scene.add(vec![span(5, 1, 0, "api", "GET /5", 0, 35)]);
    assert_eq!(listed(&mut scene), "1342", "not in every frame");
    let stays = scene.app.redraw_after(&scene.clock());
    assert!(stays.is_some(), "another frame is needed");
    scene.now += 1_000_000_000;
    assert_eq!(listed(&mut scene), "15342");
    scene.type_keys("/GET /3");
    scene.now += 1_000_000_000;
    assert_eq!(listed(&mut scene), "3", "what the filter hides is no row");
}

#[test]
fn rows_stay_under_a_person_and_what_is_new_is_counted() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    for number in 1..=9 {
        scene.add(vec![span(number, 1, 0, "api", "GET /", 0, 1)]);
    }
    scene.press(&[Key::Down, Key::Down]);
    let before = row_of_selected(&mut scene);
    for number in 10..=21 {
        scene.add(vec![span(number, 1, 0, "api", "GET /", 0, 1)]);
        assert_eq!(row_of_selected(&mut scene), before, "after trace {number}");
    }
    assert_eq!(scene.app.traces.selected(), Some(trace(7)));
    assert!(scene.text().contains("↑ 12 new"), "{}", scene.text());
    scene.press(&[Key::Up; 12]);
    assert!(
        scene.text().contains("↑ 2 new"),
        "what is in view needs no telling\n{}",
        scene.text()
    );
    scene.type_keys("g");
    let text = scene.text();
    assert!(text.contains("following newest") && !text.contains(" new ·"), "{text}");
    assert_eq!(scene.app.traces.selected(), Some(trace(21)));
}

#[test]
fn an_order_of_many_traces_is_made_frame_by_frame() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let id = |number: u128| TraceId::from_bytes((number + 1).to_be_bytes()).expect("not zero");
    for number in 0..30_000_u128 {
        let spans = crate::scene::edit(span(1, 1, 0, "api", "GET /", 0, 1 + (number % 20_000) as u64), |span| {
            span.trace_id = id(number).as_bytes().to_vec();
        });
        scene.add(vec![spans]);
    }
    scene.type_keys("s");
    let text = scene.text();
    assert!(text.contains("sorting … "), "{text}");
    let mut frames = 0;
    while scene.app.traces.sorting().is_some() {
        assert_eq!(scene.app.redraw_after(&scene.clock()), Some(std::time::Duration::ZERO));
        scene.draw();
        frames += 1;
        assert!(frames < 100, "it never ends");
    }
    let text = scene.text();
    assert!(text.contains("longest first, the first 10,000"), "{text}");
    scene.press(&[Key::Home]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(id(19_999)), "the longest");
}

#[test]
fn the_shape_tells_when_spans_were_at_work() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, "api", "GET /", 0, 120),
        span(1, 2, 1, "api", "first", 1, 55),
        span(1, 3, 1, "api", "second", 25, 55),
        span(1, 4, 1, "api", "third", 25, 55),
        span(1, 5, 1, "api", "fourth", 45, 55),
    ]);
    let text = scene.text();
    let row = text.lines().find(|line| line.starts_with(" ▸")).unwrap_or_default();
    assert!(row.contains(" ▄▄▇▇██▂▂▂▂▂▂ "), "{row}");
}

/// A number that loses its first digits is another number: 1,000,000 hours were shown as `0000h 00m`.
#[test]
fn durations_are_whole_in_every_column() {
    const HOUR: u64 = 3_600_000;
    for (hours, text) in [(30, "1d 06h"), (2_222, "92d 14h"), (10_000, "416 d"), (1_000_000, "41666 d")] {
        for (width, height) in [(80, 24), (120, 40), (200, 50)] {
            let mut scene = Scene::new(Mode::Viewer, width, height);
            scene.add(vec![
                span(1, 1, 0, "shop", "root", 0, hours * HOUR),
                span(1, 2, 1, "shop", "child", 0, hours * HOUR),
            ]);
            let screen = scene.text();
            let shown = screen.matches(&format!(" {text} ")).count();
            assert!(shown >= 5, "list, title, two rows, details\n{screen}");
            scene.type_keys("O");
            let screen = scene.text();
            let row = screen.lines().find(|line| line.contains("root")).unwrap_or_default();
            let days = |word: &str| {
                word.parse::<u64>()
                    .is_ok_and(|days| days.abs_diff(hours / 24) <= hours / 24 / 50)
            };
            let is_whole = hours < 2_400 || row.split_whitespace().filter(|word| days(word)).count() >= 2;
            assert!(is_whole, "p50 and p99\n{screen}");
        }
    }
}

/// A user who follows the list looks at its top, not at a trace: it was scrolled to wherever that trace was in the new order.
#[test]
fn sorting_a_followed_list_shows_its_top() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    for number in 1..=30 {
        scene.add(vec![span(number, 1, 0, "api", "GET /", 0, 100 - u64::from(number))]);
    }
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(30)));
    scene.type_keys("s");
    scene.draw();
    assert_eq!(
        (scene.app.traces.selected(), scene.app.traces.visible().start),
        (Some(trace(1)), 0)
    );
    scene.type_keys("S");
    scene.draw();
    assert_eq!(
        (scene.app.traces.selected(), scene.app.traces.visible().start),
        (Some(trace(30)), 0)
    );
    scene.type_keys("sss");
    let text = scene.text();
    assert!(text.contains("following newest"), "back to the order of arrival\n{text}");
}

/// Files and senders of old spans: what arrives last may have started first.
#[test]
fn the_order_of_arrival_is_called_that() {
    let mut scene = Scene::new(Mode::Files, 80, 24);
    scene.add(vec![span(1, 1, 0, "api", "GET /1", 5_000, 5_001)]);
    scene.add(vec![span(2, 1, 0, "api", "GET /2", 0, 1)]);
    let text = scene.text();
    assert!(text.contains("newest first"), "{text}");
    scene.type_keys("S");
    let text = scene.text();
    assert!(text.contains("oldest first"), "{text}");
}

#[test]
fn dates_are_shown_once_the_list_spans_a_day() {
    const DAY: u64 = 86_400_000 * MILLI;
    let mut scene = several();
    let time = |scene: &mut Scene, name: &str| {
        let text = scene.text();
        let row = text.lines().find(|line| line.contains(name)).expect("a row");
        row.split(name).next().unwrap_or_default().trim_matches([' ', '▸']).to_owned()
    };
    assert_eq!(time(&mut scene, "GET /1").len(), "03:04:05".len());
    let clock = time(&mut scene, "GET /1");
    scene.add(vec![edit(span(5, 1, 0, "api", "GET /5", 0, 20), |span| {
        span.start_time_unix_nano -= DAY;
        span.end_time_unix_nano -= DAY;
    })]);
    let dates = [time(&mut scene, "GET /1"), time(&mut scene, "GET /5")];
    assert!(
        dates
            .iter()
            .all(|date| date.ends_with(&clock) && date.len() == "Nov 28 03:04:05".len()),
        "{dates:?}"
    );
    assert_ne!(dates[0], dates[1]);
}

#[test]
fn services_that_are_cut_end_in_an_ellipsis() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(vec![
        span(1, 1, 0, "spanfall", "r", 0, 9),
        span(1, 2, 1, "api", "POST /", 1, 8),
        span(1, 3, 2, "mailer", "send", 2, 7),
    ]);
    for width in 48..140 {
        scene.resize(width, 24);
        let text = scene.text();
        let row = text.lines().find(|line| line.starts_with(" ▸")).unwrap_or_default();
        let path = row.split_whitespace().find(|word| word.starts_with('s')).unwrap_or_default();
        assert!(path == "spanfall→api→mailer" || path.ends_with('…'), "{width}: {row}");
    }
}
