//! Widths of columns: as wide as their content, and more columns where there is room for them, rather than gaps.

use ratatui_core::layout::Rect;

use crate::format;

/// Columns of the screen after a text.
pub(super) const GAP: u16 = 1;

/// The side at which a cell begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text, with a gap after it.
    Left,
    /// Numbers, with a gap before them.
    Right,
    /// Pictures with a middle.
    Center,
}

/// The width that a column needs, the gap after it included.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnWidth {
    wanted: u16,
    least: u16,
    /// A width below the least one, if the column would be hidden otherwise.
    tight: Option<u16>,
    when: When,
    align: Align,
}

/// When a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// If the others keep their least width.
    Room,
    /// If the others have all they want.
    Rest,
}

impl ColumnWidth {
    /// Returns one width.
    #[must_use]
    pub(super) const fn fixed(width: u16) -> Self {
        Self {
            wanted: width,
            least: width,
            tight: None,
            when: When::Always,
            align: Align::Left,
        }
    }

    /// Returns the width of a text, which may be cut to a least width.
    #[must_use]
    pub(super) fn text(longest: usize, least: u16) -> Self {
        let wanted = u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(GAP);
        Self {
            wanted,
            least: wanted.min(least),
            ..Self::fixed(wanted)
        }
    }

    pub(super) const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// The same, cut to another width rather than hidden.
    #[must_use]
    pub(super) fn or_least(self, least: Option<u16>) -> Self {
        let tight = least.map(|least| self.wanted.min(least));
        Self { tight, ..self }
    }

    pub(super) const fn aligned(self, align: Align) -> Self {
        Self { align, ..self }
    }

    pub(super) const fn wanted(self) -> u16 {
        self.wanted
    }

    fn tightened(self) -> Self {
        Self {
            least: self.tight.unwrap_or(self.least),
            tight: None,
            ..self
        }
    }
}

/// Returns the width of the longest of some texts and the column's name.
pub fn longest<T: AsRef<str>>(name: &str, texts: impl IntoIterator<Item = T>) -> usize {
    let texts = texts.into_iter().map(|text| format::columns(text.as_ref()));
    texts.fold(format::columns(name), usize::max)
}

/// Returns the areas of the columns of a row; those without room are empty. Columns that are cut share the room equally, so that a short
/// text stays whole next to a long one. Optional ones are added in their order.
pub(super) fn fit(row: Rect, columns: &[ColumnWidth]) -> Vec<Rect> {
    let shown = shown(row.width, columns);
    let is_hidden = |(column, shown): (&ColumnWidth, &bool)| !shown && column.tight.is_some();
    if columns.iter().zip(&shown).any(is_hidden) {
        let tightened = columns
            .iter()
            .zip(&shown)
            .map(|(column, shown)| if *shown { *column } else { column.tightened() });
        return fit(row, &tightened.collect::<Vec<_>>());
    }
    let at_level = |level: u16| move |column: &ColumnWidth| column.wanted.min(column.least.max(level));
    let level = (1..=row.width)
        .rev()
        .find(|level| sum(columns, &shown, at_level(*level)) <= row.width);
    let width = at_level(level.unwrap_or(0));
    let (mut x, mut before) = (row.x, Align::Left);
    let areas = columns.iter().zip(&shown).map(|(column, shown)| {
        let width = if *shown { width(column) } else { 0 };
        if width > 0 {
            x = x.saturating_add(gap_between(before, column.align));
            before = column.align;
        }
        let area = Rect { x, width, ..row }.intersection(row);
        x = x.saturating_add(width);
        area
    });
    areas.collect()
}

/// Returns which columns have room.
fn shown(room: u16, columns: &[ColumnWidth]) -> Vec<bool> {
    let mut shown: Vec<bool> = columns.iter().map(|column| column.when == When::Always).collect();
    for when in [When::Room, When::Rest] {
        let width = |column: &ColumnWidth| if when == When::Room { column.least } else { column.wanted };
        for at in (0..columns.len()).filter(|at| columns[*at].when == when) {
            shown[at] = true;
            shown[at] = sum(columns, &shown, width) <= room;
        }
    }
    shown
}

