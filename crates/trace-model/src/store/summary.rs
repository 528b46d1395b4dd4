//! What a trace's line in the list says: computed from its records when somebody looks.

use std::cell::Cell;
use std::sync::Arc;

use hashbrown::HashMap;

use super::cross_check::{Finding, SentryReach};
use super::record::{Record, Slot};
use super::trace::Trace;
use super::{Contents, Store};
use crate::sentry::Against;
use crate::work::{self, VISIT};
use crate::{StatusCode, TraceId};

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

/// In how many parts of equal length a trace's shape is.
pub const SHAPE: usize = 12;

/// What the list and the header of the waterfall say of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// Which trace.
    pub trace_id: TraceId,
    /// Where it begins.
    pub root: Root,
    /// The services in it, by their first span's start; a service without a name is the empty string. Shared, as each frame
    /// copies the summary and a trace may have tens of thousands.
    pub services: Arc<[Arc<str>]>,
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
    /// Of these, how many tell of an error.
    pub error_events: usize,
    /// Of these, how many are messages or warnings: their severity is below that of an error.
    pub mild_events: usize,
    /// Spans not taken because there was no room left for them: the trace alone fills the store's budget, or pinned ones do.
    pub truncated: usize,
    /// How many spans were at work in each part of its duration, in eighths of the most that were at once, or of four.
    pub shape: [u8; SHAPE],
    /// Whether it stays whatever comes.
    pub pinned: bool,
    /// What reached Sentry.
    pub sentry: SentryReach,
}

/// A summary with what it depends on besides its trace.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) summary: TraceSummary,
    /// [`super::evidence::SentrySide::epoch`] and [`super::evidence::SentrySide::strays`] at that time.
    epoch: u64,
    strays: u64,
}

/// Where a trace keeps its summary, once somebody has looked.
#[derive(Default)]
pub(super) struct Cache(Cell<Option<Arc<Cached>>>);

impl Cache {
    pub(super) fn get(&self) -> Option<Arc<Cached>> {
        let cached = self.0.take();
        self.0.set(cached.clone());
        cached
    }

    pub(super) fn forget(&self) {
        self.0.set(None);
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cache").field(&self.get()).finish()
    }
}

impl Cached {
    fn is_valid(&self, store: &Store) -> bool {
        let sentry = &self.summary.sentry;
        // One that has all its spans misses none. One that was compared with nothing may have something now.
        let misses = sentry.reached + sentry.sentry_only < self.summary.spans;
        self.epoch == store.sentry.epoch && (self.strays == store.sentry.strays || !misses)
    }
}

impl Store {
    pub(super) fn summary(&self, slot: Slot) -> Option<Arc<Cached>> {
        let trace = &self.traces[slot];
        let trace_id = trace.id.filter(|_| trace.is_listed())?;
        let cached = trace.summary.get().filter(|cached| cached.is_valid(self));
        let cached = cached.unwrap_or_else(|| {
            Arc::new(Cached {
                summary: summarise(self, slot, trace, trace_id),
                epoch: self.sentry.epoch,
                strays: self.sentry.strays,
            })
        });
        trace.summary.0.set(Some(cached.clone()));
        Some(cached)
    }
}

impl Contents {
    /// How many of a trace's error events have a severity below that of an error: looked for only where there are any.
    pub(super) fn mild_events(&self, trace: &Trace) -> usize {
        if trace.error_events == 0 {
            return 0;
        }
        let logs = self.records(trace.logs).map(|at| self.log.get(at));
        logs.filter(|record| record.is_mild()).count()
    }
}

fn summarise(store: &Store, slot: Slot, trace: &Trace, trace_id: TraceId) -> TraceSummary {
    let contents = &store.contents;
    let (mut start, mut end, mut first_end) = (u64::MAX, 0, u64::MAX);
    let (mut errors, mut in_flight) = (0, 0);
    let mut services = Services::default();
    let mut root: Option<&Record> = None;
    let spans = contents.records(trace.spans).chain(contents.records(trace.sentry));
    work::add(trace.spans.count as usize * VISIT);
    for record in spans.map(|at| contents.log.get(at)).filter(|record| record.is_row()) {
        start = start.min(record.known_start().unwrap_or(u64::MAX));
        end = end.max(record.start_unix_nano).max(record.end_unix_nano);
        if !record.in_flight() {
            first_end = first_end.min(record.end_unix_nano);
        }
        errors += usize::from(record.status() == StatusCode::Error);
        in_flight += usize::from(record.in_flight());
        services.add(record);
        if root.is_none_or(|root| is_before(contents, record, root)) {
            root = Some(record);
        }
    }
    if start == u64::MAX {
        // No span says when it began.
        start = first_end;
    }
    if trace.rows() == 0 {
        // Errors and logs alone: what was said first, errors before all else.
        for record in contents.records(trace.logs).map(|at| contents.log.get(at)) {
            start = start.min(record.start_unix_nano);
            end = end.max(record.start_unix_nano);
            services.add(record);
            let rank = |record: &Record| {
                (
                    !record.is_error_event(),
                    record.start_unix_nano,
                    contents.names.get(record.name),
                )
            };
            if root.is_none_or(|root| rank(record) < rank(root)) {
                root = Some(record);
            }
        }
    }
    let sentry = reach(store, slot, trace, end);
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
                arrived: trace.rows() > 0 && record.is_root(),
            },
        ),
        services: services.names(contents),
        start_unix_nano: start.min(end),
        duration_nano: end.saturating_sub(start),
        spans: trace.rows() as usize,
        errors,
        in_flight,
        logs: trace.logs.count as usize,
        error_events: trace.error_events as usize,
        mild_events: contents.mild_events(trace),
        truncated: trace.truncated as usize,
        shape: shape(contents, trace, start, end),
        pinned: trace.pinned,
        sentry,
    }
}

