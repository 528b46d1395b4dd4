//! The spans of the selected trace as a tree, with their bars on one time axis.

mod row;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_model::TraceSummary;

use super::bars::Axis;
use super::traces::sentry_reach;
use super::{Now, format, hint, ruled, theme, title};
use crate::app::{App, Mode, Pane};

/// Columns between two labels of the axis, at least.
const TICK: u16 = 12;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    if area.is_empty() {
        return;
    }
    let focused = app.pane == Pane::Waterfall;
    let trace = app
        .waterfall
        .outline()
        .and_then(|outline| app.store.trace(outline.trace_id()));
    let (Some(trace), Some(outline)) = (trace, app.waterfall.outline()) else {
        ruled(frame, Line::from(title(" WATERFALL", focused)), Rect { height: 1, ..area });
        let body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        frame.render_widget(hint(how_to_begin(app)), body);
        return;
    };
    let columns = Columns::of(area);
    let axis = axis(&trace, columns.bars.width, now);
    let heading_row = Rect { height: 1, ..area };
    heading(frame, &trace, heading_row, focused);
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    scale(frame, axis, Rect { height: 1, ..body }, columns);
    let rows = outline.rows(&app.store, app.waterfall.visible());
    let below = body.rows().skip(1);
    for (at, (area, row)) in below.zip(&rows).enumerate() {
        if app.waterfall.visible().start + at == app.waterfall.position() {
            frame.buffer_mut().set_style(area, theme::cursor(focused));
        }
        row::draw(frame, row, area, columns, axis, now);
    }
    let last = app.waterfall.visible().start + rows.len();
    if last < outline.len() {
        more_below(frame, outline.len() - last, area);
    }
}

/// What can be said of a trace in one line.
fn heading(frame: &mut Frame, trace: &TraceSummary, row: Rect, focused: bool) {
    let mut line = Line::from(vec![title(" WATERFALL ", focused), Span::raw(format!(" {}", trace.trace_id))]);
    if usize::from(row.width) < 100 {
        line = Line::from(vec![
            title(" WATERFALL ", focused),
            Span::raw(format!(" {:.8}…", trace.trace_id)),
        ]);
    }
    let mut say = |text: Span<'static>| {
        line.push_span(" · ".fg(theme::DIM));
        line.push_span(text);
    };
    say(format::duration(trace.duration_nano).into());
    say(format::count(trace.spans as u64, "span").into());
    if trace.errors > 0 {
        say(format!("✗ {}", format::count(trace.errors as u64, "error"))
            .bold()
            .fg(theme::ERROR));
    }
    if trace.in_flight > 0 {
        say(format!("{} running", trace.in_flight).fg(theme::WARNING));
    }
    if trace.truncated > 0 {
        say(format!("truncated: {} left out", format::count(trace.truncated as u64, "span")).fg(theme::WARNING));
    }
    if trace.logs > 0 {
        say(format::count(trace.logs as u64, "log").into());
    }
    if trace.pinned {
        say("★ pinned".fg(theme::ACCENT));
    }
    if trace.sentry.reached > 0 {
        say(Span::raw("reached Sentry "));
        line.push_span(sentry_reach(trace.sentry));
    }
    ruled(frame, line, row);
}

/// The axis' labels: offsets from the trace's start.
fn scale(frame: &mut Frame, axis: Axis, row: Rect, columns: Columns) {
    let label = |text: &'static str| Line::from(text.fg(theme::DIM));
    frame.render_widget(
        label("   service and span"),
        Rect {
            width: columns.label.width,
            ..row
        },
    );
    let mut free_from = 0;
    for offset in axis.ticks(TICK) {
        let column = axis.column(axis.start + offset);
        let text = if offset == 0 {
            "0".to_owned()
        } else {
            format::duration(offset).replace(".00 ", " ").replace(".0 ", " ")
        };
        let text = format!("╷{text}");
        let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        if column < free_from || column + width > columns.bars.width {
            continue;
        }
        free_from = column + width + 1;
        let area = Rect {
            x: columns.bars.x + column,
            width,
            ..row
        };
        frame.render_widget(Line::from(text.fg(theme::DIM)), area);
    }
}

fn axis(trace: &TraceSummary, cells: u16, now: &Now) -> Axis {
    let running = if trace.in_flight > 0 {
        now.unix_nano.saturating_sub(trace.start_unix_nano).min(LONGEST_RUN)
    } else {
        0
    };
    Axis {
        start: trace.start_unix_nano,
        duration: trace.duration_nano.max(running).max(1),
        cells,
    }
}

/// A span in flight for longer was most likely abandoned: its bar stops growing, so that the others can be seen.
pub(super) const LONGEST_RUN: u64 = 300_000_000_000;

/// Whether the picture changes with time alone.
pub(super) fn moves(trace: &TraceSummary, unix_nano: u64) -> bool {
    trace.in_flight > 0 && unix_nano.saturating_sub(trace.start_unix_nano) < LONGEST_RUN
}

/// Where tree, durations and bars stand, by their first line.
#[derive(Clone, Copy, Debug)]
struct Columns {
    label: Rect,
    duration: Rect,
    bars: Rect,
}

impl Columns {
    fn of(area: Rect) -> Self {
        let label = (area.width * 2 / 5).clamp(area.width.min(24), 64);
        let duration = 10.min(area.width - label);
        let bars = area.width.saturating_sub(label + duration + 2);
        let at = |x: u16, width: u16| Rect {
            x: area.x + x,
            width,
            height: 1,
            ..area
        };
        Self {
            label: at(0, label),
            duration: at(label, duration),
            bars: at((label + duration + 1).min(area.width), bars),
        }
    }
}

fn more_below(frame: &mut Frame, rows: usize, area: Rect) {
    let text = format!(" ↓ {} more ", format::grouped(rows as u64));
    let width = u16::try_from(text.chars().count()).unwrap_or(0).min(area.width);
    let corner = Rect {
        x: area.right() - width,
        y: area.bottom() - 1,
        width,
        height: 1,
    };
    frame.render_widget(
        Line::from(text.fg(theme::DIM)).style(ratatui::style::Style::new().bg(theme::CURSOR)),
        corner,
    );
}

/// For somebody who sees the program for the first time.
fn how_to_begin(app: &App) -> Vec<Line<'static>> {
    let addresses = app.addresses;
    if app.store.filter().is_some() && app.store.totals().traces > 0 {
        return Vec::new();
    }
    let mut lines = vec![Line::default()];
    match app.mode {
        Mode::Demo => {
            lines.push(Line::from(vec![
                "Press ".into(),
                "r".bold().fg(theme::ACCENT),
                " to reset a password.".into(),
            ]));
            lines.push(Line::from(
                "The request goes to the API, over the queue to the mailer; its trace grows here.".fg(theme::DIM),
            ));
        }
        Mode::Viewer => {
            lines.push(Line::from("Point a program at this viewer:"));
            lines.push(Line::from(
                format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", addresses.otlp_http).bold(),
            ));
            lines.push(Line::from(
                format!("or http://{} for gRPC", addresses.otlp_grpc).fg(theme::DIM),
            ));
            lines.push(Line::from(
                format!("SENTRY_DSN=http://spanfall@{}/1", addresses.sentry).bold(),
            ));
        }
    }
    lines
}
