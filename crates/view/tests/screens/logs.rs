//! Log records: the tab, and the records of a trace.

use app::keymap::{Key, KeyContext};
use app::{Event, LogFocus, Mode, Pane, Pointer, PointerKind, Tab};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use ratatui::layout::Position;
use testkit::otlp::{attribute, text};
use trace_model::{Source, Store, otlp};

use crate::scene::{MILLI, START, Scene, password_reset, span, span_id};
use crate::snapshots::at_all_sizes;

/// A record at a time in milliseconds, outside of any trace.
pub(crate) fn record(at_ms: u64, severity_number: i32, body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: START + at_ms * MILLI,
        severity_number,
        body: Some(text(body)),
        attributes: vec![attribute("code.file.path", "src/smtp.rs")],
        ..LogRecord::default()
    }
}

/// The same in a trace, and in a span unless that is 0.
fn record_of(trace: u8, span: u8, record: LogRecord) -> LogRecord {
    LogRecord {
        trace_id: vec![trace; 16],
        span_id: if span == 0 { Vec::new() } else { vec![span; 8] },
        ..record
    }
}

pub(crate) fn add(scene: &mut Scene, service: &str, log_records: Vec<LogRecord>) {
    let group = ResourceLogs {
        resource: Some(Resource {
            attributes: vec![attribute("service.name", service), attribute("host.name", "worker-7")],
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records,
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    scene.app.store.add(otlp::log_batch(vec![group], Source::OtlpHttp));
}

/// Records in a span, in a trace, and outside of both.
fn logged(scene: &mut Scene) {
    scene.add(password_reset());
    add(
        scene,
        "mailer",
        vec![
            record_of(1, 7, record(95, 17, "cannot send mail: 550 mailbox unavailable")),
            record_of(1, 0, record(100, 13, "requeue message 4711 (attempt 2 of 5)")),
            record(180, 13, "nightly cleanup skipped: another run holds the lock"),
        ],
    );
    add(
        scene,
        "api",
        vec![
            record_of(1, 3, record(2, 9, "reset requested")),
            record_of(
                1,
                4,
                record(6, 5, r#"{"event":"queued","queue":{"name":"email_queue","length":3}}"#),
            ),
        ],
    );
}

fn row(scene: &mut Scene, part: &str) -> String {
    let text = scene.text();
    let row = text.lines().find(|line| line.contains(part));
    row.unwrap_or_else(|| panic!("{part} is not there\n{text}")).to_owned()
}

#[test]
fn log_records_of_all_kinds_are_listed_by_time() {
    at_all_sizes("log_tab", Mode::Viewer, |scene| {
        logged(scene);
        scene.type_keys("2");
    });
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    scene.type_keys("2");
    let text = scene.text();
    let bodies = [
        "reset requested",
        "queued",
        "cannot send mail",
        "requeue message",
        "nightly cleanup",
    ];
    let lines = bodies.map(|body| text.lines().position(|line| line.contains(body)));
    assert!(lines.is_sorted() && lines.iter().all(Option::is_some), "{lines:?}\n{text}");
    assert!(row(&mut scene, "cannot send mail").contains("01010101"), "{text}");
    assert!(row(&mut scene, "nightly cleanup").trim_end().ends_with('–'), "{text}");
    assert!(text.contains("5 records") && text.contains("2 Logs 5"), "{text}");
}

#[test]
fn list_of_logs_follows_the_newest_until_the_user_moves() {
    let mut scene = Scene::new(Mode::Viewer, 100, 30);
    scene.type_keys("2");
    for number in 0..100 {
        add(&mut scene, "api", vec![record(number, 9, &format!("record {number}"))]);
    }
    assert!(row(&mut scene, "record 99").contains("record 99") && scene.text().contains("following newest"));
    scene.press(&[Key::Up]);
    for number in 100..140 {
        add(&mut scene, "api", vec![record(number, 9, &format!("record {number}"))]);
    }
    let text = scene.text();
    assert!(text.contains("40 new below") && !text.contains("record 120"), "{text}");
    let held = scene.app.logs.screen().record().record().map(|record| record.time_unix_nano);
    assert_eq!(held, Some(START + 98 * MILLI), "the cursor holds still");
    scene.type_keys("G");
    assert!(scene.text().contains("record 139") && scene.text().contains("following newest"));
}

#[test]
fn word_finds_a_record_outside_of_traces() {
    let mut scene = Scene::new(Mode::Viewer, 100, 30);
    logged(&mut scene);
    scene.type_keys("2/nightly");
    let text = scene.text();
    assert!(
        text.contains("nightly cleanup") && !text.contains("reset requested"),
        "{text}"
    );
    scene.press(&[Key::Enter]);
    assert!(row(&mut scene, "LOGS").contains("1 of 5 records"), "{}", scene.text());
    scene.press(&[Key::Esc]);
    assert!(scene.text().contains("reset requested"));
}

#[test]
fn filter_of_logs_has_their_fields_and_names_where_others_work() {
    let mut scene = Scene::new(Mode::Viewer, 120, 30);
    logged(&mut scene);
    scene.type_keys("2/severity:>=warn has:trace");
    let text = scene.text();
    assert!(
        text.contains("requeue") && !text.contains("nightly") && text.contains("2 records"),
        "{text}"
    );
    scene.press(&[Key::Enter]);
    scene.type_keys("/");
    scene.press(&[Key::Ctrl('u')]);
    scene.type_keys("duration:>1s");
    assert!(scene.text().contains("works in Traces, not in Logs"), "{}", scene.text());
    scene.press(&[Key::Esc]);
    scene.type_keys("1/severity:error");
    assert!(scene.text().contains("works in Logs, not in Traces"), "{}", scene.text());
}

#[test]
fn filters_of_all_tabs_have_one_history() {
    let mut scene = Scene::new(Mode::Viewer, 120, 30);
    logged(&mut scene);
    scene.type_keys("/service:mailer\n");
    scene.type_keys("2/");
    scene.press(&[Key::Up, Key::Enter]);
    let text = scene.text();
    assert!(text.contains("nightly") && !text.contains("reset requested"), "{text}");
    assert!(scene.app.store.filter().is_some(), "that of the traces stays");
}

#[test]
fn enter_goes_to_the_span_of_a_record_and_escape_back() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    scene.type_keys("2/mailbox\n\n");
    scene.draw();
    assert_eq!(
        (scene.app.screens.tab(), scene.app.screens.pane),
        (Tab::Traces, Pane::Waterfall)
    );
    let selected = scene.app.waterfall.selected().map(|(_, key)| key.span_id);
    assert_eq!(selected, Some(span_id(7)));
    scene.press(&[Key::Esc]);
    scene.draw();
    assert_eq!(scene.app.screens.tab(), Tab::Logs);
    assert!(scene.text().contains("mailbox unavailable"));
}

#[test]
fn record_outside_of_traces_leads_nowhere_and_says_so() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    scene.type_keys("2/nightly\n\n");
    assert!(scene.text().contains("this record belongs to no trace"), "{}", scene.text());
    assert_eq!(scene.app.screens.tab(), Tab::Logs);
}

#[test]
fn trace_of_log_records_alone_says_where_they_are() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add_logs(7, 1, &[(1, 9, "started")]);
    let text = scene.text();
    assert!(
        text.contains("(only logs)") && text.contains("no spans, only log records · L lists them"),
        "{text}"
    );
}

#[test]
fn logs_of_the_trace_are_the_same_screen() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    scene.add_logs(2, 1, &[(5, 9, "of another trace")]);
    scene.draw();
    let position = scene.app.store.position(crate::scene::trace(1)).expect("it is stored");
    scene.press(&vec![Key::Down; position]);
    scene.type_keys("L");
    let text = scene.text();
    assert!(
        text.contains("requeue") && !text.contains("nightly") && !text.contains("another trace"),
        "{text}"
    );
    scene.type_keys("/severity:>=warn\n");
    assert!(!scene.text().contains("reset requested"));
    add(&mut scene, "mailer", vec![record_of(1, 7, record(120, 17, "late failure"))]);
    while scene.app.search(100) {}
    assert!(scene.text().contains("late failure"), "{}", scene.text());
    scene.press(&[Key::Esc, Key::Esc]);
    scene.draw();
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
}

