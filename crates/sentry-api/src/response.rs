//! Sentry's response for a trace: nested spans, flattened.
//!
//! `GET /api/0/organizations/{org}/trace/{trace_id}/` is documented at <https://docs.sentry.io/api/explore/retrieve-a-trace/>;
//! its source is `src/sentry/api/endpoints/organization_trace.py` and `src/sentry/snuba/trace.py` in `getsentry/sentry`. It
//! returns a list; each item is a span (`event_type: "span"`) with `children`, `errors` and `occurrences`, or an error without a
//! span. Its predecessor is `/events-trace/`, which returns an object of `transactions` and `orphan_errors`.

mod read;
mod text;

use std::collections::HashSet;

use trace_model::SpanId;

pub(crate) use read::Page;

/// Spans kept per trace. Sentry's own UI shows no more than a tenth of them.
const SPANS_MAX: usize = 100_000;
/// Errors kept per trace: Sentry returns no more.
const ERRORS_MAX: usize = 10_000;

/// Sentry's data for a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentryTrace {
    /// Unique spans in no particular order.
    pub spans: Vec<SentrySpan>,
    /// Unique errors.
    pub errors: Vec<SentryError>,
    /// True if this is all of Sentry's data. If not, a missing span may be stored all the same: there were more pages than are
    /// read, spans with invalid ids, or an old Sentry returned transactions only.
    pub complete: bool,
}

/// A span stored in Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentrySpan {
    /// Its id.
    pub span_id: SpanId,
    /// Its parent according to Sentry.
    pub parent_span_id: Option<SpanId>,
    /// Operation such as `http.server`; may be empty.
    pub op: Box<str>,
    /// Its description or, without one, its name; may be empty.
    pub name: Box<str>,
    /// Slug of its project; may be empty.
    pub project: Box<str>,
    /// Name of its transaction; may be empty.
    pub transaction: Box<str>,
    /// True if the span is the transaction's root.
    pub is_transaction: bool,
}

/// An error or performance issue stored in Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentryError {
    /// Sentry's event id; may be empty.
    pub event_id: Box<str>,
    /// One-line title; may be empty.
    pub title: Box<str>,
    /// `error`, `warning`, …; may be empty.
    pub level: Box<str>,
    /// The span it occurred in, if Sentry knows it.
    pub span_id: Option<SpanId>,
}

/// Merges pages.
#[derive(Debug)]
pub(crate) struct Pages {
    trace: SentryTrace,
    span_ids: HashSet<SpanId>,
    event_ids: HashSet<Box<str>>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            trace: SentryTrace {
                spans: Vec::new(),
                errors: Vec::new(),
                complete: true,
            },
            span_ids: HashSet::new(),
            event_ids: HashSet::new(),
        }
    }

    /// Adds a page; returns false if everything on it was already known.
    ///
    /// Sentry's endpoint is documented to ignore the cursor, so it may return the same page forever.
    pub(crate) fn add(&mut self, page: Page) -> bool {
        let known = (self.trace.spans.len(), self.trace.errors.len());
        self.trace.complete &= page.complete;
        for span in page.spans {
            if self.span_ids.len() < SPANS_MAX {
                if self.span_ids.insert(span.span_id) {
                    self.trace.spans.push(span);
                }
            } else {
                self.trace.complete &= self.span_ids.contains(&span.span_id);
            }
        }
        for error in page.errors {
            if self.trace.errors.len() < ERRORS_MAX
                && (error.event_id.is_empty() || self.event_ids.insert(error.event_id.clone()))
            {
                self.trace.errors.push(error);
            }
        }
        known != (self.trace.spans.len(), self.trace.errors.len())
    }

    /// Returns the data of the pages so far; Sentry has more.
    pub(crate) fn incomplete(mut self) -> SentryTrace {
        self.trace.complete = false;
        self.trace
    }

    /// Returns the data of all pages.
    pub(crate) fn finish(self) -> SentryTrace {
        self.trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Page {
        Page::read(json.as_bytes()).expect("a trace")
    }

    #[test]
    fn pages_are_merged_without_duplicates() {
        let first = r#"[{"event_type":"span","event_id":"b7ad6b7169203331","errors":[{"event_type":"error","event_id":"e1"}]}]"#;
        let second =
            r#"[{"event_type":"span","event_id":"b7ad6b7169203331"},{"event_type":"span","event_id":"c7ad6b7169203331"}]"#;
        let mut pages = Pages::new();
        assert!(pages.add(page(first)));
        assert!(!pages.add(page(first)), "nothing new");
        assert!(pages.add(page(second)));
        let trace = pages.finish();
        assert_eq!((trace.spans.len(), trace.errors.len(), trace.complete), (2, 1, true));
    }

    #[test]
    fn omitted_spans_make_the_trace_incomplete() {
        let mut pages = Pages::new();
        pages.add(page(r#"[{"event_type":"span","event_id":"not hexadecimal"}]"#));
        pages.add(page("[]"));
        assert!(!pages.finish().complete);
        assert!(!Pages::new().incomplete().complete);
    }

    #[test]
    fn spans_over_the_limit_make_the_trace_incomplete() {
        let spans = (1..=SPANS_MAX + 1).map(|id| format!(r#"{{"event_type":"span","event_id":"{id:016x}"}}"#));
        let json = format!("[{}]", spans.collect::<Vec<_>>().join(","));
        let mut pages = Pages::new();
        pages.add(page(&json));
        let trace = pages.finish();
        assert_eq!((trace.spans.len(), trace.complete), (SPANS_MAX, false));
    }
}
