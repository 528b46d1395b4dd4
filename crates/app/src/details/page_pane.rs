//! A page in a pane: its cursor, folds and scrolling, whatever the page is about.

use ratatui_core::layout::Rect;

use super::SpanPage;
use super::column::{Folds, Item, ItemId, PageLayout, Section};
use super::cursor::Cursor;
use crate::Action;

/// A page with its cursor. Its owner has the content, and lays it out when the page is outdated.
#[derive(Debug, Default)]
pub struct PagePane {
    page: Option<SpanPage>,
    /// Size for which the page was laid out; `None` if it has to be laid out anew.
    size: Option<(u16, u16)>,
    cursor: Cursor,
    /// Folds of the sections, which stay when the page is about something else.
    folds: Folds,
    /// Lines that scroll, in view.
    height: usize,
}

impl PagePane {
    /// Returns the page; `None` if there is nothing to show.
    #[must_use]
    pub const fn page(&self) -> Option<&SpanPage> {
        self.page.as_ref()
    }

    /// The first line in view.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.cursor.first()
    }

    /// Returns the number of lines below those in view.
    #[must_use]
    pub fn below(&self) -> usize {
        let lines = self.page().map_or(0, SpanPage::height);
        lines.saturating_sub(self.first() + self.height)
    }

    /// Returns the section under the cursor.
    #[must_use]
    pub fn section(&self) -> Option<&Section> {
        self.cursor.section(self.page()?)
    }

    /// Returns the item under the cursor.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.cursor.item(self.page()?)
    }

    /// Returns true if the item under the cursor can be folded or unfolded.
    #[must_use]
    pub fn can_fold(&self) -> bool {
        self.item().is_some_and(|item| item.is_fold)
    }

    /// Returns true if the item under the cursor is a value that can be shown full size.
    #[must_use]
    pub fn can_open(&self) -> bool {
        self.item().is_some_and(|item| item.is_value)
    }

    /// Returns the value under the cursor with its name. The page has a part of it only, so it is laid out once more.
    pub(crate) fn value_under_cursor(&self, lay_out: impl FnOnce(PageLayout) -> Option<SpanPage>) -> Option<(String, String)> {
        let wanted = self.item().filter(|item| item.is_value)?.id;
        lay_out(self.layout(self.size?, Some(wanted)))?.found
    }

    pub(crate) fn update(&mut self, action: Action) {
        let Some(page) = &self.page else { return };
        match action {
            Action::Left | Action::Right => self.cursor.go_to_section(page, action == Action::Right, self.height),
            Action::ToggleFold | Action::Open => {
                if let Some(item) = self.item().filter(|item| item.is_fold).copied() {
                    self.folds.toggle(item.id);
                    self.outdate();
                }
            }
            _ => self.cursor.update(page, action, self.height),
        }
    }

    /// Goes to the section of this name.
    pub(crate) fn open_section(&mut self, name: &str) {
        let Some(page) = &self.page else { return };
        if let Some(section) = page.sections().iter().find(|section| section.name == name) {
            self.cursor.go_to(page, (section.column, section.line), self.height);
        }
    }

    /// Puts the cursor on a line of a column. Returns whether it was on the same thing already.
    pub(crate) fn select_line(&mut self, column: usize, line: usize) -> bool {
        let Some(page) = &self.page else { return false };
        self.cursor.select(page, (column, line))
    }

    /// Puts the cursor on a row in view of the left column. Returns whether it was on the same thing already; `None` without such a row.
    pub(crate) fn select_row(&mut self, row: usize) -> Option<bool> {
        let line = self.first() + row;
        (line < self.page()?.lines(0)).then(|| self.select_line(0, line))
    }

    /// Shows something else from its first line on. Folds are kept.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            folds: std::mem::take(&mut self.folds),
            ..Self::default()
        };
    }

    /// Has the page laid out anew before the next frame: what it is about has changed.
    pub(crate) const fn outdate(&mut self) {
        self.size = None;
    }

    /// Brings the cursor into view in an area without title; `lay_out` makes the page if it is outdated or for another size.
    pub(crate) fn fit(&mut self, area: Rect, lay_out: impl FnOnce(PageLayout) -> Option<SpanPage>) {
        let size = (area.width, area.height);
        if self.size != Some(size) {
            self.page = lay_out(self.layout(size, None));
            self.size = Some(size);
        }
        let facts = self.page().map_or(0, SpanPage::facts_height);
        self.height = area.height.saturating_sub(facts).into();
        if let Some(page) = &self.page {
            self.cursor.fit(page, self.height);
        }
    }

    const fn layout(&self, (width, height): (u16, u16), wanted: Option<ItemId>) -> PageLayout<'_> {
        PageLayout {
            width,
            height,
            folds: &self.folds,
            wanted,
        }
    }
}
