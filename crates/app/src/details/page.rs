//! The selected span as text: its errors, and everything its sender said.

use jiff::tz::TimeZone;
use trace_model::sentry::Gravity;
use trace_model::{Span, SpanKey, StatusCode, TraceId, outside_of_spans};

use super::super::content::{Line, Means, Piece, Role};
use super::column::{Column, Item, PageLayout, Section};
use super::{ShownError, ShownSpan};
use crate::format;

/// From this width on, what the span says stands left and who says it stands right.
pub(super) const TWO_COLUMNS: u16 = 110;

/// The pane's content at a width, values wrapped.
#[derive(Debug)]
pub struct SpanPage {
    facts: Vec<Line>,
    columns: [Vec<Line>; 2],
    sections: Vec<Section>,
    items: Vec<Item>,
    /// The value that was looked for, with its name.
    pub(crate) found: Option<(String, String)>,
    names_apart: bool,
}

impl SpanPage {
    /// Lays out the details of a row. The trace began at `trace_start`, in nanoseconds since the Unix epoch; absolute times are in `zone`.
    #[must_use]
    pub(super) fn of(
        content: &ShownSpan,
        trace_id: TraceId,
        key: &SpanKey,
        (trace_start, zone): (u64, &TimeZone),
        layout: PageLayout<'_>,
    ) -> Self {
        let PageLayout { width, height, .. } = layout;
        let wide = width >= TWO_COLUMNS;
        let span = content.span.as_ref();
        let (attributes, resource) = span.map_or((&[][..], &[][..]), |span| (&span.attributes, &span.resource));
        let mut left = if wide {
            Column::new(usize::from(width / 2), attributes.iter(), layout)
        } else {
            Column::new(usize::from(width), attributes.iter().chain(resource), layout)
        };
        let mut right = Column::new(left.width, resource.iter(), layout);
        let start = span.map_or(trace_start, |span| span.start_unix_nano);
        if let Some(span) = span.filter(|span| span.status == StatusCode::Error && !span.status_message.is_empty()) {
            left.pair("status", &span.status_message, 3, Role::Error);
        }
        let has_failed = span.is_some_and(|span| span.status == StatusCode::Error);
        left.errors(content, start, has_failed);
        left.cut(span.is_some_and(|span| span.is_cut));
        left.moments(span, &content.logs, start);
        let Some(span) = span else {
            left.warnings(&content.reading);
            return Self::laid_out(facts_of_errors(content, trace_id, key), left, right, (width, height));
        };
        left.attributes("attributes", &span.attributes);
        left.warnings(&content.reading);
        left.links(&content.links, trace_id);
        if left.lines.is_empty() {
            left.lines
                .push(Line::from("   no attributes, events, logs or links".means(Role::Dim)));
        }
        let who = if wide { &mut right } else { &mut left };
        who.sentry(span, content.sentry.as_ref(), content.verdict.as_ref());
        who.identity(span, content.sentry.is_some(), zone);
        who.resource(span);
        who.scope(span);
        Self::laid_out(facts(span, content), left, right, (width, height))
    }

    /// Makes a page of its columns.
    pub(super) fn laid_out(facts: Line, left: Column<'_>, right: Column<'_>, (width, height): (u16, u16)) -> Self {
        let lines = match height {
            0..LOW => 0,
            LOW..TALL => 1,
            TALL.. => 4,
        };
        let right_sections = right.sections.into_iter().map(|section| Section { column: 1, ..section });
        let sections: Vec<_> = left.sections.into_iter().chain(right_sections).collect();
        let right_items = right.items.into_iter().map(|item| Item { column: 1, ..item });
        Self {
            facts: folded(facts, usize::from(width), lines),
            names_apart: height >= TALL && width < TWO_COLUMNS && !sections.is_empty(),
            sections,
            items: left.items.into_iter().chain(right_items).collect(),
            found: left.found.or(right.found),
            columns: [left.lines, right.lines],
        }
    }

    /// Lays out one error of a trace that began at `trace_start`, in nanoseconds since the Unix epoch.
    pub(super) fn of_error(error: &ShownError, trace_start: u64, layout: PageLayout<'_>) -> Self {
        let mut column = Column::new(layout.width.into(), error.attributes.iter(), layout);
        column.one_error(error, trace_start);
        Self {
            facts: Vec::new(),
            columns: [column.lines, Vec::new()],
            sections: Vec::new(),
            items: column.items,
            found: column.found,
            names_apart: false,
        }
    }

    /// Returns the lines that stay while the rest scrolls.
    #[must_use]
    pub fn facts(&self) -> &[Line] {
        &self.facts
    }

    /// The rest; the right column is empty where there is room for one only.
    #[must_use]
    pub const fn columns(&self) -> &[Vec<Line>; 2] {
        &self.columns
    }

    /// Returns true if the names of the sections have a line of their own.
    #[must_use]
    pub const fn names_apart(&self) -> bool {
        self.names_apart
    }

    /// Returns the number of lines that stay while the rest scrolls.
    #[must_use]
    pub fn facts_height(&self) -> u16 {
        u16::try_from(self.facts.len() + usize::from(self.names_apart)).unwrap_or(u16::MAX)
    }

    /// Returns the sections of the page.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Returns the item in a line of a column.
    #[must_use]
    pub fn item_at(&self, column: usize, line: usize) -> Option<&Item> {
        let mut above = self.items.iter().rev();
        above.find(|item| item.column == column && item.line <= line)
    }

