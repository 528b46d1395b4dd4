//! A cursor on one of many rows, which change under it.

use std::ops::Range;

use super::{Action, scrolled, window};

/// The cursor is on a row's key, never on its number; when that row goes, it is on the one that took its place.
#[derive(Clone, Debug)]
pub struct Picker<K> {
    selected: Option<K>,
    position: usize,
    first: usize,
    height: usize,
}

impl<K> Default for Picker<K> {
    fn default() -> Self {
        Self {
            selected: None,
            position: 0,
            first: 0,
            height: 1,
        }
    }
}

impl<K: Clone + PartialEq> Picker<K> {
    /// The row under the cursor.
    #[must_use]
    pub const fn selected(&self) -> Option<&K> {
        self.selected.as_ref()
    }

    /// Where it stands.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// Moves among so many rows.
    pub(super) fn update(&mut self, action: Action, keys: &[K]) {
        self.go_to(scrolled(self.position, action, self.height), keys);
    }

    /// To a row, the first one being 0.
    pub(super) fn go_to(&mut self, position: usize, keys: &[K]) {
        self.position = position.min(keys.len().saturating_sub(1));
        self.selected = keys.get(self.position).cloned();
    }

    /// To one of the rows in view, the first of them being 0; whether the cursor was there already, `None` where there is no row.
    pub(super) fn select_row(&mut self, row: usize, keys: &[K]) -> Option<bool> {
        let position = self.first + row;
        if row >= self.height || position >= keys.len() {
            return None;
        }
        let again = position == self.position;
        self.go_to(position, keys);
        Some(again)
    }

    /// Finds the row again, and brings it into view.
    pub(super) fn fit(&mut self, keys: &[K], height: usize) {
        self.height = height.max(1);
        let found = keys.iter().position(|key| Some(key) == self.selected.as_ref());
        self.go_to(found.unwrap_or(self.position), keys);
        self.first = window(self.first, self.position, self.height).min(keys.len().saturating_sub(self.height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_on_its_row_and_in_view() {
        let mut picker = Picker::default();
        let keys: Vec<char> = ('a'..='z').collect();
        picker.fit(&keys, 5);
        picker.update(Action::Last, &keys);
        picker.fit(&keys, 5);
        assert_eq!((picker.selected(), picker.visible()), (Some(&'z'), 21..26));
        picker.update(Action::PageUp, &keys);
        let reversed: Vec<char> = keys.iter().rev().copied().collect();
        picker.fit(&reversed, 5);
        assert_eq!((picker.selected(), picker.position()), (Some(&'u'), 5));
        picker.fit(&keys[..3], 5);
        assert_eq!(
            (picker.selected(), picker.visible()),
            (Some(&'c'), 0..5),
            "what took its place"
        );
        picker.fit(&[], 5);
        assert_eq!((picker.selected(), picker.position()), (None, 0));
    }
}