/// Returns the width of the columns that are shown, with the gaps between them.
fn sum(columns: &[ColumnWidth], shown: &[bool], width: impl Fn(&ColumnWidth) -> u16) -> u16 {
    let shown = columns.iter().zip(shown).filter(|(_, shown)| **shown);
    let widths = shown
        .map(|(column, _)| (column.align, width(column)))
        .filter(|(_, width)| *width > 0);
    let (sum, _) = widths.fold((0, Align::Left), |(sum, before): (u16, Align), (align, width)| {
        (sum.saturating_add(gap_between(before, align)).saturating_add(width), align)
    });
    sum
}

/// Numbers have no gap after them, text has none before it.
const fn gap_between(before: Align, align: Align) -> u16 {
    match (before, align) {
        (Align::Right, Align::Left | Align::Center) => GAP,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths<const N: usize>(width: u16, columns: [ColumnWidth; N]) -> [u16; N] {
        let areas = fit(Rect::new(0, 0, width, 1), &columns);
        std::array::from_fn(|at| areas[at].width)
    }

    #[test]
    fn columns_are_as_wide_as_their_text() {
        assert_eq!(longest("name", ["a", "日本語", "b"]), 6);
        let columns = [ColumnWidth::fixed(3), ColumnWidth::text(9, 4), ColumnWidth::text(4, 4)];
        assert_eq!(widths(200, columns), [3, 10, 5]);
    }

    #[test]
    fn columns_are_cut_alike_and_short_text_stays_whole() {
        let columns = [
            ColumnWidth::fixed(3),
            ColumnWidth::text(40, 8),
            ColumnWidth::text(4, 8),
            ColumnWidth::text(30, 8),
        ];
        assert_eq!(widths(48, columns), [3, 20, 5, 20]);
        assert_eq!(widths(28, columns), [3, 10, 5, 10]);
    }

    #[test]
    fn columns_that_are_optional_take_room_or_rest() {
        let columns = |second: ColumnWidth| [ColumnWidth::text(19, 10), second, ColumnWidth::fixed(5)];
        assert_eq!(widths(24, columns(ColumnWidth::fixed(8).when(When::Room))), [11, 8, 5]);
        assert_eq!(widths(22, columns(ColumnWidth::fixed(8).when(When::Room))), [17, 0, 5]);
        assert_eq!(widths(32, columns(ColumnWidth::fixed(8).when(When::Rest))), [20, 0, 5]);
        assert_eq!(widths(33, columns(ColumnWidth::fixed(8).when(When::Rest))), [20, 8, 5]);
    }

    #[test]
    fn columns_never_leave_their_row() {
        for width in 0..40 {
            let columns = [
                ColumnWidth::fixed(9),
                ColumnWidth::text(50, 8),
                ColumnWidth::fixed(4).when(When::Room),
                ColumnWidth::text(2, 1),
            ];
            assert!(widths(width, columns).iter().sum::<u16>() <= width);
        }
    }

    #[test]
    fn columns_are_cut_to_a_second_width_before_they_are_hidden() {
        let columns = [
            ColumnWidth::text(17, 10),
            ColumnWidth::text(30, 20).when(When::Room).or_least(Some(6)),
            ColumnWidth::fixed(5).when(When::Room),
        ];
        assert_eq!(widths(60, columns), [18, 31, 5]);
        assert_eq!(widths(32, columns), [12, 20, 0]);
        assert_eq!(widths(29, columns), [12, 12, 5]);
        assert_eq!(widths(15, columns), [10, 0, 5]);
        assert_eq!(widths(14, columns), [14, 0, 0]);
    }

    #[test]
    fn text_after_a_number_has_a_gap_before_it() {
        let number = ColumnWidth::fixed(5).aligned(Align::Right);
        let columns = [number, ColumnWidth::fixed(0), ColumnWidth::text(3, 3)];
        let areas = fit(Rect::new(2, 0, 20, 1), &columns);
        assert_eq!((areas[0].x, areas[2].x, areas[2].width), (2, 8, 4));
        assert_eq!(widths(9, [number, ColumnWidth::fixed(4).when(When::Room)]), [5, 0]);
        assert_eq!(widths(10, [number, ColumnWidth::fixed(4).when(When::Room)]), [5, 4]);
    }
}
