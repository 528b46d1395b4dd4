//! Reading one trace: time, folds, jumps, what is found in it.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};

use crate::scene::{MILLI, Part, START, Scene, edit, failed, password_reset, span, trace};

/// The title line of the waterfall.
fn title(scene: &mut Scene) -> String {
    let text = scene.text();
    let line = text.lines().find(|line| line.contains("WATERFALL"));
    line.expect("a waterfall").to_owned()
}

/// The line of the first row that says this.
fn row(scene: &mut Scene, name: &str) -> String {
    let text = scene.text();
    let mut rows = text.lines().skip_while(|line| !line.contains("WATERFALL")).skip(2);
    rows.find(|line| line.contains(name))
        .unwrap_or_else(|| panic!("{name}\n{text}"))
        .to_owned()
}

fn reset(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.add(password_reset());
    scene.press(&[Key::Enter]);
    scene
}

fn select(scene: &mut Scene, row: usize) {
    scene.press(&[Key::Home]);
    scene.press(&vec![Key::Down; row]);
    scene.draw();
}

#[test]
fn zooming_to_a_span_fills_the_axis_with_it() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys("z");
    let compose = row(&mut scene, "compose mail");
    let cells = compose.chars().filter(|c| matches!(c, '█' | '━')).count();
    assert!(cells > 50, "{compose}");
    assert!(title(&mut scene).contains("⌕ 8.80 ms"), "{}", title(&mut scene));
    assert!(
        row(&mut scene, "reset password").trim_end().ends_with("8.00 ms ‹") || row(&mut scene, "reset password").contains('‹')
    );
    scene.type_keys("0");
    assert!(!title(&mut scene).contains('⌕') && !row(&mut scene, "reset password").contains('‹'));
}

#[test]
fn plus_and_minus_keep_the_span_where_it_stands() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    let start = |scene: &mut Scene| {
        let row = row(scene, "compose mail");
        row.chars().skip(58).position(|c| c != ' ').expect("a bar")
    };
    let before = start(&mut scene);
    scene.type_keys("+");
    assert!(title(&mut scene).contains("⌕ 90.0 ms"), "{}", title(&mut scene));
    assert!(start(&mut scene).abs_diff(before) <= 3);
    scene.type_keys("-");
    assert_eq!(start(&mut scene), before);
    assert!(!title(&mut scene).contains('⌕'), "out again it is whole");
}

#[test]
fn panning_stays_within_the_trace() {
    let mut scene = reset(120, 40);
    scene.type_keys(">");
    assert!(!scene.app.waterfall.zoom().is_zoomed());
    scene.type_keys("++");
    let first = scene.app.waterfall.zoom().shown();
    assert_eq!(first.nano, 45 * MILLI);
    scene.type_keys(">");
    assert_eq!(
        scene.app.waterfall.zoom().shown().start_unix_nano,
        first.start_unix_nano + first.nano / 4
    );
    scene.type_keys(&">".repeat(50));
    assert_eq!(scene.app.waterfall.zoom().shown().end_unix_nano(), START + 180 * MILLI);
    scene.type_keys(&"<".repeat(50));
    assert_eq!(scene.app.waterfall.zoom().shown().start_unix_nano, START);
}

#[test]
fn the_details_zoom_too_and_the_list_does_not() {
    let mut scene = reset(120, 40);
    scene.press(&[Key::Enter, Key::Char('z')]);
    assert!(scene.app.waterfall.zoom().is_zoomed());
    scene.type_keys("0");
    scene.press(&[Key::Esc, Key::Esc, Key::Char('+')]);
    assert!(!scene.app.waterfall.zoom().is_zoomed());
}

#[test]
fn view_stays_while_the_trace_grows() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys("z");
    scene.draw();
    let shown = scene.app.waterfall.zoom().shown();
    scene.add(vec![span(1, 30, 1, "api", "much later", 100, 2_000)]);
    scene.draw();
    assert_eq!(scene.app.waterfall.zoom().shown(), shown);
    assert_eq!(scene.app.waterfall.zoom().whole().nano, 2_000 * MILLI);
}

