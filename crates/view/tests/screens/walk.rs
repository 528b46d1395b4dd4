//! Moving about.

use app::keymap::{Key, KeyContext};
use app::{Effect, Event, Mode, Pane, ServiceState};

use crate::scene::{Scene, edit, password_reset, span, trace};

#[test]
fn a_key_sends_a_request_and_its_trace_stands_before_the_person() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.add(password_reset());
    let Some(Effect::Send(request)) = scene.type_keys("r") else {
        panic!("nothing sent")
    };
    assert!(request.valid);
    scene.draw();
    assert_eq!(
        scene.app.traces.selected(),
        Some(request.trace_id),
        "before its first span has arrived"
    );

    // Others that come meanwhile do not take its place.
    scene.add(vec![span(9, 1, 0, "other", "GET /", 0, 1)]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(request.trace_id));

    let Some(Effect::Send(invalid)) = scene.type_keys("i") else {
        panic!("nothing sent")
    };
    assert!(!invalid.valid);
    assert_ne!(invalid.trace_id, request.trace_id);
}

#[test]
fn requests_are_not_sent_before_the_api_is_ready() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.add(password_reset());
    scene.app.services.set("api", ServiceState::NotReady);
    assert_eq!(scene.type_keys("r"), None);
    assert!(scene.text().contains("the API is not ready"), "{}", scene.text());
    assert_eq!(scene.app.traces.selected(), Some(trace(1)), "the list stays as it was");
}

#[test]
fn the_page_is_opened_where_it_is_served() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    for said in ["127.0.0.1:3001", "http://127.0.0.1:3001/"] {
        scene.app.services.set(
            "page",
            ServiceState::Ready {
                address: Some(said.to_owned()),
            },
        );
        assert_eq!(
            scene.type_keys("p"),
            Some(Effect::Browse("http://127.0.0.1:3001/".to_owned()))
        );
    }
    scene.app.services.set(
        "page",
        ServiceState::Absent {
            why: "the page is not built",
        },
    );
    assert_eq!(scene.type_keys("p"), None);
    assert!(scene.text().contains("the page is not built"), "{}", scene.text());
}

#[test]
fn the_newest_trace_is_followed_until_somebody_moves() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    for number in 1..=3 {
        scene.add(vec![span(number, 1, 0, "api", "GET /", 0, 1)]);
        scene.draw();
        assert_eq!(scene.app.traces.selected(), Some(trace(number)));
    }
    scene.type_keys("j");
    scene.add(vec![span(4, 1, 0, "api", "GET /", 0, 1)]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(2)), "it stays where the person went");
    scene.type_keys("g");
    scene.add(vec![span(5, 1, 0, "api", "GET /", 0, 1)]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(5)));
}

#[test]
fn reading_a_span_holds_its_trace() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(password_reset());
    scene.press(&[Key::Enter, Key::Down]);
    scene.add(vec![span(9, 1, 0, "api", "GET /", 0, 1)]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(1)));
}

#[test]
fn enter_goes_deeper_and_escape_comes_back() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(password_reset());
    let mut panes = Vec::new();
    for key in [Key::Enter, Key::Enter, Key::Esc, Key::Esc, Key::Tab, Key::BackTab] {
        scene.press(&[key]);
        panes.push(scene.app.screens.pane);
    }
    assert_eq!(
        panes,
        [
            Pane::Waterfall,
            Pane::Details,
            Pane::Waterfall,
            Pane::Traces,
            Pane::Waterfall,
            Pane::Traces
        ]
    );
}

#[test]
fn the_cursor_is_on_a_span_while_rows_move() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(password_reset());
    scene.press(&[Key::Enter, Key::End]);
    scene.draw();
    let before = scene.app.waterfall.selected().map(|(_, key)| key.clone());
    scene.add(vec![span(1, 20, 2, "api", "an earlier child", 1, 2)]);
    scene.draw();
    assert_eq!(scene.app.waterfall.selected().map(|(_, key)| key.clone()), before);
    assert_eq!(scene.app.waterfall.position(), 7);
}

#[test]
fn space_and_arrows_fold_the_tree() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(password_reset());
    scene.press(&[Key::Enter, Key::Down, Key::Char(' ')]);
    assert!(scene.text().contains("+5"), "{}", scene.text());
    scene.press(&[Key::Right]);
    assert!(!scene.text().contains("+5"));
    scene.press(&[Key::Right, Key::Left, Key::Left]);
    scene.draw();
    assert_eq!(scene.app.waterfall.position(), 1, "folded at the child, then to the parent");
}

#[test]
fn help_is_closed_by_its_key_escape_and_q() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    for close in [Key::Char('?'), Key::Esc, Key::Char('q')] {
        scene.type_keys("?");
        assert_eq!(scene.app.key_context(), KeyContext::Help);
        let before = scene.text();
        scene.press(&[Key::Down]);
        assert_ne!(scene.text(), before, "it scrolls");
        assert_eq!(scene.press(&[close]), None);
        assert_eq!(scene.app.key_context(), KeyContext::Traces);
    }
}

