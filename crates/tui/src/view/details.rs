//! The selected span: its errors, and everything its sender said.

mod errors;
pub(super) mod lines;
mod sentry;

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span as Text};
use trace_model::{Span, SpanKey, StatusCode, TraceId, outside_of_spans};

use super::traces::service_name;
use super::{format, hint, ruled, theme, title};
use crate::app::{App, Hit, Hits, Pane, ShownSpan};
use lines::Column;
pub use lines::Section;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    if area.is_empty() {
        return;
    }
    let focused = app.screens.pane == Pane::Details;
    let heading = Rect { height: 1, ..area };
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let Some(page) = app.details.page() else {
        ruled(frame, Line::from(title(" SPAN", focused)), heading);
        if app.waterfall.selected().is_some() {
            frame.render_widget(
                hint([Line::from(
                    "this span has not arrived, only spans that name it as their parent".fg(theme::DIM),
                )]),
                body,
            );
        }
        return;
    };
    let line = headline(app.details.content(), focused, usize::from(heading.width));
    let facts = page.facts_height();
    let below = app
        .details
        .lines()
        .saturating_sub(app.details.first() + usize::from(body.height.saturating_sub(facts)));
    let mut facts_lines = page.facts.clone();
    let line = if page.names_apart {
        let row = Rect {
            y: body.y.saturating_add(u16::try_from(facts_lines.len()).unwrap_or(u16::MAX)),
            height: 1,
            ..body
        };
        facts_lines.push(with_sections(app, page, Line::default(), 0, row.intersection(body), hits));
        with_below(line, below)
    } else {
        with_sections(app, page, line, below, heading, hits)
    };
    ruled(frame, line, heading);
    for (row, line) in body.rows().zip(facts_lines) {
        frame.render_widget(line, row);
    }
    let columns = Rect {
        y: body.y.saturating_add(facts),
        height: body.height.saturating_sub(facts),
        ..body
    }
    .intersection(body);
    let half = columns.width / 2;
    let halves = [
        columns,
        Rect {
            x: columns.x + half,
            width: columns.width - half,
            ..columns
        },
    ];
    let current = app.details.section();
    for (column, (lines, area)) in page.columns.iter().zip(halves).enumerate() {
        for (row, (at, line)) in area.rows().zip(lines.iter().enumerate().skip(app.details.first())) {
            if let Some(section) = page.section_at(column, at) {
                hits.add(row, Hit::Section(section.name));
            }
            if current.is_some_and(|section| (section.column, section.line) == (column, at)) {
                frame.buffer_mut().set_style(row, theme::cursor(focused));
            }
            frame.render_widget(line, row);
        }
    }
}