#[test]
fn a_microsecond_is_the_least_and_its_labels_differ() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys(&"+".repeat(60));
    scene.draw();
    assert_eq!(scene.app.waterfall.zoom().shown().nano, 1_000);
    let text = scene.text();
    let labels: Vec<_> = text
        .lines()
        .find(|line| line.contains("service and span"))
        .expect("the axis")
        .split('╷')
        .skip(1)
        .map(str::trim)
        .collect();
    assert!(
        labels.len() > 1 && labels.windows(2).all(|pair| pair[0] != pair[1]),
        "{labels:?}"
    );
}

/// The name of the selected row.
fn selected(scene: &mut Scene) -> String {
    scene.draw();
    let row = scene.app.waterfall.row().expect("a row");
    row.line.as_ref().map_or_else(String::new, |line| line.name.to_string())
}

#[test]
fn folding_everything_keeps_the_cursor() {
    let mut scene = reset(120, 40);
    select(&mut scene, 5);
    scene.type_keys("F");
    assert_eq!(selected(&mut scene), "reset password", "on the row that hides it");
    assert!(row(&mut scene, "reset password").contains("+6"));
    scene.type_keys("U");
    assert_eq!(scene.app.waterfall.outline().expect("rows").len(), 7);
    let rows = |scene: &Scene| scene.app.waterfall.outline().expect("rows").len();
    assert_eq!(scene.app.keymap.choose("fold-to-depth-2", &[Key::F(9)]), Ok(None));
    scene.press(&[Key::F(9)]);
    assert_eq!(rows(&scene), 3, "a root and two levels below it");
    scene.type_keys(")");
    assert_eq!(rows(&scene), 4);
    scene.type_keys("((((((");
    assert_eq!(rows(&scene), 1, "a root is never hidden");
}

#[test]
fn folding_to_errors_leaves_what_leads_to_them() {
    let mut scene = reset(120, 40);
    select(&mut scene, 6);
    scene.type_keys("E");
    assert_eq!(selected(&mut scene), "send mail", "it stays where it was");
    assert_eq!(
        scene.app.waterfall.outline().expect("rows").len(),
        7,
        "all lead to it or are siblings"
    );
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![span(1, 1, 0, "api", "GET /", 0, 5), span(1, 2, 1, "api", "work", 1, 2)]);
    scene.press(&[Key::Enter, Key::Char('E')]);
    assert!(scene.text().contains("no span of this trace failed"), "{}", scene.text());
}

#[test]
fn matches_are_marked_counted_and_visited() {
    let mut scene = reset(120, 40);
    scene.type_keys("/service:mailer");
    let text = scene.text();
    assert!(
        text.contains("FIND IN THIS TRACE service:mailer") && text.contains("◆ 3 spans"),
        "{text}"
    );
    scene.press(&[Key::Enter]);
    assert_eq!(selected(&mut scene), "handleSentMailMessage", "to the first one");
    assert!(title(&mut scene).contains("◆ 1 of 3"), "{}", title(&mut scene));
    assert!(row(&mut scene, "compose mail").starts_with(" ◆") && !row(&mut scene, "EnqueueMessage").contains('◆'));
    scene.type_keys("nn");
    assert_eq!(selected(&mut scene), "send mail");
    scene.type_keys("n");
    assert_eq!(
        selected(&mut scene),
        "handleSentMailMessage",
        "after the last one comes the first"
    );
    scene.type_keys("N");
    assert!(title(&mut scene).contains("◆ 3 of 3"));
    scene.press(&[Key::Home]);
    assert!(title(&mut scene).contains("◆ 3 found"));
    scene.press(&[Key::Esc]);
    assert!(!title(&mut scene).contains('◆'), "Escape clears");
    assert_eq!(scene.app.screens.pane, app::Pane::Waterfall, "and goes no further");
}

#[test]
fn a_match_that_is_folded_away_is_shown() {
    let mut scene = reset(120, 40);
    scene.type_keys("F/compose");
    scene.press(&[Key::Enter]);
    assert_eq!(selected(&mut scene), "compose mail");
    scene.type_keys("FM");
    assert!(scene.app.waterfall.outline().is_some_and(|outline| outline.len() == 7));
}

#[test]
fn search_error_is_shown_at_its_position() {
    let mut scene = reset(120, 40);
    scene.type_keys("/duration:>50");
    let text = scene.text();
    assert!(text.contains('▲'), "{text}");
    scene.press(&[Key::Esc]);
    assert!(!scene.text().contains("FIND"));
}

