//! The selected span, decoded when it is selected or changes.

use ratatui::layout::Rect;
use trace_model::{Log, Revision, Span, SpanKey, Store, TraceId};

use super::{Action, scrolled};
use crate::view::SpanPage;

/// How many log records of a span are shown.
pub const LOGS: usize = 200;

/// The details pane's state.
#[derive(Debug, Default)]
pub struct Details {
    shown: Option<(TraceId, SpanKey)>,
    read: Option<Revision>,
    span: Option<Span>,
    logs: Vec<Log>,
    /// How many log records the trace had when they were read.
    logs_of_trace: usize,
    first: usize,
    height: usize,
    lines: usize,
    /// For which width the lines were counted; none when the span has changed since.
    counted: Option<u16>,
}

impl Details {
    /// The span; `None` when nothing is selected, or it has not arrived.
    #[must_use]
    pub const fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// Its log records by time, the first [`LOGS`] of them and one more if there are more.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The first line in view.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.first
    }

    /// How many lines there are.
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.lines
    }

    pub(super) fn update(&mut self, action: Action) {
        self.first = scrolled(self.first, action, self.height).min(self.lines.saturating_sub(self.height));
    }

    pub(super) fn fit(&mut self, store: &Store, selected: Option<(TraceId, &SpanKey)>, area: Rect) {
        let shown = self.shown.as_ref().map(|(trace_id, key)| (*trace_id, key));
        if shown != selected {
            *self = Self {
                shown: selected.map(|(trace_id, key)| (trace_id, key.clone())),
                ..Self::default()
            };
        }
        let now = selected.and_then(|(trace_id, _)| store.trace_revision(trace_id));
        if self.read != now || self.span.is_none() {
            self.span = selected.and_then(|(trace_id, key)| store.span(trace_id, key));
            self.read = now;
            self.counted = None;
            self.read_logs(store, selected);
        }
        self.height = usize::from(area.height.saturating_sub(2));
        if self.counted != Some(area.width) {
            let page = self.span.as_ref().map(|span| SpanPage::of(span, &self.logs, area.width));
            self.lines = page.map_or(0, |page| page.height());
            self.counted = Some(area.width);
        }
        self.first = self.first.min(self.lines.saturating_sub(self.height));
    }

    /// All records of the trace are looked through, so only when there are others than before.
    fn read_logs(&mut self, store: &Store, selected: Option<(TraceId, &SpanKey)>) {
        let Some((trace_id, key)) = selected.filter(|_| self.span.is_some()) else {
            return;
        };
        let logs = store.trace(trace_id).map_or(0, |trace| trace.logs);
        if logs != self.logs_of_trace {
            self.logs_of_trace = logs;
            self.logs = store.logs(trace_id, Some(key.span_id), LOGS + 1);
        }
    }
}
