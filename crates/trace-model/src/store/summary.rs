//! What a trace's line in the list says: computed from its records when somebody looks.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::Record;
use super::trace::Trace;
use super::{Contents, Store};
use crate::{Source, StatusCode, TraceId};

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
    /// Log records held.
    pub logs: usize,
    /// Spans not taken because there was no room left for them: the trace alone fills the store's budget, or pinned ones do.
    pub truncated: usize,
    /// Whether it stays whatever comes.
    pub pinned: bool,
    /// What reached Sentry.
    pub sentry: SentryReach,
}

pub(super) fn summarise(store: &Store, trace: &Trace, trace_id: TraceId) -> TraceSummary {
    let contents = &store.contents;
    let (mut start, mut end) = (u64::MAX, 0);
    let (mut errors, mut in_flight) = (0, 0);
    let mut sentry = SentryReach::default();
    let mut services = Services::default();
    let mut root: Option<&Record> = None;
    for at in contents.records(trace.spans) {
        let record = contents.log.get(at);
        start = start.min(record.start_unix_nano);
        end = end.max(record.start_unix_nano).max(record.end_unix_nano);
        errors += usize::from(record.status() == StatusCode::Error);
        in_flight += usize::from(record.in_flight());
        services.add(record);
        if root.is_none_or(|root| is_before(contents, record, root)) {
            root = Some(record);
        }
        if contents.origins.get(record.origin).source != Source::Viewer {
            sentry.expected += 1;
            sentry.reached += usize::from(record.span_id().is_some_and(|id| trace.reached_sentry(id)));
        }
    }
    TraceSummary {
        trace_id,
        root: root.map_or_else(
            || Root {
                service: "".into(),
                name: "".into(),
                arrived: false,
            },
            |record| Root {
                service: contents.origins.get(record.origin).service.clone(),
                name: contents.names.get(record.name).clone(),
                arrived: record.is_root(),
            },
        ),
        services: services.names(contents),
        start_unix_nano: start.min(end),
        duration_nano: end.saturating_sub(start),
        spans: trace.spans.count as usize,
        errors,
        in_flight,
        logs: trace.logs.count as usize,
        truncated: trace.truncated as usize,
        pinned: trace.pinned,
        sentry,
    }
}

/// Spans without a parent first, then by start; the key decides between equals, so that the order of arrival does not.
fn is_before(contents: &Contents, one: &Record, other: &Record) -> bool {
    let rank = |record: &Record| (!record.is_root(), record.start_unix_nano);
    match rank(one).cmp(&rank(other)) {
        std::cmp::Ordering::Equal => contents.key(one) < contents.key(other),
        order => order.is_lt(),
    }
}

/// Each origin with its first start.
#[derive(Default)]
struct Services {
    first_starts: HashMap<u32, u64>,
    /// Neighbours mostly share their origin.
    last: Option<(u32, u64)>,
}

impl Services {
    fn add(&mut self, record: &Record) {
        match &mut self.last {
            Some((origin, first)) if *origin == record.origin => *first = record.start_unix_nano.min(*first),
            _ => {
                self.flush();
                self.last = Some((record.origin, record.start_unix_nano));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((origin, start)) = self.last.take() {
            let first = self.first_starts.entry(origin).or_insert(u64::MAX);
            *first = start.min(*first);
        }
    }

    fn names(mut self, contents: &Contents) -> Vec<Arc<str>> {
        self.flush();
        let mut first_starts: HashMap<&Arc<str>, u64> = HashMap::new();
        for (origin, start) in self.first_starts {
            let first = first_starts.entry(&contents.origins.get(origin).service).or_insert(u64::MAX);
            *first = start.min(*first);
        }
        let mut services: Vec<_> = first_starts.into_iter().collect();
        services.sort_unstable_by_key(|(service, start)| (*start, *service));
        services.into_iter().map(|(service, _)| service.clone()).collect()
    }
}