    /// All that the cursor can be on.
    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Returns the number of lines of a column.
    pub(super) fn lines(&self, column: usize) -> usize {
        self.columns.get(column).map_or(0, Vec::len)
    }

    /// Returns the number of lines of the longer column.
    #[must_use]
    pub fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

impl ShownSpan {
    /// Returns the greatest gravity of the reported errors; `None` without one.
    #[must_use]
    pub fn gravity(&self) -> Option<Gravity> {
        let has_failed = self.span.as_ref().is_some_and(|span| span.status == StatusCode::Error);
        self.errors.iter().map(|error| error.gravity.in_span(has_failed)).max()
    }
}

/// Returns the numbers of errors without a span by their gravity, and the reason for the lack of a span.
fn facts_of_errors(content: &ShownSpan, trace_id: TraceId, key: &SpanKey) -> Line {
    let place = if key.span_id == outside_of_spans(trace_id) {
        "they name no span, only the trace".to_owned()
    } else {
        format!("span {} itself has not arrived", key.span_id)
    };
    let counts = [
        (Gravity::Error, "!", "error", Role::Error),
        (Gravity::Handled, "⚠", "handled error", Role::Warning),
        (Gravity::Mild, "i", "message", Role::Warning),
    ];
    let mut line = Line::default();
    for (gravity, mark, noun, role) in counts {
        let count = content.errors.iter().filter(|error| error.event.gravity() == gravity).count();
        if count > 0 {
            let separator = if line.pieces.is_empty() { " " } else { " · " };
            line.push(separator.means(Role::Dim));
            line.push(format!("{mark} {}", format::count(count as u64, noun)).strong().means(role));
        }
    }
    line.push(" · ".means(Role::Dim));
    line.push(place.means(Role::Dim));
    line
}

/// A page of fewer lines has no room for facts, of which the waterfall's row has the most.
const LOW: u16 = 3;
/// A page of so many lines has room for all facts.
const TALL: u16 = 11;

/// On as many lines as it needs, but no more than that: broken between facts. Those that do not fit are left out, which an ellipsis says.
fn folded(facts: Line, width: usize, most: usize) -> Vec<Line> {
    const MORE: &str = " …";
    if most == 0 {
        return Vec::new();
    }
    let mut lines = vec![Line::default()];
    let mut facts = by_fact(facts).into_iter().peekable();
    while let Some(mut fact) = facts.next() {
        let wanted: usize = fact.iter().map(Piece::width).sum();
        // What follows on this line needs room to be left out.
        let more = if facts.peek().is_some() && lines.len() == most {
            MORE.chars().count()
        } else {
            0
        };
        let last = lines.len() - 1;
        if lines[last].pieces.is_empty() || lines[last].width() + wanted + more <= width {
            lines[last].pieces.append(&mut fact);
        } else if lines.len() < most {
            // The dot before it divides it from nothing there.
            lines.push(std::iter::once(Piece::from(" ")).chain(fact.into_iter().skip(1)).collect());
        } else {
            lines[last].push(MORE.means(Role::Dim));
            break;
        }
    }
    lines
}

/// Facts with the dot before each of them.
fn by_fact(facts: Line) -> Vec<Vec<Piece>> {
    let mut all = vec![Vec::new()];
    for piece in facts.pieces {
        if piece.text == " · " {
            all.push(Vec::new());
        }
        if let Some(fact) = all.last_mut() {
            fact.push(piece);
        }
    }
    all
}

/// Status, kind and times: what everybody looks for first.
fn facts(span: &Span, content: &ShownSpan) -> Line {
    let status = match span.status {
        StatusCode::Error => "✗ error".strong().means(Role::Error),
        StatusCode::Ok => "✓ ok".means(Role::Good),
        StatusCode::Unset => "status unset".means(Role::Dim),
    };
    let length = match span.end_unix_nano {
        Some(end) => format::duration(end.saturating_sub(span.start_unix_nano)),
        None => "no end".to_owned(),
    };
    let dot = || " · ".means(Role::Dim);
    let mut line = Line::from(vec![" ".into(), status, dot(), span.kind.name().into(), dot(), length.into()]);
    if span.end_unix_nano.is_some() {
        let own = format::duration(content.reading.self_nano);
        line.pieces.extend([dot(), "self ".means(Role::Dim), own.into()]);
    }
    if let Some((waited, path)) = content.critical.filter(|(waited, path)| *waited > 0 && *path > 0) {
        let share = u128::from(waited) * 100 / u128::from(path);
        let share = if share == 0 { "<1".to_owned() } else { share.to_string() };
        line.pieces.extend([dot(), format!("{share}% of the critical path").strong()]);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_left_out_whole() {
        let facts = || {
            Line::from(vec![
                " ".into(),
                "✓ ok".into(),
                " · ".into(),
                "server".into(),
                " · ".into(),
                "8.00 ms".into(),
            ])
        };
        let folded = |width, most| folded(facts(), width, most).iter().map(Line::to_string).collect::<Vec<_>>();
        assert_eq!(folded(24, 1), [" ✓ ok · server · 8.00 ms"]);
        assert_eq!(folded(23, 1), [" ✓ ok · server …"]);
        assert_eq!(folded(15, 1), [" ✓ ok …"]);
        assert_eq!(folded(15, 2), [" ✓ ok · server", " 8.00 ms"]);
    }
}
