//! The cursor in the details, and what is in view around it.

use super::SpanPage;
use super::column::{Item, ItemId, Section};
use crate::{Action, scrolled, window};

/// A line of a column, held on to by what it is about.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    column: usize,
    line: usize,
    /// Item under the cursor, and the offset from its first line.
    on: Option<(ItemId, usize)>,
    /// The first line in view.
    first: usize,
}

impl Cursor {
    pub(crate) const fn first(&self) -> usize {
        self.first
    }

    pub(crate) fn item<'a>(&self, page: &'a SpanPage) -> Option<&'a Item> {
        page.item_at(self.column, self.line)
    }

    pub(crate) fn section<'a>(&self, page: &'a SpanPage) -> Option<&'a Section> {
        page.sections().get(self.section_position(page)?)
    }

    fn section_position(&self, page: &SpanPage) -> Option<usize> {
        let above = |section: &Section| section.column == self.column && section.line <= self.line;
        page.sections().iter().rposition(above)
    }

    pub(crate) fn update(&mut self, page: &SpanPage, action: Action, height: usize) {
        self.line = scrolled(self.line, action, height);
        // What is read page by page goes by page by page.
        if matches!(action, Action::PageUp | Action::PageDown) {
            self.first = scrolled(self.first, action, height);
        }
        self.settle(page, height);
    }

    /// The next section or the one before; after the last comes the first. Back goes to the start of this one first.
    pub(crate) fn go_to_section(&mut self, page: &SpanPage, forward: bool, height: usize) {
        let sections = page.sections();
        if sections.is_empty() {
            return;
        }
        let before = sections.len() - 1;
        let next = match (self.section_position(page), forward) {
            (None, _) => sections.iter().position(|section| section.column == self.column).unwrap_or(0),
            (Some(here), true) => here + 1,
            (Some(here), false) if self.line > sections[here].line => here,
            (Some(here), false) => here + before,
        };
        let section = sections[next % sections.len()];
        self.go_to(page, (section.column, section.line), height);
    }

    /// Goes to a line and shows as much as possible of what follows.
    pub(crate) fn go_to(&mut self, page: &SpanPage, (column, line): (usize, usize), height: usize) {
        (self.column, self.line, self.first) = (column, line, line);
        self.settle(page, height);
    }

    /// Puts the cursor on a line in view. Returns whether it was on the same thing already.
    pub(crate) fn select(&mut self, page: &SpanPage, (column, line): (usize, usize)) -> bool {
        let before = self.item(page).map(|item| item.id);
        (self.column, self.line) = (column, line.min(page.lines(column).saturating_sub(1)));
        self.hold(page);
        before.is_some() && before == self.on.map(|(id, _)| id)
    }

    /// Finds what it was on in lines that have changed.
    pub(crate) fn fit(&mut self, page: &SpanPage, height: usize) {
        if self.on.is_none() {
            // At first it is below the heading, on something that Enter may open.
            let is_heading = |item: &Item| !item.is_fold && !item.is_value;
            let begins_below = |items: &[Item]| items.get(1).is_some_and(|item| (item.column, item.line) == (0, 1));
            self.line = usize::from(page.items().first().is_some_and(is_heading) && begins_below(page.items()));
        }
        if let Some((id, below)) = self.on {
            let mut items = page.items().iter();
            if let Some(item) = items.find(|item| item.id == id) {
                let next = page
                    .items()
                    .iter()
                    .find(|next| next.column == item.column && next.line > item.line);
                let end = next.map_or(page.lines(item.column), |next| next.line);
                self.column = item.column;
                self.line = (item.line + below).min(end.saturating_sub(1));
            }
        }
        self.settle(page, height);
    }

    /// Stays within the lines, and brings the cursor into view.
    fn settle(&mut self, page: &SpanPage, height: usize) {
        if page.lines(self.column) == 0 {
            self.column = 0;
        }
        self.line = self.line.min(page.lines(self.column).saturating_sub(1));
        self.first = window(self.first, self.line, height.max(1)).min(page.height().saturating_sub(height));
        self.hold(page);
    }

    fn hold(&mut self, page: &SpanPage) {
        self.on = self.item(page).map(|item| (item.id, self.line - item.line));
    }
}
