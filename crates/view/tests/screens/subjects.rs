//! Rows that say what their spans are about, and which columns leave for names.

use app::Mode;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use crate::scene::{Scene, span};

/// A span with attributes; what is a number is one.
fn with(mut spans: ResourceSpans, attributes: &[(&str, &str)]) -> ResourceSpans {
    let attribute = |(key, value): &(&str, &str)| {
        let number = value.parse().map(any_value::Value::IntValue);
        KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue {
                value: Some(number.unwrap_or_else(|_| any_value::Value::StringValue((*value).to_owned()))),
            }),
            ..KeyValue::default()
        }
    };
    spans.scope_spans[0].spans[0].attributes = attributes.iter().map(attribute).collect();
    spans
}

fn of_kind(mut spans: ResourceSpans, kind: i32) -> ResourceSpans {
    spans.scope_spans[0].spans[0].kind = kind;
    spans
}

/// Two requests with the names that instrumentation without routes gives them.
fn shop(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    let server = |trace: u8, attributes: &[(&str, &str)]| with(of_kind(span(trace, 1, 0, "shop", "GET", 0, 90), 2), attributes);
    scene.add(vec![server(
        2,
        &[("http.route", "/carts/{id}"), ("http.response.status_code", "200")],
    )]);
    scene.add(vec![
        server(1, &[("http.target", "/posts?token=1"), ("http.status_code", "404")]),
        with(
            of_kind(span(1, 2, 1, "shop", "SELECT", 10, 50), 3),
            &[("db.statement", "SELECT * FROM posts WHERE id = 17")],
        ),
        with(
            of_kind(span(1, 3, 1, "shop", "publish", 60, 70), 4),
            &[("messaging.destination.name", "mail")],
        ),
    ]);
    scene
}

fn line_with(text: &str, part: &str) -> String {
    let line = text.lines().find(|line| line.contains(part));
    line.unwrap_or_else(|| panic!("{part}\n{text}")).to_owned()
}

#[test]
fn rows_and_list_say_what_generic_spans_are_about() {
    let mut scene = shop(120, 40);
    let text = scene.text();
    for part in [
        "GET /posts 404",
        "GET /carts/{id} 200 ",
        "shop GET /posts 404",
        "shop SELECT * FROM posts WHERE id = ?",
        "shop publish mail",
    ] {
        line_with(&text, part);
    }
    assert!(!line_with(&text, "shop GET").contains("token"), "{text}");
}

#[test]
fn statuses_have_their_place_on_row_and_list() {
    let of = |name: &str, kind: i32, attributes: &[(&str, &str)]| {
        let mut scene = Scene::new(Mode::Viewer, 120, 40);
        scene.add(vec![with(of_kind(span(1, 1, 0, "shop", name, 0, 90), kind), attributes)]);
        scene.press(&[app::keymap::Key::Enter, app::keymap::Key::Enter]);
        scene
    };
    let rpc = [
        ("rpc.service", "shop.Cart"),
        ("rpc.method", "Add"),
        ("rpc.grpc.status_code", "14"),
    ];
    let sql = [
        ("db.statement", "INSERT INTO t VALUES (1)"),
        ("db.response.status_code", "ER23505"),
    ];
    for (name, kind, attributes, expected) in [
        (
            "POST",
            2,
            &[("http.route", "/posts"), ("http.response.status_code", "201")][..],
            "POST /posts 201",
        ),
        ("GET /posts", 2, &[("http.status_code", "503")], "GET /posts 503"),
        ("grpc", 3, &rpc, "grpc shop.Cart/Add 14 UNAVAILABLE"),
        ("shop.Cart/Add", 3, &rpc, "shop.Cart/Add 14 UNAVAILABLE"),
        ("INSERT", 3, &sql, "INSERT INTO t VALUES (?) ER23505"),
    ] {
        let mut scene = of(name, kind, attributes);
        let text = scene.text();
        line_with(&text, &format!("shop {expected}"));
        let list = text.lines().nth(3).expect("a row of the list");
        assert!(list.contains(expected), "{text}");
        if attributes == rpc {
            crate::instrumentations::in_order(&text, &["rpc.grpc.status_code", "14 UNAVAILABLE"]);
        }
    }
}

#[test]
fn titles_of_screens_name_the_trace_as_the_list_does() {
    let mut scene = shop(120, 40);
    let listed = scene
        .text()
        .lines()
        .find_map(|line| line.split_once("GET /"))
        .map(|(_, path)| path.to_owned());
    let path = listed
        .and_then(|path| path.split(' ').next().map(str::to_owned))
        .expect("a trace of a path");
    for (key, screen) in [("L", "LOGS"), ("L", "WATERFALL"), ("x", "CROSS-CHECK")] {
        scene.type_keys(key);
        let text = scene.text();
        let title = line_with(&text, screen);
        assert!(title.contains(&format!("GET /{path}")), "{title}");
    }
}

#[test]
fn operations_are_told_apart_by_route_and_template() {
    let mut scene = shop(120, 40);
    scene.type_keys("5");
    let text = scene.text();
    for part in ["GET /posts", "GET /carts/{id}", "SELECT * FROM posts", "publish mail"] {
        line_with(&text, part);
    }
    assert!(!text.contains("= 17"), "{text}");
    scene.type_keys("\n");
    assert!(line_with(&scene.text(), "Operations ›").contains("Operations › GET /"));
}

#[test]
fn sentry_has_a_column_only_where_it_is_used() {
    let mut scene = shop(120, 40);
    assert!(!scene.text().contains("Sentry  "), "{}", scene.text());
    scene.add_envelope(vec![span(3, 1, 0, "shop", "work", 0, 10)]);
    line_with(&scene.text(), " Sentry ");
    let mut demo = Scene::new(Mode::Demo, 120, 40);
    demo.add(vec![span(3, 1, 0, "shop", "work", 0, 10)]);
    line_with(&demo.text(), " Sentry ");
}

#[test]
fn names_stay_on_small_screens() {
    for (width, height) in [(80, 24), (60, 15), (40, 10)] {
        let mut scene = shop(width, height);
        scene.add_envelope(vec![span(3, 1, 0, "shop", "reindex search", 0, 10)]);
        let text = scene.text();
        line_with(&text, "reindex search");
        let is_large = width == 80;
        assert_eq!(text.contains("shape"), is_large, "{text}");
        assert_eq!(
            text.lines().nth(2).is_some_and(|line| line.contains("Sentry")),
            is_large,
            "{text}"
        );
        scene.type_keys("5");
        line_with(&scene.text(), "GET /posts");
    }
}
