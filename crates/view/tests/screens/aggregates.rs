//! The lists about all traces: operations, the service map, warnings.

use app::Mode;
use app::keymap::{Key, KeyContext};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use crate::scene::{MILLI, NOW, Part, START, Scene, edit, failed, password_reset, span, trace};

const SECOND: u64 = 1_000 * MILLI;

fn with(span: &mut Span, key: &str, value: &str) {
    span.attributes.push(KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    });
}

fn kind(spans: ResourceSpans, kind: i32) -> ResourceSpans {
    edit(spans, |span| span.kind = kind)
}

fn queued(spans: ResourceSpans) -> ResourceSpans {
    edit(spans, |span| {
        with(span, "messaging.system", "rabbitmq");
        with(span, "messaging.destination.name", "order-placed");
    })
}

/// An order in a shop: a call, a database, a message, a circle between two services, one that calls itself.
fn order(number: u8) -> Vec<ResourceSpans> {
    let slow = u64::from(number);
    let from = 200 * slow;
    let span =
        |id, parent, service, name, start: u64, end: u64| span(number, id, parent, service, name, from + start, from + end);
    let payment = span(6, 5, "payment", "POST /charge", 22, 38 + slow);
    vec![
        span(1, 0, "web", "GET /checkout", 0, 60 + 2 * slow),
        kind(span(2, 1, "web", "POST /orders", 2, 58 + 2 * slow), 3),
        span(3, 2, "orders", "POST /orders", 4, 50 + slow),
        edit(kind(span(4, 3, "orders", "INSERT orders", 6, 9), 3), |span| {
            with(span, "db.system.name", "postgresql");
            with(span, "db.namespace", "shop");
        }),
        kind(span(5, 3, "orders", "POST /charge", 20, 40 + slow), 3),
        if number.is_multiple_of(5) {
            failed(payment, "card declined")
        } else {
            payment
        },
        kind(span(7, 6, "payment", "GET /orders/{id}", 24, 30), 3),
        span(8, 7, "orders", "GET /orders/{id}", 25, 29),
        kind(span(9, 8, "orders", "GET /orders/cache", 26, 28), 3),
        span(10, 9, "orders", "GET /orders/cache", 26, 28),
        queued(kind(span(11, 3, "orders", "order-placed publish", 42, 43), 4)),
        queued(kind(span(12, 11, "mailer", "order-placed process", 90, 140), 5)),
        edit(
            queued(kind(span(13, 12, "mailer", "order-placed ack", 139, 140), 3)),
            |span| {
                with(span, "messaging.operation.type", "settle");
            },
        ),
    ]
}

fn shop(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    (1..=20).for_each(|number| scene.add(order(number)));
    scene
}

/// At each size that a snapshot is taken of.
fn snapshots(name: &str, keys: &str, scene: impl Fn(u16, u16) -> Scene) {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = scene(width, height);
        scene.type_keys(keys);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), scene.part(Part::Body));
    }
}

#[test]
fn service_without_a_name_is_whole_on_the_map() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(2, 1, 0, "web", "GET /", 0, 9), span(2, 2, 1, "", "work", 1, 5)]);
    scene.type_keys("6");
    assert!(scene.text().contains("▌ (no service)"), "{}", scene.text());
}

#[test]
fn titles_say_all_only_of_several_traces() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    for (key, title) in [("5", "OPERATIONS"), ("6", "MAP"), ("7", "WARNINGS")] {
        scene.type_keys(key);
        let text = scene.text();
        assert!(text.contains(&format!("{title}  1 trace ")), "{text}");
    }
}

#[test]
fn operations_of_all_traces() {
    snapshots("operations", "O", shop);
}

#[test]
fn the_service_map() {
    snapshots("service_map", "m", shop);
}

