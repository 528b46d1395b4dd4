//! The Ingest tab; pinning.

use app::keymap::{Key, KeyContext};
use app::{Event, Mode};
use ingest_state::HealthSnapshot;
use trace_model::{Source, Store, otlp};
use view::Now;

use crate::scene::{NOW, Scene, edit, password_reset, span, trace};

fn later(seconds: u64) -> Now {
    Now {
        unix_nano: NOW + seconds * 1_000_000_000,
        zone: jiff::tz::TimeZone::UTC,
    }
}

/// Rejections from number 1 on.
fn rejections(reasons: impl IntoIterator<Item = String>) -> HealthSnapshot {
    let rejected = |(number, reason)| ingest_state::RecentRejection {
        number,
        time: std::time::UNIX_EPOCH + std::time::Duration::from_nanos(NOW),
        listener: ingest_state::Listener::Sentry,
        reason,
    };
    HealthSnapshot {
        recent: (1..).zip(reasons).map(rejected).collect(),
        ..HealthSnapshot::default()
    }
}

#[test]
fn ingest_tab_opens_closes_and_scrolls_to_its_end() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.app.health =
        rejections((1..=20).map(|number| format!("reason number {number}, the last word of which is end{number}")));
    scene.type_keys("H");
    assert_eq!(scene.app.key_context(), KeyContext::Ingest);
    assert!(!scene.text().contains("end1 "));
    scene.press(&[Key::End]);
    assert!(scene.text().contains("number 1, "), "{}", scene.text());
    // The first key up moves at once: the end was where the last line is in view.
    let before = scene.text();
    scene.press(&[Key::Up]);
    assert_ne!(scene.text(), before);
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
    scene.type_keys("HH");
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
}

#[test]
fn query_api_is_shown_with_its_address_and_counts() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.app.apply(Event::QueryApi(Some(ingest_state::QueryApi {
            answered: 1_234,
            rejected: 2,
            throttled: 3,
            denied: 4,
            ..ingest_state::QueryApi::new(([127, 0, 0, 1], 16686).into())
        })));
        scene.type_keys("H");
        let text = scene.text();
        let header = text.lines().nth(1).unwrap_or_default();
        assert!(header.contains("gRPC :4317") && header.contains("API :16686"), "{header}");
        for expected in [
            "QUERY API",
            "http://127.0.0.1:16686",
            "1,234 answered",
            "2 rejected · 3 told to retry · 4 denied",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

#[test]
fn a_long_reason_can_be_read_whole() {
    let words: Vec<String> = (0..40).map(|number| format!("w{number}")).collect();
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.app.health = rejections([words.join(" ")]);
        scene.type_keys("H");
        scene.press(&[Key::End]);
        let text = scene.text();
        let missing: Vec<_> = words
            .iter()
            .filter(|word| !text.split_whitespace().any(|shown| shown == *word))
            .collect();
        assert!(missing.is_empty(), "{missing:?}\n{text}");
    }
}

#[test]
fn hostile_names_and_reasons_keep_the_columns_and_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\r\n\u{202e}evil日本🚀e\u{301}\u{200b}";
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, hostile, "a", 0, 5), span(2, 1, 0, "plain", "a", 0, 5)]);
    scene.app.health = rejections([hostile.to_owned()]);
    scene
        .app
        .health
        .envelopes
        .items
        .insert(hostile.to_owned(), ingest_state::ItemCount { count: 3, bytes: 3 });
    scene.app.health.envelopes.sessions.insert(hostile.to_owned(), 3);
    scene.type_keys("H");
    let buffer = scene.draw();
    let hostile_rows = (0..40).filter(|y| (0..120).any(|x| buffer[(x, *y)].symbol() == "🚀"));
    assert!(hostile_rows.count() >= 3, "{}", scene.text());
    let ago = |x: u16, y: u16| (0..3).map(|at| buffer[(x + at, y)].symbol()).eq(["a", "g", "o"]);
    let ends: Vec<u16> = (0..40).filter_map(|y| (0..117).find(|x| ago(*x, y))).collect();
    assert!(ends.len() == 2 && ends[0] == ends[1], "{ends:?}\n{}", scene.text());

    scene.press(&[Key::Esc]);
    scene.type_keys("/");
    scene.paste(hostile);
    let text = scene.text();
    assert!(text.contains("evil"), "{text}");
    assert!(!text.chars().any(|c| c != '\n' && !app::text::is_printable(c)), "{text:?}");
    scene.press(&[Key::Enter]);
    assert!(!scene.text().chars().any(|c| c != '\n' && !app::text::is_printable(c)));
}

