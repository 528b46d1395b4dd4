//! The service map: as a tree, each service with the calls that it makes below it, or as a picture.

mod edges;
mod picture;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;

use super::lists::{self, Parts};
use super::{breadcrumb, format, table, theme};
use app::{App, Hits, ServiceMap};

/// The meaning of the figures on an edge comes first: they have no names.
const PICTURE_LEGENDS: [&str; 3] = [
    "edge: calls p50 ✗ errors  ╌ message, p50 in queue  ↻ cycle  ◇ uninstrumented",
    "edge: calls p50 ✗ errors  ╌ message, p50 in queue",
    "edge: calls p50 ✗ errors  ╌ message",
];

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let parts = Parts::of(area, 0);
    lists::title(frame, app, [breadcrumb::scope(app)], parts.title);
    let map = &app.service_map;
    match (app.aggregates.survey(), map.picture()) {
        (Some(survey), Some(picture)) if map.services() > 0 => {
            picture::draw(frame, survey, picture, ServiceMap::area(area), hits);
        }
        _ => draw_tree(frame, app, &parts, hits),
    }
    let mut all = lists::about(app);
    let survey = app.aggregates.survey();
    let left_out = survey.map_or(0, |survey| survey.other_calls);
    if left_out > 0 {
        let text = format!(
            " · and {} between others, too many to tell apart",
            format::count(left_out, "call")
        );
        all.push_span(text.fg(theme::WARNING));
    }
    if let Some(picture) = map.picture() {
        let unnamed = picture.graph().unnamed;
        if unnamed > 0 {
            all.push_span(format!(" · {} to unnamed peers", format::count(unnamed, "call")).fg(theme::DIM));
        }
        lists::legend(&mut all, &PICTURE_LEGENDS, parts.last);
    } else {
        let legends = ["⇢ message  ◇ uninstrumented  ↻ cycle", "⇢ message ◇ uninstrumented"];
        lists::legend(&mut all, &legends, parts.last);
    }
    let left = format::count(map.services() as u64, "service");
    lists::last(frame, map.table().words(), &left, all, parts.last);
}

fn draw_tree(frame: &mut Frame, app: &App, parts: &Parts, hits: &mut Hits) {
    let table = app.service_map.table();
    table::draw(frame, table.cells(), parts, hits);
    if table.is_empty() {
        let empty = "no spans in the traces that are listed";
        lists::nothing(frame, app, table.words(), empty, parts.rows);
    }
}
