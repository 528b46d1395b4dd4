//! The cross-check: span by span, whether it reached Sentry, and if not, why.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::sentry::Verdict;
use trace_model::{ClientReport, CrossCheck as Findings, Outline, Row, RowAnalysis, TraceSummary};

use super::waterfall::more_below;
use super::{Now, content, cursor, format, lists, theme};
use app::format::service_name;
use app::text;
use app::{App, CLIENT_REPORTS_SHOWN, CrossCheck, Times, tree_line};

/// Verdicts of so many spans are counted for a frame.
const COUNTED: usize = 1_000;
pub(super) fn draw(frame: &mut Frame, app: &App, check: &CrossCheck, now: &Now) {
    let parts = check.parts();
    lists::title(frame, app, [], parts.title);
    let Some((trace, outline)) = app.cross_checked() else {
        let text = Line::from("trace evicted (memory full)".fg(theme::DIM));
        frame.render_widget(text, parts.rows);
        return;
    };
    let findings = app.cross_check(trace.trace_id);
    let findings = findings.as_ref();
    for (row, line) in parts.heading.rows().zip(check.heading()) {
        content::draw(frame, line, row);
    }
    if let Some(row) = parts.heading.rows().nth(check.heading().len()) {
        frame.render_widget(totals(app, &trace, (findings, outline), now), row);
    }
    spans(frame, app, (check, findings, outline), parts.rows, now);
    why(frame, app, (findings, outline), parts.why, now);
    reports(frame, app, parts.reports, now);
}

fn lines(frame: &mut Frame, lines: Vec<Line>, area: Rect) {
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

/// Returns the number of spans by mark.
fn totals(app: &App, trace: &TraceSummary, (findings, outline): (Option<&Findings>, &Outline), now: &Now) -> Line<'static> {
    let reach = app.reach(trace.trace_id);
    let mut parts = Vec::new();
    let mut say = |number: usize, mark: char, what: &str| {
        if number > 0 {
            if !parts.is_empty() {
                parts.push(" · ".fg(theme::DIM));
            }
            let text = format!("{mark} {} {what}", format::grouped(number as u64));
            parts.push(Span::styled(text, content::verdict(mark)));
        }
    };
    // What wants a look comes first: on a narrow screen the end is cut.
    let absent = reach.absent();
    let (missing, expected) = match findings.and_then(|findings| missing(findings, trace, outline, now)) {
        Some(missing) => (missing, absent.saturating_sub(missing)),
        None if now.unix_nano < reach.due_unix_nano => (0, absent),
        None => (0, 0),
    };
    say(missing, '✗', "missing");
    say(absent.saturating_sub(missing + expected), '✗', "missing or still expected");
    say(reach.differs, '≠', "different");
    say(expected, '…', "expected");
    say(reach.reached, '✓', "reached it");
    say(reach.sentry_only, '✓', "by envelope only");
    let others = trace.spans.saturating_sub(reach.expected + reach.sentry_only);
    say(others, '–', "not checked");
    Line::from(parts)
}

/// Returns the number of missing spans; `None` if too many spans, or folded ones, would have to be visited.
fn missing(findings: &Findings, trace: &TraceSummary, outline: &Outline, now: &Now) -> Option<usize> {
    if trace.spans > COUNTED || outline.len() > 2 * COUNTED {
        return None;
    }
    let keys = (0..outline.len()).filter_map(|position| outline.key(position));
    let verdict = |key| findings.verdict(key, now.unix_nano);
    let verdicts: Vec<_> = keys.filter_map(verdict).collect();
    let missing = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Missing(_)));
    (verdicts.len() == trace.spans).then(|| missing.count())
}

fn spans(
    frame: &mut Frame,
    app: &App,
    (check, findings, outline): (&CrossCheck, Option<&Findings>, &Outline),
    area: Rect,
    now: &Now,
) {
    let visible = check.visible();
    let rows = outline.rows(&app.store, visible.clone());
    let name = usize::from(area.width * 2 / 5);
    for ((at, row), area) in (visible.start..).zip(&rows).zip(area.rows()) {
        if at == app.waterfall.position() {
            cursor(frame, area, area.x.saturating_sub(1), true);
        }
        let verdict = findings.and_then(|findings| findings.verdict(&row.key, now.unix_nano));
        frame.render_widget(span(row, verdict.as_ref(), name, usize::from(area.width)), area);
    }
    let below = outline.len().saturating_sub(visible.start + rows.len());
    let cut = rows.len().min(usize::from(area.height));
    if below > 0 && cut > 0 {
        more_below(frame, below, area);
    }
}

