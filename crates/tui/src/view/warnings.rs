//! What is wrong with the traces themselves: which rules, how often, why that matters, what to do; and in which traces.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::text::Line;
use trace_model::Rule;
use trace_stats::{REMEMBERED, Warning};

use super::lists::{self, Parts};
use super::times::Times;
use super::{Now, flush_right, format, hint, theme, traces::service_name};
use crate::app::{App, List, WARNINGS_BELOW};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    let list = &app.warnings;
    let parts = Parts::of(area, WARNINGS_BELOW);
    let about = match list.opened() {
        Some(rule) => format!("› {}", rule.title()).into(),
        None => format!("all {}", format::count(app.store.totals().traces as u64, "trace")).into(),
    };
    lists::title(frame, app, [about], parts.title);
    if list.opened().is_some() {
        traces(frame, app, &parts, now);
    } else {
        rules(frame, app, &parts);
    }
    if list.is_empty() {
        nothing(frame, app, parts.rows);
    } else {
        below(frame, app, parts.below);
    }
    let what = if list.opened().is_some() { "trace" } else { "rule" };
    let left = format::count(list.len() as u64, what);
    let traces = app.many.warnings().traces();
    let mut all = Line::from(format::count(traces as u64, "trace"));
    all.push_span(" with warnings · judged when nothing has come of them for 3 s".fg(theme::DIM));
    if traces >= REMEMBERED {
        all.push_span(" · older ones are forgotten".fg(theme::WARNING));
    }
    lists::last(frame, list.narrow(), &left, all, parts.last);
}

fn rules(frame: &mut Frame, app: &App, parts: &Parts) {
    let columns = |row: Rect| -> [Rect; 3] {
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(10), Constraint::Length(12)]).areas(row)
    };
    let [title, traces, spans] = columns(parts.head);
    frame.render_widget("RULE".fg(theme::DIM), title);
    frame.render_widget(Line::from("traces".fg(theme::DIM)).right_aligned(), traces);
    frame.render_widget(Line::from("spans".fg(theme::DIM)).right_aligned(), spans);
    for (row, (count, selected)) in parts.rows.rows().zip(app.warnings.rules()) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        let [title, traces, spans] = columns(row);
        let name = format::at_most(count.rule.title(), usize::from(title.width).saturating_sub(3));
        frame.render_widget(Line::from(vec!["⚠ ".bold().fg(theme::WARNING), name.into()]), title);
        flush_right(frame, format::compact(count.traces as u64), traces);
        flush_right(frame, format::compact(count.spans as u64), spans);
    }
}

fn traces(frame: &mut Frame, app: &App, parts: &Parts, now: &Now) {
    let starts = app
        .warnings
        .traces()
        .filter_map(|(warning, _)| app.store.trace(warning.first.trace_id));
    let times = Times::of(starts.map(|trace| trace.start_unix_nano));
    let columns = |row: Rect| -> [Rect; 5] {
        let widths = [
            Constraint::Length(times.width() + 2),
            Constraint::Length(if row.width >= 100 { 20 } else { 12 }),
            Constraint::Fill(1),
            Constraint::Fill(1),
            Constraint::Length(7),
        ];
        Layout::horizontal(widths).areas(row)
    };
    let beside = if app.warnings.opened() == Some(Rule::BrokenTrace) {
        "CALLED BY"
    } else {
        "IN THE TRACE"
    };
    let heads = ["STARTED", "SERVICE", "SPAN", beside, ""];
    for (head, area) in heads.into_iter().zip(columns(parts.head)) {
        frame.render_widget(head.fg(theme::DIM), area);
    }
    for (row, (warning, selected)) in parts.rows.rows().zip(app.warnings.traces()) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        trace(frame, app, warning, columns(row), (times, now));
    }
}

fn trace(frame: &mut Frame, app: &App, warning: &Warning, columns: [Rect; 5], (times, now): (Times, &Now)) {
    let [time, service, span, root, count] = columns;
    let fitted = |text: &str, area: Rect| format::at_most(text, usize::from(area.width).saturating_sub(1));
    let key = &warning.first.key;
    match app.store.trace(warning.first.trace_id) {
        Some(trace) => {
            frame.render_widget(times.text(trace.start_unix_nano, now).fg(theme::DIM), time);
            match caller(app, warning) {
                Some(service) => frame.render_widget(fitted(&service_name(service), root).fg(theme::service(service)), root),
                None => frame.render_widget(fitted(&trace.root.name, root).fg(theme::DIM), root),
            }
        }
        None => frame.render_widget("left".fg(theme::DIM), time),
    }
    frame.render_widget(
        fitted(&service_name(&key.service), service).fg(theme::service(&key.service)),
        service,
    );
    // A span that is missing has no name.
    let name = if warning.name.is_empty() {
        format!("span {}", key.span_id)
    } else {
        fitted(&warning.name, span)
    };
    frame.render_widget(format::at_most(&name, usize::from(span.width).saturating_sub(1)), span);
    if warning.count > 1 {
        let times = format!("× {}", format::compact(warning.count as u64));
        frame.render_widget(Line::from(times.fg(theme::DIM)).right_aligned(), count);
    }
}

/// Of a trace that was broken between two services: the other one.
fn caller<'a>(app: &'a App, warning: &Warning) -> Option<&'a str> {
    let broken = app.many.warnings().broken().iter();
    let mut broken = broken.filter(|broken| warning.rule == Rule::BrokenTrace && broken.span == warning.first);
    Some(&*broken.next()?.call.key.service)
}

/// What the rule says, and what to do about it.
fn below(frame: &mut Frame, app: &App, area: Rect) {
    let Some(rule) = app.warnings.rule() else { return };
    let width = usize::from(area.width);
    let mut lines = vec![Line::from("─".repeat(width).fg(theme::RULE))];
    let about = |lines: &mut Vec<Line<'static>>, label: &str, text: &str| {
        let pieces = format::wrapped_words(text, width.saturating_sub(5).max(1));
        for (at, piece) in pieces.into_iter().enumerate() {
            let label = if at == 0 { label.to_owned() } else { String::new() };
            lines.push(Line::from(vec![format!("{label:<5}").fg(theme::DIM), piece.into()]));
        }
    };
    about(&mut lines, "why", rule.explanation());
    about(&mut lines, "fix", rule.fix());
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

fn nothing(frame: &mut Frame, app: &App, area: Rect) {
    let text = if !app.warnings.narrow().is_empty() {
        "nothing here has all these words · Esc shows all again".fg(theme::DIM)
    } else if app.store.totals().traces == 0 {
        "no traces yet: what is wrong with them will stand here, and how to fix it".fg(theme::DIM)
    } else {
        "✓ nothing is wrong with the traces that have been judged".fg(theme::GOOD)
    };
    frame.render_widget(hint([Line::default(), Line::from(text)]), area);
}
