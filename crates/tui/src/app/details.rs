//! The selected span, decoded and laid out when it is selected or changes.

use ratatui::layout::Rect;
use trace_model::{Log, Revision, Span, SpanKey, Store, TraceId};

use super::{Action, scrolled};
use crate::view::SpanPage;

/// How many log records of a span are shown.
pub const LOGS: usize = 200;

/// Looking through so many log records takes a small part of a frame.
const LOGS_PER_FRAME: usize = 10_000;

/// The details pane's state.
#[derive(Debug, Default)]
pub struct Details {
    shown: Option<(TraceId, SpanKey)>,
    read: Option<Revision>,
    span: Option<Span>,
    /// By time, the first [`LOGS`] of them and one more if there are more.
    logs: Vec<Log>,
    /// How many log records the trace had when they were read.
    logs_of_trace: usize,
    /// How many frames they stay as they are.
    rest: usize,
    /// There are more of them than were read.
    behind: bool,
    first: usize,
    height: usize,
    /// For which width it is laid out; none when the span has changed since.
    page: Option<(u16, SpanPage)>,
}

impl Details {
    /// The span; `None` when nothing is selected, or it has not arrived.
    #[must_use]
    pub const fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// What the pane says.
    #[must_use]
    pub fn page(&self) -> Option<&SpanPage> {
        self.page.as_ref().map(|(_, page)| page)
    }

    /// Whether there are log records that have to be read at one of the next frames.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// The first line in view.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.first
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.page().map_or(0, SpanPage::height)
    }

    pub(super) fn update(&mut self, action: Action) {
        self.first = scrolled(self.first, action, self.height).min(self.lines().saturating_sub(self.height));
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
            let span = selected.and_then(|(trace_id, key)| store.span(trace_id, key));
            self.read = now;
            if span != self.span {
                self.span = span;
                self.page = None;
            }
            self.read_logs(store, selected);
        } else if self.behind {
            self.read_logs(store, selected);
        }
        self.height = usize::from(area.height.saturating_sub(2));
        if self.page.as_ref().is_none_or(|(width, _)| *width != area.width) {
            let span = self.span.as_ref();
            self.page = span.map(|span| (area.width, SpanPage::of(span, &self.logs, area.width)));
        }
        self.first = self.first.min(self.lines().saturating_sub(self.height));
    }

    /// All records of the trace are looked through: only when there are others than before, and the more there are the less often.
    fn read_logs(&mut self, store: &Store, selected: Option<(TraceId, &SpanKey)>) {
        let Some((trace_id, key)) = selected.filter(|_| self.span.is_some()) else {
            return;
        };
        let logs = store.trace(trace_id).map_or(0, |trace| trace.logs);
        self.behind = logs != self.logs_of_trace;
        if !self.behind {
            return;
        }
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        self.behind = false;
        self.logs_of_trace = logs;
        self.rest = logs / LOGS_PER_FRAME;
        let logs = store.logs(trace_id, Some(key.span_id), LOGS + 1);
        if logs != self.logs {
            self.logs = logs;
            self.page = None;
        }
    }
}
