//! Warnings about the traces themselves: rules with counts, reason and advice; and the traces of a rule.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;
use trace_stats::REMEMBERED;

use super::lists::{self, Parts};
use super::{breadcrumb, format, hint, table, theme};
use app::{App, Hits, WARNINGS_BELOW};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let list = &app.warnings;
    let parts = Parts::of(area, WARNINGS_BELOW);
    let about = match list.opened() {
        Some(rule) => format!("› {}", rule.title()).into(),
        None => breadcrumb::all_traces(app).into(),
    };
    lists::title(frame, app, [about], parts.title);
    if list.is_empty() {
        nothing(frame, app, parts.rows);
    } else {
        table::draw(frame, list.cells(), &parts, hits);
        below(frame, app, parts.below);
    }
    let what = if list.opened().is_some() { "trace" } else { "rule" };
    let left = format::count(list.len() as u64, what);
    let traces = app.aggregates.warnings().traces();
    let mut all = Line::from(format::count(traces as u64, "trace"));
    all.push_span(" with warnings · checked after 3 s without new spans".fg(theme::DIM));
    if traces >= REMEMBERED {
        all.push_span(" · older ones are forgotten".fg(theme::WARNING));
    }
    lists::last(frame, list.words(), &left, all, parts.last);
}

/// Draws the explanation of the rule, with advice.
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
    let text = if !app.warnings.words().is_empty() {
        "nothing here has all these words · Esc shows all again".fg(theme::DIM)
    } else if app.store.totals().traces == 0 {
        lists::nothing_received(app).fg(theme::DIM)
    } else {
        "✓ no warnings in the traces checked so far".fg(theme::GOOD)
    };
    frame.render_widget(hint([Line::default(), Line::from(text)]), area);
}