/// The mark, the span in its place of the tree, and why.
fn span(row: &Row, verdict: Option<&Verdict>, name: usize, width: usize) -> Line<'static> {
    let (mark, said) = said(row, verdict);
    let style = content::verdict(mark);
    let mut line = Line::from(Span::styled(mark.to_string(), style));
    // Other facts about a span are elsewhere: here a mark is about Sentry.
    let row_alone = Row {
        links: 0,
        reading: RowAnalysis::default(),
        ..row.clone()
    };
    let tree = tree_line(&row_alone, name.saturating_sub(2));
    line.spans.extend(tree.pieces.into_iter().map(content::span));
    let fill = (name + 1).saturating_sub(line.width());
    line.push_span(" ".repeat(fill));
    let room = width.saturating_sub(line.width());
    let style = if mark == '✓' { Style::new().fg(theme::DIM) } else { style };
    line.push_span(Span::styled(format::at_most(&said, room), style));
    line
}

/// A row's mark and what it means, in words.
fn said(row: &Row, verdict: Option<&Verdict>) -> (char, String) {
    match verdict {
        Some(verdict) => (verdict.mark(), text::shown(&verdict.to_string())),
        None if row.errors.is_empty() => (' ', "has not arrived here".to_owned()),
        None => (' ', "an error, no span".to_owned()),
    }
}

/// The row under the cursor, in full.
fn why(frame: &mut Frame, app: &App, (findings, outline): (Option<&Findings>, &Outline), area: Rect, now: &Now) {
    let at = app.waterfall.position();
    let Some(row) = outline.rows(&app.store, at..at + 1).pop() else {
        return;
    };
    let width = usize::from(area.width);
    let verdict = findings.and_then(|findings| findings.verdict(&row.key, now.unix_nano));
    let (mark, said) = said(&row, verdict.as_ref());
    let mut text = vec![Line::from("─".repeat(width).fg(theme::RULE))];
    let mut name = Line::from(format!("span {} ", row.key.span_id).fg(theme::DIM));
    if let Some(line) = &row.line {
        let service = format::at_most(&service_name(&line.service), width.saturating_sub(name.width()));
        name.push_span(service.fg(theme::service(&line.service)));
        let span = format::at_most(&line.name, width.saturating_sub(name.width() + 1));
        name.push_span(format!(" {span}"));
    }
    text.push(name);
    let pieces = format::wrapped_words(&format!("{mark} {said}"), width.max(1));
    text.extend(pieces.into_iter().map(|piece| Line::styled(piece, content::verdict(mark))));
    lines(frame, text, area);
}

/// Draws the items that SDKs report as dropped, of all traces: reports do not name one.
fn reports(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    if area.is_empty() {
        return;
    }
    let mut text = vec![Line::from(vec![
        "CLIENT REPORTS".bold(),
        "  what SDKs say they dropped, of any trace, newest first".fg(theme::DIM),
    ])];
    let shown = || app.store.client_reports().rev().take(CLIENT_REPORTS_SHOWN);
    let times = Times::of(shown().map(|report| report.unix_nano));
    let report = |report: &ClientReport| {
        let what = format!(
            "{} × {} dropped: {}",
            format::grouped(report.quantity),
            text::shown(&report.category),
            text::shown(&report.reason)
        );
        let mut line = Line::from(format!("{} ", times.text(report.unix_nano, now)).fg(theme::DIM));
        if !report.service.is_empty() {
            line.push_span(format!("{} ", text::shown(&report.service)).fg(theme::service(&report.service)));
        }
        let room = usize::from(area.width).saturating_sub(line.width());
        line.push_span(format::at_most(&what, room).fg(theme::WARNING));
        line
    };
    text.extend(shown().map(report));
    lines(frame, text, area);
}