/// Each span counts in the parts that it began, ended, or was at work in.
fn shape(contents: &Contents, trace: &Trace, start: u64, end: u64) -> [u8; SHAPE] {
    let duration = end.saturating_sub(start);
    // Of the longest durations the lowest bits are left out, so that nothing overflows.
    let spare = 4_u32.saturating_sub(duration.leading_zeros());
    let part = |moment: u64| {
        let from_start = moment.saturating_sub(start).min(duration) >> spare;
        let part = from_start * SHAPE as u64 / (duration >> spare).max(1);
        usize::try_from(part).unwrap_or(SHAPE).min(SHAPE - 1)
    };
    // How many more there are in a part than in the one before it.
    let mut changes = [0_i64; SHAPE + 1];
    let spans = contents.records(trace.spans).chain(contents.records(trace.sentry));
    for record in spans.map(|at| contents.log.get(at)).filter(|record| record.is_row()) {
        let last = if record.in_flight() { end } else { record.end_unix_nano };
        let first = part(record.known_start().unwrap_or(start));
        changes[first] += 1;
        changes[part(last).max(first) + 1] -= 1;
    }
    let mut at_work = 0;
    let counts: [i64; SHAPE] = std::array::from_fn(|part| {
        at_work += changes[part];
        at_work
    });
    // Few spans shall look like few.
    let most = counts.iter().copied().max().unwrap_or(0).max(4);
    counts.map(|count| u8::try_from((count * 8 + most - 1) / most).unwrap_or(8))
}

fn reach(store: &Store, slot: Slot, trace: &Trace, ends: u64) -> SentryReach {
    let against = store.against(slot);
    let mut reach = SentryReach {
        against,
        due_unix_nano: u64::MAX,
        ..SentryReach::default()
    };
    if trace.rows() == 0 || (against == Against::Nothing && store.knows_no_sentry()) {
        return reach;
    }
    let spans = store
        .contents
        .records(trace.spans)
        .chain(store.contents.records(trace.sentry));
    for at in spans.filter(|at| store.contents.log.get(*at).is_row()) {
        let finding = store.finding(slot, at, ends);
        reach.expected += usize::from(!matches!(
            finding,
            Finding::NotSent | Finding::NotChecked | Finding::SentryOnly
        ));
        match finding {
            Finding::NotChecked | Finding::NotSent => {}
            Finding::SentryOnly => reach.sentry_only += 1,
            Finding::Reached => reach.reached += 1,
            Finding::Differs(_) => reach.differs += 1,
            Finding::Absent { due, .. } => reach.due_unix_nano = reach.due_unix_nano.min(due),
        }
    }
    if against == Against::Nothing && reach.expected > 0 {
        // A service in it talks to Sentry elsewhere.
        reach.against = Against::Endpoint;
    }
    reach
}

/// Spans without a parent first, then by start; the key decides between equals, so that the order of arrival does not.
fn is_before(contents: &Contents, one: &Record, other: &Record) -> bool {
    let rank = |record: &Record| (!record.is_root(), record.known_start().unwrap_or(u64::MAX));
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
        let start = record.known_start().unwrap_or(u64::MAX);
        match &mut self.last {
            Some((origin, first)) if *origin == record.origin => *first = start.min(*first),
            _ => {
                self.flush();
                self.last = Some((record.origin, start));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((origin, start)) = self.last.take() {
            let first = self.first_starts.entry(origin).or_insert(u64::MAX);
            *first = start.min(*first);
        }
    }

    fn names(mut self, contents: &Contents) -> Arc<[Arc<str>]> {
        self.flush();
        let mut first_starts: HashMap<&Arc<str>, u64> = HashMap::with_capacity(self.first_starts.len());
        for (origin, start) in self.first_starts {
            let first = first_starts.entry(&contents.origins.get(origin).service).or_insert(u64::MAX);
            *first = start.min(*first);
        }
        let mut services: Vec<_> = first_starts.into_iter().collect();
        services.sort_unstable_by_key(|(service, start)| (*start, *service));
        services.into_iter().map(|(service, _)| service.clone()).collect()
    }
}
