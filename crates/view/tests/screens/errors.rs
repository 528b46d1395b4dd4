//! Errors, on the rows of their spans and by themselves.

use app::keymap::Key;
use app::{Action, Mode};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use trace_model::{Source, otlp};

use crate::scene::{MILLI, Part, START, Scene, password_reset, span};

pub(crate) fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    let values = pairs.into_iter().map(|(key, value)| pair(key, value)).collect();
    Value::KvlistValue(KeyValueList { values })
}

fn array(values: Vec<Value>) -> Value {
    let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
    Value::ArrayValue(ArrayValue { values })
}

fn frame(function: &str, file: &str, line: i64, in_app: bool, source: &str) -> Value {
    map([
        ("function", text(function)),
        ("filename", text(file)),
        ("lineno", Value::IntValue(line)),
        ("in_app", Value::BoolValue(in_app)),
        ("context_line", text(source)),
    ])
}

/// A frame with the lines of the source around its call.
fn frame_in_source(before: &[&str], source: &str, after: &[&str]) -> Value {
    let lines = |lines: &[&str]| array(lines.iter().map(|line| text(line)).collect());
    map([
        ("function", text("reserve")),
        ("filename", text("stock.py")),
        ("lineno", Value::IntValue(9)),
        ("in_app", Value::BoolValue(true)),
        ("pre_context", lines(before)),
        ("context_line", text(source)),
        ("post_context", lines(after)),
    ])
}

/// An error event as an envelope brings it: in a span, or in none where its number is 0.
pub(crate) fn add_error(scene: &mut Scene, trace: u8, span: u8, service: &str, at_ms: u64, attributes: Vec<(&str, Value)>) {
    report(scene, 17, (trace, span, service, at_ms), attributes);
}

