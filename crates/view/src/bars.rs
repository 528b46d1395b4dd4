//! Bars on a time axis, to an eighth of a cell.

use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::theme;

/// Time range of a row of cells. Times are nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Zero of the labels: the trace's start.
    pub(super) origin: u64,
    pub(super) start: u64,
    pub(super) duration: u64,
    pub(super) cells: u16,
    /// The bars show a part of the trace: nothing outside of it is drawn at its edges.
    pub(super) is_part: bool,
}

/// Left parts of a cell, one to seven eighths.
const LEFT: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Position of a time range relative to the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    Within,
    After,
}

impl Axis {
    /// The last moment.
    pub(super) const fn end(self) -> u64 {
        self.start.saturating_add(self.duration)
    }

    /// Returns true if a time range is visible.
    pub(super) fn shows(self, from: u64, to: u64) -> bool {
        self.side(from, to) == Side::Within
    }

    const fn side(self, from: u64, to: u64) -> Side {
        if !self.is_part {
            Side::Within
        } else if to < self.start {
            Side::Before
        } else if from > self.end() {
            Side::After
        } else {
            Side::Within
        }
    }

    /// Returns the position of a moment in eighths of a cell from the left.
    fn eighths(self, moment: u64) -> u64 {
        let from_start = u128::from(moment.saturating_sub(self.start).min(self.duration));
        let eighths = from_start * u128::from(self.cells) * 8 / u128::from(self.duration.max(1));
        u64::try_from(eighths).unwrap_or(u64::MAX)
    }

    /// Draws from one moment to another into the first line of `area`, at least a thin line; where it is not to be seen, to which side
    /// it is.
    pub(super) fn bar(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64, style: Style) {
        match self.side(from, to) {
            Side::Before => return self.put(buffer, area, 0, "‹", style),
            Side::After => return self.put(buffer, area, self.cells.saturating_sub(1).into(), "›", style),
            Side::Within => {}
        }
        let end_of_axis = u64::from(self.cells) * 8;
        let first = self.eighths(from).min(end_of_axis.saturating_sub(1));
        let last = self.eighths(to).clamp(first + 1, end_of_axis.max(first + 1));
        for cell in first / 8..last.div_ceil(8) {
            let (left, right) = (first.max(cell * 8) - cell * 8, last.min(cell * 8 + 8) - cell * 8);
            let (symbol, style) = glyph(left, right, style);
            self.put(buffer, area, cell, symbol, style);
        }
    }

    /// Draws from a moment to another, which is not an end, in whole cells that fade.
    pub(super) fn open_bar(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64, style: Style) {
        if !self.shows(from, to) {
            return self.bar(buffer, area, from, to, style);
        }
        let (first, last) = (u64::from(self.column(from)), u64::from(self.column(to)));
        for cell in first..=last.max(first) {
            let symbol = if cell == last && first < last { "░" } else { "▒" };
            self.put(buffer, area, cell, symbol, style);
        }
    }

    /// Draws a dashed line between two moments, in whole cells.
    pub(super) fn dashes(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64, style: Style) {
        if !self.shows(from, to) {
            return;
        }
        let (first, last) = (self.eighths(from).div_ceil(8), self.eighths(to) / 8);
        for cell in first..last {
            self.put(buffer, area, cell, "╌", style);
        }
    }

    /// Fills whole cells between two moments, at least the one in which it begins; answers which.
    pub(super) fn fill(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64, symbol: &str, style: Style) -> Range<u16> {
        if !self.shows(from, to) {
            return 0..0;
        }
        let first = self.column(from);
        let last = u16::try_from(self.eighths(to).div_ceil(8))
            .unwrap_or(u16::MAX)
            .clamp(first + 1, self.cells.max(first + 1));
        for cell in first..last {
            self.put(buffer, area, cell.into(), symbol, style);
        }
        first..last
    }

