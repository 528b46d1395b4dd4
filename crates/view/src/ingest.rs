//! The ingest screen: what comes in, from whom, what is kept of it, and what was not taken and why.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;

use super::{format, lists, page, theme};
use app::App;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let page = app.ingest.page();
    let first = app.ingest.first();
    let below = page
        .height()
        .saturating_sub(first + usize::from(area.height.saturating_sub(1)));
    let below = (below > 0).then(|| format!("↓ {}", format::count(below as u64, "line")).fg(theme::DIM));
    lists::title(frame, app, below, Rect { height: 1, ..area }.intersection(area));
    let body = Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    };
    page::draw(frame, page, first, body.intersection(area));
}
