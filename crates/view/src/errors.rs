//! The errors of all traces, and one event of a group.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::lists::{self, Parts};
use super::{format, hint, page_pane, table, theme};
use app::{App, Hits, errors_below};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let (list, errors) = (&app.errors, app.aggregates.errors());
    let parts = Parts::of(area, errors_below(area));
    let events: usize = errors.groups().iter().map(|group| group.errors.len()).sum();
    let groups = format::count(errors.groups().len() as u64, "group");
    let mut about = vec![Span::raw(format!("{groups}, {}", format::count(events as u64, "event")))];
    if errors.interval_nano() > 0 {
        about.push(format!(" · bars of {}", interval(errors.interval_nano())).fg(theme::DIM));
    }
    lists::title(frame, app, about, parts.title);
    if list.table().is_empty() {
        nothing(frame, app, parts.rows);
    } else {
        table::draw(frame, list.table().cells(), &parts, hits);
        if !parts.below.is_empty() {
            let line = Line::from(vec!["EVENT".bold(), format!("  {}", app.errors.heading()).into()]);
            page_pane::draw(frame, app.errors.details().pane(), false, line, parts.below, hits);
        }
    }
    let left = format::count(list.table().len() as u64, "group");
    let mut all = Line::from("reported by exception events, log records with exceptions, and Sentry".fg(theme::DIM));
    if errors.forgotten() > 0 {
        let forgotten = format!(" · {} older errors not counted", format::grouped(errors.forgotten()));
        all.push_span(forgotten.fg(theme::WARNING));
    }
    lists::last(frame, list.table().words(), &left, all, parts.last);
}

/// A length of time in whole units: `5 s`, `10 min`, `3 h`, `7 d`.
fn interval(nano: u64) -> String {
    let seconds = nano / 1_000_000_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

pub(super) fn draw_event(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let pane = app.errors.details().pane();
    let parts = Parts::of(area, 0);
    lists::title(frame, app, [Span::raw(app.errors.heading().to_owned())], parts.title);
    let rows = parts.head.union(parts.rows);
    if pane.page().is_none() {
        frame.render_widget(
            hint([
                Line::default(),
                Line::from("this event was evicted (memory full)".fg(theme::DIM)),
            ]),
            rows,
        );
    }
    page_pane::draw_lines(frame, pane, true, rows, hits);
    let below = pane.below();
    if below > 0 {
        let below = format!("↓ {} below", format::count(below as u64, "line"));
        frame.render_widget(Line::from(below.fg(theme::DIM)), parts.last);
    }
}

fn nothing(frame: &mut Frame, app: &App, area: Rect) {
    let text = if !app.errors.table().words().is_empty() {
        "nothing here has all these words · Esc shows all again".fg(theme::DIM)
    } else if app.store.totals().traces == 0 && app.store.totals().logs == 0 {
        lists::nothing_received(app).fg(theme::DIM)
    } else {
        "✓ no errors in what was received".fg(theme::GOOD)
    };
    frame.render_widget(hint([Line::default(), Line::from(text)]), area);
}
