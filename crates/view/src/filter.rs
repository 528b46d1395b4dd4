//! The filter: while it is typed, and in the title of the list.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use trace_model::FilterError;

use super::{format, theme, title};
use app::text::{clusters, shown};
use app::{App, Filtered, InputLine};

/// Before what is typed.
pub(super) const LABEL: &str = " FILTER ";

/// The line that is typed; below it what it finds, or what is wrong with it.
pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    typed(frame, LABEL, (app.filter.line(), app.filter.error()), status(app), area);
}

/// A filter that is typed, with the terminal's cursor in it; on the next line a status, or what is wrong with the filter.
pub(super) fn typed(frame: &mut Frame, label: &str, (line, error): (&InputLine, Option<&FilterError>), status: Line, area: Rect) {
    let row = Rect { height: 1, ..area };
    let name = u16::try_from(format::columns(label)).unwrap_or(0).min(row.width);
    let field = Rect {
        x: row.x + name,
        width: row.width - name,
        ..row
    };
    let cursor = format::columns(line.before_cursor());
    let shown = Shown::of(line.text(), cursor, usize::from(field.width));
    frame.render_widget(Line::from(title(label, true)), row);
    let style = if error.is_some() {
        Style::new().fg(theme::WARNING)
    } else {
        Style::new().bold()
    };
    frame.render_widget(Span::styled(shown.text, style), field);
    if let Some(column) = column(field, cursor.saturating_sub(shown.from)) {
        frame.set_cursor_position((column, field.y));
    }
    let below = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
    .intersection(area);
    match error {
        Some(error) => problem(frame, error, line.text(), shown.from, name, below),
        None => frame.render_widget(status, Rect { height: 1, ..below }.intersection(below)),
    }
}

/// The part of a line that is in view: it moves so that the cursor always is.
pub(super) struct Shown {
    pub(super) text: String,
    /// The column at which it begins.
    pub(super) from: usize,
}

impl Shown {
    pub(super) fn of(text: &str, cursor: usize, width: usize) -> Self {
        // One column is for the cursor behind the text.
        let hidden = (cursor + 1).saturating_sub(width);
        let mut from = 0;
        for cluster in clusters(text) {
            if from >= hidden {
                let text = clusters(&text[cluster.at..]).map(|cluster| cluster.shown).collect();
                return Self { text, from };
            }
            from += cluster.width;
        }
        Self {
            text: String::new(),
            from: cursor.min(from),
        }
    }
}

pub(super) fn column(field: Rect, offset: usize) -> Option<u16> {
    let offset = u16::try_from(offset).ok().filter(|offset| *offset < field.width)?;
    Some(field.x + offset)
}

/// A caret under the wrong character, and the error; on lines of its own if the line is too short.
fn problem(frame: &mut Frame, error: &FilterError, text: &str, from: usize, label: u16, area: Rect) {
    let before: String = text.chars().take(error.at.start).collect();
    let at = usize::from(label) + format::columns(&before).saturating_sub(from);
    let message = shown(&error.message);
    let width = usize::from(area.width);
    let at = at.min(width.saturating_sub(1));
    let caret = "▲".bold().fg(theme::ERROR);
    let mut lines = vec![Line::from(vec![" ".repeat(at).into(), caret])];
    if at + 2 + format::columns(&message) < width {
        lines[0].push_span(format!(" {message}").fg(theme::ERROR));
    } else {
        let pieces = format::wrapped_words(&message, width.saturating_sub(2).max(1));
        lines.extend(
            pieces
                .into_iter()
                .map(|piece| Line::from(format!(" {piece}").fg(theme::ERROR))),
        );
    }
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(Clear, row);
        frame.render_widget(line, row);
    }
}

/// Returns the number of matches; for an empty line, examples.
fn status(app: &App) -> Line<'static> {
    let mut line = Line::from(" ".repeat(format::columns(LABEL)));
    if app.store.filter().is_some() {
        line.spans.extend(found(app));
    } else {
        line.spans.extend(examples(["service:api", "status:error", "duration:>50ms"]));
    }
    line
}

/// Returns the examples for an empty line.
pub(super) fn examples(examples: [&'static str; 3]) -> Vec<Span<'static>> {
    let mut spans = vec!["a word, or ".fg(theme::DIM)];
    for example in examples {
        spans.push(example.fg(theme::ACCENT));
        spans.push("  ".fg(theme::DIM));
    }
    spans.push("more: Esc, ?".fg(theme::DIM));
    spans
}

/// For the title of the list, while no filter is typed: how many of all traces which filter lists, and what else it has found. Nothing without one.
pub(super) fn in_title(app: &App, width: usize) -> Vec<Span<'static>> {
    if app.store.filter().is_none() {
        return Vec::new();
    }
    let mut found = found(app).into_iter();
    let mut spans: Vec<_> = found.next().into_iter().collect();
    let rest: Vec<_> = found.collect();
    let taken: usize = spans.iter().chain(&rest).map(Span::width).sum();
    let room = width.saturating_sub(taken + " · ".len());
    spans.push(" · ".fg(theme::DIM));
    spans.push(
        format::at_most(app.filter.set_text(Filtered::Traces), room)
            .bold()
            .fg(theme::FOUND),
    );
    spans.extend(rest);
    spans
}

/// `12 of 3,400 traces · 57 spans · searching 43%`.
fn found(app: &App) -> Vec<Span<'static>> {
    let progress = app.store.search_progress().unwrap_or_default();
    let (listed, all) = (app.store.listed() as u64, app.store.totals().traces as u64);
    let mut spans = vec![
        format!("{} of {}", format::grouped(listed), format::count(all, "trace")).into(),
        format!(" · {}", format::count(progress.found as u64, "span")).into(),
    ];
    if !progress.is_complete() {
        spans.push(format!(" · searching {}%", percent(progress.searched, progress.total)).fg(theme::WARNING));
    }
    spans
}

/// Returns the line shown instead of an empty list.
pub(super) fn nothing_found(app: &App) -> Line<'static> {
    let progress = app.store.search_progress().unwrap_or_default();
    if app.filter.error().is_some() {
        // The user has moved on: it only explains the empty list.
        Line::from(format!("no trace matches {}", shown(app.filter.set_text(Filtered::Traces))).fg(theme::DIM))
    } else if progress.is_complete() {
        Line::from("no trace matches the filter · Esc clears it".fg(theme::WARNING))
    } else {
        let percent = percent(progress.searched, progress.total);
        Line::from(format!("nothing found yet · searching {percent}%").fg(theme::DIM))
    }
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_view() {
        let shown = |cursor, width| {
            let shown = Shown::of("ab日本cd", cursor, width);
            (shown.text, shown.from)
        };
        assert_eq!(shown(0, 4), ("ab日本cd".to_owned(), 0));
        assert_eq!(shown(3, 4), ("ab日本cd".to_owned(), 0));
        assert_eq!(shown(6, 4), ("本cd".to_owned(), 4), "half of a wide character is not shown");
        assert_eq!(shown(8, 4), ("cd".to_owned(), 6));
        assert_eq!(shown(8, 1), (String::new(), 8));
        assert_eq!(shown(8, 0), (String::new(), 8));
    }
}
