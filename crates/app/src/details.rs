//! The selected span with its errors, decoded and laid out when it is selected or changes.

mod column;
mod cursor;
mod error_details;
mod errors;
mod lines;
mod moments;
mod order;
mod page;
mod page_pane;
mod record;
mod sentry;
mod value;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui_core::layout::Rect;
use trace_model::sentry::{ErrorEvent, Gravity, Verdict};
use trace_model::{
    Attribute, CrossCheck, LogRecord, Revision, RowAnalysis, Span, SpanId, SpanKey, SpanPlaces, SpanTree, Store, TraceId,
};

use super::Waterfall;
use super::layout::below_title;
pub use column::{Item, ItemId, Section};
pub use error_details::ErrorDetails;
pub use lines::{level, log_line, log_text, offset, severity_mark, severity_role};
pub use page::SpanPage;
pub use page_pane::PagePane;
pub(super) use value::whole;
pub use value::{attribute_value, value};

/// Log records of a span that are shown, at most.
pub const LOGS: usize = 200;
/// Error events of a span that are shown, at most.
pub const ERRORS: usize = 20;

/// Looking through so many log records takes a small part of a frame.
const LOGS_PER_FRAME: usize = 10_000;

/// The details pane's state.
#[derive(Debug, Default)]
pub struct Details {
    shown: Option<(TraceId, SpanKey)>,
    read: Option<Revision>,
    /// Location of the span's records when it was decoded, which takes long for a large one.
    places: SpanPlaces,
    /// When the trace began, in nanoseconds since the Unix epoch.
    trace_start: u64,
    content: ShownSpan,
    /// Log records of the trace when they were read.
    logs_of_trace: usize,
    /// Frames until they are read again.
    rest: usize,
    /// True if more were received than read.
    behind: bool,
    pub(super) pane: PagePane,
}

/// All data of a row.
#[derive(Debug, Default, PartialEq)]
pub struct ShownSpan {
    /// The span; `None` for one that has not arrived.
    pub span: Option<Span>,
    /// By time, the first [`ERRORS`] of them and one more if there are more.
    pub errors: Vec<ShownError>,
    /// By time, the first ones of the others; more than [`LOGS`] if there are more.
    pub logs: Vec<LogRecord>,
    /// The span as an envelope had it.
    pub sentry: Option<Span>,
    /// Result of the cross-check.
    pub verdict: Option<Verdict>,
    /// Analysis of its row.
    pub reading: RowAnalysis,
    /// Time on the critical path, and length of that path, in nanoseconds.
    pub critical: Option<(u64, u64)>,
    /// Its links, and those of other spans to it; at most [`LINKS`].
    pub links: Vec<ShownLink>,
}

/// Links of a span that are shown, at most.
pub const LINKS: usize = 50;

/// A link, with what is known of the span at its other end.
#[derive(Debug, PartialEq)]
pub struct ShownLink {
    /// Another span's link to this one.
    pub comes_here: bool,
    /// The other span's trace; `None` where the sender wrote an invalid id.
    pub trace_id: Option<TraceId>,
    /// The other span.
    pub span_id: Option<SpanId>,
    /// The other span's service and name, if it is here.
    pub target: Option<(Arc<str>, Arc<str>)>,
    /// It is known not to be here.
    pub is_absent: bool,
    /// More about it.
    pub attributes: Vec<Attribute>,
}

/// An error event, with what only its log record says.
#[derive(Debug, PartialEq)]
pub struct ShownError {
    /// The event.
    pub event: ErrorEvent,
    /// Service that reported it; empty if unknown.
    pub service: String,
    /// Attributes that are not a part of the event.
    pub attributes: Vec<Attribute>,
    /// Gravity, whatever became of its span.
    pub gravity: Gravity,
}

impl ShownError {
    fn of(log: &LogRecord) -> Option<Self> {
        const OF_EVENTS: [&str; 7] = ["sentry.", "exception.", "tags.", "user.", "request.", "contexts.", "extra."];
        let event = ErrorEvent::of(log)?;
        let others = log.attributes.iter();
        let others = others.filter(|attribute| !OF_EVENTS.iter().any(|prefix| attribute.key.starts_with(prefix)));
        Some(Self {
            gravity: event.gravity(),
            event,
            service: log.service.clone(),
            attributes: others.cloned().collect(),
        })
    }
}

impl Details {
    /// Returns the data of the selected row.
    #[must_use]
    pub const fn content(&self) -> &ShownSpan {
        &self.content
    }

    /// Returns its page, with the cursor; without a page when nothing is selected, or nothing is known of it.
    #[must_use]
    pub const fn pane(&self) -> &PagePane {
        &self.pane
    }

    /// Returns true if log records have to be read at one of the next frames.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// The value under the cursor with its name.
    pub(super) fn value_under_cursor(&self, zone: &TimeZone) -> Option<(String, String)> {
        let (trace_id, key) = self.shown.as_ref()?;
        let times = (self.trace_start, zone);
        self.pane
            .value_under_cursor(|layout| Some(SpanPage::of(&self.content, *trace_id, key, times, layout)))
    }