#[test]
fn operations_are_sorted_by_each_column_both_ways() {
    let mut scene = shop(200, 50);
    scene.type_keys("O");
    let first = |scene: &mut Scene| scene.text().lines().nth(4).unwrap_or_default().to_owned();
    assert!(
        first(&mut scene).contains("GET /checkout"),
        "the time that all took: {}",
        scene.text()
    );
    scene.type_keys("ss");
    assert!(first(&mut scene).contains("POST /charge") && scene.text().contains("▾errors"));
    scene.type_keys("sssss");
    assert!(first(&mut scene).contains("mailer") && scene.text().contains("▴service"));
    scene.type_keys("S");
    assert!(
        first(&mut scene).contains("web") && scene.text().contains("▾service"),
        "{}",
        scene.text()
    );
    scene.type_keys("s");
    assert!(first(&mut scene).contains("GET /checkout"), "the first one again");
}

#[test]
fn enter_goes_to_the_slowest_and_e_to_one_that_failed() {
    let mut scene = shop(120, 40);
    scene.type_keys("O");
    scene.press(&[Key::Enter]);
    scene.draw();
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
    assert_eq!(scene.app.traces.selected(), Some(trace(20)));
    assert_eq!(scene.app.waterfall.position(), 0);

    scene.type_keys("O/charge server");
    scene.press(&[Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Operations, "that only ends the typing");
    scene.type_keys("e");
    scene.draw();
    let (trace_id, key) = scene.app.waterfall.selected().expect("a span");
    assert_eq!((trace_id, &*key.service), (trace(20), "payment"));
    assert!(scene.text().contains("card declined"), "{}", scene.text());

    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Operations, "where the jump began");
    scene.press(&[Key::Esc]);
    scene.type_keys("/checkout");
    scene.press(&[Key::Enter]);
    scene.type_keys("e");
    assert_eq!(scene.app.key_context(), KeyContext::Operations);
    assert!(scene.text().contains("none of these failed"));
}

#[test]
fn a_list_is_narrowed_by_words() {
    let mut scene = shop(80, 24);
    scene.type_keys("m/PAY order");
    let text = scene.text();
    assert!(text.contains("└→ orders") && !text.contains("● web"), "{text}");
    assert!(scene.cursor().is_some(), "the terminal's cursor is in the line");
    scene.press(&[Key::Esc]);
    assert!(scene.text().contains("● web"));
    scene.type_keys("/nowhere");
    assert!(scene.text().contains("nothing here has all these words"));
    scene.press(&[Key::Enter, Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::ServiceMap, "first all rows again");
    scene.press(&[Key::Esc]);
    assert_eq!(scene.app.key_context(), KeyContext::Traces);
    scene.type_keys("O/");
    scene.paste("mailer\n");
    assert!(scene.text().contains("2 operations"), "{}", scene.text());
}

#[test]
fn circles_are_marked_and_each_service_stands_once() {
    let mut scene = shop(120, 40);
    scene.type_keys("mv");
    let text = scene.text();
    assert_eq!(text.matches("● orders").count(), 1, "{text}");
    assert!(
        text.contains("├→ payment") && text.contains("└→ orders ↻") && text.contains("orders ↻ itself"),
        "{text}"
    );
    assert!(text.contains("⇢ mailer") && text.contains("→ ◇ postgresql shop"), "{text}");
    scene.type_keys("j");
    scene.press(&[Key::Enter]);
    scene.draw();
    let (trace_id, key) = scene.app.waterfall.selected().expect("a span");
    assert_eq!((trace_id, &*key.service), (trace(20), "orders"), "the slowest call of web");
}

/// A trace in which each of so many services calls the next one, and the last one the first.
fn ring(services: u8) -> Vec<opentelemetry_proto::tonic::trace::v1::ResourceSpans> {
    let name = |at: u8| format!("service-{at}");
    let calls = (1..=services).flat_map(|at| {
        let call = kind(span(1, 2 * at, (2 * at).saturating_sub(1), &name(at), "call", 0, 10), 3);
        let answer = span(1, 2 * at + 1, 2 * at, &name(at % services + 1), "answer", 0, 10);
        [call, answer]
    });
    calls.collect()
}

#[test]
fn a_chain_of_many_services_and_a_screen_of_any_size_are_no_trouble() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(ring(120));
    scene.type_keys("mG");
    assert!(scene.text().contains("↻"), "{}", scene.text());
    for list in ["O", "m", "w"] {
        scene.press(&[Key::Esc]);
        scene.press(&[Key::Esc]);
        scene.type_keys(list);
        for (width, height) in [(0, 0), (1, 1), (3, 40), (200, 2), (30, 7), (80, 24)] {
            scene.resize(width, height);
            scene.press(&[Key::End, Key::Up, Key::PageDown]);
            scene.type_keys("/a");
            scene.press(&[Key::Esc]);
        }
    }
}

