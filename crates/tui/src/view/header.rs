//! Two lines: what there is and who is up; where the collector listens and what was refused.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};

use super::{format, theme};
use crate::app::{App, ServiceState};
use crate::demo::PAGE;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    for (line, content) in [(0, [counts(app), services(app)]), (1, [listeners(app), refused(app)])] {
        let row = Rect {
            y: area.y + line,
            height: 1,
            ..area
        }
        .intersection(area);
        let [left, right] = content;
        let width = u16::try_from(right.width()).unwrap_or(u16::MAX);
        let [left_area, right_area] = Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(row);
        frame.render_widget(left, left_area);
        frame.render_widget(right, right_area);
    }
}

fn counts(app: &App) -> Line<'static> {
    let totals = app.store.totals();
    let mut line = Line::from(vec![
        Span::raw(" spanfall ").bold().fg(theme::ACCENT),
        Span::raw(format!(" {}", format::count(totals.traces as u64, "trace"))),
        Span::raw(" · ").fg(theme::DIM),
        Span::raw(format::count(totals.spans as u64, "span")),
        Span::raw(" · ").fg(theme::DIM),
        Span::raw(format!(
            "{} of {} MiB",
            format::mebibytes(totals.bytes),
            format::mebibytes(totals.budget)
        ))
        .fg(theme::DIM),
    ]);
    if totals.evicted_traces > 0 {
        line.push_span(format!(" · {} made room", format::count(totals.evicted_traces, "trace")).fg(theme::DIM));
    }
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

fn listeners(app: &App) -> Line<'static> {
    let addresses = app.addresses;
    let listeners = [
        ("otlp/grpc", addresses.otlp_grpc),
        ("otlp/http", addresses.otlp_http),
        ("sentry", addresses.sentry),
    ];
    let mut line = Line::from(" ");
    // The host once: all three listen on loopback.
    line.push_span(Span::raw(format!("{} ", addresses.otlp_grpc.ip())).fg(theme::DIM));
    for (name, address) in listeners {
        line.push_span(Span::raw(format!(" {name} ")).fg(theme::DIM));
        line.push_span(format!(":{}", address.port()));
    }
    if let Some((_, port)) = app.services.address(PAGE).and_then(|address| address.rsplit_once(':')) {
        line.push_span(Span::raw(" page ").fg(theme::DIM));
        line.push_span(format!(":{port}"));
    }
    line
}

fn refused(app: &App) -> Line<'static> {
    let (refused, busy) = (app.health.refused(), app.health.busy());
    let said = |number: u64, what: &str| {
        let text = format!("{} {what} ", format::grouped(number));
        if number == 0 {
            text.fg(theme::DIM)
        } else {
            text.bold().fg(theme::WARNING)
        }
    };
    let mut line = Line::from(said(refused, "refused"));
    if busy > 0 {
        line.spans.insert(0, said(busy, "busy ·"));
    }
    line
}