/// A line in `row` with the names of the sections, which can be clicked, as far as there is room, and how much is below.
fn with_sections(app: &App, page: &SpanPage, mut line: Line<'static>, below: usize, row: Rect, hits: &mut Hits) -> Line<'static> {
    let width = usize::from(row.width);
    let room = width.saturating_sub(with_below(Line::default(), below).width() + 2);
    let current = app.details.section();
    let named = |section: &Section| {
        let count = section.count.map(|count| format!(" {}", format::grouped(count as u64)));
        format!("{}{}", section.name, count.unwrap_or_default())
    };
    let at_current = page.sections.iter().position(|section| current == Some(section)).unwrap_or(0);
    // The one that was gone to is seen, whatever has to give way for it.
    let widths: Vec<_> = page
        .sections
        .iter()
        .map(|section| format::columns(&named(section)) + 3)
        .collect();
    let left = room.saturating_sub(line.width());
    let first = (0..at_current).find(|first| widths[*first..=at_current].iter().sum::<usize>() <= left);
    let first = first.unwrap_or(at_current);
    let begins = if line.spans.is_empty() { " " } else { "   " };
    for (at, section) in page.sections.iter().enumerate().skip(first) {
        let gap = if at == first { begins } else { " · " };
        let name = named(section);
        if line.width() + format::columns(gap) + format::columns(&name) > room {
            break;
        }
        line.push_span(gap.fg(theme::DIM));
        let part = |columns: usize| u16::try_from(columns).unwrap_or(u16::MAX);
        let area = Rect {
            x: row.x.saturating_add(part(line.width())),
            width: part(format::columns(&name)),
            ..row
        };
        hits.add(area.intersection(row), Hit::Section(section.name));
        line.push_span(if current == Some(section) {
            name.bold().fg(theme::ACCENT)
        } else {
            name.fg(theme::DIM)
        });
    }
    with_below(line, below)
}

fn with_below(mut line: Line<'static>, below: usize) -> Line<'static> {
    if below > 0 {
        line.push_span(format!("   ↓ {} below", format::count(below as u64, "line")).fg(theme::DIM));
    }
    line
}

/// Service and name; of a span that has not arrived, those of its first error.
fn headline(content: &ShownSpan, focused: bool, width: usize) -> Line<'static> {
    let (heading, service, name) = match (&content.span, content.errors.first()) {
        (Some(span), _) => (" SPAN ", &span.service, &span.name),
        (None, Some(error)) => {
            let heading = if are_mild(content) { " MESSAGE " } else { " ERROR " };
            (heading, &error.service, &error.event.title)
        }
        (None, None) => return Line::from(title(" SPAN", focused)),
    };
    let service_text = service_name(service);
    let room = width.saturating_sub(heading.len() + format::columns(&service_text) + 3);
    let name = if content.span.is_some() {
        format::name(name, room)
    } else {
        format::at_most(name, room)
    };
    Line::from(vec![
        title(heading, focused),
        Text::raw(service_text).fg(theme::service(service)),
        Text::raw(format!(" {name}")),
    ])
}

/// From this width on, what the span says stands left and who says it stands right.
const TWO_COLUMNS: u16 = 110;

/// The pane's content at a width, values wrapped.
#[derive(Debug)]
pub struct SpanPage {
    /// They stay while the rest scrolls.
    facts: Vec<Line<'static>>,
    /// The right one is empty where there is room for one only.
    columns: [Vec<Line<'static>>; 2],
    sections: Vec<Section>,
    /// The names of the sections have a line of their own.
    names_apart: bool,
}

impl SpanPage {
    /// Lays out what is said of a row, for a pane of this size with its title. The trace began at `trace_start`, in nanoseconds since the
    /// Unix epoch; absolute times are in `zone`.
    #[must_use]
    pub fn of(
        content: &ShownSpan,
        trace_id: TraceId,
        key: &SpanKey,
        (trace_start, zone): (u64, &TimeZone),
        (width, height): (u16, u16),
    ) -> Self {
        let laid_out = |facts: Line<'static>, left: Column, right: Column| {
            let lines = if height >= TALL { 4 } else { 1 };
            let right_sections = right.sections.into_iter().map(|section| Section { column: 1, ..section });
            let sections: Vec<_> = left.sections.into_iter().chain(right_sections).collect();
            Self {
                facts: folded(facts, usize::from(width), lines),
                names_apart: height >= TALL && width < TWO_COLUMNS && !sections.is_empty(),
                sections,
                columns: [left.lines, right.lines],
            }
        };
        let wide = width >= TWO_COLUMNS;
        let span = content.span.as_ref();
        let (attributes, resource) = span.map_or((&[][..], &[][..]), |span| (&span.attributes, &span.resource));
        let mut left = if wide {
            Column::new(usize::from(width / 2), attributes.iter())
        } else {
            Column::new(usize::from(width), attributes.iter().chain(resource))
        };
        let mut right = Column::new(left.width, resource.iter());
        left.warnings(&content.reading);
        left.errors(&content.errors, span.map_or(trace_start, |span| span.start_unix_nano));
        let Some(span) = span else {
            left.logs(&content.logs, trace_start);
            return laid_out(facts_of_errors(content, trace_id, key), left, right);
        };
        if span.status == StatusCode::Error && !span.status_message.is_empty() {
            left.pair("status", &span.status_message, 3, Style::new().fg(theme::ERROR));
        }
        left.attributes("attributes", &span.attributes);
        left.events(&span.events, span.start_unix_nano);
        left.logs(&content.logs, span.start_unix_nano);
        left.links(&content.links, trace_id);
        if left.lines.is_empty() {
            left.lines
                .push(Line::from("   no attributes, events, logs or links".fg(theme::DIM)));
        }
        let who = if wide { &mut right } else { &mut left };
        who.sentry(span, content.sentry.as_ref(), content.verdict.as_ref());
        who.attributes("resource", &span.resource);
        who.identity(span, content.sentry.is_some(), zone);
        laid_out(facts(span, content), left, right)
    }

    /// How many lines stay while the rest scrolls.
    #[must_use]
    pub fn facts_height(&self) -> u16 {
        u16::try_from(self.facts.len() + usize::from(self.names_apart)).unwrap_or(u16::MAX)
    }

    /// What is said of the span, part by part.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section whose heading is in this line of a column.
    fn section_at(&self, column: usize, line: usize) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| (section.column, section.line) == (column, line))
    }

    /// How many lines there are, of the longer column.
    #[must_use]
    pub fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Whether all that was reported is less than an error.
