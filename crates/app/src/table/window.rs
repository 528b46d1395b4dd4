//! The cursor on one of many rows, which change under it, and the rows in view.

use std::ops::Range;

use crate::{Action, scrolled, window};

/// Rows by number and by key.
pub trait Rows<K> {
    /// Returns the number of rows.
    fn count(&self) -> usize;

    /// Returns the key of a row, the first one being 0.
    fn key(&self, position: usize) -> Option<K>;

    /// Returns the number of the row with a key.
    fn position(&self, key: &K) -> Option<usize>;
}

impl<K: Clone + PartialEq> Rows<K> for [K] {
    fn count(&self) -> usize {
        self.len()
    }

    fn key(&self, position: usize) -> Option<K> {
        self.get(position).cloned()
    }

    fn position(&self, key: &K) -> Option<usize> {
        self.iter().position(|other| other == key)
    }
}

/// A cursor, and the rows in view around it.
///
/// **Invariant:** the cursor is on a row's key. If the row moves, the cursor moves with it; if the row disappears, the cursor is on the row that
/// took its place. While it [follows](Window::is_following), it is on the last row, whichever that is.
#[derive(Clone, Debug)]
pub struct Window<K> {
    selected: Option<K>,
    position: usize,
    first: usize,
    height: usize,
    is_following: bool,
}

impl<K> Default for Window<K> {
    fn default() -> Self {
        Self {
            selected: None,
            position: 0,
            first: 0,
            height: 1,
            is_following: false,
        }
    }
}

impl<K> Window<K> {
    /// The key of the row under the cursor.
    #[must_use]
    pub const fn selected(&self) -> Option<&K> {
        self.selected.as_ref()
    }

    /// The number of the row under the cursor.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The numbers of the rows in view, as many as there is room for.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// Returns true if the cursor stays on the last row.
    #[must_use]
    pub const fn is_following(&self) -> bool {
        self.is_following
    }
}

impl<K: Clone + PartialEq> Window<K> {
    /// Returns a window whose cursor stays on the last row until it is moved.
    pub(crate) fn following() -> Self {
        Self {
            is_following: true,
            ..Self::default()
        }
    }

    /// Stays where it is.
    pub(crate) const fn hold(&mut self) {
        self.is_following = false;
    }

    /// Moves the cursor; one that reaches the last row by going down follows it if the list grows at its end.
    pub(crate) fn update_following(&mut self, action: Action, rows: &(impl Rows<K> + ?Sized)) {
        self.update(action, rows);
        let is_at_end = self.position + 1 >= rows.count();
        self.is_following = is_at_end && matches!(action, Action::Down | Action::PageDown | Action::Last);
    }

    /// Finds the row of the cursor, leaves it where it is on the screen, and brings it into view.
    pub(crate) fn fit_in_place(&mut self, rows: &(impl Rows<K> + ?Sized), height: usize) {
        self.height = height.max(1);
        let on_screen = self.position.saturating_sub(self.first);
        if self.is_following {
            self.go_to(usize::MAX, rows);
        } else {
            self.find(rows);
            if on_screen < self.height {
                self.first = self.position.saturating_sub(on_screen);
            }
        }
        self.first = window(self.first, self.position, self.height).min(rows.count().saturating_sub(self.height));
    }

    /// Moves the cursor.
    pub(crate) fn update(&mut self, action: Action, rows: &(impl Rows<K> + ?Sized)) {
        self.go_to(scrolled(self.position, action, self.height), rows);
    }

    /// Moves the cursor to a row by its number.
    pub(crate) fn go_to(&mut self, position: usize, rows: &(impl Rows<K> + ?Sized)) {
        self.position = position.min(rows.count().saturating_sub(1));
        self.selected = rows.key(self.position);
    }

    /// Moves the cursor to one of the rows in view, the first of them being 0. Returns whether it was there already, `None` without such a row.
    pub(crate) fn select_row(&mut self, row: usize, rows: &(impl Rows<K> + ?Sized)) -> Option<bool> {
        let position = self.first + row;
        if row >= self.height || position >= rows.count() {
            return None;
        }
        let again = position == self.position;
        self.go_to(position, rows);
        Some(again)
    }

    /// Moves the cursor to its row, after rows have changed. Rows are searched only if another one is in its place.
    pub(crate) fn find(&mut self, rows: &(impl Rows<K> + ?Sized)) {
        let is_there = self.selected.is_some() && rows.key(self.position) == self.selected;
        if !is_there {
            let found = self.selected.as_ref().and_then(|key| rows.position(key));
            self.go_to(found.unwrap_or(self.position), rows);
        }
    }

    /// Finds the row of the cursor and brings it into view.
    pub(crate) fn fit(&mut self, rows: &(impl Rows<K> + ?Sized), height: usize) {
        self.height = height.max(1);
        self.find(rows);
        self.first = window(self.first, self.position, self.height).min(rows.count().saturating_sub(self.height));
    }
}