#[test]
fn without_a_find_the_lists_filter_is_gone_through() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(password_reset());
    scene.type_keys("/mail");
    scene.press(&[Key::Enter, Key::Enter]);
    scene.type_keys("n");
    assert_eq!(selected(&mut scene), "handleSentMailMessage");
    let mut scene = reset(120, 40);
    scene.type_keys("n");
    assert!(scene.text().contains("nothing is looked for"), "{}", scene.text());
}

#[test]
fn keys_lead_to_errors_parents_and_back() {
    let mut scene = reset(120, 40);
    scene.type_keys("Fe");
    assert_eq!(selected(&mut scene), "send mail", "whatever hides it");
    scene.type_keys("u");
    assert_eq!(selected(&mut scene), "handleSentMailMessage");
    scene.type_keys("b");
    assert_eq!(selected(&mut scene), "send mail");
    scene.type_keys("b");
    assert_eq!(selected(&mut scene), "reset password");
    scene.type_keys("b");
    assert!(scene.text().contains("nothing was jumped from"), "{}", scene.text());
    scene.type_keys("u");
    assert!(scene.text().contains("it has no parent"), "{}", scene.text());
}

fn linked(spans: ResourceSpans, to: &[(u8, u8)]) -> ResourceSpans {
    edit(spans, |span| {
        for (trace, id) in to {
            span.links.push(Link {
                trace_id: vec![*trace; 16],
                span_id: vec![*id; 8],
                ..Link::default()
            });
        }
    })
}

#[test]
fn links_are_followed_into_other_traces_and_back() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(2, 1, 0, "shop", "checkout", 0, 9),
        span(2, 2, 1, "shop", "send to queue", 1, 3),
    ]);
    scene.add(vec![
        linked(span(1, 1, 0, "worker", "batch", 10, 30), &[(2, 2), (7, 7), (1, 2)]),
        span(1, 2, 1, "worker", "part", 11, 12),
    ]);
    scene.press(&[Key::Enter, Key::Char('f')]);
    assert_eq!(selected(&mut scene), "send to queue");
    assert_eq!(scene.app.traces.selected(), Some(trace(2)));
    assert!(scene.text().contains("link 1 of 3"), "{}", scene.text());
    scene.type_keys("f");
    assert!(scene.text().contains("trace 07070707… is not here"), "{}", scene.text());
    scene.type_keys("f");
    assert_eq!(
        selected(&mut scene),
        "part",
        "the next one, although the cursor was not on the span with the links"
    );
    assert_eq!(scene.app.traces.selected(), Some(trace(1)));
    scene.type_keys("b");
    assert_eq!(selected(&mut scene), "send to queue");
    scene.type_keys("b");
    assert_eq!(selected(&mut scene), "batch");
}

#[test]
fn a_span_without_links_says_so() {
    let mut scene = reset(120, 40);
    scene.type_keys("f");
    assert!(scene.text().contains("this span has no link"), "{}", scene.text());
}

#[test]
fn the_whole_trace_stands_over_the_axis_with_the_part_that_is_shown() {
    let mut scene = reset(120, 40);
    // A short trace is in view without it.
    for _ in 0..4 {
        scene.type_keys("}");
        scene.draw();
    }
    let line = |scene: &mut Scene| row_above_the_axis(scene);
    assert!(line(&mut scene).contains("up to 4 spans at a time"), "{}", line(&mut scene));
    assert!(!line(&mut scene).contains('['));
    select(&mut scene, 5);
    scene.type_keys("z");
    let zoomed = line(&mut scene);
    let (from, to) = (zoomed.find('[').expect("a start"), zoomed.find(']').expect("an end"));
    assert!(from < to && zoomed[from..to].chars().count() < 8, "{zoomed}");
}

fn row_above_the_axis(scene: &mut Scene) -> String {
    let text = scene.text();
    let axis = text
        .lines()
        .position(|line| line.contains("service and span"))
        .expect("an axis");
    text.lines().nth(axis - 1).expect("a line").to_owned()
}

#[test]
fn a_low_pane_keeps_its_lines_for_spans() {
    let mut scene = reset(80, 24);
    assert!(row_above_the_axis(&mut scene).contains("WATERFALL"));
    scene.type_keys("+");
    assert!(
        row_above_the_axis(&mut scene).contains('['),
        "but a partial view names its range"
    );
}