#[test]
fn q_closes_what_is_above_a_tab_and_quits_on_it() {
    for keys in ["", "?", "o", "y", "L", "x", "Oo", "w?", "8"] {
        let mut scene = Scene::new(Mode::Demo, 80, 24);
        scene.add(password_reset());
        scene.draw();
        scene.type_keys(keys);
        let mut presses = 0;
        while scene.type_keys("q") != Some(Effect::Quit) {
            presses += 1;
        }
        let expected = keys.chars().filter(|key| "?oyLx".contains(*key)).count();
        assert_eq!(presses, expected, "{keys}");
    }
}

#[test]
fn a_rejection_is_said_once_with_its_reason() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let mut health = ingest_state::HealthSnapshot::default();
    health.listeners[ingest_state::Listener::OtlpHttp].rejected = 1;
    health.recent.push_back(ingest_state::RecentRejection {
        number: 1,
        time: std::time::SystemTime::UNIX_EPOCH,
        listener: ingest_state::Listener::OtlpHttp,
        reason: "no OTLP message".to_owned(),
    });
    scene.apply(Event::Health(Box::new(health.clone())));
    let text = scene.text();
    assert!(text.contains("no OTLP message") && text.contains("1 rejected"), "{text}");
    scene.type_keys("j");
    scene.apply(Event::Health(Box::new(health)));
    assert!(!scene.text().contains("no OTLP message"), "read once");
}

#[test]
fn log_records_stand_with_their_span() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, "api", "GET /", 10, 30),
        span(1, 2, 1, "api", "work", 11, 20),
    ]);
    scene.add_logs(1, 2, &[(15, 17, "out of \u{1b}[2J stock"), (9, 9, "about to work")]);
    let text = scene.text();
    assert!(!text.contains("about to work") && text.contains("2 logs"), "{text}");
    scene.press(&[Key::Enter, Key::Down]);
    let text = scene.text();
    let line = |part: &str| text.lines().position(|line| line.contains(part));
    let (first, second) = (line("INFO about to work"), line("ERROR out of ␛[2J stock"));
    assert!(first.is_some() && first < second, "by time\n{text}");
    assert!(text.contains("-2.00 ms") && text.contains("+4.00 ms"), "{text}");

    // One more, after it was read.
    scene.add_logs(1, 2, &[(17, 13, "few left")]);
    assert!(scene.text().contains("WARN few left"));
}

#[test]
fn a_large_trace_that_grows_is_caught_up_with() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    let spans = |range: std::ops::Range<u32>| {
        let number = |number: u32| {
            edit(span(1, 1, 0, "api", "GET /", 0, 5), |span| {
                span.span_id = u64::from(number + 1).to_be_bytes().to_vec();
                span.name = format!("GET /{number}");
            })
        };
        range.map(number).collect()
    };
    // What the event loop does between two frames.
    let read = |scene: &mut Scene| {
        while scene.app.is_reading() {
            scene.app.read_part(1 << 18);
        }
    };
    scene.add(spans(0..30_000));
    let text = scene.text();
    assert!(scene.app.is_reading() && text.contains("reading 30"), "in steps: {text}");
    read(&mut scene);
    assert_eq!(scene.app.waterfall.outline().map(trace_model::Outline::len), Some(30_000));
    scene.draw();
    scene.add(spans(30_000..30_001));
    let now = view::Now {
        unix_nano: crate::scene::NOW + 60_000_000_000,
        zone: jiff::tz::TimeZone::UTC,
    };
    let mut frames = 0;
    while scene.app.waterfall.outline().is_some_and(|outline| outline.len() == 30_000) {
        scene.draw();
        frames += 1;
        read(&mut scene);
        assert!(frames < 100, "it is never caught up with");
        if scene.app.waterfall.is_behind() {
            assert!(scene.app.redraw_after(&now).is_some(), "another frame is needed");
        }
    }
    assert!(frames > 1, "not in every frame");
    // What the heading says has been counted anew, too.
    scene.draw();
    read(&mut scene);
    scene.draw();
    assert_eq!(scene.app.redraw_after(&now), None);
}

#[test]
fn the_keys_that_are_special_here_come_first() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    let last = |scene: &mut Scene| scene.text().lines().last().unwrap_or_default().to_owned();
    assert!(last(&mut scene).starts_with(" s sort"), "{}", last(&mut scene));
    scene.press(&[Key::Enter]);
    let keys = last(&mut scene);
    let at = |part: &str| keys.find(part);
    assert!(at("Space fold").is_some() && at("Space fold") < at("/ find"), "{keys}");
    assert!(keys.trim_end().ends_with("? help  q quit"), "{keys}");
}
