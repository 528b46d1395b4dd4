//! One row per trace, the latest arrival first unless sorted otherwise.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{content, filter, hint, owned, table, theme, title};
use app::{App, Filtered, Hits, Mode, Pane};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let focused = app.screens.pane == Pane::Traces;
    if area.is_empty() {
        return;
    }
    let above = if app.filter.is_open_on(Filtered::Traces) { 2 } else { 1 };
    let body = Rect {
        y: area.y + above,
        height: area.height.saturating_sub(above),
        ..area
    }
    .intersection(area);
    if app.traces.in_view().is_empty() {
        frame.render_widget(nothing_here(app), body);
    }
    table::draw_rows(frame, app.traces.cells(), body, focused);
    if app.filter.is_open_on(Filtered::Traces) {
        // Over the rows: what is wrong with a filter may take more than one line.
        return filter::draw(frame, app, area);
    }
    let row = Rect { height: 1, ..area };
    let title = titled(app, focused, row.width.into());
    // A filter may need the room of the columns' names.
    let end = row.x.saturating_add(u16::try_from(title.width()).unwrap_or(u16::MAX));
    frame.render_widget(title, row);
    // Before the first trace there is nothing to name; while a filter is typed they stay.
    if app.traces.in_view().is_empty() && app.store.filter().is_none() {
        return;
    }
    table::draw_heads_after(frame, app.traces.cells(), end, hits);
}

/// Returns the title: the number of listed traces and their filter, or their order.
fn titled(app: &App, focused: bool, width: usize) -> Line<'static> {
    let mut line = Line::from(owned(title(" TRACES ", focused)));
    if app.store.filter().is_some() {
        let room = width.saturating_sub(line.width());
        line.spans.extend(filter::in_title(app, room));
    } else {
        let about = app.traces.about(&app.store, app.mode);
        line.spans.extend(about.pieces.into_iter().map(content::span));
    }
    line
}

fn nothing_here(app: &App) -> ratatui::widgets::Paragraph<'static> {
    if app.store.filter().is_some() && app.store.totals().traces > 0 {
        return hint([filter::nothing_found(app)]);
    }
    let text = match app.mode {
        Mode::Demo if app.services.all_ready() => "no traces yet: press r to send a password reset".fg(theme::ACCENT),
        Mode::Demo => "starting the demo's services …".fg(theme::WARNING),
        Mode::Viewer => "no traces yet".fg(theme::DIM),
        Mode::Files if app.files.reading().is_some() => "reading …".fg(theme::DIM),
        Mode::Files if !app.received().is_empty() => format!("no traces in what was read, but {}", app.received()).fg(theme::DIM),
        Mode::Files => "no trace in what was read".fg(theme::DIM),
    };
    hint([Line::default(), Line::from(text)])
}
