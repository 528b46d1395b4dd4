//! The cross-check: marks, reasons, and what keys do about them.

use std::collections::HashMap;
use std::sync::Arc;

use app::keymap::{Key, KeyContext};
use app::{Effect, Mode, Notice, SentrySite};
use opentelemetry_proto::tonic::trace::v1::Status;
use trace_model::sentry::{Evidence, SentryTrace};
use trace_model::{CrossCheck, Expectation, SpanKey};

use crate::scene::{MILLI, NOW, START, Scene, edit, password_reset, password_reset_without, span, span_id, trace};

const SECOND: u64 = 1_000 * MILLI;

/// A minute after a password reset of which each span has another fate.
pub(crate) fn checked(scene: &mut Scene) {
    scene.add(vec![span(2, 1, 0, "shop", "GET /", 0, 5)]);
    scene.add(password_reset());
    scene.add(vec![span(1, 8, 5, "mailer", "clean up", 170, 0)]);
    let mut envelope = password_reset_without(&[3, 4, 6]);
    envelope.push(span(1, 3, 1, "api", "resetPasswordHandler", 2, 7));
    envelope.push(span(9, 4, 0, "api", "EnqueueMessage", 3, 6));
    envelope.push(span(1, 9, 5, "mailer", "smtp", 91, 99));
    scene.add_envelope(envelope);
    scene.app.store.add_evidence(vec![
        Evidence::Transaction {
            trace_id: trace(1),
            root: span_id(5),
            spans: 0,
        },
        Evidence::TooLarge {
            trace_id: trace(1),
            spans: vec![span_id(7)],
            bytes: 3 << 20,
        },
        Evidence::Dropped {
            service: "mailer".into(),
            unix_nano: START + 200 * MILLI,
            reason: "queue_overflow".into(),
            category: "span".into(),
            quantity: 2,
        },
    ]);
    scene.now = NOW + 60 * SECOND;
    scene.app.traces.select(trace(1));
}

fn site(scene: &mut Scene) {
    scene.app.sentry.site = Some(SentrySite {
        organization: "acme".to_owned(),
        host: "sentry.io".to_owned(),
        trace_pages: "https://acme.sentry.io/explore/traces/trace/".to_owned(),
    });
    scene.app.sentry.is_asked = true;
    scene.app.store.expect_sentry(Expectation::Sentry);
}

/// Sentry was asked once and has five of the spans so far.
pub(crate) fn asked(scene: &mut Scene) {
    site(scene);
    scene.add(password_reset());
    let parents = [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(3)), (5, Some(1))];
    let stored = SentryTrace {
        asked_unix_nano: NOW - 4 * SECOND,
        asked_again: true,
        spans: Arc::new(HashMap::from(
            parents.map(|(id, parent): (u8, Option<u8>)| (span_id(id), parent.map(span_id))),
        )),
    };
    scene.app.store.set_stored(trace(1), stored);
    scene.app.sentry.said(trace(1), Ok(()), Some(NOW + 15 * SECOND));
}

/// Sentry was asked and did not like the token.
pub(crate) fn rejected(scene: &mut Scene) {
    site(scene);
    scene.add(password_reset());
    let problem = "Sentry rejected the token (401): make a new one at https://sentry.io/settings/auth-tokens/ with the scope org:read and \
                   set SENTRY_AUTH_TOKEN";
    scene.app.sentry.said(trace(1), Err(problem.to_owned()), None);
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines()
        .find(|line| line.contains(part))
        .unwrap_or_else(|| panic!("{part}\n{text}"))
}

#[test]
fn marks_are_per_row_and_the_list_shows_the_worst() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    checked(&mut scene);
    let text = scene.text();
    for (name, mark) in [
        ("reset password  ", "✓"),
        ("resetPasswordHandler", "≠"),
        ("EnqueueMessage", "≠"),
        ("compose mail", "✗"),
        ("send mail", "✗"),
        ("clean up", "…"),
        ("smtp", "✓"),
    ] {
        let rows = text.split_once("WATERFALL").expect("the waterfall").1;
        let row = line_with(rows, name);
        let (_, right) = row.split_once(name).expect("the name");
        let first = right.split_whitespace().next().expect("a mark");
        assert_eq!(first, mark, "{name}\n{text}");
    }
    assert!(line_with(&text, "▸").contains("✗ 5/8"), "{text}");
    let unchecked = line_with(&text, "GET /");
    assert!(unchecked.contains("not sent"), "{text}");
}