#[test]
fn frames_are_drawn_only_after_changes() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    assert_eq!(scene.app.redraw_after(&later(0)), None);
    scene.add(password_reset());
    scene.draw();
    assert!(scene.app.redraw_after(&later(0)).is_some(), "the rate will fall");
    assert_eq!(scene.app.redraw_after(&later(6)), None, "it has fallen to nothing");
    scene.type_keys("H");
    scene.draw();
    assert!(scene.app.redraw_after(&later(6)).is_some(), "last seen grows");
    scene.type_keys("H");
    assert_eq!(scene.app.redraw_after(&later(6)), None);
}

#[test]
fn a_pinned_trace_stays_in_a_full_memory() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.app.store = Store::new(1 << 20);
    scene.add(password_reset());
    scene.type_keys("*");
    let large = "x".repeat(20_000);
    for number in 2..=120 {
        scene.add(vec![span(number, 1, 0, "api", &large, 0, 1)]);
    }
    scene.press(&[Key::End]);
    let text = scene.text();
    assert_eq!(scene.app.traces.selected(), Some(trace(1)), "{text}");
    assert!(text.contains("★▸") && text.contains("evicted"), "{text}");
    scene.type_keys("*");
    assert!(!scene.app.store.trace(trace(1)).expect("still there").pinned);
}

#[test]
fn a_truncated_trace_says_so_in_the_list_and_in_its_title() {
    // So many that their number fills its column, under a name that fills its own.
    let many = 4_000_u64;
    for (width, height) in [(80, 24), (120, 40)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.app.store = Store::new(512 << 10);
        let group = |number: u64| {
            let name = "a name that is longer than its column, whatever the size of the screen";
            edit(span(1, 1, 0, "api", name, 0, 1), |span| {
                span.span_id = number.to_be_bytes().to_vec();
            })
        };
        scene.add((1..=many).map(group).collect());
        assert!(scene.app.store.totals().truncated_spans > 0);
        let text = scene.text();
        let row = text.lines().find(|line| line.contains('▸')).expect("the trace's row");
        assert!(row.contains("… truncated "), "{row}");
        assert!(text.contains("· truncated: "), "{text}");
    }
}

#[test]
fn denied_pages_are_shown_with_the_flag_that_allows_them() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        let mut denied = ingest_state::Denials::default();
        for (reason, flag) in [
            ("host app.example", "--allowed-host app.example"),
            ("origin null", "--allowed-origin null"),
        ] {
            denied.add(ingest_state::Denial {
                reason: reason.to_owned(),
                flag: Some(flag.to_owned()),
                listener: ingest_state::Listener::OtlpHttp,
                count: 12,
            });
        }
        scene.apply(Event::Health(Box::new(HealthSnapshot {
            denied,
            ..HealthSnapshot::default()
        })));
        let header = scene.text().lines().nth(1).expect("a header").to_owned();
        assert!(header.contains("24 denied: --allowed-origin null"), "{header}");
        scene.type_keys("H");
        let mut text = scene.text();
        scene.press(&[Key::End]);
        text += &scene.text();
        for expected in [
            "12  origin null, at OTLP/HTTP",
            "to allow it: --allowed-origin null",
            "--allowed-host app.example",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}

#[test]
fn own_uploads_are_counted_where_there_are_any() {
    let mut scene = Scene::new(Mode::Viewer, 120, 60);
    scene.type_keys("H");
    assert!(!scene.text().contains("own uploads"), "{}", scene.text());
    let (mut uploads, _) = otlp::batch(vec![span(1, 1, 0, "api", "POST", 0, 5)], Source::OtlpHttp);
    uploads.hide_spans(|_| true);
    scene.app.store.add(uploads);
    let text = scene.text();
    assert!(text.contains("own uploads  1 hidden"), "{text}");
}

#[test]
fn relay_results_are_counted() {
    let mut scene = Scene::new(Mode::Viewer, 120, 60);
    scene.app.sentry.relay = Some("https://o1.ingest.sentry.io/42".to_owned());
    let relay = ingest_state::RelayCounts {
        accepted: 12,
        rejected: [(413, 2), (400, 1)].into_iter().collect(),
        waiting: 4,
        problem: Some("cannot connect: \u{1b}[31mrefused".into()),
        ..ingest_state::RelayCounts::default()
    };
    scene.apply(Event::Health(Box::new(HealthSnapshot {
        relay: Some(relay),
        ..HealthSnapshot::default()
    })));
    scene.type_keys("H");
    let text = scene.text();
    assert!(text.contains("12 accepted · 4 waiting · 3 rejected"), "{text}");
    assert!(text.contains("cannot connect") && !text.contains('\u{1b}'), "{text}");
}
