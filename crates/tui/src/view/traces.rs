//! One row per trace, newest first.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::{SentryReach, TraceSummary};

use super::{Now, filter, format, hint, theme, title};
use crate::app::{App, Mode, Pane};
use crate::text::clean;

/// The columns of the list, and of its title line.
struct Columns([Rect; 7]);

impl Columns {
    fn of(row: Rect) -> Self {
        let wide = row.width >= 110;
        let widths = [
            Constraint::Length(3),
            Constraint::Length(9),
            Constraint::Fill(5),
            Constraint::Fill(4),
            Constraint::Length(9),
            Constraint::Length(if wide { 12 } else { 10 }),
            Constraint::Length(if wide { 14 } else { 11 }),
        ];
        Self(Layout::horizontal(widths).spacing(0).areas(row))
    }
}

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    let focused = app.pane == Pane::Traces;
    if area.is_empty() {
        return;
    }
    let above = if app.filter.is_open() { 2 } else { 1 };
    let body = Rect {
        y: area.y + above,
        height: area.height.saturating_sub(above),
        ..area
    }
    .intersection(area);
    let traces = app.store.traces(app.traces.visible());
    if traces.is_empty() {
        frame.render_widget(nothing_here(app), body);
    }
    for (row, trace) in body.rows().zip(&traces) {
        let selected = app.traces.selected() == Some(trace.trace_id);
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(focused));
        }
        let found = app.store.found_in(trace.trace_id);
        draw_row(frame, trace, row, Marks { selected, found }, now);
    }
    if app.filter.is_open() {
        // Over the rows: what is wrong with a filter may take more than one line.
        filter::draw(frame, app, area);
    } else {
        heading(frame, app, Rect { height: 1, ..area }, focused);
    }
}

/// What a row says besides what the trace does.
#[derive(Clone, Copy)]
struct Marks {
    selected: bool,
    /// How many of its spans the filter has found.
    found: usize,
}

fn heading(frame: &mut Frame, app: &App, row: Rect, focused: bool) {
    let Columns([_, _, name, services, duration, spans, sentry]) = Columns::of(row);
    let mut left = Line::from(title(" TRACES", focused));
    left.spans
        .extend(filter::in_title(app, usize::from(row.width).saturating_sub(left.width())));
    if left.spans.len() == 1 && app.traces.following() {
        left.push_span(" following the newest".fg(theme::DIM));
    }
    // A filter may need the room of the columns' names.
    let end = row.x.saturating_add(u16::try_from(left.width()).unwrap_or(u16::MAX));
    let left_area = Rect {
        width: name.right().max(end.min(row.right())).saturating_sub(row.x),
        ..row
    };
    frame.render_widget(left, left_area);
    for (text, area) in [("services", services), ("spans", spans), ("sentry", sentry)] {
        if area.x > end {
            frame.render_widget(Line::from(text.fg(theme::DIM)), area);
        }
    }
    if duration.x > end {
        frame.render_widget(Line::from("duration ".fg(theme::DIM)).right_aligned(), duration);
    }
}

fn draw_row(frame: &mut Frame, trace: &TraceSummary, row: Rect, marks: Marks, now: &Now) {
    let Columns([mark, time, name, services, duration, spans, sentry]) = Columns::of(row);
    let pin = if trace.pinned { "★" } else { " " };
    let cursor = if marks.selected { "▸" } else { " " };
    frame.render_widget(Line::from(vec![pin.fg(theme::ACCENT), cursor.into()]), mark);
    frame.render_widget(
        Line::from(format::time_of_day(trace.start_unix_nano, now).fg(theme::DIM)),
        time,
    );
    frame.render_widget(root_name(trace, usize::from(name.width).saturating_sub(1)), name);
    frame.render_widget(service_path(trace, usize::from(services.width).saturating_sub(1)), services);
    let length = if trace.spans == 0 {
        String::new()
    } else if trace.in_flight > 0 {
        "running ".to_owned()
    } else {
        format!("{} ", format::duration(trace.duration_nano))
    };
    frame.render_widget(Line::from(length).right_aligned(), duration);
    frame.render_widget(counts(trace, marks.found), spans);
    frame.render_widget(Line::from(sentry_reach(trace.sentry, now)), sentry);
}

