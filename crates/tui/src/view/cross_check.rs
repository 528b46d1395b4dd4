//! The cross-check: span by span, whether it reached Sentry, and if not, why.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::sentry::{Against, Verdict};
use trace_model::{ClientReport, Outline, Reading, Row, TraceSummary};

use super::times::Times;
use super::traces::service_name;
use super::waterfall::{more_below, row::label};
use super::{Now, format, lists, theme};
use crate::app::{App, CrossCheck};
use crate::text;

/// Verdicts of so many spans are counted for a frame.
const COUNTED: usize = 1_000;
/// Lines that explain the row under the cursor: a rule, the span, and why.
const WHY: u16 = 4;
/// Lines about what is compared with what, at most.
const AGAINST: usize = 7;
/// Client reports that are shown.
const REPORTS: usize = 3;
/// On a lower pane reports would take the room of spans.
const ROOM_FOR_REPORTS: u16 = 16;

/// Where the rows of spans are; `area` is that of the screen.
#[must_use]
pub fn rows_area(app: &App, area: Rect) -> Rect {
    Parts::of(app, area).rows
}

/// Where its parts stand.
struct Parts {
    title: Rect,
    heading: Rect,
    rows: Rect,
    why: Rect,
    reports: Rect,
}

impl Parts {
    /// Whatever time it is: only what comes changes it.
    fn of(app: &App, area: Rect) -> Self {
        let title = Rect { height: 1, ..area }.intersection(area);
        let inner = Rect {
            y: area.y.saturating_add(1),
            height: area.height.saturating_sub(1),
            ..area
        };
        let inner = inner.inner(Margin::new(1, 0)).intersection(area);
        let trace = shown(app).map(|(trace, _)| trace);
        let heading = trace.map_or(0, |trace| against(app, &trace, None, usize::from(inner.width)).len() + 2);
        let reports = match app.store.client_reports().count().min(REPORTS) {
            0 => 0,
            _ if inner.height < ROOM_FOR_REPORTS => 0,
            some => some + 1,
        };
        let length = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX));
        let [heading, rows, why, reports] =
            Layout::vertical([length(heading), Constraint::Fill(1), Constraint::Max(WHY), length(reports)]).areas(inner);
        Self {
            title,
            heading,
            rows,
            why,
            reports,
        }
    }
}

/// The selected trace with its rows.
fn shown(app: &App) -> Option<(TraceSummary, &Outline)> {
    let outline = app.waterfall.outline()?;
    Some((app.store.trace(outline.trace_id())?, outline))
}

pub(super) fn draw(frame: &mut Frame, app: &App, check: &CrossCheck, area: Rect, now: &Now) {
    let parts = Parts::of(app, area);
    lists::title(frame, app, [], parts.title);
    let Some((trace, outline)) = shown(app) else {
        let text = Line::from("trace evicted (memory full)".fg(theme::DIM));
        frame.render_widget(text, parts.rows);
        return;
    };
    let mut heading = against(app, &trace, Some(now), usize::from(parts.heading.width));
    heading.push(totals(app, &trace, outline, now));
    lines(frame, heading, parts.heading);
    spans(frame, app, (check, outline), parts.rows, now);
    why(frame, app, outline, parts.why, now);
    reports(frame, app, parts.reports, now);
}

fn lines(frame: &mut Frame, lines: Vec<Line>, area: Rect) {
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

/// What the spans are compared with, in words. What tells the time is left to the frame, and takes as many lines without it.
fn against(app: &App, trace: &TraceSummary, now: Option<&Now>, width: usize) -> Vec<Line<'static>> {
    let here = app.addresses.sentry;
    let text = match trace.sentry.against {
        Against::Nothing => nothing(app, trace),
        Against::Endpoint => match &app.sentry.relay {
            None => format!("Compared with the Sentry envelopes that came to this viewer, at {here}."),
            Some(relay) => {
                let relay = text::shown(relay);
                format!(
                    "Compared with the Sentry envelopes that came to {here} and were handed on to {relay}, and what that answered."
                )
            }
        },
        Against::Sentry {
            asked_unix_nano,
            asked_again,
        } => stored(app, trace, asked_unix_nano, asked_again, now),
    };
    let problem = app.sentry.about(trace.trace_id).and_then(|said| said.problem.as_ref());
    let wrapped = |text: &str, style: Style| {
        let pieces = format::wrapped_words(text, width.max(1));
        pieces.into_iter().map(move |piece| Line::from(Span::styled(piece, style)))
    };
    let mut lines: Vec<_> = wrapped(&text, Style::new().fg(theme::DIM)).collect();
    if let Some(problem) = problem {
        lines.extend(wrapped(&format!("✗ {}", text::shown(problem)), Style::new().fg(theme::ERROR)));
    }
    lines.truncate(AGAINST);
    lines
}

/// Why there is nothing to compare with, and how to change that.
fn nothing(app: &App, trace: &TraceSummary) -> String {
    if let Some(direct) = &app.sentry.direct {
        let direct = text::shown(direct);
        return format!(
            "Nothing to compare with: the services send to {direct} directly. Start without --no-sentry-relay to forward envelopes \
             through this viewer, or set SENTRY_AUTH_TOKEN and SENTRY_ORG to ask Sentry."
        );
    }
    let heard: Vec<_> = trace
        .services
        .iter()
        .filter(|service| app.store.has_sent_to_sentry(service))
        .map(|service| service_name(service))
        .collect();
    if heard.is_empty() {
        let dsn = app.dsn();
        return format!(
            "Nothing to compare with: no envelope has come from these services. Set SENTRY_DSN={dsn} where they run; D copies it."
        );
    }
    format!(
        "Nothing to compare with: envelopes came from {}, but none with this trace.",
        heard.join(", ")
    )
}