fn are_mild(content: &ShownSpan) -> bool {
    content.errors.iter().all(|error| error.event.level.is_mild())
}

/// Where errors are from that no span here holds.
fn facts_of_errors(content: &ShownSpan, trace_id: TraceId, key: &SpanKey) -> Line<'static> {
    let place = if key.span_id == outside_of_spans(trace_id) {
        "they name no span, only the trace".to_owned()
    } else {
        format!("span {} itself has not arrived", key.span_id)
    };
    let (mark, noun, colour) = if are_mild(content) {
        ("i", "message", theme::WARNING)
    } else {
        ("!", "error", theme::ERROR)
    };
    let errors = format::count(content.errors.len() as u64, noun);
    Line::from(vec![
        format!(" {mark} {errors}").bold().fg(colour),
        format!(" · {place}").fg(theme::DIM),
    ])
}

/// A pane of so many lines has room for all facts.
const TALL: u16 = 12;

/// On as many lines as it needs, but no more than that: broken between facts. Those that do not fit are left out, which an ellipsis says.
fn folded(facts: Line<'static>, width: usize, most: usize) -> Vec<Line<'static>> {
    const MORE: &str = " …";
    let mut lines = vec![Line::default()];
    let mut facts = by_fact(facts).into_iter().peekable();
    while let Some(mut fact) = facts.next() {
        let wanted: usize = fact.iter().map(Text::width).sum();
        // What follows on this line needs room to be left out.
        let more = if facts.peek().is_some() && lines.len() == most {
            MORE.chars().count()
        } else {
            0
        };
        let last = lines.len() - 1;
        if lines[last].spans.is_empty() || lines[last].width() + wanted + more <= width {
            lines[last].spans.append(&mut fact);
        } else if lines.len() < most {
            // The dot before it divides it from nothing there.
            lines.push(std::iter::once(Text::raw(" ")).chain(fact.into_iter().skip(1)).collect());
        } else {
            lines[last].push_span(MORE.fg(theme::DIM));
            break;
        }
    }
    lines
}

/// Facts with the dot before each of them.
fn by_fact(facts: Line<'static>) -> Vec<Vec<Text<'static>>> {
    let mut all = vec![Vec::new()];
    for span in facts.spans {
        if span.content == " · " {
            all.push(Vec::new());
        }
        if let Some(fact) = all.last_mut() {
            fact.push(span);
        }
    }
    all
}

/// Kind, status, duration, start: what everybody looks for first.
fn facts(span: &Span, content: &ShownSpan) -> Line<'static> {
    let status = match span.status {
        StatusCode::Error => "✗ error".bold().fg(theme::ERROR),
        StatusCode::Ok => "✓ ok".fg(theme::GOOD),
        StatusCode::Unset => "status unset".fg(theme::DIM),
    };
    let length = match span.end_unix_nano {
        Some(end) => format::duration(end.saturating_sub(span.start_unix_nano)),
        None => "no end".to_owned(),
    };
    let dot = || " · ".fg(theme::DIM);
    let mut line = Line::from(vec![" ".into(), status, dot(), span.kind.name().into(), dot(), length.into()]);
    line.spans.extend([
        dot(),
        "self ".fg(theme::DIM),
        format::duration(content.reading.self_nano).into(),
    ]);
    if let Some((waited, path)) = content.critical.filter(|(waited, path)| *waited > 0 && *path > 0) {
        let share = u128::from(waited) * 100 / u128::from(path);
        let share = if share == 0 { "<1".to_owned() } else { share.to_string() };
        line.spans.extend([dot(), format!("{share}% of the critical path").bold()]);
    }
    line.spans
        .extend([dot(), "span ".fg(theme::DIM), span.span_id.to_string().into()]);
    match span.parent_span_id {
        Some(parent) => line
            .spans
            .extend([dot(), "parent ".fg(theme::DIM), parent.to_string().into()]),
        None => line.spans.extend([dot(), "root".into()]),
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
