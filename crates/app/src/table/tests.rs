//! A table of fruit.

use ratatui_core::layout::Rect;

use super::*;
use crate::content::{Line, Means, Role};
use crate::layout::ListParts;

struct Fruit;

impl Table for Fruit {
    type Row<'a> = (&'a str, u64);

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("name", Width::Text(4), |row, room| crate::format::at_most(row.0, room).into())
            .ranked(|row| Rank::Text(row.0.to_owned())),
        Column::<Self>::number("number", Width::Fixed(8), |row, _| row.1.to_string().into())
            .ranked(|row| Rank::number(row.1))
            .by_default(),
        Column::<Self>::text("note", Width::Of(|row| if row < 40 { 0 } else { 6 }), |_, _| "fresh".into()).at_most(8),
    ];

    fn whole_line(row: &Self::Row<'_>, _: usize) -> Option<Line> {
        (row.1 == 0).then(|| format!("no {}", row.0).into())
    }
}

const FRUIT: [(&str, u64); 4] = [("apple", 3), ("banana", 12), ("cherry", 7), ("date", 0)];

fn laid_out(table: &mut TableState<&'static str>, width: u16) {
    let mut rows = FRUIT.to_vec();
    table.query().order.sort::<Fruit, _>(&mut rows, |row| Some(*row));
    table.set_keys(rows.iter().map(|row| row.0).collect());
    let parts = ListParts::of(Rect::new(0, 0, width, 8), 0);
    table.lay_out::<Fruit>(parts.head, parts.rows, |at| rows.get(at).copied());
}

fn text(table: &TableState<&'static str>) -> Vec<String> {
    let row = |cells: &[Line]| cells.iter().map(Line::to_string).collect::<Vec<_>>().join("|");
    let heads: Vec<_> = table.cells().heads().iter().map(|head| head.name.clone()).collect();
    let rows = table.cells().rows().iter().map(|cells| row(&cells.cells));
    std::iter::once(row(&heads)).chain(rows).collect()
}

fn by(column: usize) -> Query {
    Query {
        order: SortOrder {
            column,
            is_reversed: false,
        },
        words: String::new(),
    }
}

#[test]
fn cells_that_are_cut_keep_their_roles() {
    let column = Column::<Fruit>::text("name", Width::Fixed(9), |row, _| {
        vec![row.0.to_owned().means(Role::Dim), " ripe".means(Role::Good)].into()
    });
    for (room, text, roles) in [
        (8, "fig ripe", &[Role::Dim, Role::Good][..]),
        (7, "fig ri…", &[Role::Dim, Role::Good]),
        (4, "fig…", &[Role::Dim, Role::Good]),
        (3, "fi…", &[Role::Dim]),
    ] {
        let cell = cell(&column, &("fig", 1), room);
        let found: Vec<_> = cell.pieces.iter().map(|piece| piece.role).collect();
        assert_eq!((&*cell.to_string(), &*found), (text, roles), "{room}");
    }
}

#[test]
fn cells_follow_columns_and_order() {
    let mut table = TableState::sorted::<Fruit>();
    laid_out(&mut table, 60);
    let expected = [
        "name|▾number|note",
        "banana|12|fresh",
        "cherry|7|fresh",
        "apple|3|fresh",
        "no date",
    ];
    assert_eq!(text(&table), expected);
    let areas: Vec<_> = table
        .cells()
        .heads()
        .iter()
        .map(|head| (head.area.x, head.area.width))
        .collect();
    assert_eq!(
        areas,
        [(3, 7), (10, 8), (19, 8)],
        "after the cursor, and the last one up to its most after a gap"
    );
    table.sort_by(0);
    laid_out(&mut table, 60);
    assert_eq!(text(&table)[..2], ["▴name|number|note", "apple|3|fresh"]);
    table.sort_by(0);
    laid_out(&mut table, 30);
    assert_eq!(text(&table)[..2], ["▾name|number", "no date"]);
    table.sort_by(2);
    assert_eq!(table.order().column, 0, "rows have no rank there");
}

#[test]
fn sort_key_goes_through_numbers_and_then_text() {
    let mut table = TableState::<&str>::sorted::<Fruit>();
    let mut columns = vec![table.order().column];
    for _ in 0..2 {
        table.update(Action::Sort).expect("sorted");
        columns.push(table.order().column);
    }
    assert_eq!(columns, [1, 0, 1]);
    table.update(Action::SortReversed).expect("reversed");
    assert!(table.order().is_reversed);
}

#[test]
fn order_by_a_hidden_column_is_named() {
    let mut cells = TableCells::default();
    cells.lay_out::<Fruit>(Rect::new(0, 0, 30, 1), by(2), &[(("clementine", 1), false)]);
    assert_eq!(cells.heads()[0].name.to_string(), "▴by note");
}

#[test]
fn widths_grow_and_do_not_shrink_while_scrolling() {
    let mut cells = TableCells::default();
    let width = |cells: &mut TableCells, name: &str| {
        cells.lay_out::<Fruit>(Rect::new(0, 0, 60, 1), by(1), &[((name, 1), false)]);
        cells.heads()[0].area.width
    };
    assert_eq!(width(&mut cells, "fig"), 6, "as its name, with the mark of an order");
    assert_eq!((width(&mut cells, "clementine"), width(&mut cells, "fig")), (11, 11));
}

#[test]
fn cursor_stays_on_its_row_and_in_view() {
    let mut window = Window::default();
    let keys: Vec<char> = ('a'..='z').collect();
    window.fit(&*keys, 5);
    window.update(Action::Last, &*keys);
    window.fit(&*keys, 5);
    assert_eq!((window.selected(), window.visible()), (Some(&'z'), 21..26));
    window.update(Action::PageUp, &*keys);
    let reversed: Vec<char> = keys.iter().rev().copied().collect();
    window.fit(&*reversed, 5);
    assert_eq!((window.selected(), window.position()), (Some(&'u'), 5));
    window.fit(&keys[..3], 5);
    let place = (window.selected(), window.visible());
    assert_eq!(place, (Some(&'c'), 0..5), "the row that took its place");
    window.fit(&keys[..0], 5);
    assert_eq!((window.selected(), window.position()), (None, 0));
}

/// Counts how many keys are compared.
struct Counted(std::cell::Cell<usize>);

impl Rows<usize> for Counted {
    fn count(&self) -> usize {
        100_000
    }

    fn key(&self, position: usize) -> Option<usize> {
        self.0.set(self.0.get() + 1);
        (position < self.count()).then_some(position)
    }

    fn position(&self, key: &usize) -> Option<usize> {
        self.0.set(self.0.get() + key);
        Some(*key)
    }
}

#[test]
fn fit_does_not_search_rows_that_have_not_changed() {
    let rows = Counted(std::cell::Cell::new(0));
    let mut window = Window::default();
    window.go_to(90_000, &rows);
    rows.0.set(0);
    for _ in 0..10 {
        window.fit(&rows, 20);
    }
    assert!(rows.0.get() <= 20, "{} keys looked at", rows.0.get());
}