#[test]
fn the_pane_says_why_for_each_span() {
    let mut scene = Scene::new(Mode::Demo, 200, 50);
    checked(&mut scene);
    scene.type_keys("x");
    let text = scene.text();
    for part in [
        "Compared with the Sentry envelopes that came to this viewer, at 127.0.0.1:8969.",
        "✗ 2 missing · ≠ 2 different · … 1 expected · ✓ 3 reached it · ✓ 1 by envelope only",
        "arrived with parent 0101010101010101 instead of parent 0202020202020202",
        "arrived under trace 09090909090909090909090909090909",
        "missing: client report: 2 × span dropped, queue_overflow",
        "missing: item too large: 3072 KiB, and Sentry takes 1,024",
        "still expected: it is running",
        "arrived in an envelope only",
        "03:04:05 mailer 2 × span dropped: queue_overflow",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_mark_becomes_another_when_its_time_has_come() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.add_envelope(password_reset_without(&[7]));
    let text = scene.text();
    assert!(line_with(&text, "▸").contains("… 6/7"), "{text}");
    // The trace ends at 180 ms, and ten seconds later nothing is expected any more.
    let due = START + 180 * MILLI + 10 * SECOND;
    let stays = scene.app.redraw_after(&scene.clock()).expect("not for ever");
    assert!(
        scene.now + u64::try_from(stays.as_nanos()).expect("short") <= due,
        "{stays:?}"
    );
    scene.now = due - SECOND / 2;
    let stays = scene.app.redraw_after(&scene.clock()).expect("not for ever");
    assert_eq!(stays.as_millis(), 500);
    scene.now = due;
    let text = scene.text();
    assert!(line_with(&text, "▸").contains("✗ 6/7"), "{text}");
    scene.now = due + 60 * SECOND;
    assert_eq!(scene.app.redraw_after(&scene.clock()), None, "at rest");
    // A late envelope sets it right.
    scene.add_envelope(password_reset());
    let text = scene.text();
    assert!(line_with(&text, "▸").contains("✓ 7/7"), "{text}");
}

#[test]
fn a_mark_of_a_trace_that_is_not_selected_changes_too() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.add_envelope(password_reset_without(&[7]));
    scene.add(vec![span(2, 1, 0, "shop", "GET /", 0, 5)]);
    scene.now = START + 180 * MILLI + 10 * SECOND - SECOND / 4;
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(2)));
    let stays = scene.app.redraw_after(&scene.clock()).expect("not for ever");
    assert_eq!(stays.as_millis(), 250);
}

#[test]
fn cross_check_cursor_is_the_waterfalls_and_enter_opens_the_span() {
    let mut scene = Scene::new(Mode::Demo, 80, 24);
    checked(&mut scene);
    scene.type_keys("x");
    assert_eq!(scene.app.key_context(), KeyContext::CrossCheck);
    scene.press(&[Key::End]);
    let text = scene.text();
    let key = |scene: &Scene| scene.app.waterfall.selected().map(|(_, key)| key.clone());
    let last = key(&scene).expect("a span");
    assert!(text.contains(&format!("span {}", last.span_id)), "{text}");
    assert!(text.contains("still expected: it is running"), "{text}");
    scene.press(&[Key::Up, Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Details);
    let selected = key(&scene).expect("a span");
    assert_ne!(selected, last);
    // It opens and closes with the same key, and with Esc; what came meanwhile does not take the trace away.
    scene.type_keys("x");
    scene.add(vec![span(3, 1, 0, "shop", "GET /", 0, 5)]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(1)));
    scene.type_keys("x");
    assert_eq!(scene.app.key_context(), KeyContext::Details);
    scene.type_keys("x");
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Details);
}

#[test]
fn folding_works_in_it() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.add_envelope(password_reset_without(&[7]));
    scene.type_keys("x ");
    let text = scene.text();
    assert!(
        text.contains("+6") && text.contains("… 1 expected · ✓ 6 reached it"),
        "{text}"
    );
    scene.now = NOW + 60 * SECOND;
    let text = scene.text();
    assert!(
        text.contains("✗ 1 missing or still expected"),
        "which of both is not looked up\n{text}"
    );
    scene.type_keys(" ");
    assert!(scene.text().contains("✗ 1 missing "), "{}", scene.text());
}

