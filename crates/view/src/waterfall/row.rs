//! One row of the waterfall.

pub(crate) use app::indentation;
use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::sentry::Gravity;
use trace_model::{ErrorMark, Lint, Row, Rule, SpanSubject, StatusCode};
use unicode_width::UnicodeWidthStr;

use super::super::bars::Axis;
use super::super::subject::described;
use super::super::{Now, format, theme};
use super::{Columns, bar};
use app::Waterfall;
use app::format::service_name;

/// Style that all rows share.
pub(super) struct RowStyle<'a> {
    pub(super) columns: Columns,
    pub(super) axis: Axis,
    pub(super) now: &'a Now,
    /// [`app::Mode::longest_run`].
    pub(super) longest_run: u64,
    /// True if clock skew is corrected.
    pub(super) straight: bool,
    /// The log records of the spans.
    pub(super) waterfall: &'a Waterfall,
}

pub(super) fn draw(frame: &mut Frame, row: &Row, area: Rect, row_style: &RowStyle) {
    let on_row = |column: Rect| Rect {
        y: area.y,
        height: 1,
        ..column
    };
    let label_area = row_style.columns.label.inner(Margin::new(1, 0));
    let width = usize::from(label_area.width);
    let mut label = label(row, width);
    if row_style.straight && row.reading.shift_nano != 0 {
        let room = width.saturating_sub(2);
        while label.width() > room && label.spans.len() > 1 {
            label.spans.pop();
        }
        label.push_span(" ±".fg(theme::WARNING));
    }
    frame.render_widget(label, on_row(label_area));
    bar::draw(frame, row, on_row(row_style.columns.bars), row_style);
}

/// Indentation, fold mark, service, name, errors; the names are what gets cut.
pub(crate) fn label(row: &Row, width: usize) -> Line<'static> {
    let indent = 1 + indentation(row.depth, width);
    let fold = match (row.children, row.hidden) {
        (0, _) if row.group.is_some() => "▸ ",
        (0, _) => "  ",
        (_, 0) => "▾ ",
        _ => "▸ ",
    };
    let found = row.line.as_ref().is_some_and(|line| line.found);
    let mark = if found { "◆" } else { " " };
    let mut line = Line::from(vec![
        mark.fg(theme::FOUND),
        " ".repeat(indent - 1).into(),
        fold.fg(theme::DIM),
    ]);
    let hidden = if row.hidden > 0 && row.group.is_none() {
        format!(" +{}", format::grouped(row.hidden as u64))
    } else {
        String::new()
    };
    // Seen however long the name is.
    let errors = Errors::of(row);
    let room = width.saturating_sub(indent + 2 + hidden.len() + format::columns(&errors.mark));
    let marks = marks(row, room / 3);
    let mut left = room.saturating_sub(marks.iter().map(Span::width).sum());
    // Of several spans the first one's subject says nothing of the others.
    let nothing = SpanSubject::default();
    let subject = row.line.as_ref().filter(|_| row.group.is_none());
    let subject = subject.map_or(&nothing, |span| &span.subject);
    // If both do not fit, the service is shortened first.
    let service_room = row.line.as_ref().map_or(left, |span| {
        let what = format::columns(&span.name) + 1 + format::columns(&subject.text);
        let whole = format::columns(&service_name(&span.service)) + 1 + what;
        if whole > left { left * 2 / 5 } else { left }
    });
    let mut say = |text: &str, style: Style| {
        let text = format::name(text, left);
        left = left.saturating_sub(format::columns(&text));
        line.push_span(Span::styled(text, style));
    };
    if row.cyclic {
        say("↻ ", Style::new().fg(theme::WARNING));
    }
    match &row.line {
        Some(span) => {
            if span.status == StatusCode::Error {
                say("✗ ", Style::new().bold().fg(theme::ERROR));
            }
            say(
                &format!(
                    "{} ",
                    format::at_most(&service_name(&span.service), service_room.max(SERVICE))
                ),
                Style::new().fg(theme::service(&span.service)),
            );
            let name = if span.status == StatusCode::Error {
                Style::new().fg(theme::ERROR)
            } else {
                Style::new()
            };
            let name = if found { name.bold() } else { name };
            let described = described(&span.name, name, subject, left);
            left = left.saturating_sub(described.iter().map(Span::width).sum());
            line.spans.extend(described);
        }
        None if row.errors.is_empty() => say(
            &format!("◌ parent {:.8} has not arrived", row.key.span_id),
            Style::new().italic().fg(theme::WARNING),
        ),
        // Below it there are spans: it is more than an error.
        None if row.children > 0 => say("◌ ", Style::new().fg(theme::WARNING)),
        None => {}
    }
    line.spans.extend(marks);
    line.push_span(Span::styled(errors.mark.clone(), errors.style.bold()));
    errors.say_first(row, &mut line, left);
    line.push_span(hidden.fg(theme::DIM));
    line
}