    /// Draws the line of the critical path over the part of a bar between two moments; outside of bars it is a line of its own.
    ///
    /// The cell is the bar's in reverse, and the line is cut out of it: it is seen on a bar of any color, and without colors.
    pub(super) fn strike(self, buffer: &mut Buffer, area: Rect, from: u64, to: u64) {
        if !self.shows(from, to) {
            return;
        }
        // Neighbouring parts share no cell.
        let (first, last) = ((self.eighths(from) + 4) / 8, (self.eighths(to) + 4) / 8);
        for column in first..last {
            let Some(cell) = self.cell(buffer, area, column) else {
                continue;
            };
            match cell.symbol() {
                "█" => cell.set_symbol("━").set_style(Style::new().add_modifier(Modifier::REVERSED)),
                "▒" => cell.set_symbol("━").set_style(Style::new().remove_modifier(Modifier::DIM)),
                " " => cell.set_symbol("━").set_fg(theme::CRITICAL),
                _ => continue,
            };
        }
    }

    /// Marks a moment on a bar, whose color stays.
    pub(super) fn dot(self, buffer: &mut Buffer, area: Rect, moment: u64, symbol: &str, beside: Color) {
        if !self.shows(moment, moment) {
            return;
        }
        let Some(cell) = self.cell(buffer, area, self.column(moment).into()) else {
            return;
        };
        match cell.symbol() {
            "█" => cell
                .set_symbol(symbol)
                .set_style(Style::new().add_modifier(Modifier::REVERSED)),
            " " | "╌" => cell.set_symbol(symbol).set_fg(beside),
            // A part of a bar keeps its colors, and is reversed already where it has to be.
            _ => cell.set_symbol(symbol),
        };
    }

    /// Marks a moment, over what is there.
    pub(super) fn mark(self, buffer: &mut Buffer, area: Rect, moment: u64, symbol: &str, style: Style) {
        if !self.shows(moment, moment) {
            return;
        }
        let style = style.remove_modifier(Modifier::REVERSED | Modifier::DIM);
        self.put(buffer, area, self.column(moment).into(), symbol, style);
    }

    /// Returns the column of a moment from the left.
    pub(super) fn column(self, moment: u64) -> u16 {
        let column = self.eighths(moment) / 8;
        u16::try_from(column).unwrap_or(u16::MAX).min(self.cells.saturating_sub(1))
    }