#[test]
fn sentry_copy_is_shown_with_its_time() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    asked(&mut scene);
    scene.type_keys("x");
    let text = words(&scene.text());
    let said = "Compared with what Sentry has stored for acme at sentry.io: asked at 03:04:01, next ask in 15 s.";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("≠ 1 different · … 2 expected · ✓ 4 reached it"), "{text}");
    assert_eq!(
        scene.app.redraw_after(&scene.clock()).map(|stays| stays.as_secs()),
        Some(1),
        "it counts down"
    );
    scene.now += 5 * SECOND;
    assert!(words(&scene.text()).contains("next ask in 10 s."), "{}", scene.text());
}

/// Returns the text of the screen, as one line.
fn words(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn sentry_errors_are_shown_with_advice() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut scene = Scene::new(Mode::Demo, width, height);
        rejected(&mut scene);
        scene.type_keys("x");
        let text = scene.text();
        let shown = words(&text);
        assert!(shown.contains("✗ Sentry rejected the token (401): make a new one"), "{text}");
        assert!(shown.contains("set SENTRY_AUTH_TOKEN"), "{text}");
        assert!(!shown.contains("sntrys"), "{text}");
    }
}

#[test]
fn keys_of_the_pane_open_the_page_and_ask() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    asked(&mut scene);
    // Elsewhere they mean nothing.
    assert_eq!(scene.type_keys("sR"), None);
    assert_eq!(scene.app.notice, None);
    let page = format!("https://acme.sentry.io/explore/traces/trace/{}/", trace(1));
    assert_eq!(scene.type_keys("xs"), Some(Effect::Browse(page)));
    assert_eq!(scene.type_keys("R"), Some(Effect::AskSentry(trace(1))));
    assert!(scene.text().contains("asking Sentry"), "{}", scene.text());

    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.add(password_reset());
    for (keys, told) in [("xs", "SENTRY_ORG"), ("R", "SENTRY_AUTH_TOKEN")] {
        assert_eq!(scene.type_keys(keys), None);
        assert!(scene.text().contains(told), "{}", scene.text());
    }
}

#[test]
fn there_is_nothing_to_check_before_anything_came() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.type_keys("x");
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
    assert!(scene.text().contains("no trace to check"), "{}", scene.text());
}

#[test]
fn the_dsn_is_on_the_screen_and_a_key_copies_it() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        let dsn = "http://spanfall@127.0.0.1:8969/1";
        assert!(scene.text().contains(&format!("SENTRY_DSN={dsn}")), "{}", scene.text());
        assert!(
            scene.text().contains("SENTRY_SPOTLIGHT=http://127.0.0.1:8969/stream"),
            "{}",
            scene.text()
        );
        assert_eq!(scene.type_keys("D"), Some(Effect::Copy(dsn.to_owned())));
        assert!(
            scene.text().lines().last().expect("a footer").contains(dsn),
            "{}",
            scene.text()
        );
        scene.type_keys("HG");
        assert!(scene.text().contains(dsn), "{}", scene.text());
    }
}

#[test]
fn a_span_that_came_both_ways_says_so_and_what_is_different() {
    let status = |code| Status {
        code,
        ..Status::default()
    };
    let mut scene = Scene::new(Mode::Viewer, 200, 60);
    scene.add(vec![span(1, 1, 0, "api", "GET /", 0, 10), span(1, 2, 1, "api", "work", 1, 5)]);
    scene.add_envelope(vec![
        // Nothing was said of it, and so Sentry says that it went well.
        edit(span(1, 1, 0, "api", "GET /", 0, 10), |span| span.status = Some(status(1))),
        edit(span(1, 2, 0, "api", "work.do", 1, 7), |span| {
            span.attributes[0].key = "sentry.op".to_owned();
            span.status = Some(status(2));
        }),
    ]);
    scene.press(&[Key::Enter, Key::Down]);
    let text = scene.text();
    for part in [
        "≠ arrived with no parent instead of parent 0101010101010101",
        "op ",
        "name there",
        "work.do",
        "status there",
        "parent there",
        "end there",
        "+2.00 ms",
        "OTLP/HTTP and in a Sentry envelope",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    scene.press(&[Key::Up]);
    let text = scene.text();
    assert!(text.contains("✓ reached Sentry") && !text.contains("there  "), "{text}");
}

fn link(scene: &mut Scene, text: &str, error: bool) -> Option<(u16, u16, String)> {
    scene.app.notice = Some(Notice {
        text: text.to_owned(),
        error,
    });
    let area = scene.draw().area;
    let link = view::hyperlink(&scene.app, scene.app.prepare(area).panes.footer)?;
    Some((link.area.x, link.area.width, link.url))
}

#[test]
fn an_address_in_a_notice_is_a_link_and_stays_whole_when_it_is_cut() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    let found = link(&mut scene, "the page is https://a.example/b", false);
    assert_eq!(found, Some((13, 19, "https://a.example/b".to_owned())));
    let long = format!("https://a.example/{}", "b".repeat(100));
    assert_eq!(link(&mut scene, &format!("the page is {long}"), false), Some((13, 67, long)));
    for text in [
        "nothing",
        "ftp://a.example/b",
        "javascript:alert(1)",
        "https://a.example/\u{1b}]8;;https://evil.example\u{7}",
        "https://a.example/\u{9c}",
        "https://a.example/\\",
        "https://日本.example/",
        "http://spanfall@127.0.0.1:8969/1",
    ] {
        assert_eq!(link(&mut scene, text, false), None, "{text:?}");
    }
    // What a sender was told may be the sender's words.
    assert_eq!(link(&mut scene, "https://a.example/b", true), None);
    scene.resize(10, 3);
    assert_eq!(link(&mut scene, "the page is https://a.example/b", false), None);
}