#[test]
fn logs_of_an_evicted_trace_keep_its_name_until_it_arrives_again() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.app.store = Store::new(1 << 20);
    let arrive = |scene: &mut Scene| {
        scene.add(password_reset());
        scene.add_logs(1, 7, &[(165, 13, "the server is slow")]);
        while scene.app.search(100) {}
    };
    arrive(&mut scene);
    scene.type_keys("L");
    assert!(scene.text().contains("the server is slow"), "{}", scene.text());
    let large = "x".repeat(20_000);
    for number in 2..=120 {
        scene.add(vec![span(number, 1, 0, "api", &large, 0, 1)]);
        scene.draw();
    }
    let text = scene.text();
    assert!(
        text.contains("01010101… › LOGS") && !text.contains("the server is slow"),
        "{text}"
    );
    arrive(&mut scene);
    let text = scene.text();
    assert!(
        text.contains("01010101… › LOGS") && text.contains("the server is slow"),
        "{text}"
    );
}

#[test]
fn times_are_chosen_by_keys_and_by_dragging() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let records = (0..100)
        .map(|number| record(100 * number, if number < 50 { 17 } else { 9 }, "tick"))
        .collect();
    add(&mut scene, "api", records);
    scene.type_keys("2");
    let listed = |scene: &mut Scene| {
        scene.draw();
        scene.app.logs.screen().len(&scene.app.store)
    };
    assert_eq!(listed(&mut scene), 100);
    let bars = |scene: &Scene| {
        scene
            .app
            .logs
            .screen()
            .histogram()
            .rows()
            .iter()
            .map(|row| row.counts.iter().sum())
            .collect::<Vec<u32>>()
    };
    assert_eq!(bars(&scene), [50, 0, 50]);
    scene.type_keys("+");
    let zoomed = listed(&mut scene);
    assert!((45..=55).contains(&zoomed), "{zoomed}");
    assert_eq!(
        bars(&scene).iter().sum::<u32>() as usize,
        zoomed,
        "the bars are of the same times"
    );
    scene.type_keys("<");
    assert!(scene.text().contains(" – "), "the times are in the title: {}", scene.text());
    scene.type_keys("0");
    assert_eq!(listed(&mut scene), 100);
    // The first half of the bars.
    let width = 120 - 21;
    let pointer = |kind, x| {
        Event::Pointer(Pointer {
            at: Position { x, y: 3 },
            kind,
            control: false,
            shift: false,
        })
    };
    scene.apply(pointer(PointerKind::Press, 21));
    scene.apply(pointer(PointerKind::Drag, 21 + width / 2 - 1));
    scene.draw();
    scene.apply(pointer(PointerKind::Release, 21 + width / 2 - 1));
    let dragged = listed(&mut scene);
    assert!((47..=52).contains(&dragged), "{dragged}");
    assert_eq!(bars(&scene)[2], 0, "the first half are errors");
    scene.press(&[Key::Esc]);
    assert_eq!(listed(&mut scene), 100);
}

