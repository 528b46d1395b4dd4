//! The details of a span: their sections.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};

use crate::scene::{MILLI, Part, START, Scene, edit, span};

/// A span of which there is more to be said than fits.
fn talkative(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    let text = |at: usize| KeyValue {
        key: format!("attribute.{at}"),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(format!("value {at}"))),
        }),
        ..KeyValue::default()
    };
    scene.add(vec![edit(span(1, 1, 0, "api", "talk", 0, 5), |span| {
        span.attributes = (1..=20).map(text).collect();
        span.events = (1..=5)
            .map(|at| Event {
                time_unix_nano: START + at * MILLI,
                name: format!("event {at}"),
                ..Event::default()
            })
            .collect();
        span.links = vec![Link {
            trace_id: vec![7; 16],
            span_id: vec![7; 8],
            ..Link::default()
        }];
    })]);
    scene.add_logs(1, 1, &[(1, 9, "a log record"), (2, 9, "another")]);
    scene
}

fn section(scene: &mut Scene) -> Option<&'static str> {
    scene.draw();
    scene.app.details.pane().section().map(|section| section.name)
}

#[test]
fn sections_are_named_in_the_title_and_gone_through() {
    for size in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = talkative(size.0, size.1);
        scene.press(&[Key::Enter, Key::Enter]);
        let names = "events and logs 7 · attributes 20 · links 1 · identity · resource 1";
        assert!(
            scene.text().contains(if size.0 > 80 {
                names
            } else {
                "events and logs 7 · attributes 20"
            }),
            "{}",
            scene.text()
        );
        assert_eq!(section(&mut scene), Some("events and logs"));
        for name in ["attributes", "links", "identity", "resource", "events and logs"] {
            scene.press(&[Key::Right]);
            assert_eq!(section(&mut scene), Some(name), "at {size:?}");
            if size.0 == 80 {
                // Where not all names fit, those before give way.
                let text = scene.text();
                let mut head = text.lines().skip_while(|line| !line.contains("SPAN api")).take(3);
                assert!(head.any(|line| line.contains(name)), "{name}\n{text}");
            }
            let is_heading = |line: &str| [' ', '▸'].iter().any(|before| line.contains(&format!("{before}{name}")));
            let text = scene.text();
            let in_view = text.lines().skip_while(|line| !line.contains("SPAN api")).skip(1);
            let in_view = in_view.into_iter().any(is_heading);
            assert!(in_view || size.0 == 80, "{name} at {size:?}\n{}", scene.text());
        }
        scene.type_keys("h");
        assert_eq!(section(&mut scene), Some("resource"), "the other way round");
        scene.type_keys("k");
        assert_eq!(section(&mut scene), Some("identity"), "the one above");
    }
}

#[test]
fn sections_are_left_by_their_start() {
    let mut scene = talkative(80, 24);
    scene.press(&[Key::Enter, Key::Enter]);
    scene.type_keys("jjjlj");
    assert_eq!(section(&mut scene), Some("attributes"));
    scene.type_keys("h");
    assert_eq!(section(&mut scene), Some("attributes"), "its start");
    scene.type_keys("h");
    assert_eq!(section(&mut scene), Some("events and logs"));
}

#[test]
fn details_with_their_sections() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut scene = talkative(width, height);
        scene.press(&[Key::Enter, Key::Enter]);
        scene.type_keys("l");
        insta::assert_snapshot!(format!("details_{width}x{height}"), scene.part(Part::Details));
    }
}

