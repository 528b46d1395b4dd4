//! Widths of columns: as wide as their content, and more columns where there is room for them, rather than gaps.

use ratatui_core::layout::Rect;

use crate::format;

/// Columns of the screen after a text.
pub(super) const GAP: u16 = 1;

/// The width that a column needs, the gap after it included.
#[derive(Clone, Copy, Debug)]
pub struct ColumnWidth {
    wanted: u16,
    least: u16,
    when: When,
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
    pub const fn fixed(width: u16) -> Self {
        Self {
            wanted: width,
            least: width,
            when: When::Always,
        }
    }

    /// Returns the width of a text, which may be cut to a least width.
    #[must_use]
    pub fn text(longest: usize, least: u16) -> Self {
        let wanted = u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(GAP);
        Self {
            wanted,
            least: wanted.min(least),
            when: When::Always,
        }
    }

    /// The same only if the others keep their least width.
    #[must_use]
    pub const fn if_room(self) -> Self {
        self.when(When::Room)
    }

    /// The same only if the others have all they want.
    #[must_use]
    pub const fn if_rest(self) -> Self {
        self.when(When::Rest)
    }

    pub(super) const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }
}

/// Returns the width of the longest of some texts and the column's name.
pub fn longest<T: AsRef<str>>(name: &str, texts: impl IntoIterator<Item = T>) -> usize {
    let texts = texts.into_iter().map(|text| format::columns(text.as_ref()));
    texts.fold(format::columns(name), usize::max)
}

/// Returns the areas of the columns of a row; those without room are empty. Columns that are cut share the room equally, so that a short
/// text stays whole next to a long one. Optional ones are added in their order.
#[must_use]
pub fn fit<const N: usize>(row: Rect, columns: [ColumnWidth; N]) -> [Rect; N] {
    let areas = fit_all(row, &columns);
    std::array::from_fn(|at| areas[at])
}

/// The same for any number of columns.
pub(super) fn fit_all(row: Rect, columns: &[ColumnWidth]) -> Vec<Rect> {
    let mut shown: Vec<bool> = columns.iter().map(|column| column.when == When::Always).collect();
    let sum = |shown: &[bool], width: &dyn Fn(&ColumnWidth) -> u16| {
        let shown = columns.iter().zip(shown).filter(|(_, shown)| **shown);
        shown.map(|(column, _)| width(column)).fold(0, u16::saturating_add)
    };
    for when in [When::Room, When::Rest] {
        let width = |column: &ColumnWidth| if when == When::Room { column.least } else { column.wanted };
        for at in (0..columns.len()).filter(|at| columns[*at].when == when) {
            shown[at] = true;
            shown[at] = sum(&shown, &width) <= row.width;
        }
    }
    let at_level = |level: u16| move |column: &ColumnWidth| column.wanted.min(column.least.max(level));
    let level = (1..=row.width)
        .rev()
        .find(|level| sum(&shown, &at_level(*level)) <= row.width);
    let width = at_level(level.unwrap_or(0));
    let mut x = row.x;
    let areas = columns.iter().zip(&shown).map(|(column, shown)| {
        let width = if *shown { width(column) } else { 0 };
        let area = Rect { x, width, ..row }.intersection(row);
        x = x.saturating_add(width);
        area
    });
    areas.collect()
}

/// Returns the same columns in another row.
#[must_use]
pub fn in_row<const N: usize>(columns: [Rect; N], row: Rect) -> [Rect; N] {
    columns.map(|area| Rect {
        y: row.y,
        height: row.height,
        ..area
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths<const N: usize>(width: u16, columns: [ColumnWidth; N]) -> [u16; N] {
        fit(Rect::new(0, 0, width, 1), columns).map(|area| area.width)
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
        assert_eq!(widths(24, columns(ColumnWidth::fixed(8).if_room())), [11, 8, 5]);
        assert_eq!(widths(22, columns(ColumnWidth::fixed(8).if_room())), [17, 0, 5]);
        assert_eq!(widths(32, columns(ColumnWidth::fixed(8).if_rest())), [20, 0, 5]);
        assert_eq!(widths(33, columns(ColumnWidth::fixed(8).if_rest())), [20, 8, 5]);
    }

    #[test]
    fn columns_never_leave_their_row() {
        for width in 0..40 {
            let columns = [
                ColumnWidth::fixed(9),
                ColumnWidth::text(50, 8),
                ColumnWidth::fixed(4).if_room(),
                ColumnWidth::text(2, 1),
            ];
            assert!(widths(width, columns).iter().sum::<u16>() <= width);
        }
    }
}
