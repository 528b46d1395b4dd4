//! Looking for spans.

use app::keymap::{Key, KeyContext};
use app::{Effect, Event, Mode, Pane};
use trace_model::filter::MAX_LENGTH;

use crate::scene::{Scene, failed, password_reset, span, trace};

/// Trace 1 is the password reset, trace 2 a failed request of a shop, trace 3 a health check.
fn scene(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Demo, width, height);
    scene.add(password_reset());
    scene.add(vec![failed(span(2, 1, 0, "shop", "GET /basket", 0, 5), "no basket")]);
    scene.add(vec![span(3, 1, 0, "shop", "GET /health", 0, 1)]);
    scene
}

/// The traces in the list, newest first.
fn listed(scene: &Scene) -> Vec<u8> {
    let traces = scene.app.store.traces(0..100);
    traces.iter().map(|trace| trace.trace_id.as_bytes()[0]).collect()
}

#[test]
fn footer_offers_to_keep_only_what_can_be_kept() {
    for keys in ["/", "\n/", ":"] {
        let mut scene = scene(120, 40);
        scene.type_keys(keys);
        let footer = |scene: &mut Scene| scene.text().lines().last().unwrap_or_default().to_owned();
        assert!(footer(&mut scene).contains("Enter"), "{keys:?} {}", footer(&mut scene));
        scene.type_keys("status:err");
        assert!(!footer(&mut scene).contains("Enter"), "{keys:?} {}", footer(&mut scene));
    }
}

#[test]
fn the_list_shows_at_every_key_what_matches() {
    let mut scene = scene(120, 40);
    scene.type_keys("/");
    assert_eq!(listed(&scene), [3, 2, 1]);
    for (key, expected) in [
        ("s", vec![3, 2, 1]),
        ("h", vec![3, 2]),
        ("op bask", vec![2]),
        (" is:error", vec![2]),
        (" !GET", vec![]),
    ] {
        scene.type_keys(key);
        assert_eq!(listed(&scene), expected, "after {key}");
    }
    scene.press(&[Key::Backspace; 5]);
    let text = scene.text();
    assert!(text.contains("FILTER shop bask is:error"), "{text}");
    assert!(text.contains("1 of 3 traces · 1 span\n"), "{text}");
    assert_eq!(scene.app.traces.selected(), Some(trace(2)));
}

#[test]
fn letters_are_text_while_a_filter_is_typed() {
    let mut scene = scene(120, 40);
    let typed = "/qripojkgGhl H?*/";
    assert_eq!(scene.type_keys(typed), None);
    assert_eq!(scene.app.filter.line().text(), &typed[1..]);
    assert_eq!(scene.app.key_context(), KeyContext::Filter);
    assert!(!scene.app.store.trace(trace(3)).expect("it is there").pinned);
}

#[test]
fn enter_keeps_a_filter_and_escape_clears_it() {
    let mut scene = scene(120, 40);
    scene.type_keys("/basket");
    scene.press(&[Key::Enter]);
    assert!(!scene.app.filter.is_open());
    assert_eq!(listed(&scene), [2]);
    assert!(scene.text().contains("1 of 3 traces · basket · 1 span"), "{}", scene.text());

    // Deeper, and back: the first Esc in the list clears the filter, and only that.
    scene.press(&[Key::Enter, Key::Esc]);
    assert_eq!((scene.app.screens.pane, listed(&scene)), (Pane::Traces, vec![2]));
    scene.press(&[Key::Esc]);
    assert_eq!(listed(&scene), [3, 2, 1]);

    scene.type_keys("/health");
    assert_eq!(listed(&scene), [3]);
    scene.press(&[Key::Esc]);
    assert!(!scene.app.filter.is_open());
    assert_eq!(listed(&scene), [3, 2, 1]);
}

#[test]
fn escape_clears_a_filter_that_finds_nothing_wherever_it_is_pressed() {
    let mut scene = scene(120, 40);
    scene.type_keys("/nowhere");
    scene.press(&[Key::Enter, Key::Enter]);
    assert!(
        scene.text().contains("no trace matches the filter · Esc clears it"),
        "{}",
        scene.text()
    );
    scene.press(&[Key::Esc]);
    assert_eq!((scene.app.screens.pane, listed(&scene)), (Pane::Traces, vec![3, 2, 1]));
}

#[test]
fn the_filter_before_stays_until_there_is_another() {
    let mut scene = scene(120, 40);
    scene.type_keys("/service:shop is:error (");
    assert_eq!(listed(&scene), [2]);
    let text = scene.text();
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("FILTER")).expect("the line");
    let column = |line: &str, c: char| line.chars().position(|found| found == c);
    assert_eq!(column(lines[at], '('), column(lines[at + 1], '▲'), "{text}");
    assert!(lines[at + 1].contains("not closed"), "{text}");
    scene.press(&[Key::Enter]);
    assert!(scene.app.filter.is_open(), "what is wrong cannot be kept");
    scene.press(&[Key::Backspace, Key::Enter]);
    assert!(!scene.app.filter.is_open());
}

