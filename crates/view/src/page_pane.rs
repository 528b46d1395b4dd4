//! A page with its cursor, as far as it is in view.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{content, cursor, ruled, theme};
use app::format;
use app::layout::below_title;
use app::{Hit, Hits, PagePane, Section, SpanPage};

/// Draws a page below its title. The cursor is shown if the keys go there.
pub(super) fn draw(frame: &mut Frame, pane: &PagePane, has_keys: bool, line: Line<'static>, area: Rect, hits: &mut Hits) {
    let heading = Rect { height: 1, ..area };
    let line = match pane.page() {
        Some(shown) if !shown.names_apart() => with_sections(pane, shown, has_keys, line, heading, hits),
        _ => line,
    };
    ruled(frame, with_below(line, pane.below()), heading);
    draw_lines(frame, pane, has_keys, below_title(area), hits);
}

/// Draws a page without a title.
pub(super) fn draw_lines(frame: &mut Frame, pane: &PagePane, has_keys: bool, area: Rect, hits: &mut Hits) {
    let Some(shown) = pane.page() else { return };
    for (row, line) in area.rows().zip(shown.facts()) {
        content::draw(frame, line, row);
    }
    if let Some(row) = area.rows().nth(shown.facts().len()).filter(|_| shown.names_apart()) {
        let names = with_sections(pane, shown, has_keys, Line::default(), row, hits);
        frame.render_widget(names, row);
    }
    let facts = shown.facts_height();
    let columns = Rect {
        y: area.y.saturating_add(facts),
        height: area.height.saturating_sub(facts),
        ..area
    }
    .intersection(area);
    let half = columns.width / 2;
    let halves = [
        Rect {
            width: if shown.columns()[1].is_empty() { columns.width } else { half },
            ..columns
        },
        Rect {
            x: columns.x + half,
            width: columns.width - half,
            ..columns
        },
    ];
    let current = pane.item().filter(|_| has_keys);
    for (column, (lines, area)) in shown.columns().iter().zip(halves).enumerate() {
        for (row, (at, line)) in area.rows().zip(lines.iter().enumerate().skip(pane.first())) {
            hits.add(row, Hit::DetailLine(column, at));
            content::draw(frame, line, row);
            if let Some(item) = current.filter(|_| current == shown.item_at(column, at)) {
                frame.buffer_mut().set_style(row, theme::cursor(true));
                if at == item.line.max(pane.first()) {
                    cursor(frame, row, row.x, true);
                }
            }
        }
    }
}

/// Adds the names of the sections, which can be clicked, to a line in `row`, as far as there is room.
fn with_sections(
    pane: &PagePane,
    shown: &SpanPage,
    has_keys: bool,
    mut line: Line<'static>,
    row: Rect,
    hits: &mut Hits,
) -> Line<'static> {
    let below = if shown.names_apart() { 0 } else { pane.below() };
    let room = usize::from(row.width).saturating_sub(with_below(Line::default(), below).width() + 2);
    let current = pane.section().filter(|_| has_keys);
    let named = |section: &Section| {
        let count = section.count.map(|count| format!(" {}", format::grouped(count as u64)));
        format!("{}{}", section.name, count.unwrap_or_default())
    };
    let at_current = shown
        .sections()
        .iter()
        .position(|section| current == Some(section))
        .unwrap_or(0);
    // The one that was gone to is seen, whatever has to give way for it.
    let widths: Vec<_> = shown
        .sections()
        .iter()
        .map(|section| format::columns(&named(section)) + 3)
        .collect();
    let left = room.saturating_sub(line.width());
    let first = (0..at_current).find(|first| widths[*first..=at_current].iter().sum::<usize>() <= left);
    let first = first.unwrap_or(at_current);
    let begins = if line.spans.is_empty() { " " } else { "   " };
    for (at, section) in shown.sections().iter().enumerate().skip(first) {
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
    line
}

fn with_below(mut line: Line<'static>, below: usize) -> Line<'static> {
    if below > 0 {
        line.push_span(format!("   ↓ {} below", format::count(below as u64, "line")).fg(theme::DIM));
    }
    line
}