#[test]
fn empty_aggregates_say_what_will_be_shown() {
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    for (key, text) in [
        ("O", "no traces received yet"),
        ("m", "no traces received yet"),
        ("w", "no traces received yet"),
    ] {
        scene.type_keys(key);
        assert!(scene.text().contains(text), "{}", scene.text());
        scene.type_keys(key);
        assert_eq!(scene.app.key_context(), KeyContext::Traces);
    }
}

#[test]
fn a_new_survey_takes_the_place_of_the_old_one_when_it_is_complete() {
    let mut scene = shop(120, 40);
    scene.type_keys("O");
    assert!(scene.text().contains("20 traces"), "{}", scene.text());
    scene.now += 5 * SECOND;
    while scene.app.survey(scene.now, 1_000) {}
    assert_eq!(scene.app.survey_due(), None, "nothing to do while nothing changes");
    scene.add(order(21));
    let due = scene.app.survey_due().expect("a moment");
    assert!(
        due > NOW && due <= scene.now + SECOND,
        "soon, but not at once for each span that comes"
    );
    scene.now += SECOND;
    assert!(scene.app.survey(scene.now, 20), "there is more to read");
    let text = scene.text();
    assert!(text.contains("20 traces") && text.contains("reading"), "{text}");
    while scene.app.survey(scene.now, 20) {}
    let text = scene.text();
    assert!(text.contains("21 traces") && !text.contains("reading"), "{text}");
}

#[test]
fn the_filter_says_which_traces_are_read() {
    let mut scene = shop(120, 40);
    scene.type_keys("/status:error");
    scene.press(&[Key::Enter]);
    scene.type_keys("O");
    let text = scene.text();
    assert!(text.contains("4 of 20 traces · status:error"), "{text}");
}

#[test]
fn numbers_have_the_colors_of_what_they_mean() {
    let mut scene = shop(120, 40);
    scene.type_keys("O/charge server");
    scene.press(&[Key::Enter]);
    let buffer = scene.draw();
    let row = (4..40)
        .find(|y| (0..118).any(|x| buffer[(x, *y)].symbol() == "2" && buffer[(x + 1, *y)].symbol() == "0"))
        .expect("20 %");
    let text: String = (0..120).map(|x| buffer[(x, row)].symbol()).collect();
    let at = u16::try_from(text.chars().position(|c| c == '%').expect("a share")).expect("small");
    let error = scene_color(203);
    assert_eq!(buffer[(at, row)].fg, error, "{text}");
    assert_eq!(buffer[(4, row)].bg, scene_color(237), "the cursor");
}

const fn scene_color(number: u8) -> ratatui::style::Color {
    ratatui::style::Color::Indexed(number)
}

/// A trace whose called side began a trace of its own, and one that is whole.
fn broken() -> Vec<ResourceSpans> {
    vec![
        kind(span(31, 1, 0, "web", "POST /users", 0, 50), 3),
        span(31, 2, 1, "api", "POST /users", 1, 49),
        kind(span(32, 1, 0, "web", "POST /users", 60, 90), 3),
        span(33, 2, 0, "api", "POST /users", 61, 89),
    ]
}