#[test]
fn hostile_reports_and_answers_do_not_command_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\r\n\u{202e}evil\u{200b}\u{0}";
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, hostile, hostile, 0, 5),
        edit(span(1, 2, 1, hostile, hostile, 1, 2), |span| span.kind = 1),
    ]);
    scene.add_envelope(vec![span(1, 1, 0, hostile, hostile, 0, 5)]);
    let root = span_id(1);
    scene.app.store.add_evidence(vec![
        Evidence::Transaction {
            trace_id: trace(1),
            root,
            spans: 0,
        },
        Evidence::Dropped {
            service: hostile.into(),
            unix_nano: START - 5,
            reason: hostile.into(),
            category: hostile.into(),
            quantity: u64::MAX,
        },
    ]);
    scene.app.sentry.relay = Some(hostile.to_owned());
    scene.app.sentry.said(trace(1), Err(hostile.to_owned()), Some(u64::MAX));
    scene.now = NOW + 60 * SECOND;
    scene.type_keys("x");
    scene.press(&[Key::End]);
    for keys in ["", "HG"] {
        scene.type_keys(keys);
        let text = scene.text();
        assert!(text.matches("evil").count() > 1, "{text}");
        assert!(!text.chars().any(|c| c != '\n' && !app::text::is_printable(c)), "{text:?}");
    }
    let key = SpanKey {
        span_id: span_id(2),
        service: hostile.into(),
        duplicate: 0,
    };
    let check = CrossCheck::of(&scene.app.store, trace(1)).expect("the trace");
    let verdict = check.verdict(&key, scene.now).expect("it is here");
    assert!(verdict.to_string().contains("evil"), "the transaction's name is in it");
}

/// The first row of the list.
fn first_row(scene: &mut Scene) -> String {
    let text = scene.text();
    let row = text.lines().find(|line| line.contains("GET / "));
    row.expect("the trace is listed").to_owned()
}

#[test]
fn list_says_in_two_words_why_nothing_is_compared_and_x_how_to_change_it() {
    let listed = || {
        let mut scene = Scene::new(Mode::Demo, 120, 40);
        scene.add(vec![span(2, 1, 0, "shop", "GET /", 0, 5)]);
        scene
    };
    let mut scene = listed();
    scene.app.sentry.direct = Some("https://o1.ingest.sentry.io/42".to_owned());
    assert!(first_row(&mut scene).contains(" no relay "), "{}", scene.text());
    scene.type_keys("x");
    let text = scene.text();
    assert!(text.contains("directly") && text.contains("--no-sentry-relay"), "{text}");

    let mut scene = listed();
    scene.add_envelope(vec![span(3, 5, 0, "other", "GET /other", 10, 15)]);
    scene.app.traces.select(trace(2));
    assert!(first_row(&mut scene).contains(" not sent "), "{}", scene.text());
    scene.type_keys("x");
    assert!(
        scene.text().contains("no envelope has come from these services"),
        "{}",
        scene.text()
    );
}

#[test]
fn header_names_the_sentry_that_envelopes_are_forwarded_to() {
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.app.sentry.relay = Some("https://o1.ingest.sentry.io/42".to_owned());
    let text = scene.text();
    assert!(text.contains("Sentry :8969 → o1.ingest.sentry.io/42"), "{text}");
}
