//! Drawing: from state to cells. Nothing here changes state, does I/O or asks for the time.
//!
//! **Boundary:** it reads [`app::App`] and writes cells; every text passes `app::text` first.

mod bars;
mod breadcrumb;
mod cells;
mod compare;
mod content;
mod copy;
mod cross_check;
mod details;
mod errors;
mod files;
mod filter;
mod footer;
mod guard;
mod header;
mod help;
mod ingest;
mod list_filter;
mod lists;
mod logs;
mod operations;
mod output;
mod page;
mod page_pane;
mod palette;
mod popup;
mod save;
mod service_map;
mod setup;
mod table;
mod theme;
mod traces;
mod value;
mod warnings;
mod waterfall;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

pub use footer::{Hyperlink, hyperlink};
pub use theme::{ROLES, Theme, ThemeKind};

use app::format;
pub use app::format::Now;
use app::layout::Panes;
use app::{App, Geometry, Hit, Hits, Popup, Screen, Tab};

/// Draws everything. [`App::fit`] comes before it, with the same geometry. Returns what can be clicked.
///
/// The theme learns which services there are, so that each keeps its color.
pub fn draw(frame: &mut Frame, app: &App, theme: &mut Theme, geometry: &Geometry, now: &Now) -> Hits {
    let panes = &geometry.panes;
    app.store.services().for_each(|service| theme.learn(&service.service));
    let mut hits = Hits::default();
    let now = &Now {
        unix_nano: app.moment(now.unix_nano),
        zone: now.zone.clone(),
    };
    header::draw(frame, app, panes.header, now, &mut hits);
    match app.screens.top() {
        Some(Screen::CrossCheck(check)) => cross_check::draw(frame, app, check, now),
        Some(Screen::Compare(compare)) => compare::draw(frame, app, compare, panes.body, now, &mut hits),
        Some(Screen::TraceLogs(logs)) => logs::draw(frame, app, logs.screen(), panes.body, now, &mut hits),
        Some(Screen::Output(_)) => output::draw(frame, app, panes.body),
        Some(Screen::Error(_)) => errors::draw_event(frame, app, panes.body, &mut hits),
        Some(Screen::Value(value)) => value::draw(frame, app, value, panes.body),
        None => match app.screens.tab() {
            Tab::Traces => draw_panes(frame, app, panes, now, &mut hits),
            Tab::Logs => logs::draw(frame, app, app.logs.screen(), panes.body, now, &mut hits),
            Tab::Errors => errors::draw(frame, app, panes.body, &mut hits),
            Tab::Operations => operations::draw(frame, app, panes.body, &mut hits),
            Tab::ServiceMap => service_map::draw(frame, app, panes.body, &mut hits),
            Tab::Warnings => warnings::draw(frame, app, panes.body, &mut hits),
            Tab::Ingest => ingest::draw(frame, app, panes.body),
        },
    }
    if let Some((popup, at)) = app.screens.popup().zip(geometry.popup) {
        hits.cover();
        hits.add(at.area.border, Hit::Popup);
        match popup {
            Popup::Help(help) => help::draw(frame, app, help, at),
            Popup::Copy(_) => copy::draw(frame, app, at.area),
            Popup::Save(save) => save::draw(frame, save, at.area),
            Popup::Palette(palette) => palette::draw(frame, palette, at),
        }
    }
    footer::draw(frame, app, panes.footer, &mut hits);
    theme.paint(frame.buffer_mut());
    let mended = guard::guard(frame.buffer_mut());
    debug_assert_eq!(mended, 0, "a view shows text as it came");
    hits
}

fn draw_panes(frame: &mut Frame, app: &App, panes: &Panes, now: &Now, hits: &mut Hits) {
    let ways = app.setup();
    if !ways.is_empty() {
        let title = Rect {
            height: panes.traces.height.min(1),
            ..panes.traces
        };
        traces::draw(frame, app, title, hits);
        let body = Rect {
            y: panes.body.y + title.height,
            height: panes.body.height - title.height,
            ..panes.body
        };
        return setup::draw(frame, app, &ways, body);
    }
    traces::draw(frame, app, panes.traces, hits);
    waterfall::draw(frame, app, panes.waterfall, now);
    details::draw(frame, app, panes.details, hits);
    if panes.are_beside() {
        between(frame, panes);
    }
}

/// The line between two panes in a row.
fn between(frame: &mut Frame, panes: &Panes) {
    let column = Rect {
        x: panes.waterfall.right(),
        width: 1,
        ..panes.waterfall
    };
    for (at, row) in column.rows().enumerate() {
        frame.render_widget(Span::raw(if at == 0 { "┬" } else { "│" }).fg(theme::RULE), row);
    }
}

/// Marks the row under the cursor, in a column of the screen: a color alone says nothing to some.
fn cursor(frame: &mut Frame, row: Rect, column: u16, has_keys: bool) {
    let style = theme::cursor(has_keys);
    frame.buffer_mut().set_style(row, style);
    let mark = Rect {
        x: column,
        width: 1,
        ..row
    };
    frame.render_widget(Span::styled("▸", style), mark.intersection(frame.area()));
}

/// The title of a pane, or of a screen; the mark before it says that the keys go there.
fn title(text: &str, focused: bool) -> Span<'_> {
    match text.strip_prefix(' ').filter(|_| focused) {
        Some(text) => Span::raw(format!("▌{text}")).bold().fg(theme::FOCUS),
        None => Span::raw(text).bold(),
    }
}

/// The same text on its own.
fn owned(span: Span<'_>) -> Span<'static> {
    Span::styled(span.content.into_owned(), span.style)
}

/// A title line, with a rule from its text to the edge.
fn ruled(frame: &mut Frame, mut line: Line, row: Rect) {
    line.push_span(" ");
    let buffer = frame.buffer_mut();
    let rest = cells::line(buffer, &line, row).intersection(buffer.area);
    for place in rest.positions() {
        buffer[place].set_symbol("─").set_fg(theme::RULE);
    }
}

/// Draws text that ends at the right edge. What does not fit is cut at its end: a number without its first digits is another number.
fn flush_right<'a>(frame: &mut Frame, text: impl Into<Span<'a>>, area: Rect) {
    let mut text = text.into();
    if text.width() > usize::from(area.width) {
        text.content = format::at_most(&text.content, area.width.into()).into();
    }
    frame.render_widget(Line::from(text).right_aligned(), area);
}

/// Returns centered lines for an empty pane: what to do.
fn hint<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> ratatui::widgets::Paragraph<'a> {
    ratatui::widgets::Paragraph::new(lines.into_iter().collect::<Vec<_>>()).centered()
}