/// The same with any severity number.
fn report(scene: &mut Scene, severity: i32, (trace, span, service, at_ms): (u8, u8, &str, u64), attributes: Vec<(&str, Value)>) {
    let title = attributes.iter().find_map(|(key, value)| match (*key, value) {
        ("title", Value::StringValue(title)) => Some(title.clone()),
        _ => None,
    });
    let others = attributes.into_iter().filter(|(key, _)| *key != "title");
    let record = LogRecord {
        trace_id: vec![trace; 16],
        span_id: if span == 0 { Vec::new() } else { vec![span; 8] },
        time_unix_nano: START + at_ms * MILLI,
        severity_number: severity,
        event_name: "exception".to_owned(),
        body: title.map(|title| AnyValue {
            value: Some(text(&title)),
        }),
        attributes: others.map(|(key, value)| pair(key, value)).collect(),
        ..LogRecord::default()
    };
    let logs = ResourceLogs {
        resource: Some(Resource {
            attributes: vec![pair("service.name", text(service))],
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records: vec![record],
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    scene.app.store.add(otlp::log_batch(vec![logs], Source::Sentry));
}

/// The attributes of a mailer's error whose server accepts nothing.
pub(crate) fn smtp_error() -> Vec<(&'static str, Value)> {
    let cause = map([
        ("type", text("ConnectionReset")),
        ("value", text("by peer")),
        (
            "frames",
            array(vec![frame("read", "net/stream.rs", 77, false, "self.inner.read(buf)")]),
        ),
    ]);
    let thrown = map([
        ("type", text("SmtpError")),
        ("value", text("451 try again later")),
        ("handled", Value::BoolValue(true)),
        ("mechanism", text("generic")),
        (
            "frames",
            array(vec![
                frame("main", "src/main.rs", 12, true, "run().await"),
                frame("poll", "tokio/runtime/task.rs", 340, false, "future.poll(cx)"),
                frame("send_mail", "src/transport.rs", 58, true, "  smtp.send(message).await?"),
            ]),
        ),
    ]);
    let breadcrumb = |before_ms: u64, category: &str, message: &str| {
        let time = i64::try_from(START + (168 - before_ms) * MILLI).expect("small");
        map([
            ("unix_nano", Value::IntValue(time)),
            ("category", text(category)),
            ("level", text("info")),
            ("message", text(message)),
        ])
    };
    vec![
        ("title", text("SmtpError: 451 try again later")),
        ("sentry.event_id", text("9ec79c33ec9942ab8353589fcb2e04dc")),
        ("sentry.exceptions", array(vec![cause, thrown])),
        (
            "sentry.breadcrumbs",
            array(vec![breadcrumb(20, "smtp", "MAIL FROM"), breadcrumb(70, "smtp", "EHLO")]),
        ),
        ("tags.queue", text("mails")),
    ]
}

/// A password reset whose mail cannot be sent: the mailer reports that, and something else about its service alone.
pub(crate) fn mail_failed(scene: &mut Scene) {
    scene.add(password_reset());
    add_error(scene, 1, 7, "mailer", 168, smtp_error());
    add_error(scene, 1, 4, "api", 5, vec![("title", text("SlowQueue: 3 ms"))]);
    add_error(scene, 1, 4, "api", 6, vec![("title", text("SlowQueue: 4 ms"))]);
    scene.add_logs(1, 7, &[(165, 13, "the server is slow")]);
}

/// An error that names a trace of which nothing else is known.
pub(crate) fn nothing_but_an_error(scene: &mut Scene) {
    let attributes = vec![
        ("title", text("KeyError: 'basket'")),
        ("exception.type", text("KeyError")),
        ("exception.message", text("'basket'")),
        (
            "exception.stacktrace",
            text("Traceback:\n  File \"shop.py\", line 3\nKeyError: 'basket'"),
        ),
    ];
    add_error(scene, 5, 0, "shop", 40, attributes);
}

/// A trace that came in envelopes alone, and one of which there are logs only.
pub(crate) fn checkout(scene: &mut Scene) {
    scene.add_envelope(vec![
        span(6, 1, 0, "checkout", "POST /checkout", 0, 30),
        span(6, 2, 1, "checkout", "SELECT basket", 5, 9),
    ]);
    scene.add_logs(7, 1, &[(1, 9, "starting"), (2, 9, "started")]);
}

/// The details with all their parts unfolded, in a pane that has room for them.
fn details_of(scene: &mut Scene) -> String {
    scene.resize(220, 120);
    scene.press(&[Key::Enter, Key::Home]);
    for _ in 0..100 {
        if !scene.part(Part::Details).contains('▸') {
            break;
        }
        if scene.app.can(Action::ToggleFold) {
            scene.type_keys(" ");
        }
        scene.type_keys("j");
    }
    scene.part(Part::Details)
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines()
        .find(|line| line.contains(part))
        .unwrap_or_else(|| panic!("{part}\n{text}"))
}

#[test]
fn an_error_stands_on_its_spans_row_and_on_its_bar() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    mail_failed(&mut scene);
    let text = scene.text();
    let failed = line_with(&text, "mailer send mail");
    assert!(failed.contains("send mail ! SmtpError"), "{text}");
    let (label, bar) = failed.split_at(failed.find("ms").expect("a duration"));
    assert!(label.contains('!') && bar.contains('!'), "{text}");
    assert!(line_with(&text, "EnqueueMessage").contains("!2"), "{text}");
    assert!(text.contains("· ! 3"), "{text}");
    assert!(line_with(&text, "▸").contains("7 ✗1 !3"), "{text}");
}

#[test]
fn stack_shows_own_code_first_and_breadcrumbs_last() {
    let mut scene = Scene::new(Mode::Viewer, 176, 100);
    mail_failed(&mut scene);
    scene.press(&[Key::Enter, Key::End]);
    assert!(
        !scene.part(Part::Details).contains("EHLO"),
        "folded until the user unfolds it"
    );
    let text = details_of(&mut scene);
    let parts = [
        " errors",
        "! SmtpError: 451 try again later",
        "handled (generic) · event",
        "9ec79c33ec9942ab8353589fcb2e04dc",
        "src/transport.rs:58 send_mail",
        "│ smtp.send(message).await?",
        "src/main.rs:12 main",
        "▸ 1 library frame",
        "caused by ConnectionReset: by peer",
        "net/stream.rs:77 read",
        "-70.0 ms",
        "-20.0 ms",
        "queue",
        " logs",
        "the server is slow",
    ];
    let mut rest = text.as_str();
    for part in parts {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part} is not where it should be\n{text}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!text.contains("task.rs"), "{text}");
    assert_eq!(text.matches("ERROR").count(), 0, "not among the logs too\n{text}");
}

#[test]
fn an_error_without_a_span_has_a_row_and_says_all_it_knows() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    nothing_but_an_error(&mut scene);
    scene.press(&[Key::Enter]);
    let text = scene.text();
    assert!(text.contains("no spans · ! 1 error"), "{text}");
    assert!(text.contains("! shop KeyError: 'basket'"), "{text}");
    assert!(text.contains("they name no span, only the trace"), "{text}");
    assert!(text.contains("File \"shop.py\", line 3"), "{text}");

    // One of a span that has not arrived, and then does.
    add_error(&mut scene, 5, 3, "shop", 50, vec![("title", self::text("Late"))]);
    scene.press(&[Key::End]);
    let text = scene.text();
    assert!(
        text.contains("! shop Late") && text.contains("span 0303030303030303 itself has not arrived"),
        "{text}"
    );
    scene.add(vec![span(5, 3, 0, "shop", "GET /", 45, 60)]);
    let text = scene.text();
    assert!(text.contains("shop GET / ! Late"), "{text}");
    assert!(!text.contains("has not arrived"), "{text}");
}

