//! Two lines: what there is, how fast it comes, what was not taken; where the collector listens and who is up.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::ServiceStats;
use unicode_width::UnicodeWidthStr;

use super::{Now, files, format, theme};
use crate::app::{Action, App, Mode, ServiceState};
use crate::demo::PAGE;
use crate::text::shown;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    let row = |line: u16| {
        Rect {
            y: area.y + line,
            height: 1,
            ..area
        }
        .intersection(area)
    };
    let width = usize::from(area.width);
    let mut trouble = trouble(app, width);
    let counts = counts(app, now, width.saturating_sub(trouble.width() + 1));
    // That nothing is wrong is worth saying only where there is room.
    let fine = " 0 refused ";
    if trouble.spans.is_empty() && app.mode != Mode::Files && counts.width() + fine.len() <= width {
        trouble = Line::from(fine.fg(theme::DIM));
    }
    pair(frame, counts, trouble, row(0));
    let services = services(app);
    let room = width.saturating_sub(services.width() + 1);
    let from = if app.mode == Mode::Files {
        files::header(app, room)
    } else {
        listeners(app, room)
    };
    pair(frame, from, services, row(1));
}

/// One text left, one right; the right one stays whole.
fn pair(frame: &mut Frame, left: Line, right: Line, row: Rect) {
    let width = u16::try_from(right.width()).unwrap_or(u16::MAX);
    let [left_area, right_area] = Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(row);
    frame.render_widget(left, left_area);
    frame.render_widget(right, right_area);
}

/// Spans per second, from all services.
pub(super) fn rate(app: &App, now: &Now) -> u64 {
    if app.mode == Mode::Files {
        return 0;
    }
    app.store
        .services()
        .map(|service: &ServiceStats| service.rate(now.unix_nano))
        .sum()
}

/// What a click there asks for: on the warnings, what they are; on what was not taken, why.
#[must_use]
pub fn action_at(app: &App, area: Rect, at: Position) -> Option<Action> {
    let first = Rect { height: 1, ..area }.intersection(area);
    if !first.contains(at) {
        return None;
    }
    let (column, width) = (usize::from(at.x - area.x), usize::from(area.width));
    let trouble = trouble(app, width).width();
    if column >= width.saturating_sub(trouble) {
        return Some(Action::Health);
    }
    let before = before_warnings(app, width.saturating_sub(trouble + 1)).width() + 3;
    let warnings = warnings(app)?.width();
    (before..before + warnings).contains(&column).then_some(Action::Warnings)
}

/// What matters most comes first; what does not fit is left out. The health screen has all of it.
fn counts(app: &App, now: &Now, width: usize) -> Line<'static> {
    let totals = app.store.totals();
    let mut line = before_warnings(app, width);
    let mut say = |text: Span<'static>| {
        if line.width() + 3 + text.width() <= width {
            line.push_span(" · ".fg(theme::DIM));
            line.push_span(text);
        }
    };
    if let Some(warnings) = warnings(app) {
        say(warnings);
    }
    let rate = rate(app, now);
    if rate > 0 {
        say(format!("{} spans/s", format::compact(rate)).fg(theme::GOOD));
    }
    let memory = format!("memory {} %", totals.bytes * 100 / totals.budget.max(1));
    if width < WIDE {
        say(memory.fg(theme::DIM));
    } else {
        say(format!("{memory} of {}", format::bytes(totals.budget as u64)).fg(theme::DIM));
    }
    if totals.evicted_traces > 0 {
        say(format!("{} evicted", format::compact(totals.evicted_traces)).fg(theme::DIM));
    }
    line
}

fn warnings(app: &App) -> Option<Span<'static>> {
    let warnings = app.many.warnings().traces();
    (warnings > 0).then(|| format!("⚠ {}", format::compact(warnings as u64)).bold().fg(theme::WARNING))
}