#[test]
fn events_stand_on_the_bar_and_a_running_span_spins() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        edit(span(1, 1, 0, "api", "GET /", 0, 100), |span| {
            span.events.push(Event {
                time_unix_nano: START + 50 * MILLI,
                name: "cache miss".to_owned(),
                ..Event::default()
            });
        }),
        span(1, 2, 1, "api", "work", 10, 0),
    ]);
    assert!(row(&mut scene, "GET /").contains('•'), "{}", scene.text());
    let running = row(&mut scene, "api work");
    assert!(
        running.contains("0.2 s") && running.contains("▒▒▒") && running.contains("running"),
        "{running}"
    );
}

#[test]
fn every_size_can_be_drawn_whatever_is_read() {
    let mut scene = reset(80, 24);
    for key in "+z<>-0FUeeccuffbnNTEM123|+=d/日\"".chars().chain("++z".chars()) {
        scene.press(&[Key::Char(key)]);
        for (width, height) in [(0, 0), (1, 1), (25, 12), (80, 2), (3, 40), (36, 30), (300, 7)] {
            scene.resize(width, height);
        }
        scene.resize(80, 24);
    }
}

/// Equal calls below one parent, one after the other, and a long time without any.
fn repeated() -> Vec<ResourceSpans> {
    let call = |number: u8| {
        let start = 10 * u64::from(number);
        let mut call = span(1, 10 + number, 1, "db", "SELECT", start, start + 9);
        call.scope_spans[0].spans[0].kind = 3;
        call
    };
    let mut spans = vec![span(1, 1, 0, "api", "GET /orders", 0, 400)];
    spans.extend((0..12).map(call));
    spans
}

#[test]
fn equal_calls_are_one_row_until_it_is_opened() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(repeated());
    scene.press(&[Key::Enter]);
    let group = row(&mut scene, "SELECT");
    assert!(
        group.contains("SELECT × 12") && group.contains("108 ms") && group.contains("median 9.00 ms"),
        "{group}"
    );
    assert!(group.contains("▄▄▄"), "{group}");
    assert!(row(&mut scene, "GET /orders").contains("N+1 ×12"), "{}", scene.text());
    scene.press(&[Key::Down, Key::Char(' ')]);
    assert_eq!(scene.app.waterfall.outline().expect("rows").len(), 13);
    scene.press(&[Key::Down, Key::Down, Key::Char(' ')]);
    scene.draw();
    assert_eq!(scene.app.waterfall.outline().expect("rows").len(), 2);
    assert_eq!(scene.app.waterfall.position(), 1, "on the row that hides it");
}

#[test]
fn time_that_no_child_covers_is_hatched_and_said() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(repeated());
    let parent = row(&mut scene, "GET /orders");
    assert!(parent.contains("░ no span here ░"), "{parent}");
    // On the critical path too it is text on the ground, and not in reverse.
    let buffer = scene.draw();
    let row = (0..40).find(|y| (0..4).any(|x| buffer[(x, *y)].symbol() == "▾"));
    let row = row.expect("the parent's row");
    let said: Vec<_> = (0..120)
        .filter(|x| *x > 60 && buffer[(*x, row)].symbol().chars().all(char::is_alphabetic))
        .collect();
    assert_eq!(said.len(), "nospanhere".len(), "{parent}");
    assert!(
        said.iter()
            .all(|x| !buffer[(*x, row)].modifier.contains(ratatui::style::Modifier::REVERSED))
    );
}

#[test]
fn the_critical_path_is_on_the_bars_and_before_them() {
    let mut scene = reset(120, 40);
    assert!(
        title(&mut scene).contains("critical path ") && title(&mut scene).contains("self "),
        "{}",
        title(&mut scene)
    );
    let buffer = scene.draw();
    let lines = (0..40).flat_map(|y| (0..120).map(move |x| (x, y)));
    let struck: Vec<_> = lines.filter(|at| buffer[*at].symbol() == "━").collect();
    assert!(!struck.is_empty(), "{}", scene.text());
    for at in struck {
        let modifier = buffer[at].modifier;
        assert!(
            modifier.contains(ratatui::style::Modifier::REVERSED),
            "the bar is seen without colors too: {at:?}"
        );
    }
    assert!(row(&mut scene, "send mail").contains('┃'));
    assert!(!row(&mut scene, "compose mail").is_empty());
    scene.type_keys("c");
    assert!(scene.text().contains("critical path, section "), "{}", scene.text());
}

