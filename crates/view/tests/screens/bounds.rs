//! Invariants: no panic at any size, no escape sequence on the screen, no eviction of the selected trace.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use trace_model::Store;

use crate::errors::mail_failed;
use crate::scene::{Scene, edit, password_reset, password_reset_without, span, trace};

const KEYS: [Key; 34] = [
    Key::Down,
    Key::Up,
    Key::PageDown,
    Key::PageUp,
    Key::End,
    Key::Home,
    Key::Enter,
    Key::Left,
    Key::Right,
    Key::Char(' '),
    Key::Tab,
    Key::Char('?'),
    Key::Char('o'),
    Key::Esc,
    Key::Char('H'),
    Key::End,
    Key::Esc,
    Key::Char('x'),
    Key::Down,
    Key::PageDown,
    Key::Char(' '),
    Key::Char('s'),
    Key::Char('R'),
    Key::Home,
    Key::Enter,
    Key::Esc,
    Key::Char('D'),
    Key::Char('*'),
    Key::Char('/'),
    Key::Char('日'),
    Key::Char('('),
    Key::Left,
    Key::Up,
    Key::Esc,
];

#[test]
fn every_size_can_be_drawn_in_every_state() {
    let mut scene = Scene::new(Mode::Demo, 80, 24);
    scene.resize(0, 0);
    mail_failed(&mut scene);
    scene.add_envelope(password_reset_without(&[6]));
    for (at, key) in KEYS.iter().cycle().take(3 * KEYS.len()).enumerate() {
        scene.press(&[*key]);
        for (width, height) in [(0, 0), (1, 1), (80, 2), (3, 40), (20, 5), (79, 23), (300, 3), (31, 90)] {
            scene.resize(width, height);
        }
        scene.resize(60 + u16::try_from(at).expect("small"), 20);
    }
}

#[test]
fn hostile_text_does_not_command_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\r\n\u{202e}evil\u{200b}\u{0}";
    let mut scene = Scene::new(Mode::Demo, 120, 40);
    scene.add(vec![edit(span(1, 1, 0, hostile, hostile, 0, 5), |span| {
        span.attributes[0].key = hostile.to_owned();
        span.trace_state = hostile.to_owned();
        span.attributes[1].value = span.attributes[0].value.clone();
        span.status = Some(opentelemetry_proto::tonic::trace::v1::Status {
            code: 2,
            message: hostile.to_owned(),
        });
    })]);
    scene.press(&[Key::Enter, Key::Enter]);
    let text = scene.text();
    assert!(text.contains("evil"), "{text}");
    assert!(!text.chars().any(|c| c != '\n' && !app::text::is_printable(c)), "{text:?}");
}

/// Everything that does not print, in pieces that fit on a line.
fn unprintable() -> Vec<String> {
    let is_odd = |c: &char| !app::text::is_printable(*c);
    // Of a long range a few are enough for a screen: other tests go through all.
    let all: Vec<char> = ('\0'..=char::MAX).filter(is_odd).collect();
    let odd = all.iter().enumerate().filter(|(at, _)| *at < 400 || at % 499 == 0);
    let odd: Vec<char> = odd.map(|(_, c)| *c).collect();
    odd.chunks(60).map(|part| part.iter().collect()).collect()
}

#[test]
fn views_show_clean_text_only() {
    for text in unprintable() {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.add(vec![edit(span(1, 1, 0, &text, &text, 0, 5), |span| {
            span.attributes[0].key.clone_from(&text);
            let value = any_value::Value::StringValue(text.clone());
            span.attributes[1].value = Some(AnyValue { value: Some(value) });
            span.trace_state.clone_from(&text);
        })]);
        scene.add_logs(1, 1, &[(1, 9, &text)]);
        scene.app.notice = Some(app::Notice {
            text: text.clone(),
            error: true,
        });
        scene.press(&[Key::Enter, Key::Enter]);
        for overlay in ['O', 'm', 'w', 'L', 'H', '/'] {
            scene.press(&[Key::Char(overlay)]);
            // A debug build stops when a view leaves work to the last look at a frame.
            let buffer = scene.draw();
            let odd = |c: char| !app::text::is_printable(c);
            assert!(!buffer.content.iter().any(|cell| cell.symbol().contains(odd)), "{text:?}");
            scene.press(&[Key::Esc]);
        }
    }
}

#[test]
fn a_character_without_end_costs_a_frame_no_more_than_another() {
    for mark in ["\u{301}", "\u{1100}", "\u{94d}क", "\u{200d}👩"] {
        let text = format!("e{}", mark.repeat(50_000));
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.add(vec![edit(span(1, 1, 0, &text, &text, 0, 5), |span| {
            span.attributes[0].key.clone_from(&text);
            span.trace_state.clone_from(&text);
        })]);
        scene.add_logs(1, 1, &[(1, 9, &text)]);
        scene.app.notice = Some(app::Notice { text, error: true });
        for key in [Key::Enter, Key::Enter, Key::Char('L')] {
            scene.press(&[key]);
            let buffer = scene.draw();
            let bytes: usize = buffer.content.iter().map(|cell| cell.symbol().len()).sum();
            // What goes to the terminal, of 120 × 40 cells.
            assert!(bytes <= buffer.content.len() * 40, "{bytes} bytes");
        }
    }
}

#[test]
fn wide_names_keep_the_columns() {
    let mut scene = Scene::new(Mode::Demo, 80, 24);
    scene.add(vec![
        span(1, 1, 0, "注文サービス", &"東京🚀e\u{301}".repeat(20), 0, 5),
        span(1, 2, 1, "api", "plain", 1, 2),
    ]);
    let buffer = scene.draw();
    let column_of = |row: u16, symbol: &str| (0..80).find(|x| buffer[(*x, row)].symbol() == symbol);
    // The unit of both durations ends in the same column.
    let has_bar = |row: &u16| column_of(*row, "█").or(column_of(*row, "━")).is_some();
    let rows: Vec<_> = (0..24).filter(has_bar).collect();
    assert_eq!(rows.len(), 2, "{}", scene.text());
    let ends: Vec<_> = rows
        .iter()
        .map(|row| (20..50).rfind(|x| buffer[(*x, *row)].symbol() == "s"))
        .collect();
    assert_eq!(ends[0], ends[1], "{}", scene.text());
}

#[test]
fn a_trace_that_leaves_makes_way_for_its_neighbour() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.app.store = Store::new(1 << 20);
    scene.add(password_reset());
    scene.press(&[Key::Enter, Key::End]);
    scene.draw();
    assert_eq!(scene.app.traces.selected(), Some(trace(1)));
    let large = "x".repeat(20_000);
    for number in 2..=120 {
        scene.add(vec![span(number, 1, 0, "api", &large, 0, 1)]);
        scene.draw();
    }
    let selected = scene.app.traces.selected().expect("some trace");
    assert!(selected != trace(1) && scene.app.store.trace(selected).is_some());
    assert!(scene.text().contains("evicted"), "{}", scene.text());
}