#[test]
fn record_shows_a_json_body_folded() {
    let mut scene = Scene::new(Mode::Viewer, 120, 50);
    logged(&mut scene);
    scene.type_keys("2/queued\n");
    let text = scene.text();
    for part in [r#""event": "queued""#, "▸", "attributes", "src/smtp.rs", "resource"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains(r#""length": 3"#), "{text}");
    scene.press(&[Key::Tab]);
    assert_eq!(scene.app.logs.screen().focus(), LogFocus::Record);
    scene.press(&[Key::Down, Key::Down, Key::Char(' ')]);
    assert!(scene.text().contains(r#""length": 3"#), "{}", scene.text());
    scene.type_keys("v");
    assert_eq!(scene.app.key_context(), KeyContext::Value);
    scene.press(&[Key::Esc, Key::Esc]);
    scene.draw();
    assert_eq!(scene.app.key_context(), KeyContext::Logs);
    scene.type_keys("|");
    assert!(scene.app.logs.screen().is_beside() && scene.text().contains("│"));
}

/// An axis went from 00:00:00.000 to 00:00:00.000.
#[test]
fn screen_without_a_record_has_only_the_reason() {
    for keys in ["2", "1L", "1La", "2/nothing\n"] {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.add(vec![crate::scene::span(1, 1, 0, "api", "GET /", 0, 5)]);
        scene.type_keys(keys);
        let text = scene.text();
        for part in ["a bar", "00:00:00", "severity", "RECORD", "body"] {
            assert!(!text.contains(part), "{keys}: {part}\n{text}");
        }
    }
}

/// Libraries write `info`, `INFO` and `Info`.
#[test]
fn severities_are_in_capitals_everywhere() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let written = |text: &str| LogRecord {
        severity_text: text.to_owned(),
        ..record_of(1, 1, record(5, 9, "said"))
    };
    add(&mut scene, "api", ["info", "INFO", "Info", ""].map(written).into());
    scene.add(vec![crate::scene::span(1, 1, 0, "api", "GET /", 0, 9)]);
    for keys in ["2", "a", "1\n\n"] {
        scene.type_keys(keys);
        let text = scene.text();
        assert!(text.contains("INFO"), "{text}");
        assert!(!text.contains("info") && !text.contains("Info"), "{text}");
    }
}

#[test]
fn patterns_group_what_is_listed_and_list_its_records() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    let records = (0..40).map(|number| {
        record_of(
            1,
            7,
            record(200 + number, 13, &format!("requeue message {number} (attempt 3 of 5)")),
        )
    });
    add(&mut scene, "mailer", records.collect());
    // Other words where a number is in the pattern: they fit no template of it.
    let other = record(300, 13, "requeue message of another queue (attempt 3 of 5)");
    add(&mut scene, "mailer", vec![record_of(1, 7, other)]);
    scene.type_keys("2/service:mailer\na");
    let text = scene.text();
    assert!(text.contains("4 patterns ·") && text.contains("44 of 46 records"), "{text}");
    assert_eq!(
        text.matches("44").count(),
        1,
        "the number of records is in the title once\n{text}"
    );
    let pattern = row(&mut scene, "requeue message <num> (attempt <num> of <num>)");
    assert!(
        pattern.contains(" 41 ") && pattern.contains("WARN") && pattern.contains("mailer"),
        "{pattern}"
    );
    insta::assert_snapshot!("log_patterns", scene.part(crate::scene::Part::Body));
    scene.press(&[Key::Enter]);
    let text = scene.text();
    assert!(text.contains("41 of 46 records") && !text.contains("mailbox"), "{text}");
    assert!(text.contains("service:mailer · pattern requeue message <num>"), "{text}");
    // A filter narrows them, and does not end the condition.
    scene.type_keys("/ \"message 17\"\n");
    let text = scene.text();
    assert!(text.contains("1 of 46 records") && text.contains("pattern requeue"), "{text}");
    scene.press(&[Key::Esc]);
    let text = scene.text();
    assert!(!text.contains("pattern requeue"), "{text}");
    scene.press(&[Key::Esc]);
    scene.draw();
    assert!(scene.text().contains(" 46 records"), "{}", scene.text());
    assert_eq!(scene.app.key_context(), KeyContext::Logs);
}

#[test]
fn records_are_marks_on_the_bar_of_their_span() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![crate::scene::span(1, 1, 0, "api", "GET /", 0, 100)]);
    let bar = |scene: &mut Scene| {
        let row = row(scene, "api GET /  ");
        let (_, bar) = row.split_once('┃').expect("a bar");
        bar.trim_end().to_owned()
    };
    let plain = bar(&mut scene);
    let records = [(0, 17), (20, 9), (40, 13), (60, 13), (60, 17), (60, 5), (100, 17), (500, 17)];
    let records = records.map(|(at, severity)| record_of(1, 1, record(at, severity, "x")));
    add(&mut scene, "api", records.to_vec());
    let marked = bar(&mut scene);
    let marks: String = marked.chars().filter(|c| "·⚠✗".contains(*c)).collect();
    assert_eq!(marks, "·⚠✗", "the worst of a cell, and none at the ends: {marked}");
    let ends = |bar: &str| (bar.chars().next(), bar.chars().last());
    assert_eq!((ends(&marked), marked.chars().count()), (ends(&plain), plain.chars().count()));
    scene.draw();
    assert!(
        row(&mut scene, "GET /  ").contains(" 8 "),
        "the list counts them: {}",
        scene.text()
    );
}

