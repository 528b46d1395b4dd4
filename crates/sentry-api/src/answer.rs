//! What Sentry answers when it is asked for a trace: spans nested in spans, made flat.
//!
//! `GET /api/0/organizations/{org}/trace/{trace_id}/` is documented at <https://docs.sentry.io/api/explore/retrieve-a-trace/>; its
//! source is `src/sentry/api/endpoints/organization_trace.py` and `src/sentry/snuba/trace.py` in `getsentry/sentry`. It answers with
//! a list; each item is a span (`event_type: "span"`) with `children`, `errors` and `occurrences`, or an error that belongs to no
//! span. Before that there was `/events-trace/`, which answers with an object of `transactions` and `orphan_errors`.

mod read;
mod text;

use std::collections::HashSet;

use trace_model::SpanId;

pub(crate) use read::Page;

/// How many spans of one trace are kept. Sentry's own screen shows no more than a tenth of it.
const SPANS: usize = 100_000;
/// How many errors of one trace are kept: Sentry tells of no more.
const ERRORS: usize = 10_000;

/// What Sentry has of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTrace {
    /// Its spans, each once, in no particular order.
    pub spans: Vec<StoredSpan>,
    /// Its errors, each once.
    pub errors: Vec<StoredError>,
    /// Whether that is all that Sentry has. If not, a span that is not among these may be there all the same: there were more pages
    /// than are read, spans whose ids cannot be read, or it is an old Sentry that tells of transactions alone.
    pub complete: bool,
}

/// A span that Sentry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSpan {
    /// Its id.
    pub span_id: SpanId,
    /// The span above it, as Sentry knows it.
    pub parent_span_id: Option<SpanId>,
    /// What kind of work it is, `http.server`; may be empty.
    pub op: Box<str>,
    /// Its description, or else its name; may be empty.
    pub name: Box<str>,
    /// The slug of the project that it went to; may be empty.
    pub project: Box<str>,
    /// The name of the transaction that it is a part of; may be empty.
    pub transaction: Box<str>,
    /// Whether it is the transaction.
    pub is_transaction: bool,
}

/// An error, or a performance problem, that Sentry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredError {
    /// Sentry's id of the event; may be empty.
    pub event_id: Box<str>,
    /// What it is called in one line; may be empty.
    pub title: Box<str>,
    /// `error`, `warning`, …; may be empty.
    pub level: Box<str>,
    /// The span that it happened in, if Sentry has that.
    pub span_id: Option<SpanId>,
}

/// Puts pages together.
#[derive(Debug)]
pub(crate) struct Pages {
    trace: StoredTrace,
    span_ids: HashSet<SpanId>,
    event_ids: HashSet<Box<str>>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            trace: StoredTrace {
                spans: Vec::new(),
                errors: Vec::new(),
                complete: true,
            },
            span_ids: HashSet::new(),
            event_ids: HashSet::new(),
        }
    }

    /// Takes one more page; false if there was nothing on it that was not known.
    ///
    /// Sentry's endpoint says of itself that it ignores where a page begins, and so may offer the same page for ever.
    pub(crate) fn add(&mut self, page: Page) -> bool {
        let known = (self.trace.spans.len(), self.trace.errors.len());
        self.trace.complete &= page.complete;
        for span in page.spans {
            if self.span_ids.len() < SPANS {
                if self.span_ids.insert(span.span_id) {
                    self.trace.spans.push(span);
                }
            } else {
                self.trace.complete &= self.span_ids.contains(&span.span_id);
            }
        }
        for error in page.errors {
            if self.trace.errors.len() < ERRORS && (error.event_id.is_empty() || self.event_ids.insert(error.event_id.clone())) {
                self.trace.errors.push(error);
            }
        }
        known != (self.trace.spans.len(), self.trace.errors.len())
    }

    /// What is there, though Sentry has more.
    pub(crate) fn incomplete(mut self) -> StoredTrace {
        self.trace.complete = false;
        self.trace
    }

    /// What is there: all.
    pub(crate) fn finish(self) -> StoredTrace {
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
    fn pages_are_one_trace_and_what_is_on_two_is_there_once() {
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
    fn what_is_left_out_is_said() {
        let mut pages = Pages::new();
        pages.add(page(r#"[{"event_type":"span","event_id":"not hexadecimal"}]"#));
        pages.add(page("[]"));
        assert!(!pages.finish().complete);
        assert!(!Pages::new().incomplete().complete);
    }

    #[test]
    fn more_spans_than_are_kept_are_no_complete_trace() {
        let spans = (1..=SPANS + 1).map(|id| format!(r#"{{"event_type":"span","event_id":"{id:016x}"}}"#));
        let json = format!("[{}]", spans.collect::<Vec<_>>().join(","));
        let mut pages = Pages::new();
        pages.add(page(&json));
        let trace = pages.finish();
        assert_eq!((trace.spans.len(), trace.complete), (SPANS, false));
    }
}
