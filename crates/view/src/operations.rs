//! The operations of all traces: counts, errors and latencies.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::lists::{self, Parts};
use super::{breadcrumb, format, table, theme};
use app::{App, Hits};

/// From this width on kinds have names.
const NAMED_KINDS: u16 = 150;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let parts = Parts::of(area, 0);
    let list = app.operations.table();
    lists::title(frame, app, [breadcrumb::scope(app)], parts.title);
    table::draw(frame, list.cells(), &parts, hits);
    if list.is_empty() {
        let empty = "no spans in the traces that are listed";
        lists::nothing(frame, app, list.words(), empty, parts.rows);
    }
    let left = format::count(list.len() as u64, "operation");
    let mut all = Line::from(vec![left.clone().into(), " · ".fg(theme::DIM)]);
    all.spans.extend(lists::about(app).spans);
    let others = app.aggregates.survey().and_then(|survey| survey.other_operations.as_ref());
    if let Some(others) = others {
        let text = format!(
            " · and {} of others, too many to tell apart",
            format::count(others.count, "span")
        );
        all.push_span(text.fg(theme::WARNING));
    }
    if parts.head.width < NAMED_KINDS {
        let legends = ["→ calls  ← is called  ⇢ sends  ⇠ receives", "→ calls ← called ⇢ sends ⇠ gets"];
        lists::legend(&mut all, &legends, parts.last);
    }
    lists::last(frame, list.words(), &left, all, parts.last);
}