#[test]
fn record_is_copied_as_json() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    logged(&mut scene);
    let Some(app::Effect::Copy(line)) = scene.type_keys("2y") else {
        panic!("nothing was copied")
    };
    assert!(
        line.contains("nightly cleanup") && line.contains(r#""severity":"warn""#),
        "{line}"
    );
}

#[test]
fn empty_list_of_logs_tells_why_it_is_empty() {
    let mut scene = Scene::new(Mode::Viewer, 120, 30);
    scene.type_keys("2");
    let text = scene.text();
    assert!(
        text.contains("No log records yet") && text.contains("OTEL_EXPORTER_OTLP_ENDPOINT"),
        "{text}"
    );
    logged(&mut scene);
    scene.type_keys("/absent\n");
    assert!(
        scene.text().contains("no record matches the filter · Esc clears it"),
        "{}",
        scene.text()
    );
    scene.press(&[Key::Esc]);
    assert!(scene.text().contains("nightly"));
}

#[test]
fn hostile_text_of_records_stays_text() {
    let hostile = "\u{1b}[2J\u{202e}evil\u{0}\r\n\u{9b}31m".to_owned() + &"日本\u{200b}".repeat(3_000);
    let records = vec![
        LogRecord {
            severity_text: hostile.clone(),
            event_name: hostile.clone(),
            attributes: vec![attribute(&hostile, &hostile)],
            ..record(1, 99, &hostile)
        },
        LogRecord {
            time_unix_nano: 0,
            ..record(0, -3, "")
        },
        LogRecord {
            time_unix_nano: u64::MAX,
            body: None,
            attributes: Vec::new(),
            ..record(0, 17, "")
        },
    ];
    for (width, height) in [(120, 40), (80, 24), (20, 6), (1, 1)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        add(&mut scene, &hostile, records.clone());
        scene.type_keys("2");
        for keys in ["k", "k", "+", "-", "<", ">", "z", "0", "\t", "j", "|", "L", "G"] {
            scene.type_keys(keys);
            // A cell that is not clean stops a debug build.
            scene.draw();
        }
    }
}
