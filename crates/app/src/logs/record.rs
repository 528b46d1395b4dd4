//! The record under the cursor: its body, attributes, resource and scope.

use jiff::tz::TimeZone;
use ratatui_core::layout::Rect;
use trace_model::{LogId, LogRecord, Store};

use crate::details::{PagePane, SpanPage};
use crate::layout::below_title;

/// A record, with its page.
#[derive(Debug, Default)]
pub struct RecordDetails {
    of: Option<LogId>,
    record: Option<LogRecord>,
    pub(super) pane: PagePane,
}

impl RecordDetails {
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

    /// Returns its page, with the cursor.
    #[must_use]
    pub const fn pane(&self) -> &PagePane {
        &self.pane
    }

    /// Returns the value under the cursor with its name.
    pub(super) fn value_under_cursor(&self, zone: &TimeZone) -> Option<(String, String)> {
        self.pane
            .value_under_cursor(|layout| Some(SpanPage::of_record(self.record()?, zone, layout)))
    }

    pub(super) fn fit(&mut self, store: &Store, id: Option<LogId>, area: Rect, zone: &TimeZone) {
        if self.of != id {
            self.record = id.and_then(|id| Some(store.stored_log(id)?.decode()));
            self.of = id.filter(|_| self.record.is_some());
            self.pane.restart();
        }
        let record = self.record.as_ref();
        self.pane
            .fit(below_title(area), |layout| Some(SpanPage::of_record(record?, zone, layout)));
    }
}
