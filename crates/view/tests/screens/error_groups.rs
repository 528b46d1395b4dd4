//! The Errors tab: groups, events of a group, and the way to their spans.

use app::keymap::{Key, KeyContext};
use app::{Mode, Tab};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use opentelemetry_proto::tonic::trace::v1::span::Event;

use crate::errors::{add_error, smtp_error, text};
use crate::scene::{MILLI, START, Scene, edit, failed, password_reset, span, span_id, trace};
use crate::snapshots::at_all_sizes;

const STACK: &str = "Traceback (most recent call last):
  File \"/app/shop/views.py\", line 12, in checkout
    cart.put(order)
  File \"/usr/lib/python3/site-packages/flask/app.py\", line 9, in dispatch
    return view()
  File \"/app/shop/cart.py\", line 41, in put
    raise ValueError(order)
ValueError: order 17 is invalid";

/// A span that failed with an exception.
fn exception(trace: u8, service: &str, at_ms: u64, (type_name, message, stack): (&str, &str, &str)) -> ResourceSpans {
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    };
    edit(failed(span(trace, 2, 1, service, "checkout", at_ms, at_ms + 5), ""), |span| {
        span.events = vec![Event {
            time_unix_nano: START + at_ms * MILLI,
            name: "exception".to_owned(),
            attributes: vec![
                attribute("exception.type", type_name),
                attribute("exception.message", message),
                attribute("exception.stacktrace", stack),
            ],
            ..Event::default()
        }];
    })
}

/// Lets what is due be done, as the event loop does.
fn settle(scene: &mut Scene) {
    for _ in 0..3 {
        scene.now += 1_000 * MILLI;
        scene.draw();
        while scene.app.survey(scene.now, 1_000) {}
    }
}

/// Four groups: of three events, of one that Sentry reported, of one without a type, and of an exception without type and message.
fn several(scene: &mut Scene) {
    for (number, order) in [(2, 17), (3, 18), (4, 19)] {
        let message = format!("order {order} is invalid");
        scene.add(vec![
            span(number, 1, 0, "frontend", "GET /checkout", u64::from(number) * 10, 100),
            exception(number, "shop", u64::from(number) * 10, ("shop.ValueError", &message, STACK)),
        ]);
    }
    scene.add(password_reset());
    add_error(scene, 1, 7, "mailer", 168, smtp_error());
    add_error(scene, 1, 4, "api", 5, vec![("title", text("queue 7 is full"))]);
    settle(scene);
}

#[test]
fn list_shows_groups_with_the_newest_event_of_one() {
    at_all_sizes("error_groups", Mode::Viewer, |scene| {
        several(scene);
        scene.type_keys("3");
    });
}

#[test]
fn event_shows_own_frames_first() {
    at_all_sizes("error_event", Mode::Viewer, |scene| {
        several(scene);
        scene.type_keys("3\n");
    });
}

#[test]
fn enter_goes_to_the_event_and_then_to_its_span_and_escape_back() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    several(&mut scene);
    scene.type_keys("3jj");
    assert!(scene.text().contains("newest of 3"), "{}", scene.text());
    scene.press(&[Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Error);
    scene.type_keys("n");
    assert!(scene.text().contains("2 of 3"), "{}", scene.text());
    scene.type_keys("n");
    assert!(scene.text().contains("oldest of 3"), "{}", scene.text());
    scene.type_keys("n");
    assert!(scene.text().contains("this is the oldest event"), "{}", scene.text());
    scene.type_keys("N");
    scene.press(&[Key::Enter]);
    scene.draw();
    assert_eq!(scene.app.screens.tab(), Tab::Traces);
    let selected = scene.app.waterfall.selected().map(|(trace_id, key)| (trace_id, key.span_id));
    assert_eq!(selected, Some((trace(3), span_id(2))));
    assert!(
        scene.text().contains("Errors › ValueError: order <num> is invalid"),
        "{}",
        scene.text()
    );
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Error);
    assert!(scene.text().contains("2 of 3"), "{}", scene.text());
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Errors);
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.screens.tab(), Tab::Traces);
}

#[test]
fn event_says_as_its_group_that_the_error_was_handled() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let unset = |span| edit(span, |span| span.status = None);
    scene.add(vec![unset(exception(
        2,
        "shop",
        10,
        ("ValueError", "order 17 is invalid", STACK),
    ))]);
    settle(&mut scene);
    scene.type_keys("3");
    let text = scene.text();
    assert!(text.contains("⚠ ValueError: order <num> is invalid"), "{text}");
    assert!(text.contains("⚠ handled ValueError: order 17 is invalid"), "{text}");

    scene.add(vec![exception(3, "shop", 20, ("KeyError", "basket", STACK))]);
    settle(&mut scene);
    scene.type_keys("g");
    let text = scene.text();
    assert!(text.contains("✗ KeyError: basket"), "{text}");
    assert!(text.contains("! KeyError: basket"), "{text}");
}

#[test]
fn error_outside_of_spans_leads_to_its_row() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    add_error(&mut scene, 5, 0, "shop", 50, vec![("title", text("KeyError: 'basket'"))]);
    settle(&mut scene);
    scene.type_keys("3\n\n");
    scene.draw();
    assert_eq!(scene.app.screens.tab(), Tab::Traces);
    let text = scene.text();
    assert!(text.contains("they name no span, only the trace"), "{text}");
}

