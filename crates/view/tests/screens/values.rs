//! Values, full size.

use app::keymap::{Key, KeyContext};
use app::{Effect, Mode};

use crate::instrumentations::{attributes, in_order};
use crate::scene::{Part, Scene, edit, span};

/// The screen of the only attribute of a span.
fn value(key: &str, text: &str, width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.add(vec![edit(span(1, 1, 0, "shop", "work", 0, 9), |span| {
        span.attributes = attributes(&[(key, text)]);
    })]);
    scene.press(&[Key::Enter, Key::Enter, Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Value, "{}", scene.text());
    scene
}

const JSON: &str = r#"{"order":{"id":17,"items":[{"sku":"chair-1","price":49.5,"tags":["garden","wood"]},{"sku":"table-2","price":120,"tags":[]}],"note":"leave it at the door, please, and ring twice: the bell is hard to hear from the garden"},"dry_run":false}"#;
const STACK: &str = "java.lang.IllegalStateException: no rate\n\tat com.example.billing.Rates.fetch(Rates.java:61)\n\tat org.springframework.aop.Proxy.invoke(Proxy.java:9)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: java.net.SocketTimeoutException: Read timed out\n\tat com.example.billing.Http.get(Http.java:12)\n\t... 12 more\n";
const SQL: &str = "SELECT p.id, p.title, count(c.id) FROM products p LEFT JOIN carts c ON c.product = p.id WHERE p.title ILIKE $1 AND p.price < 100 GROUP BY p.id ORDER BY p.price LIMIT 20";
const URL: &str = "https://shop.example.com:8443/products/search?query=garden+chairs&page=2";

#[test]
fn values_of_each_form() {
    for (name, key, text) in [
        ("json", "request.body", JSON),
        ("stack", "stack", STACK),
        ("sql", "db.statement", SQL),
        ("url", "url.full", URL),
    ] {
        for (width, height) in [(40, 10), (80, 24), (120, 40)] {
            let mut scene = value(key, text, width, height);
            insta::assert_snapshot!(format!("value_{name}_{width}x{height}"), scene.part(Part::Body));
        }
    }
}

#[test]
fn string_of_json_has_a_row_for_each_of_its_lines() {
    let json = r#"{"level":50,"stack":"TypeError: no \\n price\n    at total (cart.js:3:1)\n    at main (cart.js:9:1)\n"}"#;
    let mut scene = value("request.body", json, 100, 40);
    let body = scene.part(Part::Body);
    let rows: Vec<_> = body
        .lines()
        .map(str::trim_end)
        .filter(|row| row.contains("cart") || row.contains("no "))
        .collect();
    assert!(rows[0].ends_with(r#""stack": "TypeError: no \\n price\n"#), "{body}");
    assert!(rows[1].ends_with(r"    at total (cart.js:3:1)\n"), "{body}");
    assert!(rows[2].ends_with(r#"    at main (cart.js:9:1)\n""#), "{body}");
    assert_eq!(rows.len(), 3, "{body}");
}

#[test]
fn footer_offers_to_move_only_where_there_is_another_row() {
    for (text, moves) in [("one", false), ("one\ntwo", true), ("", false)] {
        let mut scene = value("note", text, 100, 40);
        let shown = scene.text();
        let footer = shown.lines().last().unwrap_or_default();
        assert_eq!(footer.contains("move"), moves, "{text:?} {footer}");
    }
}

#[test]
fn footer_offers_less_and_more_where_there_is() {
    let footer = |scene: &mut Scene| scene.text().lines().last().unwrap_or_default().to_owned();
    let mut json = value("request.body", JSON, 120, 40);
    assert!(footer(&mut json).contains("( less") && !footer(&mut json).contains(") more"));
    let mut stack = value("stack", STACK, 120, 40);
    assert!(footer(&mut stack).contains(") more") && !footer(&mut stack).contains("( less"));
    stack.type_keys(")");
    assert!(stack.part(Part::Body).contains("Proxy.invoke"), "{}", stack.part(Part::Body));
    assert!(footer(&mut stack).contains("( less") && !footer(&mut stack).contains(") more"));
    stack.type_keys("(");
    assert!(!stack.part(Part::Body).contains("Proxy.invoke"), "{}", stack.part(Part::Body));
}

#[test]
fn values_fold_by_line_and_by_level() {
    let mut scene = value("request.body", JSON, 100, 40);
    scene.type_keys("((((");
    in_order(
        &scene.part(Part::Body),
        &["request.body", "▾ {", "▸ \"order\": { … 3 },", "\"dry_run\": false"],
    );
    scene.type_keys("j ");
    in_order(&scene.part(Part::Body), &["▾ \"order\"", "\"id\": 17,", "\"note\""]);
    scene.press(&[Key::Enter]);
    in_order(&scene.part(Part::Body), &["▸ \"order\""]);
    let mut scene = value("stack", STACK, 100, 40);
    in_order(
        &scene.part(Part::Body),
        &["● ", "Rates.fetch", "▸ 2 library frames", "Caused by", "● "],
    );
    assert!(!scene.part(Part::Body).contains("Proxy"));
    scene.type_keys("jj ");
    in_order(&scene.part(Part::Body), &["▾ 2 library frames", "Proxy.invoke"]);
}

#[test]
fn bodies_of_logs_are_shown_full_size() {
    let mut scene = Scene::new(Mode::Viewer, 100, 40);
    scene.add(vec![span(1, 1, 0, "shop", "work", 0, 9)]);
    scene.add_logs(1, 1, &[(1, 9, JSON), (2, 17, STACK)]);
    scene.type_keys("Lgv");
    assert_eq!(scene.app.key_context(), KeyContext::Value);
    in_order(
        &scene.part(Part::Body),
        &["Logs › VALUE", "body", "▾ {", "▾ \"order\"", "JSON"],
    );
    assert_eq!(scene.type_keys("y"), Some(Effect::Copy(JSON.to_owned())));
    scene.type_keys("v");
    assert_eq!(scene.app.key_context(), KeyContext::TraceLogs, "the same key closes it");
    scene.type_keys("jv");
    in_order(
        &scene.part(Part::Body),
        &["● ", "Rates.fetch", "▸ 2 library frames", "stack trace"],
    );
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::TraceLogs);
    // It is the key for values in details, too, and nothing elsewhere.
    scene.press(&[Key::Esc, Key::Enter, Key::Enter]);
    scene.type_keys("v");
    in_order(&scene.part(Part::Body), &["VALUE", "body", "▾ {", "▾ \"order\""]);
    scene.type_keys("v");
    scene.press(&[Key::End]);
    scene.type_keys("v");
    assert_eq!(scene.app.key_context(), KeyContext::Details);
    assert!(scene.text().contains("no value under the cursor"), "{}", scene.text());
}

#[test]
fn search_unfolds_what_it_finds() {
    let mut scene = value("stack", STACK, 100, 40);
    scene.type_keys("/proxy\n");
    in_order(&scene.part(Part::Body), &["▾ 2 library frames", "◆", "Proxy.invoke"]);
    scene.type_keys("N");
    assert!(scene.text().contains("not found"), "{}", scene.text());
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Value, "the search ends first");
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Details);
}

#[test]
fn values_are_copied_whole() {
    let mut scene = value("request.body", JSON, 100, 40);
    assert_eq!(scene.type_keys("y"), Some(Effect::Copy(JSON.to_owned())));
    let mut scene = value("request.body", &"x ".repeat(1 << 20), 100, 40);
    assert_eq!(scene.type_keys("y"), None);
    assert!(scene.text().contains("cannot copy 2 MiB"), "{}", scene.text());
}

#[test]
fn huge_values_are_named_and_read_to_their_end() {
    let deep = format!("{}1{}", "[".repeat(1_000), "]".repeat(1_000));
    let lines = format!("{}the last line\n", "a line\n".repeat(150_000));
    for (text, first, last) in [
        ("x".repeat(10 << 20), "▸ 10 MiB", "xxxx"),
        (lines, "▸ 1 MiB", "the last line"),
        (deep, "[", "]"),
    ] {
        let mut scene = value("huge", &text, 80, 24);
        in_order(&scene.part(Part::Body), &[first]);
        if first.starts_with('▸') {
            scene.press(&[Key::Enter]);
        }
        scene.press(&[Key::End]);
        let mut frames = 0;
        while scene.app.screens.value().is_some_and(app::ValueScreen::is_reading) {
            scene.draw();
            frames += 1;
            assert!(frames < 40, "it goes on");
        }
        let body = scene.part(Part::Body);
        assert!(body.lines().rev().nth(1).is_some_and(|line| line.contains(last)), "{body}");
    }
}

#[test]
fn hostile_values_do_not_command_the_terminal() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}evil\u{200b}\u{0}";
    for text in [
        hostile.to_owned(),
        format!("{{\"{hostile}\": \"{hostile}\"}}"),
        format!("SELECT '{hostile}' FROM {hostile}"),
        format!("E: {hostile}\n\tat {hostile}(a:1)\n\tat b.c({hostile}:1)"),
        format!("https://{hostile}/{hostile}?{hostile}=%1b%5b2J"),
    ] {
        let mut scene = value("text", &text, 80, 24);
        let shown = scene.text();
        assert!(!shown.chars().any(|c| c != '\n' && !app::text::is_printable(c)), "{shown:?}");
    }
}

#[test]
fn bodies_of_records_and_stacks_of_errors_open() {
    let mut scene = Scene::new(Mode::Viewer, 100, 40);
    scene.add(vec![span(1, 1, 0, "shop", "work", 0, 9)]);
    scene.add_logs(1, 1, &[(2, 9, "{\"event\": \"timeout\",\n \"after_ms\": 5000}")]);
    scene.press(&[Key::Enter, Key::Enter, Key::Enter, Key::Down, Key::Enter]);
    in_order(
        &scene.part(Part::Body),
        &["VALUE  body", "\"event\": \"timeout\",", "\"after_ms\": 5000"],
    );
}
