//! The spans of one trace, and what its line in the list says.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::{Source, SpanId, SpanKey, SpanRecord, StatusCode, TraceId};

/// What the first span of a trace says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its service; empty when it has none.
    pub service: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// False while no span without a parent has arrived; then this is the earliest span there is.
    pub arrived: bool,
}

/// How many spans of a trace reached Sentry, of those that should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SentryReach {
    /// Spans that are here and were in an envelope as well.
    pub reached: usize,
    /// Spans that services sent; the viewer's own are for the local screen alone.
    pub expected: usize,
}

/// What the list and the header of the waterfall say of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// Which trace.
    pub trace_id: TraceId,
    /// Where it begins.
    pub root: Root,
    /// The services in it, by their first span's start; a service without a name is the empty string.
    pub services: Vec<Arc<str>>,
    /// The earliest start, in nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// From the earliest start to the latest end (or start, of a span in flight), in nanoseconds.
    pub duration_nano: u64,
    /// Spans held.
    pub spans: usize,
    /// Spans with status error.
    pub errors: usize,
    /// Spans whose end has not been seen.
    pub in_flight: usize,
    /// Spans not taken because the trace alone fills the store's budget.
    pub truncated: usize,
    /// What reached Sentry.
    pub sentry: SentryReach,
}

/// What became of a record.
#[derive(Debug)]
pub(crate) enum Put {
    /// Its span was not there.
    New,
    /// It took the place of this one, at this position.
    Replaced(usize, SpanRecord),
    /// What was known says as much or more.
    Known,
}

#[derive(Debug)]
pub(crate) struct Trace {
    id: TraceId,
    /// The store's clock when it was first heard of.
    pub(crate) arrival: u64,
    /// The store's clock at its last change.
    pub(crate) activity: u64,
    spans: Vec<SpanRecord>,
    index: HashMap<SpanKey, usize>,
    sentry: HashSet<SpanId>,
    truncated: usize,
    bytes: usize,
    summary: OnceCell<TraceSummary>,
}

/// What a span's place in the index and a Sentry mark cost, about.
const INDEX_BYTES: usize = size_of::<(SpanKey, usize)>() * 2;
const SENTRY_BYTES: usize = size_of::<SpanId>() * 2;

impl Trace {
    pub(crate) fn new(trace_id: TraceId, now: u64) -> Self {
        Self {
            id: trace_id,
            arrival: now,
            activity: now,
            spans: Vec::new(),
            index: HashMap::new(),
            sentry: HashSet::new(),
            truncated: 0,
            bytes: size_of::<Self>(),
            summary: OnceCell::new(),
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn spans(&self) -> &[SpanRecord] {
        &self.spans
    }

    pub(crate) fn get(&self, key: &SpanKey) -> Option<&SpanRecord> {
        self.index.get(key).map(|at| &self.spans[*at])
    }

    pub(crate) fn reached_sentry(&self, span_id: SpanId) -> bool {
        self.sentry.contains(&span_id)
    }

    /// Keeps a record, or what is known of its span already.
    ///
    /// Of two records of one span that with the later end stays (0, in flight, is the earliest), and of two with the same end
    /// the one whose bytes sort last: any rule would do, as long as the order of arrival does not matter.
    pub(crate) fn put(&mut self, span: SpanRecord) -> Put {
        self.summary.take();
        let key = span.key();
        let Some(at) = self.index.get(&key).copied() else {
            self.bytes += span.bytes() + INDEX_BYTES;
            self.index.insert(key, self.spans.len());
            self.spans.push(span);
            return Put::New;
        };
        let known = &self.spans[at];
        if (span.end_unix_nano, &span.raw) > (known.end_unix_nano, &known.raw) {
            Put::Replaced(at, self.replace(at, span))
        } else {
            Put::Known
        }
    }

    fn replace(&mut self, at: usize, span: SpanRecord) -> SpanRecord {
        self.bytes = self.bytes + span.bytes() - self.spans[at].bytes();
        std::mem::replace(&mut self.spans[at], span)
    }

    /// Takes back what [`Trace::put`] did; a new span that has to go is noted.
    pub(crate) fn undo(&mut self, put: Put) {
        self.summary.take();
        match put {
            Put::Known => {}
            Put::Replaced(at, before) => {
                self.replace(at, before);
            }
            Put::New => {
                if let Some(span) = self.spans.pop() {
                    self.index.remove(&span.key());
                    self.bytes -= span.bytes() + INDEX_BYTES;
                    self.truncated += 1;
                }
            }
        }
    }

    pub(crate) fn add_sentry(&mut self, spans: impl IntoIterator<Item = SpanId>) {
        self.summary.take();
        for span in spans {
            if self.sentry.insert(span) {
                self.bytes += SENTRY_BYTES;
            }
        }
    }

    pub(crate) fn forget_sentry(&mut self) {
        self.summary.take();
        self.bytes -= self.sentry.len() * SENTRY_BYTES;
        self.sentry = HashSet::new();
    }

    /// Computed once per change of the trace, when somebody looks.
    pub(crate) fn summary(&self) -> TraceSummary {
        self.summary.get_or_init(|| self.summarise()).clone()
    }

    fn summarise(&self) -> TraceSummary {
        let start = self.spans.iter().map(|span| span.start_unix_nano).min().unwrap_or(0);
        let end = self
            .spans
            .iter()
            .map(|span| span.end_unix_nano.max(span.start_unix_nano))
            .max()
            .unwrap_or(0);
        let count = |wanted: fn(&SpanRecord) -> bool| self.spans.iter().filter(|span| wanted(span)).count();
        TraceSummary {
            trace_id: self.id,
            root: self.root(),
            services: self.services(),
            start_unix_nano: start,
            duration_nano: end - start,
            spans: self.spans.len(),
            errors: count(|span| span.status == StatusCode::Error),
            in_flight: count(SpanRecord::in_flight),
            truncated: self.truncated,
            sentry: self.sentry_reach(),
        }
    }

    fn root(&self) -> Root {
        let first = self
            .spans
            .iter()
            .min_by_key(|span| (span.parent_span_id.is_some(), span.start_unix_nano, span.key()));
        first.map_or_else(
            || Root {
                service: "".into(),
                name: "".into(),
                arrived: false,
            },
            |span| Root {
                service: span.origin.service.clone(),
                name: span.name.clone(),
                arrived: span.parent_span_id.is_none(),
            },
        )
    }

    fn services(&self) -> Vec<Arc<str>> {
        let mut first_start: HashMap<&Arc<str>, u64> = HashMap::new();
        for span in &self.spans {
            let start = first_start.entry(&span.origin.service).or_insert(u64::MAX);
            *start = span.start_unix_nano.min(*start);
        }
        let mut services: Vec<_> = first_start.into_iter().collect();
        services.sort_unstable_by_key(|(service, start)| (*start, *service));
        services.into_iter().map(|(service, _)| service.clone()).collect()
    }

    fn sentry_reach(&self) -> SentryReach {
        let expected = self.spans.iter().filter(|span| span.origin.source != Source::Viewer);
        let reached = expected.clone().filter(|span| self.sentry.contains(&span.span_id)).count();
        SentryReach {
            reached,
            expected: expected.count(),
        }
    }
}