#[test]
fn warnings_are_counted_in_the_header_and_lead_to_their_spans() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(broken());
    scene.type_keys("w");
    assert!(scene.text().contains("✓ no warnings"), "{}", scene.text());
    assert!(!scene.text().contains("Warnings 1"), "not judged yet");
    scene.now += 5 * SECOND;
    while scene.app.survey(scene.now, 1_000) {}
    scene.now += SECOND;
    while scene.app.survey(scene.now, 1_000) {}
    let text = scene.text();
    assert!(
        text.lines().next().is_some_and(|line| line.contains("[7 Warnings 1]")),
        "{text}"
    );
    assert_eq!(scene.app.redraw_after(&scene.clock()), None);
    scene.press(&[Key::Enter]);
    let text = scene.text();
    assert!(text.contains("called by") && text.contains("POST /users"), "{text}");
    let line = text.lines().find(|line| line.contains(" api ")).unwrap_or_default();
    assert!(line.contains(" web "), "{text}");
    scene.press(&[Key::Left, Key::Right, Key::Enter]);
    scene.draw();
    let (trace_id, key) = scene.app.waterfall.selected().expect("a span");
    assert_eq!((trace_id, &*key.service), (trace(33), "api"));
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
}

/// With a missing parent in some, one that was broken between two services, and clocks that disagree.
fn troubled(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.add(broken());
    for trace in 1..=4 {
        scene.add(vec![
            span(trace, 2, 1, "api", "POST /users/reset-password", 2, 49),
            span(trace, 3, 1, "mailer", "send mail", 20, 30),
            span(trace, 4, 2, "api", "early", 0, 10),
        ]);
    }
    for _ in 0..3 {
        scene.now += 4 * SECOND;
        while scene.app.survey(scene.now, 1_000) {}
    }
    scene
}

#[test]
fn warnings_of_all_traces() {
    snapshots("warnings", "w", troubled);
}

#[test]
fn the_traces_of_a_rule() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = troubled(width, height);
        scene.type_keys("w");
        scene.press(&[Key::Enter, Key::Down]);
        insta::assert_snapshot!(format!("warnings_rule_{width}x{height}"), scene.part(Part::Body));
    }
}

#[test]
fn hostile_names_keep_the_terminal() {
    let hostile = "\u{1b}[2J\u{202e}evil日本🚀";
    let mut scene = Scene::new(Mode::Viewer, 80, 24);
    scene.add(vec![
        kind(span(1, 1, 0, hostile, hostile, 0, 50), 3),
        span(1, 2, 1, "api", hostile, 1, 49),
    ]);
    scene.add(password_reset());
    for list in ["O", "m", "w"] {
        scene.type_keys(list);
        let text = scene.text();
        assert!(!text.chars().any(|c| c != '\n' && !app::text::is_printable(c)), "{text:?}");
        scene.press(&[Key::Esc]);
    }
    assert!(scene.now > START);
}

/// Returns the node under the picture's cursor.
fn selected_node(scene: &mut Scene) -> String {
    let text = scene.text();
    let row = text
        .lines()
        .find(|line| line.contains("▌▸"))
        .unwrap_or_else(|| panic!("no node is selected: {text}"));
    let name = row.split("▌▸").nth(1).unwrap_or_default();
    name.split([' ', '━', '┃', '┳', '│']).next().unwrap_or_default().to_owned()
}

#[test]
fn picture_is_toggled_and_the_tree_is_the_default_on_small_screens() {
    let mut scene = shop(120, 40);
    scene.type_keys("m");
    assert!(scene.text().contains("▌▸web"), "{}", scene.text());
    scene.type_keys("v");
    assert!(scene.text().contains("service → calls"), "{}", scene.text());
    scene.resize(80, 24);
    scene.type_keys("v");
    assert!(scene.text().contains("▌▸web"), "what was asked for: {}", scene.text());
    let mut small = shop(80, 24);
    small.type_keys("m");
    assert!(small.text().contains("service → calls"), "{}", small.text());
}