/// The program, whether it is paused, traces and spans.
fn before_warnings(app: &App, width: usize) -> Line<'static> {
    let totals = app.store.totals();
    let mut line = Line::from(Span::raw(" spanfall ").bold().fg(theme::ACCENT));
    if let Some(pause) = app.pause() {
        line.push_span(" ❚❚ paused".bold().fg(theme::WARNING));
        let arrived = if width < WIDE { "since" } else { "arrived since, P goes on" };
        line.push_span(format!(" · {} {arrived} · ", format::count(pause.spans, "span")).fg(theme::WARNING));
    }
    line.spans.extend([
        Span::raw(format!(" {}", format::count(totals.traces as u64, "trace"))),
        Span::raw(" · ").fg(theme::DIM),
        Span::raw(format::count(totals.spans as u64, "span")),
    ]);
    line
}

/// From this width on things are said at more length.
const WIDE: usize = 90;

/// What was not taken, and what waits. What would allow the last denied origin or host takes a third of the width at most.
fn trouble(app: &App, width: usize) -> Line<'static> {
    let mut line = Line::default();
    let mut say = |number: u64, what: &str| {
        if number > 0 {
            line.push_span(format!(" {} {what} ", format::compact(number)).bold().fg(theme::WARNING));
        }
    };
    let flag = app.health.denied.last().and_then(|denial| denial.flag.as_deref());
    let flag = flag.filter(|flag| flag.width() <= width / 3);
    let denied = flag.map_or("denied".into(), |flag| format!("denied: {flag}"));
    say(app.health.denied.count(), &denied);
    say(app.queue.waiting as u64, "waiting");
    say(app.health.busy(), "busy");
    say(app.health.refused(), "refused");
    say(app.files.problems(), "not read");
    line
}

fn services(app: &App) -> Line<'static> {
    let mut line = Line::default();
    for (service, state) in app.services.iter() {
        let (mark, style) = mark(state);
        line.push_span(format!("{service} "));
        line.push_span(Span::styled(mark, style));
        line.push_span(" ");
    }
    line
}

/// A service's mark: its shape says as much as its colour.
pub(super) fn mark(state: &ServiceState) -> (&'static str, Style) {
    match state {
        ServiceState::Starting => ("◌", Style::new().fg(theme::WARNING)),
        ServiceState::Ready { .. } => ("●", Style::new().fg(theme::GOOD)),
        ServiceState::Absent { .. } => ("–", Style::new().fg(theme::DIM)),
        ServiceState::NotReady => ("◐", Style::new().fg(theme::WARNING)),
        ServiceState::Exited { .. } => ("✗", Style::new().fg(theme::ERROR).bold()),
    }
}

fn listeners(app: &App, width: usize) -> Line<'static> {
    let addresses = app.addresses;
    let name = |name: &str| Span::raw(format!(" {name} ")).fg(theme::DIM);
    let port = |port: &str| Span::raw(format!(":{port}"));
    let listeners = [
        ("otlp/grpc", addresses.otlp_grpc),
        ("otlp/http", addresses.otlp_http),
        ("sentry", addresses.sentry),
    ];
    let mut line = Line::default();
    for (protocol, address) in listeners {
        line.spans.extend([name(protocol), port(&address.port().to_string())]);
    }
    if let Some(relay) = &app.sentry.relay {
        let relay = shown(relay);
        let to = format!(" → {}", relay.split_once("://").map_or(&*relay, |(_, to)| to));
        if line.width() + to.chars().count() <= width {
            line.push_span(to);
        }
    }
    if let Some((_, page)) = app.services.address(PAGE).and_then(|address| address.rsplit_once(':')) {
        let page = [name("page"), port(page)];
        if line.width() + page.iter().map(Span::width).sum::<usize>() <= width {
            line.spans.extend(page);
        }
    }
    // The host once: all three listen on loopback.
    let host = format!(" {} ", addresses.otlp_grpc.ip());
    if line.width() + host.len() <= width {
        line.spans.insert(0, host.fg(theme::DIM));
    }
    line
}