/// Spans, those of them that failed, error events, and what the filter has found.
fn counts(trace: &TraceSummary, found: usize) -> Line<'static> {
    let mut parts = Vec::new();
    let mut say = |mark: &str, number: usize, style: Style| {
        if number > 0 {
            let space = if parts.is_empty() { "" } else { " " };
            parts.push(Span::styled(
                format!("{space}{mark}{}", format::grouped(number as u64)),
                style,
            ));
        }
    };
    let bad = Style::new().bold().fg(theme::ERROR);
    say("", trace.spans, Style::new());
    say("✗", trace.errors, bad);
    say("!", trace.error_events, bad);
    say("◆", found, Style::new().fg(theme::FOUND));
    if parts.is_empty() {
        parts.push(format::count(trace.logs as u64, "log").fg(theme::DIM));
    }
    Line::from(parts)
}

fn root_name(trace: &TraceSummary, width: usize) -> Line<'static> {
    let name = clean(&trace.root.name);
    let name = match (trace.spans, trace.error_events) {
        (0, 0) => "(only logs)".to_owned(),
        (0, _) => format!("! {name}"),
        _ if trace.root.arrived => name.into_owned(),
        // Not the root yet, only the earliest span there is: said by the mark and, in the waterfall, by the placeholder.
        _ => format!("… {name}"),
    };
    let style = if trace.errors > 0 || trace.spans == 0 && trace.error_events > 0 {
        Style::new().fg(theme::ERROR)
    } else {
        Style::new()
    };
    if trace.truncated == 0 {
        return Line::from(Span::styled(format::at_most(&name, width), style));
    }
    // Where there is room for it however many spans there are.
    let mark = " truncated";
    let name = format::at_most(&name, width.saturating_sub(mark.len()));
    Line::from(vec![Span::styled(name, style), mark.fg(theme::WARNING)])
}

fn service_path(trace: &TraceSummary, width: usize) -> Line<'static> {
    let mut line = Line::default();
    let mut left = width;
    for (at, service) in trace.services.iter().enumerate() {
        let arrow = if at > 0 { "→" } else { "" };
        let name = format::at_most(&service_name(service), left.saturating_sub(arrow.chars().count()));
        left = left.saturating_sub(arrow.chars().count() + unicode_width::UnicodeWidthStr::width(name.as_str()));
        line.push_span(arrow.fg(theme::DIM));
        line.push_span(name.fg(theme::service(service)));
        if left < 2 {
            break;
        }
    }
    line
}

/// A service as a person reads it.
pub(super) fn service_name(service: &str) -> String {
    if service.is_empty() {
        "(no service)".to_owned()
    } else {
        clean(service).into_owned()
    }
}

/// `✓ 8/8` when all spans that services sent reached Sentry; `–` where there is nothing to compare with.
pub(super) fn sentry_reach(reach: SentryReach, now: &Now) -> Span<'static> {
    let mark = reach.mark(now.unix_nano);
    let style = theme::verdict(mark);
    if mark == '–' {
        return Span::styled("–", style);
    }
    if reach.expected == 0 {
        return "via Sentry".fg(theme::DIM);
    }
    // As something else it arrived too, which the mark says.
    let arrived = format::grouped((reach.reached + reach.differs) as u64);
    Span::styled(format!("{mark} {arrived}/{}", format::grouped(reach.expected as u64)), style)
}

fn nothing_here(app: &App) -> ratatui::widgets::Paragraph<'static> {
    if app.store.filter().is_some() && app.store.totals().traces > 0 {
        return hint([filter::nothing_found(app)]);
    }
    let text = match app.mode {
        Mode::Demo if app.services.all_ready() => "no trace yet: press r to send a password reset".fg(theme::ACCENT),
        Mode::Demo => "starting the demo's services …".fg(theme::WARNING),
        Mode::Viewer => "no trace yet: waiting for spans".fg(theme::DIM),
        Mode::Files if app.files.reading().is_some() => "reading …".fg(theme::DIM),
        Mode::Files => "no trace in what was read".fg(theme::DIM),
    };
    hint([Line::default(), Line::from(text)])
}
