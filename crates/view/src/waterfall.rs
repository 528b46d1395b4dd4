//! The spans of the selected trace as a tree, with their bars on one time axis.

mod bar;
mod find;
mod heading;
mod minimap;
mod scale;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;
use trace_model::{CrossCheck, Row};

use super::bars::Axis;
use super::{Now, content, cursor, format, hint, ruled, theme, title};
use app::{App, Listener, Mode, Pane, WaterfallColumns as Columns, WaterfallParts, WaterfallRow, Zoom};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    if area.is_empty() {
        return;
    }
    let focused = app.screens.pane == Pane::Waterfall;
    let trace = app
        .waterfall
        .outline()
        .and_then(|outline| app.store.trace(outline.trace_id()));
    let parts = WaterfallParts::of(area, app.waterfall.zoom().is_zoomed());
    let (Some(trace), Some(outline)) = (trace, app.waterfall.outline()) else {
        ruled(frame, Line::from(title(" WATERFALL", focused)), parts.heading);
        let body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        frame.render_widget(hint(how_to_begin(app)), body);
        return;
    };
    let columns = Columns::of(area);
    let axis = axis(app.waterfall.zoom(), columns.bars.width);
    heading::draw(frame, app, &trace, parts.heading, focused, now);
    let checked = app.reach(trace.trace_id).mark(now.unix_nano) != '–';
    minimap::draw(frame, app, outline, parts.minimap, columns);
    scale::draw(frame, axis, parts.scale, columns, checked);
    let mut rows = outline.rows(&app.store, app.waterfall.visible());
    let find = app.waterfall.find();
    if find.count().is_some() {
        // What is looked for here matters more than what the list was filtered for.
        for row in &mut rows {
            let finds = find.finds(&row.key);
            row.line.iter_mut().for_each(|line| line.found = finds);
        }
    }
    let is_straight = outline.is_straight();
    let longest_run = app.mode.longest_run();
    let bars = bar::Bars {
        axis,
        now,
        longest_run,
        is_straight,
        waterfall: &app.waterfall,
    };
    let check = app.cross_check(trace.trace_id);
    for (at, (area, row)) in parts.rows.rows().zip(&rows).enumerate() {
        if app.waterfall.visible().start + at == app.waterfall.position() {
            cursor(frame, area, area.x, focused);
        }
        let cells = WaterfallRow {
            row,
            mark: mark(check.as_ref(), row, now),
            is_straight,
            longest_run,
            now,
        };
        for (line, area) in columns.cells(&cells, area.y) {
            content::draw(frame, &line, area);
        }
        let on_row = Rect {
            y: area.y,
            ..columns.bars
        };
        bar::draw(frame, row, on_row, &bars);
    }
    if app.waterfall.find().is_open() {
        find::draw(frame, app, area);
    }
    if outline.is_empty() {
        let text = match trace.spans {
            0 if trace.error_events > 0 => String::new(),
            0 => "no spans, only log records · L lists them".to_owned(),
            spans => format!("reading {} …", format::count(spans as u64, "span")),
        };
        frame.render_widget(hint([Line::from(text.fg(theme::DIM))]), parts.rows);
    }
    let last = app.waterfall.visible().start + rows.len();
    if last < outline.len() {
        // It covers bars only: a part of a duration would be another one.
        let x = columns.bars.x.min(area.right());
        let beside = Rect {
            x,
            width: area.right() - x,
            ..area
        };
        more_below(frame, outline.len() - last, beside);
    }
}

fn axis(zoom: &Zoom, cells: u16) -> Axis {
    let shown = zoom.shown();
    Axis {
        origin: zoom.whole().start_unix_nano,
        start: shown.start_unix_nano,
        duration: shown.nano,
        cells,
        is_part: zoom.is_zoomed(),
    }
}

/// Returns the mark of a span's cross-check; `None` if it was not checked.
fn mark(check: Option<&CrossCheck>, row: &Row, now: &Now) -> Option<char> {
    let verdict = check?.verdict(&row.key, now.unix_nano)?;
    Some(verdict.mark()).filter(|mark| *mark != '–')
}

/// Draws the number of rows below the last one in the corner of the area, if it has room for that.
pub(super) fn more_below(frame: &mut Frame, rows: usize, area: Rect) {
    let rows = format::grouped(rows as u64);
    let texts = [format!(" ↓ {rows} more "), format!(" ↓{rows} "), format!("↓{rows}")];
    let columns = |text: &str| u16::try_from(format::columns(text)).unwrap_or(u16::MAX);
    let Some(text) = texts.into_iter().find(|text| columns(text) <= area.width) else {
        return;
    };
    let width = columns(&text);
    let corner = Rect {
        x: area.right() - width,
        y: area.bottom() - 1,
        width,
        height: 1,
    };
    // A bar may stand there in reverse.
    frame.render_widget(ratatui::widgets::Clear, corner);
    frame.render_widget(
        Line::from(text.fg(theme::DIM)).style(ratatui::style::Style::new().bg(theme::CURSOR)),
        corner,
    );
}

/// First steps, for new users.
fn how_to_begin(app: &App) -> Vec<Line<'static>> {
    let addresses = app.addresses;
    if app.store.filter().is_some() && app.store.totals().traces > 0 {
        return Vec::new();
    }
    let mut lines = vec![Line::default()];
    match app.mode {
        // The list above names the key.
        Mode::Demo => lines.push(Line::from(
            "A reset goes to the API and through the queue to the mailer.".fg(theme::DIM),
        )),
        Mode::Viewer => {
            lines.push(Line::from("Point a program at this viewer:"));
            lines.push(Line::from(
                format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", addresses[Listener::OtlpHttp]).bold(),
            ));
            lines.push(Line::from(
                format!("or http://{} for gRPC", addresses[Listener::OtlpGrpc]).fg(theme::DIM),
            ));
            lines.push(Line::from(vec![
                format!("SENTRY_DSN={}", app.dsn()).bold(),
                "   D copies it".fg(theme::DIM),
            ]));
            lines.push(Line::from(
                format!("or SENTRY_SPOTLIGHT={} next to your own DSN", app.spotlight()).fg(theme::DIM),
            ));
        }
        Mode::Files => {}
    }
    lines
}
