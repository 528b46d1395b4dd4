//! The whole trace in a line: how many spans run at a time, whom it waits for, what failed; and which part of it the bars show.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use trace_model::Outline;

use super::super::{cells, format, theme};
use super::Columns;
use app::App;

/// One to eight eighths of a cell's height.
const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

pub(super) fn draw(frame: &mut Frame, app: &App, outline: &Outline, row: Rect, columns: Columns) {
    if row.is_empty() {
        return;
    }
    let overview = outline.overview();
    let text = match overview.most() {
        0 | 1 => "   one span at a time".to_owned(),
        most => format!("   up to {} at a time", format::count(most.into(), "span")),
    };
    let label = Rect {
        width: columns.label.width,
        ..row
    };
    let text = format::at_most(&text, label.width.into());
    cells::text(frame.buffer_mut(), &text, Style::new().fg(theme::DIM), label);
    let zoom = app.waterfall.zoom();
    let (whole, shown) = (zoom.whole(), zoom.shown());
    let cells = columns.bars.width;
    let moment = |column: u16| {
        let offset = u128::from(whole.nano) * u128::from(column) / u128::from(cells.max(1));
        whole
            .start_unix_nano
            .saturating_add(u64::try_from(offset).unwrap_or(u64::MAX))
    };
    for column in 0..cells {
        let (from, to) = (moment(column), moment(column + 1).max(moment(column).saturating_add(1)));
        let here = overview.between(from, to);
        let is_shown = from < shown.end_unix_nano() && to > shown.start_unix_nano;
        let critical = here.critical.and_then(|node| outline.tree().nodes().get(node));
        let color = match critical {
            _ if here.failed => theme::ERROR,
            Some(node) => theme::service(&node.key.service),
            None => theme::DIM,
        };
        let style = if is_shown {
            Style::new().fg(color)
        } else {
            Style::new().fg(theme::RULE)
        };
        // Red alone says nothing without color, and may be a service's.
        let style = if here.failed { style.underlined() } else { style };
        let symbol = (u64::from(here.spans) * 8).div_ceil(u64::from(overview.most().max(1)));
        let symbol = usize::try_from(symbol).unwrap_or(8).min(8);
        let symbol = symbol.checked_sub(1).map_or(" ", |height| HEIGHTS[height]);
        let position = (columns.bars.x + column, row.y);
        if let Some(cell) = frame.buffer_mut().cell_mut(position) {
            cell.set_symbol(symbol).set_style(style);
        }
    }
    if zoom.is_zoomed() {
        window(
            frame,
            (whole.start_unix_nano, whole.nano),
            (shown.start_unix_nano, shown.end_unix_nano()),
            row,
            columns.bars,
        );
    }
}

/// Brackets around the part that is shown.
fn window(frame: &mut Frame, (start, nano): (u64, u64), (from, to): (u64, u64), row: Rect, bars: Rect) {
    let column = |moment: u64| {
        let offset = u128::from(moment.saturating_sub(start)) * u128::from(bars.width) / u128::from(nano.max(1));
        u16::try_from(offset).unwrap_or(u16::MAX).min(bars.width)
    };
    // The brackets stand outside of it where there is room.
    let left = column(from).saturating_sub(1);
    let right = column(to.saturating_sub(1))
        .saturating_add(1)
        .clamp(left + 1, bars.width.saturating_sub(1).max(left + 1));
    for (column, symbol) in [(left, "["), (right, "]")] {
        let position = (bars.x + column, row.y);
        if column < bars.width
            && let Some(cell) = frame.buffer_mut().cell_mut(position)
        {
            cell.set_symbol(symbol).set_style(Style::new().bold().fg(theme::ACCENT));
        }
    }
}