    pub(super) fn fit(&mut self, store: &Store, waterfall: &Waterfall, area: Rect, (unix_nano, zone): (u64, &TimeZone)) {
        let selected = waterfall.selected();
        let shown = self.shown.as_ref().map(|(trace_id, key)| (*trace_id, key));
        if shown != selected {
            let mut pane = std::mem::take(&mut self.pane);
            pane.restart();
            *self = Self {
                shown: selected.map(|(trace_id, key)| (trace_id, key.clone())),
                pane,
                ..Self::default()
            };
        }
        if let Some((trace_id, key)) = selected {
            self.read(store, trace_id, key, unix_nano);
            self.read_analysis(waterfall);
        }
        let is_known = self.content.span.is_some() || !self.content.errors.is_empty();
        let shown = self.shown.as_ref().filter(|_| is_known);
        self.pane.fit(below_title(area), |layout| {
            let (trace_id, key) = shown?;
            Some(SpanPage::of(&self.content, *trace_id, key, (self.trace_start, zone), layout))
        });
    }

    fn read_analysis(&mut self, waterfall: &Waterfall) {
        let Some((row, outline)) = waterfall.row().zip(waterfall.outline()) else {
            return;
        };
        let critical = outline.analysis().path_to_last_span().ok().map(|path| {
            let own = path
                .sections
                .iter()
                .filter(|section| section.node == row.node && !section.queued);
            let nano = own
                .map(|section| section.end_unix_nano.saturating_sub(section.start_unix_nano))
                .sum();
            (nano, path.nano)
        });
        if (&self.content.reading, &self.content.critical) != (&row.reading, &critical) {
            self.content.reading = row.reading.clone();
            self.content.critical = critical;
            self.pane.outdate();
        }
    }

    fn read(&mut self, store: &Store, trace_id: TraceId, key: &SpanKey, unix_nano: u64) {
        let now = store.trace_revision(trace_id);
        if self.read != now {
            self.read = now;
            let places = store.span_places(trace_id, key);
            if self.places != places {
                self.places = places;
                let span = store.span(trace_id, key);
                let sentry = store.sentry_span(trace_id, key.span_id);
                if (&span, &sentry) != (&self.content.span, &self.content.sentry) {
                    self.content.links = links(store, trace_id, key, span.as_ref());
                    self.content.span = span;
                    self.content.sentry = sentry;
                    self.pane.outdate();
                }
            }
            self.read_logs(store, trace_id, key);
        } else if self.behind {
            self.read_logs(store, trace_id, key);
        }
        // What is expected now is missing a little later.
        let verdict = CrossCheck::of(store, trace_id).and_then(|check| check.verdict(key, unix_nano));
        if verdict != self.content.verdict {
            self.content.verdict = verdict;
            self.pane.outdate();
        }
    }

    /// All records of the trace are looked through: only when there are others than before, and the more there are the less often.
    fn read_logs(&mut self, store: &Store, trace_id: TraceId, key: &SpanKey) {
        let trace = store.trace(trace_id);
        let (logs, start) = trace.map_or((0, 0), |trace| (trace.logs, trace.start_unix_nano));
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
        let errors = store.error_events(trace_id, key.span_id, ERRORS + 1);
        let errors: Vec<_> = errors.iter().filter_map(ShownError::of).collect();
        // Error events are among them, and are shown already.
        let mut logs = store.logs(trace_id, Some(key.span_id), LOGS + 1 + errors.len());
        logs.retain(|log| ErrorEvent::of(log).is_none());
        if (&logs, &errors, start) != (&self.content.logs, &self.content.errors, self.trace_start) {
            self.content.logs = logs;
            self.content.errors = errors;
            self.trace_start = start;
            self.pane.outdate();
        }
    }
}

/// Names are looked up in traces of so many spans at most, and so many traces: that is a small part of a frame.
const LOOKED_THROUGH: usize = 2_000;
const TRACES_LOOKED_THROUGH: usize = 5;

fn links(store: &Store, trace_id: TraceId, key: &SpanKey, span: Option<&Span>) -> Vec<ShownLink> {
    let own = span.map(|span| span.links.as_slice()).unwrap_or_default();
    let own = own.iter().map(|link| ShownLink {
        comes_here: false,
        trace_id: link.trace_id,
        span_id: link.span_id,
        target: None,
        is_absent: false,
        attributes: link.attributes.clone(),
    });
    let others = store.linked_from(trace_id, key.span_id);
    let others = others.into_iter().map(|(trace_id, key)| ShownLink {
        comes_here: true,
        trace_id: Some(trace_id),
        span_id: Some(key.span_id),
        target: None,
        is_absent: false,
        attributes: Vec::new(),
    });
    let mut links: Vec<_> = own.chain(others).take(LINKS).collect();
    let mut trees: Vec<(TraceId, SpanTree)> = Vec::new();
    for link in &mut links {
        let Some(trace_id) = link.trace_id else { continue };
        if !trees.iter().any(|(known, _)| *known == trace_id) {
            let spans = store.trace(trace_id).map(|trace| trace.spans);
            link.is_absent = spans.is_none();
            if spans.is_none_or(|spans| spans > LOOKED_THROUGH) || trees.len() == TRACES_LOOKED_THROUGH {
                continue;
            }
            trees.push((trace_id, SpanTree::of(store, trace_id)));
        }
        let tree = trees.iter().find(|(known, _)| *known == trace_id);
        let mut nodes = tree.into_iter().flat_map(|(_, tree)| tree.nodes());
        let found = nodes.find(|node| node.arrived && Some(node.key.span_id) == link.span_id);
        link.is_absent = found.is_none();
        link.target = found.map(|node| (node.key.service.clone(), node.name.clone()));
    }
    links
}
