//! Bars on a time axis, to an eighth of a cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// The time that a row of cells stands for. Times are nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) start: u64,
    pub(super) duration: u64,
    pub(super) cells: u16,
}

/// Left parts of a cell, one to seven eighths.
const LEFT: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];

impl Axis {
    /// How many eighths of a cell a moment is from the left.
    fn eighths(self, moment: u64) -> u64 {
        let from_start = u128::from(moment.saturating_sub(self.start).min(self.duration));
        let eighths = from_start * u128::from(self.cells) * 8 / u128::from(self.duration.max(1));
        u64::try_from(eighths).unwrap_or(u64::MAX)
    }

    /// Draws from one moment to another into the first line of `area`, at least a thin line.
    pub(super) fn bar(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64, style: Style) {
        let end_of_axis = u64::from(self.cells) * 8;
        let first = self.eighths(from).min(end_of_axis.saturating_sub(1));
        let last = self.eighths(to).clamp(first + 1, end_of_axis.max(first + 1));
        for cell in first / 8..last.div_ceil(8) {
            let (left, right) = (first.max(cell * 8) - cell * 8, last.min(cell * 8 + 8) - cell * 8);
            let (symbol, style) = glyph(left, right, style);
            self.put(buffer, area, cell, symbol, style);
        }
    }

    /// Draws a dashed line between two moments, in whole cells.
    pub(super) fn dashes(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64, style: Style) {
        let (first, last) = (self.eighths(from).div_ceil(8), self.eighths(to) / 8);
        for cell in first..last {
            self.put(buffer, area, cell, "╌", style);
        }
    }

    /// Marks a moment, over what is there.
    pub(super) fn mark(self, buffer: &mut Buffer, area: Rect, moment: u64, symbol: &str, style: Style) {
        let style = style.remove_modifier(Modifier::REVERSED | Modifier::DIM);
        self.put(buffer, area, self.column(moment).into(), symbol, style);
    }

    /// Where a moment is drawn: columns from the left.
    pub(super) fn column(self, moment: u64) -> u16 {
        let column = self.eighths(moment) / 8;
        u16::try_from(column).unwrap_or(u16::MAX).min(self.cells.saturating_sub(1))
    }

    fn put(self, buffer: &mut Buffer, area: Rect, cell: u64, symbol: &str, style: Style) {
        let column = u16::try_from(cell).ok().filter(|column| *column < self.cells.min(area.width));
        let position = column.map(|column| (area.x + column, area.y));
        if let Some(cell) = position.and_then(|position| buffer.cell_mut(position)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Round moments for labels, `every` columns apart or more: offsets from the start in nanoseconds.
    pub(super) fn ticks(self, every: u16) -> Vec<u64> {
        if self.duration == 0 || self.cells == 0 || every == 0 {
            return Vec::new();
        }
        let at_least = u128::from(self.duration) * u128::from(every) / u128::from(self.cells);
        let step = round_up(u64::try_from(at_least).unwrap_or(u64::MAX));
        (0..)
            .map_while(|tick: u64| tick.checked_mul(step))
            .take_while(|offset| *offset <= self.duration)
            .collect()
    }
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn round_up(at_least: u64) -> u64 {
    let mut magnitude: u64 = 1;
    loop {
        for digit in [1, 2, 5] {
            let step = magnitude.saturating_mul(digit);
            if step >= at_least {
                return step;
            }
        }
        magnitude = magnitude.saturating_mul(10);
    }
}

/// Eighths `left..right` of a cell, as near as the block characters come.
///
/// There are only left parts; a right part is the left part before it with the colours swapped.
fn glyph(left: u64, right: u64, style: Style) -> (&'static str, Style) {
    let part = |eighths: u64| LEFT[usize::try_from(eighths).unwrap_or(1).clamp(1, 7) - 1];
    match (left, right) {
        (0, 8) => ("█", style),
        (0, right) => (part(right), style),
        (left, 8) => (part(left), style.add_modifier(Modifier::REVERSED)),
        (left, right) if left + right >= 11 => ("▕", style),
        (left, right) if left + right <= 5 => ("▏", style),
        _ => ("│", style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(axis: Axis, from: u64, to: u64) -> String {
        let area = Rect::new(0, 0, axis.cells, 1);
        let mut buffer = Buffer::empty(area);
        axis.bar(&mut buffer, area, from, to, Style::new());
        buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    const TEN: Axis = Axis {
        start: 100,
        duration: 80,
        cells: 10,
    };

    #[test]
    fn a_bar_covers_its_time_and_no_more() {
        assert_eq!(drawn(TEN, 100, 180), "██████████");
        assert_eq!(drawn(TEN, 108, 124), " ██       ");
        assert_eq!(drawn(TEN, 108, 118), " █▎       ");
        // The first cell is half full from the right: a left half with swapped colours.
        assert_eq!(drawn(TEN, 104, 116), "▌█        ");
    }

    #[test]
    fn the_shortest_span_is_still_seen() {
        assert_eq!(drawn(TEN, 100, 100), "▏         ");
        assert_eq!(drawn(TEN, 112, 112), " │        ");
        assert_eq!(drawn(TEN, 180, 180), "         ▉");
        assert_eq!(drawn(TEN, u64::MAX, u64::MAX), "         ▉");
        assert_eq!(drawn(TEN, 0, 0), "▏         ");
        assert_eq!(drawn(Axis { duration: 0, ..TEN }, 100, 100), "▏         ");
    }

    #[test]
    fn a_moment_is_marked_in_its_cell_and_the_last_one_takes_what_is_later() {
        let area = Rect::new(0, 0, TEN.cells, 1);
        for (moment, expected) in [
            (0, "!         "),
            (117, "  !       "),
            (180, "         !"),
            (u64::MAX, "         !"),
        ] {
            let mut buffer = Buffer::empty(area);
            TEN.mark(&mut buffer, area, moment, "!", Style::new());
            let drawn: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(drawn, expected, "{moment}");
        }
        Axis { cells: 0, ..TEN }.mark(&mut Buffer::empty(area), area, 100, "!", Style::new());
    }

    #[test]
    fn nothing_is_drawn_outside() {
        let axis = Axis {
            start: 0,
            duration: u64::MAX,
            cells: u16::MAX,
        };
        let area = Rect::new(3, 0, 4, 1);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 1));
        axis.bar(&mut buffer, area, 0, u64::MAX, Style::new());
        axis.bar(&mut buffer, Rect::ZERO, 0, u64::MAX, Style::new());
        assert_eq!(drawn(Axis { cells: 0, ..TEN }, 0, u64::MAX), "");
    }

    #[test]
    fn ticks_are_round_and_far_enough_apart() {
        let axis = Axis {
            start: 0,
            duration: 182_000_000,
            cells: 60,
        };
        assert_eq!(axis.ticks(12), [0, 50_000_000, 100_000_000, 150_000_000]);
        assert!(
            Axis {
                start: 0,
                duration: u64::MAX,
                cells: 1
            }
            .ticks(12)
            .len()
                <= 2
        );
        assert_eq!(Axis { duration: 0, ..axis }.ticks(12), [0; 0]);
    }
}