#[test]
fn clocks_that_disagree_are_flagged_and_can_be_straightened() {
    let mut scene = Scene::new(Mode::Viewer, 120, 40);
    scene.add(vec![
        span(1, 1, 0, "api", "GET /", 100, 200),
        span(1, 2, 1, "far", "handle", 60, 90),
    ]);
    scene.press(&[Key::Enter, Key::Down]);
    let flagged = row(&mut scene, "far handle");
    assert!(flagged.contains("⚠ clock −40.0 ms"), "{flagged}");
    assert!(
        scene.text().contains("clocks disagree"),
        "the details say what it means\n{}",
        scene.text()
    );
    scene.type_keys("T");
    let straightened = row(&mut scene, "far handle");
    assert!(
        straightened.contains("±") && straightened.contains("shifted +"),
        "{straightened}"
    );
    assert!(title(&mut scene).contains("± clocks straightened"), "{}", title(&mut scene));
    scene.type_keys("T");
    assert!(row(&mut scene, "far handle").contains("⚠ clock"));
}

#[test]
fn the_details_name_the_spans_at_the_other_end_of_links() {
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![span(2, 1, 0, "shop", "checkout", 0, 9)]);
    scene.add(vec![linked(span(1, 1, 0, "worker", "batch", 10, 30), &[(2, 1), (7, 7)])]);
    scene.press(&[Key::Enter, Key::Enter]);
    let text = scene.text();
    assert!(text.contains("shop checkout · span 0101010101010101"), "{text}");
    let absent: Vec<_> = scene.app.details.content().links.iter().map(|link| link.is_absent).collect();
    assert_eq!(absent, [false, true]);
}

/// A trace in which all that can be read in one is to be seen: a group, N+1, a gap, a message in a queue, clocks that disagree, an error,
/// an exception, an event, a link, a span that runs, a parent that is missing; and a second, quiet trace.
fn everything(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(Mode::Viewer, width, height);
    scene.now = START + 450 * MILLI;
    scene.add(vec![linked(span(2, 1, 0, "cron", "nightly", 0, 5), &[(1, 2)])]);
    let mut spans = repeated();
    spans.extend([
        edit(span(1, 2, 1, "api", "charge card", 130, 180), |span| {
            span.kind = 3;
            span.events.push(Event {
                time_unix_nano: START + 150 * MILLI,
                name: "retried".to_owned(),
                ..Event::default()
            });
        }),
        failed(span(1, 3, 2, "bank", "POST /charges", 60, 90), "no such card"),
        edit(span(1, 4, 1, "api", "orders publish", 182, 184), |span| span.kind = 4),
        edit(span(1, 5, 4, "mailer", "orders process", 220, 0), |span| span.kind = 5),
        span(1, 6, 99, "audit", "write", 230, 240),
    ]);
    scene.add(spans);
    scene.press(&[Key::Enter]);
    scene
}

#[test]
fn waterfall_shows_all_that_can_be_read_in_a_trace() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        for (name, keys) in [
            ("read", "j"),
            ("zoomed", "jjjz"),
            ("straight", "T"),
            ("finding", "/charge"),
            ("folded", "F"),
        ] {
            let mut scene = everything(width, height);
            scene.type_keys(keys);
            insta::assert_snapshot!(format!("waterfall_{name}_{width}x{height}"), scene.part(Part::Waterfall));
        }
        let mut scene = everything(width, height);
        scene.type_keys("P");
        scene.apply(app::Event::Held { spans: 312 });
        insta::assert_snapshot!(format!("waterfall_paused_{width}x{height}"), scene.part(Part::Waterfall));
    }
}

#[test]
fn details_show_the_attributes_of_the_scope() {
    let mut spans = span(1, 1, 0, "api", "GET /orders", 0, 400);
    let attribute = KeyValue {
        key: "policy.name".to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue("errors only".to_owned())),
        }),
        ..KeyValue::default()
    };
    spans.scope_spans[0].scope = Some(InstrumentationScope {
        name: "tail".to_owned(),
        attributes: vec![attribute],
        ..InstrumentationScope::default()
    });
    let mut scene = Scene::new(Mode::Viewer, 200, 50);
    scene.add(vec![spans]);
    // The scope is the last section.
    scene.press(&[Key::Enter, Key::Enter, Key::Left, Key::Left, Key::Enter]);
    let line = row(&mut scene, "policy.name");
    assert!(line.contains("errors only"), "{line}");
}
