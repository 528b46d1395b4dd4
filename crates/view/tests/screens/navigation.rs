//! Ways through a trace: folds, matches, errors, links.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use opentelemetry_proto::tonic::trace::v1::span::Link;

use crate::scene::{Scene, edit, password_reset, span, trace};
use crate::waterfall::{reset, row, select, title};

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

pub(crate) fn linked(spans: ResourceSpans, to: &[(u8, u8)]) -> ResourceSpans {
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