#[test]
fn a_trace_without_spans_reads_well_in_the_list() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    checkout(&mut scene);
    nothing_but_an_error(&mut scene);
    let text = scene.text();
    assert!(line_with(&text, "! KeyError: 'basket'").contains("!1"), "{text}");
    assert!(line_with(&text, "(only logs)").contains("2 logs"), "{text}");
    assert!(line_with(&text, "POST /checkout").contains("via Sentry"), "{text}");
}

#[test]
fn hostile_errors_do_not_command_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\r\n\u{202e}evil\u{200b}\u{0}";
    let mut scene = Scene::new(Mode::Viewer, 120, 90);
    let exception = map([
        ("type", text(hostile)),
        ("value", text(hostile)),
        ("mechanism", text(hostile)),
        ("handled", Value::BoolValue(false)),
        ("frames", array(vec![frame(hostile, hostile, -1, true, hostile)])),
    ]);
    let breadcrumb = map([
        ("category", text(hostile)),
        ("message", text(hostile)),
        ("level", text(hostile)),
        ("data", map([(hostile, text(hostile))])),
    ]);
    let attributes = || {
        vec![
            ("title", text(hostile)),
            ("sentry.event_id", text(hostile)),
            ("sentry.transaction", text(hostile)),
            ("sentry.logger", text(hostile)),
            ("sentry.message", text(hostile)),
            ("exception.stacktrace", text(hostile)),
            ("sentry.exceptions", array(vec![exception.clone()])),
            ("sentry.breadcrumbs", array(vec![breadcrumb.clone()])),
            ("tags.a", text(hostile)),
            ("other", text(hostile)),
        ]
    };
    scene.add(vec![span(1, 1, 0, hostile, hostile, 0, 5)]);
    add_error(&mut scene, 1, 1, hostile, 3, attributes());
    add_error(&mut scene, 1, 0, hostile, 4, attributes());
    for keys in [vec![Key::Enter], vec![Key::End], vec![Key::Char('x')]] {
        scene.press(&keys);
        let text = scene.text();
        assert!(text.contains("evil"), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && !app::text::is_printable(c)), "{text:?}");
    }
}