/// The gravest error events of a row.
struct Errors<'a> {
    first: Option<&'a ErrorMark>,
    /// Their sign with their number, and the space between it and a name.
    mark: String,
    style: Style,
    /// First word of a title.
    word: &'static str,
}

impl<'a> Errors<'a> {
    fn of(row: &'a Row) -> Self {
        let gravity = row.errors.iter().map(|error| error.gravity).max();
        let mut gravest = row.errors.iter().filter(|error| Some(error.gravity) == gravity);
        let count = gravest.clone().count();
        let (mark, word, color) = match gravity {
            Some(Gravity::Error) => ("!", "", theme::ERROR),
            Some(Gravity::Handled) => ("⚠", "handled ", theme::WARNING),
            Some(Gravity::Mild) | None => ("i", "", theme::WARNING),
        };
        let mark = match (&row.line, count) {
            (_, 0) => String::new(),
            (None, 1) => format!("{mark} "),
            (None, several) => format!("{mark}{several} "),
            (Some(_), 1) => format!(" {mark}"),
            (Some(_), several) => format!(" {mark}{several}"),
        };
        Self {
            first: gravest.next(),
            mark,
            style: Style::new().fg(color),
            word,
        }
    }

    /// Adds the title of the first one; after a name only if it adds information.
    fn say_first(&self, row: &Row, line: &mut Line<'static>, mut left: usize) {
        let Some(error) = self.first else { return };
        if row.line.is_none() {
            let service = format::at_most(&format!("{} ", service_name(&error.service)), left);
            left = left.saturating_sub(format::columns(&service));
            line.push_span(service.fg(theme::service(&error.service)));
        }
        let space = usize::from(row.line.is_some());
        if row.line.is_none() || left > MINIMUM {
            let title = format::at_most(&format!("{}{}", self.word, error.title), left.saturating_sub(space));
            line.push_span(" ".repeat(space));
            line.push_span(Span::styled(title, self.style));
        }
    }
}

/// So much of a service's name is always there.
const SERVICE: usize = 6;

/// Width from which on an error's title is shown after a name.
const MINIMUM: usize = 8;

/// Returns the marks that are visible however long the name is, within a width: number of spans, repeated calls, links, warnings.
fn marks(row: &Row, width: usize) -> Vec<Span<'static>> {
    let mut marks = Vec::new();
    let mut left = width;
    let mut mark = |text: String, style: Style| {
        let rest = left.checked_sub(text.width());
        if let Some(rest) = rest {
            left = rest;
            marks.push(Span::styled(text, style));
        }
        rest.is_some()
    };
    if let Some(group) = row.group {
        mark(format!(" × {}", format::grouped(group.count as u64)), Style::new().bold());
        if group.failed > 0 {
            mark(
                format!(" ✗{}", format::grouped(group.failed as u64)),
                Style::new().bold().fg(theme::ERROR),
            );
        }
    }
    // Other rules have a mark in common; this one and what is missing have their own.
    let own = |lint: &Lint| matches!(lint.rule, Rule::RepeatedCalls | Rule::MissingParent);
    if row.reading.clock.is_some() || row.reading.lints.iter().any(|lint| !own(lint)) {
        mark(" ⚠".to_owned(), Style::new().fg(theme::WARNING));
    }
    if let Some(repeated) = &row.reading.repeated {
        let style = Style::new().fg(theme::WARNING);
        if !mark(format!(" N+1 ×{}", format::grouped(repeated.count as u64)), style) {
            mark(" N+1".to_owned(), style);
        }
    }
    match row.links {
        0 => {}
        1 => _ = mark(" ⇄".to_owned(), Style::new().fg(theme::ACCENT)),
        several => _ = mark(format!(" ⇄{several}"), Style::new().fg(theme::ACCENT)),
    }
    marks
}
