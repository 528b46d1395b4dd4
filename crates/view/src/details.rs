//! The selected span: its errors, and everything its sender said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span as Text};

use super::{content, hint, ruled, theme, title};
use app::format::{self, service_name};
use app::{App, Hit, Hits, Item, Pane, Section, ShownSpan, SpanPage};
use trace_model::sentry::Gravity;

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
    let shown = ShownPage {
        page,
        first: app.details.first(),
        item: app.details.item().filter(|_| focused),
        section: app.details.section().filter(|_| focused),
    };
    shown.draw(frame, line, area, hits);
}

/// A page of a span or a record, as far as it is in view.
pub(super) struct ShownPage<'a> {
    pub(super) page: &'a SpanPage,
    /// The first line in view.
    pub(super) first: usize,
    /// The item under the cursor, if the keys go there.
    pub(super) item: Option<&'a Item>,
    /// The section under the cursor, if the keys go there.
    pub(super) section: Option<&'a Section>,
}

impl ShownPage<'_> {
    /// Draws the page below a title line.
    pub(super) fn draw(&self, frame: &mut Frame, line: Line<'static>, area: Rect, hits: &mut Hits) {
        let heading = Rect { height: 1, ..area };
        let body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        let page = self.page;
        let facts = page.facts_height();
        let below = page
            .height()
            .saturating_sub(self.first + usize::from(body.height.saturating_sub(facts)));
        let line = if page.names_apart() {
            with_below(line, below)
        } else {
            self.with_sections(line, below, heading, hits)
        };
        ruled(frame, line, heading);
        for (row, line) in body.rows().zip(page.facts()) {
            content::draw(frame, line, row);
        }
        if let Some(row) = body.rows().nth(page.facts().len()).filter(|_| page.names_apart()) {
            let names = self.with_sections(Line::default(), 0, row, hits);
            frame.render_widget(names, row);
        }
        let columns = Rect {
            y: body.y.saturating_add(facts),
            height: body.height.saturating_sub(facts),
            ..body
        }
        .intersection(body);
        let half = columns.width / 2;
        let halves = [
            Rect {
                width: if page.columns()[1].is_empty() { columns.width } else { half },
                ..columns
            },
            Rect {
                x: columns.x + half,
                width: columns.width - half,
                ..columns
            },
        ];
        for (column, (lines, area)) in page.columns().iter().zip(halves).enumerate() {
            for (row, (at, line)) in area.rows().zip(lines.iter().enumerate().skip(self.first)) {
                hits.add(row, Hit::DetailLine(column, at));
                if self.item.is_some() && self.item == page.item_at(column, at) {
                    frame.buffer_mut().set_style(row, theme::cursor(true));
                }
                content::draw(frame, line, row);
            }
        }
    }

    /// A line in `row` with the names of the sections, which can be clicked, as far as there is room, and how much is below.
    fn with_sections(&self, mut line: Line<'static>, below: usize, row: Rect, hits: &mut Hits) -> Line<'static> {
        let page = self.page;
        let width = usize::from(row.width);
        let room = width.saturating_sub(with_below(Line::default(), below).width() + 2);
        let current = self.section;
        let named = |section: &Section| {
            let count = section.count.map(|count| format!(" {}", format::grouped(count as u64)));
            format!("{}{}", section.name, count.unwrap_or_default())
        };
        let at_current = page
            .sections()
            .iter()
            .position(|section| current == Some(section))
            .unwrap_or(0);
        // The one that was gone to is seen, whatever has to give way for it.
        let widths: Vec<_> = page
            .sections()
            .iter()
            .map(|section| format::columns(&named(section)) + 3)
            .collect();
        let left = room.saturating_sub(line.width());
        let first = (0..at_current).find(|first| widths[*first..=at_current].iter().sum::<usize>() <= left);
        let first = first.unwrap_or(at_current);
        let begins = if line.spans.is_empty() { " " } else { "   " };
        for (at, section) in page.sections().iter().enumerate().skip(first) {
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
            let heading = match content.gravity() {
                Some(Gravity::Mild) => " MESSAGE ",
                _ => " ERROR ",
            };
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