#[test]
fn a_message_or_a_warning_is_no_error() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, "api", "GET /", 0, 100)]);
    report(&mut scene, 9, (1, 1, "api", 50), vec![("title", text("user clicked"))]);
    scene.press(&[Key::Enter]);
    let said = scene.text();
    assert!(line_with(&said, "▸").contains(" 1 i1 "), "{said}");
    assert!(said.contains("· i 1 message") && !said.contains("1 error"), "{said}");
    let row = line_with(&said, "api GET /");
    let (label, bar) = row.split_at(row.find("ms").expect("a duration"));
    assert!(
        label.contains("GET / i user clicked") && bar.contains('i') && !row.contains('!'),
        "{row}"
    );
    assert!(
        said.contains("messages 1") && said.contains("i user clicked"),
        "the details: {said}"
    );
    scene.type_keys("e");
    assert!(scene.text().contains("no span of this trace failed"), "{}", scene.text());

    // Next to an error it matters less.
    report(&mut scene, 17, (1, 1, "api", 60), vec![("title", text("it broke"))]);
    let said = scene.text();
    assert!(line_with(&said, "▸").contains(" 1 !1 i1 "), "{said}");
    assert!(line_with(&said, "api GET /").contains("GET / ! it broke"), "{said}");
    assert!(said.contains("errors 2"), "{said}");
    // And alone it is a trace of its own.
    report(&mut scene, 13, (7, 0, "shop", 60), vec![("title", text("stock is low"))]);
    scene.type_keys("g");
    scene.press(&[Key::Esc, Key::Home]);
    let said = scene.text();
    assert!(said.contains("i stock is low") && said.contains("MESSAGE shop"), "{said}");
}

#[test]
fn errors_without_a_span_are_counted_by_gravity() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    add_error(&mut scene, 3, 0, "mailer", 10, smtp_error());
    let handled = scene.part(Part::Details);
    assert!(handled.contains(" ⚠ 1 handled error · they name no span"), "{handled}");
    assert!(!handled.contains('!'), "{handled}");
    add_error(&mut scene, 3, 0, "mailer", 20, vec![("title", text("KeyError"))]);
    let both = scene.part(Part::Details);
    assert!(both.contains(" ! 1 error · ⚠ 1 handled error · they name no span"), "{both}");
}

#[test]
fn source_around_the_newest_own_call_is_unfolded() {
    let mut scene = Scene::new(Mode::Viewer, 120, 60);
    scene.add(vec![span(1, 1, 0, "shop", "POST /checkout", 0, 30)]);
    let thrown = map([
        ("type", text("OutOfStock")),
        (
            "frames",
            array(vec![
                frame_in_source(&[], "    main()", &["    done()"]),
                frame_in_source(
                    &["def reserve(order):", "", "\tif not left:"],
                    "        raise OutOfStock(order)",
                    &["    return order", "\u{1b}[2J"],
                ),
            ]),
        ),
    ]);
    add_error(
        &mut scene,
        1,
        1,
        "shop",
        3,
        vec![("title", text("OutOfStock")), ("sentry.exceptions", array(vec![thrown]))],
    );
    scene.press(&[Key::Enter]);
    let details = scene.part(Part::Details);
    let column = |line: &str| line.chars().take(50).collect::<String>().trim().to_owned();
    let lines = details.lines().skip_while(|line| !line.contains("stock.py"));
    let shown: Vec<_> = lines.take(8).map(column).collect();
    assert_eq!(
        shown,
        [
            "▾ stock.py:9 reserve",
            "6 │ def reserve(order):",
            "7 │",
            "8 │     if not left:",
            "9 │         raise OutOfStock(order)",
            "10 │     return order",
            "11 │ ␛[2J",
            "▸ stock.py:9 reserve",
        ],
        "{details}"
    );
    assert!(details.contains("│ main()") && !details.contains("done()"), "{details}");
}