#[test]
fn error_of_a_record_outside_of_traces_is_shown_and_leads_nowhere() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    };
    let mut record = crate::logs::record(5, 17, "cleanup failed");
    record.attributes = vec![
        attribute("exception.type", "LockError"),
        attribute("exception.message", "lock 7 is held"),
        attribute("exception.stacktrace", STACK),
    ];
    crate::logs::add(&mut scene, "janitor", vec![record]);
    scene.type_keys("3");
    settle(&mut scene);
    let text = scene.text();
    for part in ["3 Errors 1", "LockError: lock", "janitor", "log record", "cart.py"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    scene.press(&[Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Error);
    assert!(scene.text().contains("cart.py"), "{}", scene.text());
    scene.press(&[Key::Enter]);
    assert!(scene.text().contains("this record belongs to no trace"), "{}", scene.text());
    assert_eq!(scene.app.screens.tab(), Tab::Errors);
}

#[test]
fn library_frames_unfold() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![exception(2, "shop", 1, ("ValueError", "no", STACK))]);
    settle(&mut scene);
    scene.type_keys("3\n");
    let text = scene.text();
    assert!(
        text.contains("● ") && text.contains("cart.py") && !text.contains("flask"),
        "{text}"
    );
    let row = text.lines().position(|line| line.contains("▸ 1 library frame")).expect(&text);
    scene.type_keys(&"j".repeat(row));
    for _ in 0..row {
        if !scene.app.can(app::Action::ToggleFold) {
            scene.type_keys("k");
        }
    }
    scene.type_keys(" ");
    assert!(scene.text().contains("flask"), "{}", scene.text());
}

/// The line count of the title was of one line more than there is: at some heights nothing said that the last line was out of view.
#[test]
fn event_below_the_list_counts_lines_out_of_view() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(vec![exception(2, "shop", 1, ("ValueError", "no", STACK))]);
    settle(&mut scene);
    scene.type_keys("3");
    for height in 16..40 {
        scene.resize(80, height);
        let text = scene.text();
        let pane = scene.app.errors.details().pane();
        let last = pane
            .page()
            .and_then(|page| page.columns()[0].last())
            .expect("a page")
            .to_string();
        assert_eq!(text.contains(&last), pane.below() == 0, "{height}\n{text}");
        assert_eq!(text.contains(" below"), pane.below() > 0, "{height}\n{text}");
    }
}

/// A fold dropped the page until the next frame: what was typed in the meantime did nothing.
#[test]
fn keys_between_two_frames_reach_a_page_that_was_folded() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![exception(2, "shop", 1, ("ValueError", "no", STACK))]);
    settle(&mut scene);
    scene.type_keys("3\n");
    for _ in 0..20 {
        if !scene.app.can(app::Action::ToggleFold) {
            scene.type_keys("j");
        }
    }
    let folded = scene.text();
    for _ in 0..2 {
        scene.apply(app::Event::Key(Key::Char(' ')));
    }
    assert_eq!(scene.text(), folded, "unfolded and folded again");
}

fn new_rows(text: &str) -> Vec<&str> {
    let is_new = |line: &&str| line.trim_start_matches([' ', '▸']).starts_with("new ");
    text.lines().filter(is_new).collect()
}

#[test]
fn groups_since_the_last_visit_are_new() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    several(&mut scene);
    assert!(scene.text().contains("3 Errors 4, 4 new"), "{}", scene.text());
    scene.type_keys("3");
    let text = scene.text();
    assert_eq!(new_rows(&text).len(), 4, "{text}");
    scene.type_keys("1");
    scene.draw();
    scene.add(vec![exception(9, "shop", 900, ("TypeError", "late", ""))]);
    settle(&mut scene);
    assert!(scene.text().contains("3 Errors 5, 1 new"), "{}", scene.text());
    scene.type_keys("3");
    let text = scene.text();
    let new = new_rows(&text);
    assert!(new.len() == 1 && new[0].contains("TypeError: late"), "{text}");
}

#[test]
fn words_and_columns_narrow_and_sort_the_groups() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    several(&mut scene);
    scene.type_keys("3/smtp\n");
    let text = scene.text();
    assert!(text.contains("SmtpError") && !text.contains("ValueError"), "{text}");
    scene.press(&[Key::Esc]);
    scene.type_keys("s");
    let text = scene.text();
    let first = text
        .lines()
        .find(|line| line.contains(" ✗ ") || line.contains(" ⚠ "))
        .unwrap_or_default();
    assert!(first.contains("ValueError: order <num> is invalid"), "{text}");
    scene.type_keys("/nowhere");
    assert!(scene.text().contains("nothing here has all these words"), "{}", scene.text());
}

#[test]
fn tab_without_errors_says_whether_anything_was_received() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.type_keys("3");
    assert!(
        scene.text().contains("no traces received yet · 1 lists what to set"),
        "{}",
        scene.text()
    );
    scene.add(vec![span(1, 1, 0, "api", "GET /", 0, 1)]);
    settle(&mut scene);
    assert!(scene.text().contains("✓ no errors in what was received"), "{}", scene.text());
}

#[test]
fn hostile_types_messages_and_frames_are_shown_clean() {
    let hostile = "a\u{1b}[2J\u{202e}\u{0}\r\n\tb";
    let stack =
        format!("Traceback (most recent call last):\n  File \"{hostile}\", line 1, in {hostile}\n  File \"x\", line 2, in y\n");
    for (width, height) in [(80, 24), (20, 6), (200, 50)] {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.add(vec![
            exception(2, hostile, 1, (hostile, hostile, &stack)),
            exception(
                3,
                "x",
                1,
                (&"E".repeat(100_000), &"(".repeat(100_000), &"at x\n".repeat(10_000)),
            ),
        ]);
        add_error(
            &mut scene,
            4,
            1,
            hostile,
            2,
            vec![("title", text(hostile)), ("tags.\u{1b}", text(hostile))],
        );
        settle(&mut scene);
        scene.type_keys("3jj\n");
        for key in ["n", "N", " ", "G", "g", "\n"] {
            scene.type_keys(key);
            // A debug build panics at a cell that is not clean.
            scene.draw();
        }
    }
}
