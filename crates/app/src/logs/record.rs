//! The record under the cursor: its body, attributes, resource and scope.

use jiff::tz::TimeZone;
use ratatui_core::layout::Rect;
use trace_model::{LogId, LogRecord, Store};

use crate::Action;
use crate::details::{Cursor, Folds, Item, Section, SpanPage};

/// The record's pane.
#[derive(Debug, Default)]
pub struct RecordPane {
    of: Option<LogId>,
    record: Option<LogRecord>,
    cursor: Cursor,
    /// Folds of the sections, for all records.
    folds: Folds,
    /// The page, for a size.
    page: Option<((u16, u16), SpanPage)>,
    height: usize,
}

impl RecordPane {
    /// Returns the identity of the record.
    #[must_use]
    pub const fn id(&self) -> Option<LogId> {
        self.of
    }

    /// Returns the record.
    #[must_use]
    pub const fn record(&self) -> Option<&LogRecord> {
        self.record.as_ref()
    }

    /// Returns its page.
    #[must_use]
    pub fn page(&self) -> Option<&SpanPage> {
        self.page.as_ref().map(|(_, page)| page)
    }

    /// The first line in view.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.cursor.first()
    }

    /// Returns the item under the cursor.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.cursor.item(self.page()?)
    }

    /// Returns the section under the cursor.
    #[must_use]
    pub fn section(&self) -> Option<&Section> {
        self.cursor.section(self.page()?)
    }

    /// Returns the value under the cursor with its name.
    pub(super) fn value_under_cursor(&self, zone: &TimeZone) -> Option<(String, String)> {
        let wanted = self.item().filter(|item| item.is_value)?.id;
        let (size, _) = self.page.as_ref()?;
        SpanPage::of_record(self.record.as_ref()?, zone, (&self.folds, Some(wanted)), *size).found
    }

    pub(super) fn update(&mut self, action: Action) {
        let Some((_, page)) = &self.page else { return };
        match action {
            Action::Left | Action::Right => self.cursor.go_to_section(page, action == Action::Right, self.height),
            Action::ToggleFold | Action::Open => {
                if let Some(item) = self.item().filter(|item| item.is_fold).copied() {
                    self.folds.toggle(item.id);
                    self.page = None;
                }
            }
            _ => self.cursor.update(page, action, self.height),
        }
    }

    /// Goes to the section of this name.
    pub(super) fn open_section(&mut self, name: &str) {
        let Some((_, page)) = &self.page else { return };
        if let Some(section) = page.sections().iter().find(|section| section.name == name) {
            self.cursor.go_to(page, (section.column, section.line), self.height);
        }
    }

    /// Puts the cursor on a line of a column. Returns whether it was on the same thing already.
    pub(super) fn select_line(&mut self, column: usize, line: usize) -> bool {
        let Some((_, page)) = &self.page else { return false };
        self.cursor.select(page, (column, line))
    }

    pub(super) fn fit(&mut self, store: &Store, id: Option<LogId>, area: Rect, zone: &TimeZone) {
        if self.of != id {
            self.record = id.and_then(|id| store.stored_log(id)?.decode());
            self.of = id.filter(|_| self.record.is_some());
            self.cursor = Cursor::default();
            self.page = None;
        }
        let size = (area.width, area.height);
        if self.page.as_ref().is_none_or(|(of, _)| *of != size) {
            let page = |record| SpanPage::of_record(record, zone, (&self.folds, None), size);
            self.page = self.record.as_ref().map(|record| (size, page(record)));
        }
        let facts = self.page().map_or(1, SpanPage::facts_height);
        self.height = usize::from(area.height.saturating_sub(1 + facts));
        if let Some((_, page)) = &self.page {
            self.cursor.fit(page, self.height);
        }
    }
}