#[test]
fn details_stand_beside_the_waterfall_or_below_it() {
    let mut scene = talkative(120, 40);
    let beside = |scene: &mut Scene| {
        let text = scene.text();
        let line = text
            .lines()
            .find(|line| line.contains("WATERFALL"))
            .expect("a title")
            .to_owned();
        line.contains("SPAN api talk")
    };
    assert!(!beside(&mut scene), "a screen that is not wide");
    scene.type_keys("|");
    assert!(beside(&mut scene), "{}", scene.text());
    insta::assert_snapshot!("details_beside_120x40", scene.part(Part::Trace));
    // The key that makes the pane wider makes the other one narrower.
    scene.press(&[Key::Tab, Key::Tab]);
    let column = |scene: &mut Scene| scene.text().lines().find_map(|line| line.find("SPAN api"));
    let before = column(&mut scene);
    scene.type_keys("}");
    assert!(column(&mut scene) < before, "{}", scene.text());
    for key in ['}', '{'] {
        scene.type_keys(&String::from(key).repeat(60));
        assert!(beside(&mut scene), "both are there: {}", scene.text());
    }
    scene.type_keys("|");
    assert!(!beside(&mut scene));

    let mut scene = talkative(200, 50);
    assert!(beside(&mut scene), "a wide screen");
    scene.type_keys("|");
    assert!(!beside(&mut scene));
    insta::assert_snapshot!("details_below_200x50", scene.part(Part::Trace));
    scene.type_keys("|");
    scene.resize(80, 24);
    assert!(!beside(&mut scene), "no room");
    scene.type_keys("|");
    assert!(scene.text().contains("too narrow"), "{}", scene.text());
}

#[test]
fn ids_are_whole_in_a_narrow_pane() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, "api", "above", 0, 9), span(1, 2, 1, "api", "below", 1, 5)]);
    scene.press(&[Key::Enter, Key::Down]);
    scene.type_keys("|");
    let text = scene.text();
    for (name, id) in [("span", "0202020202020202"), ("parent", "0101010101010101")] {
        let has_both = |line: &str| line.contains(&format!(" {name} ")) && line.contains(id);
        assert!(text.lines().any(has_both), "{name}\n{text}");
    }
}

/// Unfolds a section, if there is one of this name.
fn unfold(scene: &mut Scene, name: &str) {
    for _ in 0..10 {
        if section(scene) == Some(name) {
            scene.type_keys(" ");
            return;
        }
        scene.press(&[Key::Left]);
    }
}

#[test]
fn resource_and_scope_are_folded_and_have_their_schema_urls() {
    let url = "https://opentelemetry.io/schemas/1.21.0";
    for (resource, scope) in [(url, ""), ("", url), (url, url), ("", "")] {
        let mut scene = Scene::new(Mode::Viewer, 200, 50);
        let mut spans = span(1, 1, 0, "api", "GET /", 0, 9);
        spans.schema_url = resource.to_owned();
        spans.scope_spans[0].schema_url = scope.to_owned();
        scene.add(vec![spans]);
        scene.press(&[Key::Enter, Key::Enter]);
        assert!(!scene.part(Part::Details).contains("schema"));
        unfold(&mut scene, "scope");
        unfold(&mut scene, "resource");
        let details = scene.part(Part::Details);
        let shown: Vec<_> = details.lines().filter(|line| line.contains("schema ")).collect();
        let expected = [resource, scope].into_iter().filter(|url| !url.is_empty()).count();
        assert_eq!(shown.len(), expected, "{details}");
        assert!(shown.iter().all(|line| line.ends_with(url)), "{details}");
    }
}

#[test]
fn folds_stay_from_span_to_span() {
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![span(1, 1, 0, "api", "above", 0, 9), span(1, 2, 1, "api", "below", 1, 5)]);
    scene.press(&[Key::Enter, Key::Enter]);
    unfold(&mut scene, "resource");
    assert!(scene.part(Part::Details).contains("service.name"));
    scene.press(&[Key::Esc, Key::Down]);
    assert!(scene.part(Part::Details).contains("service.name"), "{}", scene.text());
    scene.press(&[Key::Enter]);
    unfold(&mut scene, "resource");
    assert!(!scene.part(Part::Details).contains("service.name"), "{}", scene.text());
}

#[test]
fn details_have_absolute_times_with_zone() {
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![span(1, 1, 0, "api", "GET /1", 0, 40)]);
    scene.app.zone = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    let text = scene.text();
    let line = |name: &str| {
        text.lines()
            .find(|line| line.contains(name))
            .unwrap_or_else(|| panic!("{name}: {text}"))
    };
    assert!(line("   start ").contains(":05.000 CE"), "{}", line("   start "));
    assert!(line("   end ").contains(":05.040 CE"), "{}", line("   end "));
}