/// What Sentry itself has, since when that is known, and when it will be known better.
fn stored(app: &App, trace: &TraceSummary, asked: Option<u64>, asked_again: bool, now: Option<&Now>) -> String {
    let site = app.sentry.site.as_ref();
    let whose = site.map_or_else(
        || "Sentry".to_owned(),
        |site| format!("{} at {}", site.organization, site.host),
    );
    // As wide as any time.
    let clock = |unix_nano: u64| {
        now.map_or_else(
            || "00:00:00".to_owned(),
            |now| Times::of([unix_nano, now.unix_nano].into_iter()).text(unix_nano, now),
        )
    };
    let said = app.sentry.about(trace.trace_id);
    let refused = said.is_some_and(|said| said.problem.is_some());
    let asked_at = match asked {
        Some(asked) => format!("asked at {}", clock(asked)),
        None if refused => "no answer so far".to_owned(),
        None => "not asked yet".to_owned(),
    };
    let next = match said.and_then(|said| said.next_ask_unix_nano) {
        Some(next) => now.map_or_else(
            || "next ask in 000 min".to_owned(),
            |now| format!("next ask {}", format::until(next, now)),
        ),
        None if refused || !asked_again => "R asks again".to_owned(),
        None if asked.is_none() => "it will be, a little after the last span".to_owned(),
        None => "it will be asked again".to_owned(),
    };
    format!("Compared with what Sentry has stored for {whose}: {asked_at}, {next}.")
}

/// How many spans have which mark.
fn totals(app: &App, trace: &TraceSummary, outline: &Outline, now: &Now) -> Line<'static> {
    let reach = trace.sentry;
    let mut parts = Vec::new();
    let mut say = |number: usize, mark: char, what: &str| {
        if number > 0 {
            if !parts.is_empty() {
                parts.push(" · ".fg(theme::DIM));
            }
            let text = format!("{mark} {} {what}", format::grouped(number as u64));
            parts.push(Span::styled(text, theme::verdict(mark)));
        }
    };
    // What wants a look comes first: on a narrow screen the end is cut.
    let absent = reach.absent();
    let (missing, expected) = match missing(app, trace, outline, now) {
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

/// How many are missing; `None` where too many spans, or folded ones, would have to be looked at.
fn missing(app: &App, trace: &TraceSummary, outline: &Outline, now: &Now) -> Option<usize> {
    if trace.spans > COUNTED || outline.len() > 2 * COUNTED {
        return None;
    }
    let keys = (0..outline.len()).filter_map(|position| outline.key(position));
    let verdict = |key| app.store.verdict(trace.trace_id, key, now.unix_nano);
    let verdicts: Vec<_> = keys.filter_map(verdict).collect();
    let missing = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Missing(_)));
    (verdicts.len() == trace.spans).then(|| missing.count())
}

fn spans(frame: &mut Frame, app: &App, (check, outline): (&CrossCheck, &Outline), area: Rect, now: &Now) {
    let visible = check.visible();
    let rows = outline.rows(&app.store, visible.clone());
    let name = usize::from(area.width * 2 / 5);
    for ((at, row), area) in (visible.start..).zip(&rows).zip(area.rows()) {
        if at == app.waterfall.position() {
            frame.buffer_mut().set_style(area, theme::cursor(true));
        }
        frame.render_widget(span(app, outline, row, name, usize::from(area.width), now), area);
    }
    let below = outline.len().saturating_sub(visible.start + rows.len());
    let cut = rows.len().min(usize::from(area.height));
    if below > 0 && cut > 0 {
        more_below(frame, below, area);
    }
}

/// The mark, the span in its place of the tree, and why.
fn span(app: &App, outline: &Outline, row: &Row, name: usize, width: usize, now: &Now) -> Line<'static> {
    let verdict = app.store.verdict(outline.trace_id(), &row.key, now.unix_nano);
    let (mark, said) = said(row, verdict.as_ref());
    let style = theme::verdict(mark);
    let mut line = Line::from(Span::styled(mark.to_string(), style));
    // What else there is to a span is said elsewhere: here a mark is about Sentry.
    let row_alone = Row {
        links: 0,
        reading: Reading::default(),
        ..row.clone()
    };
    line.spans.extend(label(&row_alone, name.saturating_sub(2)).spans);
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
fn why(frame: &mut Frame, app: &App, outline: &Outline, area: Rect, now: &Now) {
    let at = app.waterfall.position();
    let Some(row) = outline.rows(&app.store, at..at + 1).pop() else {
        return;
    };
    let width = usize::from(area.width);
    let verdict = app.store.verdict(outline.trace_id(), &row.key, now.unix_nano);
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
    text.extend(pieces.into_iter().map(|piece| Line::styled(piece, theme::verdict(mark))));
    lines(frame, text, area);
}

/// What SDKs said they dropped, whatever trace it belonged to: they do not say.
fn reports(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    if area.is_empty() {
        return;
    }
    let mut text = vec![Line::from(vec![
        "CLIENT REPORTS".bold(),
        "  what SDKs say they dropped, of any trace, newest first".fg(theme::DIM),
    ])];
    let shown = || app.store.client_reports().rev().take(REPORTS);
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
