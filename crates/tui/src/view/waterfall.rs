//! The spans of the selected trace as a tree, with their bars on one time axis.

pub(super) mod row;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_model::{Row, TraceId, TraceSummary};

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
    heading(frame, &trace, heading_row, focused, now);
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let checked = trace.sentry.mark(now.unix_nano) != '–';
    scale(frame, axis, Rect { height: 1, ..body }, columns, checked);
    let rows = outline.rows(&app.store, app.waterfall.visible());
    let below = body.rows().skip(1);
    for (at, (area, row)) in below.zip(&rows).enumerate() {
        if app.waterfall.visible().start + at == app.waterfall.position() {
            frame.buffer_mut().set_style(area, theme::cursor(focused));
        }
        row::draw(frame, row, area, columns, axis, now);
        mark(frame, app, trace.trace_id, row, columns.at(area), now);
    }
    let last = app.waterfall.visible().start + rows.len();
    if last < outline.len() {
        more_below(frame, outline.len() - last, area);
    }
}

/// What can be said of a trace in one line.
fn heading(frame: &mut Frame, trace: &TraceSummary, row: Rect, focused: bool, now: &Now) {
    let mut line = Line::from(vec![title(" WATERFALL ", focused), Span::raw(format!(" {}", trace.trace_id))]);
    let narrow = row.width < 100;
    if narrow {
        line = Line::from(vec![
            title(" WATERFALL ", focused),
            Span::raw(format!(" {:.8}…", trace.trace_id)),
        ]);
    }
    let mut say = |text: Span<'static>| {
        line.push_span(" · ".fg(theme::DIM));
        line.push_span(text);
    };
    if trace.spans > 0 {
        say(format::duration(trace.duration_nano).into());
        say(format::count(trace.spans as u64, "span").into());
    } else {
        say("no spans".into());
    }
    if trace.errors > 0 {
        say(format!("✗ {} failed", format::grouped(trace.errors as u64))
            .bold()
            .fg(theme::ERROR));
    }
    if trace.error_events > 0 {
        say(format!("! {}", format::count(trace.error_events as u64, "error"))
            .bold()
            .fg(theme::ERROR));
    }
    if trace.sentry.mark(now.unix_nano) != '–' {
        let what = match trace.sentry.expected {
            0 => "",
            _ if narrow => "Sentry ",
            _ => "reached Sentry ",
        };
        let reach = sentry_reach(trace.sentry, now);
        say(Span::styled(format!("{what}{}", reach.content), reach.style));
    }
    if trace.in_flight > 0 {
        say(format!("{} running", trace.in_flight).fg(theme::WARNING));
    }
    if trace.truncated > 0 {
        say(format!("truncated: {} left out", format::count(trace.truncated as u64, "span")).fg(theme::WARNING));
    }
    let logs = trace.logs.saturating_sub(trace.error_events);
    if logs > 0 {
        say(format::count(logs as u64, "log").into());
    }
    if trace.pinned {
        say("★ pinned".fg(theme::ACCENT));
    }
    ruled(frame, line, row);
}

/// The axis' labels: offsets from the trace's start.
fn scale(frame: &mut Frame, axis: Axis, row: Rect, columns: Columns, checked: bool) {
    let label = |text: &'static str| Line::from(text.fg(theme::DIM));
    frame.render_widget(
        label("   service and span"),
        Rect {
            width: columns.label.width,
            ..row
        },
    );
    if checked {
        let title = "Sentry";
        let width = u16::try_from(title.len()).unwrap_or(0);
        // Its last letter stands over the marks.
        let x = (columns.mark.x + 1).saturating_sub(width);
        if x > columns.label.x + 19 {
            frame.render_widget(label(title), Rect { x, width, ..row }.intersection(row));
        }
    }
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
    /// One column: whether the span reached Sentry.
    mark: Rect,
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
        // The last column of the label is empty.
        let text = label.saturating_sub(2);
        Self {
            label: at(0, text),
            mark: at(text, 1.min(label - text)),
            duration: at(label, duration),
            bars: at((label + duration + 1).min(area.width), bars),
        }
    }

    /// Where the mark of this row stands.
    fn at(self, row: Rect) -> Rect {
        Rect {
            y: row.y,
            height: 1,
            ..self.mark
        }
        .intersection(row)
    }
}

/// Whether the span reached Sentry, in one character; nothing where it was not checked.
fn mark(frame: &mut Frame, app: &App, trace_id: TraceId, row: &Row, area: Rect, now: &Now) {
    let mark = app
        .store
        .verdict(trace_id, &row.key, now.unix_nano)
        .map(|verdict| verdict.mark());
    if let Some(mark) = mark.filter(|mark| *mark != '–') {
        frame.render_widget(Span::styled(mark.to_string(), theme::verdict(mark)), area);
    }
}

/// How many rows there are below the last one, in the corner of what shows them.
pub(super) fn more_below(frame: &mut Frame, rows: usize, area: Rect) {
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

/// Where the Spotlight option of Sentry's SDKs is to send.
pub(super) fn spotlight(app: &App) -> String {
    format!("http://{}/stream", app.addresses.sentry)
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
            lines.push(Line::from(vec![
                format!("SENTRY_DSN={}", app.dsn()).bold(),
                "   D copies it".fg(theme::DIM),
            ]));
            lines.push(Line::from(
                format!("or SENTRY_SPOTLIGHT={} beside a DSN of your own", spotlight(app)).fg(theme::DIM),
            ));
        }
    }
    lines
}