#[test]
fn filter_error_is_readable_on_a_narrow_screen() {
    let mut scene = scene(80, 24);
    scene.type_keys("/service:api duration:fast");
    let text = scene.text();
    let error = scene.app.filter.error().expect("no duration").to_string();
    let below: String = text.lines().skip(3).take(3).collect::<Vec<_>>().join(" ");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert!(words(&below).contains(&words(&error)), "{error}\n{text}");
}

#[test]
fn earlier_filters_come_back() {
    let mut scene = scene(120, 40);
    for filter in ["/basket", "/health", "/basket"] {
        scene.type_keys(filter);
        scene.press(&[Key::Enter]);
        scene.press(&[Key::Esc]);
    }
    scene.type_keys("/he");
    let mut seen = Vec::new();
    for key in [Key::Up, Key::Up, Key::Up, Key::Down, Key::Down, Key::Down] {
        scene.press(&[key]);
        seen.push(scene.app.filter.line().text().to_owned());
    }
    assert_eq!(seen, ["basket", "health", "health", "basket", "he", "he"]);
    scene.press(&[Key::Up]);
    assert_eq!(listed(&scene), [2], "it is applied at once");
}

#[test]
fn the_line_is_edited_where_the_cursor_is() {
    let mut scene = scene(80, 24);
    scene.type_keys("/shop");
    scene.press(&[Key::Home, Key::Delete, Key::Char('w'), Key::End, Key::Backspace]);
    assert_eq!(scene.app.filter.line().text(), "who");
    assert_eq!(scene.cursor(), Some((11, 2)));
    scene.press(&[Key::Left]);
    assert_eq!(scene.cursor(), Some((10, 2)));
    scene.press(&[Key::Esc]);
    assert_eq!(scene.cursor(), None);
}

#[test]
fn a_paste_goes_into_the_filter_and_nowhere_else() {
    let mut scene = scene(80, 24);
    scene.paste("q\rq");
    assert!(!scene.app.filter.is_open());
    scene.type_keys("/");
    scene.paste("GET\r\nbasket ");
    assert_eq!(scene.app.filter.line().text(), "GET  basket ");
    scene.paste(&"x".repeat(1 << 20));
    assert_eq!(scene.app.filter.line().text().chars().count(), MAX_LENGTH);
    assert!(scene.cursor().is_some_and(|(x, _)| x < 80));
}

#[test]
fn matches_stay_while_the_filter_means_the_same() {
    let mut scene = scene(80, 24);
    scene.type_keys("/shop");
    let before = scene.app.store.search_progress();
    // No search between the keys here: a new one would have found nothing yet.
    scene.apply(Event::Key(Key::Char(' ')));
    assert_eq!(scene.app.store.search_progress(), before);
    assert_eq!(listed(&scene), [3, 2]);
}

#[test]
fn found_spans_are_marked_in_the_tree() {
    let mut scene = scene(120, 40);
    scene.type_keys("/name:\"compose mail\"");
    scene.press(&[Key::Enter, Key::Enter]);
    let text = scene.text();
    let marked: Vec<&str> = text.lines().filter(|line| line.starts_with(" ◆")).collect();
    assert!(marked.len() == 1 && marked[0].contains("mailer compose mail"), "{text}");
}

#[test]
fn a_search_that_is_not_done_says_how_far_it_is() {
    let mut scene = scene(120, 40);
    for number in 10..=200 {
        scene.add(vec![span(number, 1, 0, "shop", "GET /", 0, 1)]);
    }
    scene.type_keys("/basket");
    scene.apply(Event::Key(Key::Char('!')));
    scene.apply(Event::Key(Key::Backspace));
    let text = scene.text();
    assert!(text.contains("searching 0%") && text.contains("nothing found yet"), "{text}");
    scene.app.store.search(100);
    let text = scene.text();
    assert!(text.contains("searching 50%"), "{text}");
    while scene.app.store.search(100) {}
    assert!(!scene.text().contains("searching"));
}

#[test]
fn the_selected_trace_is_kept_while_it_may_still_be_found() {
    let mut scene = scene(120, 40);
    scene.press(&[Key::End]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(1)));
    scene.type_keys("/");
    for c in "mail".chars() {
        // A frame between the key and the search.
        scene.apply(Event::Key(Key::Char(c)));
        scene.draw();
        assert_eq!(scene.app.traces.selected(), Some(trace(1)));
        while scene.app.store.search(1) {}
    }
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(1)));
    scene.type_keys("x");
    scene.draw();
    assert_eq!(scene.app.traces.selected(), None, "it does not match");
}

#[test]
fn a_request_is_shown_though_the_filter_does_not_find_it() {
    let mut scene = scene(120, 40);
    scene.type_keys("/basket");
    scene.press(&[Key::Enter]);
    let Some(Effect::Send(request)) = scene.type_keys("r") else {
        panic!("nothing sent")
    };
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(request.trace_id));
}