#[test]
fn arrows_move_between_nodes_and_tab_to_their_edges() {
    let mut scene = shop(200, 50);
    scene.type_keys("m");
    let mut path = vec![selected_node(&mut scene)];
    for key in [
        Key::Right,
        Key::Right,
        Key::Down,
        Key::Down,
        Key::Left,
        Key::Left,
        Key::End,
        Key::Home,
    ] {
        scene.press(&[key]);
        path.push(selected_node(&mut scene));
    }
    assert_eq!(path[..2], ["web", "orders"]);
    assert_eq!((&*path[7], &*path[8]), ("mailer", "web"), "{path:?}");
    scene.press(&[Key::Right, Key::Tab]);
    let text = scene.text();
    assert!(text.contains("▌EDGES orders") && text.contains(" ▸ "), "{text}");
    scene.type_keys("e");
    assert!(scene.text().contains("none of these failed"), "{}", scene.text());
    scene.press(&[Key::Enter]);
    assert_eq!(scene.app.key_context(), KeyContext::Waterfall);
}

#[test]
fn queue_is_one_node_of_the_picture() {
    let mut scene = shop(200, 50);
    scene.type_keys("m");
    let text = scene.text();
    assert_eq!(text.matches("order-placed").count(), 1, "{text}");
    assert!(text.contains("rabbitmq queue") && text.contains("47.0 ms"), "{text}");
    scene.press(&[Key::End]);
    let text = scene.text();
    let edges = [
        "⇠ orders by order-placed",
        "⇠ order-placed receive",
        "→ order-placed acknowledge",
    ];
    for edge in edges {
        assert!(text.contains(edge), "{edge}: {text}");
    }
}

#[test]
fn layout_is_made_anew_only_for_another_graph() {
    let mut scene = shop(200, 50);
    scene.type_keys("m");
    scene.draw();
    let layouts = |scene: &Scene| scene.app.service_map.picture().map(app::MapPicture::layouts);
    let before = layouts(&scene);
    let places = scene.app.service_map.picture().map(|picture| picture.layout().clone());
    scene.add(order(21));
    scene.now += 5 * SECOND;
    while scene.app.survey(scene.now, 1_000) {}
    assert!(scene.text().contains("21 traces"), "{}", scene.text());
    assert_eq!(layouts(&scene), before);
    assert_eq!(
        scene.app.service_map.picture().map(|picture| picture.layout().clone()),
        places
    );
}

#[test]
fn picture_larger_than_its_pane_scrolls_with_the_selection() {
    let mut scene = Scene::new(Mode::Viewer, 100, 30);
    scene.add(ring(60));
    scene.type_keys("m");
    let mut seen = vec![selected_node(&mut scene)];
    for _ in 0..59 {
        scene.press(&[Key::Right]);
        seen.push(selected_node(&mut scene));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60, "each of them comes into view");
}

#[test]
fn map_is_sorted_by_each_column_both_ways() {
    let mut scene = shop(120, 40);
    scene.type_keys("mv");
    let called = |scene: &mut Scene| {
        let text = scene.text();
        let of_orders = text.lines().skip_while(|line| !line.contains("● orders")).skip(1).take(4);
        of_orders
            .filter_map(|line| line.split(['→', '⇢']).nth(1)?.split_whitespace().next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(called(&mut scene), ["mailer", "orders", "payment", "◇"], "equal ones by name");
    let mut orders = Vec::new();
    for key in ["s", "s", "s", "s", "s", "S"] {
        scene.type_keys(key);
        orders.push(called(&mut scene)[0].clone());
    }
    assert_eq!(orders, ["payment", "mailer", "mailer", "mailer", "mailer", "◇"]);
    assert!(scene.text().contains("▾service"), "{}", scene.text());
}