    fn put(self, buffer: &mut Buffer, area: Rect, cell: u64, symbol: &str, style: Style) {
        if let Some(cell) = self.cell(buffer, area, cell) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    fn cell(self, buffer: &mut Buffer, area: Rect, cell: u64) -> Option<&mut Cell> {
        let column = u16::try_from(cell)
            .ok()
            .filter(|column| *column < self.cells.min(area.width))?;
        buffer.cell_mut((area.x + column, area.y))
    }

    /// Round moments for labels, `every` columns apart or more: offsets from the origin, and how far they are apart, in nanoseconds.
    pub(super) fn ticks(self, every: u16) -> (Vec<u64>, u64) {
        if self.duration == 0 || self.cells == 0 || every == 0 {
            return (Vec::new(), 1);
        }
        let at_least = u128::from(self.duration) * u128::from(every) / u128::from(self.cells);
        let step = round_up(u64::try_from(at_least).unwrap_or(u64::MAX));
        let from = self.start.saturating_sub(self.origin);
        let first = from.div_ceil(step);
        let ticks = (first..)
            .map_while(|tick: u64| tick.checked_mul(step))
            .take_while(|offset| *offset <= from.saturating_add(self.duration));
        (ticks.collect(), step)
    }
}

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// The next of 1, 2, 5, 10, 20, 50, …; from seconds to days what is round on a clock.
fn round_up(at_least: u64) -> u64 {
    const CLOCK: [u64; 17] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    ];
    let on_the_clock = CLOCK
        .map(|seconds| seconds * SECOND)
        .into_iter()
        .find(|step| *step >= at_least);
    if let Some(step) = on_the_clock.filter(|_| at_least > SECOND) {
        return step;
    }
    let mut magnitude: u64 = if at_least > SECOND { DAY } else { 1 };
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
/// There are only left parts; a right part is the left part before it with the colors swapped.
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
        origin: 100,
        start: 100,
        duration: 80,
        cells: 10,
        is_part: false,
    };

    #[test]
    fn a_bar_covers_its_time_and_no_more() {
        assert_eq!(drawn(TEN, 100, 180), "██████████");
        assert_eq!(drawn(TEN, 108, 124), " ██       ");
        assert_eq!(drawn(TEN, 108, 118), " █▎       ");
        // The first cell is half full from the right: a left half with swapped colors.
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
    fn a_bar_without_an_end_fades() {
        let area = Rect::new(0, 0, TEN.cells, 1);
        for (from, to, expected) in [(108, 132, " ▒▒▒░     "), (108, 109, " ▒        "), (172, 90, "         ▒")] {
            let mut buffer = Buffer::empty(area);
            TEN.open_bar(&mut buffer, area, from, to, Style::new());
            let drawn: String = buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(drawn, expected, "{from}..{to}");
        }
        Axis { cells: 0, ..TEN }.open_bar(&mut Buffer::empty(area), area, 0, u64::MAX, Style::new());
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
    fn bars_are_drawn_within_their_area() {
        let axis = Axis {
            origin: 0,
            start: 0,
            duration: u64::MAX,
            cells: u16::MAX,
            is_part: false,
        };
        let area = Rect::new(3, 0, 4, 1);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 1));
        axis.bar(&mut buffer, area, 0, u64::MAX, Style::new());
        axis.bar(&mut buffer, Rect::ZERO, 0, u64::MAX, Style::new());
        assert_eq!(drawn(Axis { cells: 0, ..TEN }, 0, u64::MAX), "");
    }

    #[test]
    fn bars_outside_of_the_range_are_hinted_at() {
        let part = Axis { is_part: true, ..TEN };
        assert_eq!(drawn(part, 0, 99), "‹         ");
        assert_eq!(drawn(part, 0, 100), "▏         ");
        assert_eq!(drawn(part, 181, 200), "         ›");
        assert_eq!(drawn(part, 0, 200), "██████████");
        let area = Rect::new(0, 0, part.cells, 1);
        let mut buffer = Buffer::empty(area);
        part.mark(&mut buffer, area, 99, "!", Style::new());
        part.dashes(&mut buffer, area, 0, 99, Style::new());
        assert_eq!(buffer, Buffer::empty(area));
    }

    #[test]
    fn ticks_are_round_and_far_enough_apart() {
        const MILLI: u64 = 1_000_000;
        let axis = Axis {
            origin: 0,
            start: 0,
            duration: 182 * MILLI,
            cells: 60,
            is_part: false,
        };
        assert_eq!(axis.ticks(12), (vec![0, 50 * MILLI, 100 * MILLI, 150 * MILLI], 50 * MILLI));
        let part = Axis {
            origin: 1_000,
            start: 1_000 + 70 * MILLI,
            duration: MILLI,
            ..axis
        };
        assert_eq!(
            part.ticks(30).0,
            [70 * MILLI, 70 * MILLI + 500_000, 71 * MILLI],
            "counted from the trace's start"
        );
        let longest = Axis {
            duration: u64::MAX,
            cells: 1,
            ..axis
        };
        assert!(longest.ticks(12).0.len() <= 2);
        assert_eq!(Axis { duration: 0, ..axis }.ticks(12).0, [0; 0]);
    }

    #[test]
    fn steps_are_those_of_a_clock() {
        for (at_least, step) in [
            (0, 1),
            (3, 5),
            (SECOND, SECOND),
            (SECOND + 1, 2 * SECOND),
            (11 * SECOND, 15 * SECOND),
            (40 * SECOND, 60 * SECOND),
            (4_000 * SECOND, 7_200 * SECOND),
            (DAY, DAY),
            (3 * DAY, 5 * DAY),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(round_up(at_least), step, "{at_least}");
        }
    }
}
