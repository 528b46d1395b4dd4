//! Widths of columns: as wide as what they show, and more columns where there is room for them, rather than gaps.

use ratatui::layout::{Constraint, Flex, Layout, Rect};

use super::format;

/// Columns of the screen after a text.
const GAP: u16 = 1;

/// What a column of a list needs, the gap after it included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    wanted: u16,
    least: u16,
    when: When,
}

/// Where there is a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// Where the others keep what they need at least.
    Room,
    /// Where the others have all they want.
    Rest,
}

impl Column {
    /// A column of one width.
    pub(super) const fn fixed(width: u16) -> Self {
        Self {
            wanted: width,
            least: width,
            when: When::Always,
        }
    }

    /// A column of text, which is cut down to a width where there is no room for all of it.
    pub(super) fn text(longest: usize, least: u16) -> Self {
        let wanted = u16::try_from(longest).unwrap_or(u16::MAX).saturating_add(GAP);
        Self {
            wanted,
            least: wanted.min(least),
            when: When::Always,
        }
    }

    /// The same column only where the others keep at least what they need.
    pub(super) const fn if_room(self) -> Self {
        Self {
            when: When::Room,
            ..self
        }
    }

    /// The same column only where the others have all they want.
    pub(super) const fn if_rest(self) -> Self {
        Self {
            when: When::Rest,
            ..self
        }
    }
}

/// How wide the longest of some texts is, of which one is the column's name.
pub(super) fn longest<T: AsRef<str>>(name: &str, texts: impl IntoIterator<Item = T>) -> usize {
    let texts = texts.into_iter().map(|text| format::columns(text.as_ref()));
    texts.fold(format::columns(name), usize::max)
}

/// Where the columns of a row are; those without room have no width. Columns that are cut share what there is alike, so that a short
/// text stays whole beside a long one. Optional ones are added in their order.
pub(super) fn fit<const N: usize>(row: Rect, columns: [Column; N]) -> [Rect; N] {
    let sum = |widths: &[u16; N]| widths.iter().copied().fold(0, u16::saturating_add);
    let mut shown = columns.map(|column| column.when == When::Always);
    for (when, width) in [
        (When::Room, (|column| column.least) as fn(&Column) -> u16),
        (When::Rest, |column| column.wanted),
    ] {
        for at in (0..N).filter(|at| columns[*at].when == when) {
            shown[at] = true;
            let widths = std::array::from_fn(|at| if shown[at] { width(&columns[at]) } else { 0 });
            shown[at] = sum(&widths) <= row.width;
        }
    }
    let at_level = |level: u16| {
        let width = |at: usize| columns[at].wanted.min(columns[at].least.max(level));
        std::array::from_fn(|at| if shown[at] { width(at) } else { 0 })
    };
    let level = (1..=row.width).rev().find(|level| sum(&at_level(*level)) <= row.width);
    let widths: [u16; N] = at_level(level.unwrap_or(0));
    Layout::horizontal(widths.map(Constraint::Length))
        .flex(Flex::Start)
        .areas(row)
}

/// The same columns in another row.
pub(super) fn in_row<const N: usize>(columns: [Rect; N], row: Rect) -> [Rect; N] {
    columns.map(|area| Rect {
        y: row.y,
        height: row.height,
        ..area
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths<const N: usize>(width: u16, columns: [Column; N]) -> [u16; N] {
        fit(Rect::new(0, 0, width, 1), columns).map(|area| area.width)
    }

    #[test]
    fn columns_are_as_wide_as_their_text() {
        assert_eq!(longest("name", ["a", "日本語", "b"]), 6);
        let columns = [Column::fixed(3), Column::text(9, 4), Column::text(4, 4)];
        assert_eq!(widths(200, columns), [3, 10, 5]);
    }

    #[test]
    fn columns_are_cut_alike_and_short_text_stays_whole() {
        let columns = [Column::fixed(3), Column::text(40, 8), Column::text(4, 8), Column::text(30, 8)];
        assert_eq!(widths(48, columns), [3, 20, 5, 20]);
        assert_eq!(widths(28, columns), [3, 10, 5, 10]);
    }

    #[test]
    fn columns_that_are_optional_take_room_or_rest() {
        let columns = |second: Column| [Column::text(19, 10), second, Column::fixed(5)];
        assert_eq!(widths(24, columns(Column::fixed(8).if_room())), [11, 8, 5]);
        assert_eq!(widths(22, columns(Column::fixed(8).if_room())), [17, 0, 5]);
        assert_eq!(widths(32, columns(Column::fixed(8).if_rest())), [20, 0, 5]);
        assert_eq!(widths(33, columns(Column::fixed(8).if_rest())), [20, 8, 5]);
    }

    #[test]
    fn columns_never_leave_their_row() {
        for width in 0..40 {
            let columns = [
                Column::fixed(9),
                Column::text(50, 8),
                Column::fixed(4).if_room(),
                Column::text(2, 1),
            ];
            assert!(widths(width, columns).iter().sum::<u16>() <= width);
        }
    }
}