#[test]
fn cursor_stays_in_its_column() {
    let mut scene = talkative(120, 40);
    scene.press(&[Key::Enter, Key::Enter]);
    let buffer = scene.draw();
    let is_marked = |x: u16, y: u16| buffer[(x, y)].bg == ratatui::style::Color::Indexed(237);
    let rows: Vec<u16> = (15..39).filter(|y| is_marked(1, *y)).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!((0..60).all(|x| is_marked(x, rows[0])));
    assert!(!(60..120).any(|x| is_marked(x, rows[0])));
}

/// Lines of the list, the waterfall and the details.
fn lines(scene: &mut Scene) -> [u16; 3] {
    let screen = scene.draw().area;
    let panes = scene.app.prepare(screen).panes;
    [panes.traces.height, panes.waterfall.height, panes.details.height]
}

/// A trace of so many spans.
fn long(trace: u8, spans: u8) -> Vec<opentelemetry_proto::tonic::trace::v1::ResourceSpans> {
    (1..=spans)
        .map(|id| span(trace, id, u8::from(id > 1), "api", "step", u64::from(id), 90))
        .collect()
}

#[test]
fn details_have_the_empty_rows_of_a_short_trace() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(long(1, 4));
    assert_eq!(lines(&mut scene), [4, 7, 26]);
    // The waterfall grows in steps.
    scene.add(long(2, 8));
    assert_eq!(lines(&mut scene), [4, 15, 18]);
    scene.type_keys("j");
    assert_eq!(lines(&mut scene), [4, 15, 18], "not at each selection");
    // A trace that is opened has the rows that it needs, also when it grows, but not while details are read.
    scene.press(&[Key::Enter]);
    assert_eq!(lines(&mut scene), [4, 7, 26]);
    scene.add(long(1, 10));
    assert_eq!(lines(&mut scene), [4, 15, 18]);
    scene.press(&[Key::Enter]);
    scene.add(long(1, 40));
    assert_eq!(lines(&mut scene), [4, 15, 18]);
    scene.press(&[Key::Esc]);
    assert_eq!(lines(&mut scene), [4, 21, 12]);
}

#[test]
fn trace_that_is_opened_while_it_runs_has_rows_for_more() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    let mut spans = long(1, 8);
    for span in spans[0].scope_spans.iter_mut().flat_map(|scope| &mut scope.spans) {
        span.end_time_unix_nano = 0;
    }
    let rest = spans.split_off(1);
    scene.add(spans);
    scene.press(&[Key::Enter]);
    let while_it_runs = lines(&mut scene);
    scene.add(rest);
    assert_eq!(lines(&mut scene), while_it_runs, "what is read does not move");
    assert!(while_it_runs[1] > 20, "{while_it_runs:?}");
}

#[test]
fn details_get_rows_back_after_a_long_trace() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    for trace in 1..=4 {
        scene.add(long(trace, 4));
    }
    scene.add(long(5, 40));
    let [_, longest, _] = lines(&mut scene);
    let mut heights = Vec::new();
    for _ in 0..4 {
        scene.type_keys("j");
        heights.push(lines(&mut scene)[1]);
    }
    assert_eq!(heights, [longest, longest, 7, 7]);
}

#[test]
fn details_stay_as_they_were_set() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(long(1, 4));
    scene.press(&[Key::Enter, Key::Enter]);
    scene.type_keys("{{");
    assert_eq!(lines(&mut scene), [4, 9, 24]);
    scene.press(&[Key::Esc, Key::Esc]);
    scene.add(long(2, 40));
    scene.draw();
    assert_eq!(lines(&mut scene), [4, 9, 24]);
}

#[test]
fn details_take_no_row_from_a_trace_on_a_small_screen() {
    for (height, expected) in [(24, [4, 9, 8]), (15, [4, 4, 4]), (10, [2, 3, 2])] {
        let mut scene = Scene::new(Mode::Viewer, 80, height);
        scene.add(long(1, 7));
        let [list, waterfall, details] = lines(&mut scene);
        assert_eq!([list, waterfall, details], expected, "{height}");
    }
}
