//! Errors of all traces and of log records outside of them, grouped as issues: what was thrown, with which message, from where.
//!
//! An error is an exception event of a span, a log record with an exception, or an event of Sentry with the severity of an error. A group is
//!
//! - with a stack trace: type, [template](crate::template) of the message, and newest call of the program's own code;
//! - without one: type, template and service;
//! - without a type: template and service.
//!
//! **One error, reported in several ways, counts once**: of one span's errors with the same type and message, the first exception event, the first log
//! record and the first event of Sentry are one error, and so on. An error that is logged in a span and recorded in the span above it counts twice,
//! since nothing tells this apart from two errors.

mod grouping;
mod names;
mod reading;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use trace_model::work;
use trace_model::{ErrorRecord, ErrorScope, LogReader, Revision, SpanId, SpanKey, Store, TraceCursor};

use crate::template::{ShapeId, Templates};
use grouping::Regrouping;
use names::Names;
use reading::Reading;
pub use reading::short_type;

/// Maximum number of errors that are grouped: those of the traces that were read last.
pub const ERRORS_MAX: usize = 50_000;
/// Number of intervals of a group's histogram.
pub const INTERVALS: usize = 12;
/// Interval between looks for new errors, and between groupings, in nanoseconds.
const INTERVAL_NANO: u64 = 500_000_000;
/// Rest of a trace after it was read, in nanoseconds for each unit of work: a trace of a million spans that grows is read every second.
const REST_NANO_PER_WORK: u64 = 10;

/// Set of the ways by which an error was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportedBy(u8);

impl ReportedBy {
    /// By an exception event of an OTLP span.
    pub const SPAN_EVENT: Self = Self(1);
    /// By an OTLP log record.
    pub const LOG_RECORD: Self = Self(1 << 1);
    /// By an event of Sentry.
    pub const SENTRY: Self = Self(1 << 2);

    /// Returns true if all of another set is in this one.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One error, with its texts by number.
#[derive(Clone, Copy, Debug)]
struct Occurrence {
    unix_nano: u64,
    span_id: Option<SpanId>,
    /// Number of the span among those with its id and service.
    duplicate: u64,
    service: u32,
    type_name: u32,
    /// `None` for a message beyond the limits of templates.
    shape: Option<ShapeId>,
    /// 0 without a stack.
    frame: u32,
    reported_by: ReportedBy,
    is_handled: bool,
    /// True if one of its records is wanted. Others are not kept.
    is_wanted: bool,
}

/// Identity of an error while it is stored. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorId {
    /// Time of the error in nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// Trace of the error, or its log record.
    pub scope: ErrorScope,
    number: u32,
}

/// Location of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPlace {
    /// Time in nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// Trace in which it happened, or its log record.
    pub scope: ErrorScope,
    /// Span in which it happened; `None` if it names none.
    pub key: Option<SpanKey>,
    /// Ways by which it was reported.
    pub reported_by: ReportedBy,
    /// True if the program handled it, by all reports.
    pub is_handled: bool,
}

/// Part of a group's identity that is not its type or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Origin {
    Frame(u32),
    Service(u32),
}

/// Identity of a group, the same in each grouping unless groups become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId {
    type_name: u32,
    template: u32,
    origin: Origin,
}

/// Errors with the same cause.
#[derive(Clone, Debug)]
pub struct ErrorGroup {
    /// Identity of the group.
    pub id: GroupId,
    /// Type of the exception; empty if there is none.
    pub type_name: Arc<str>,
    /// Template of the message; may be empty.
    pub message: Arc<str>,
    /// The newest call of the program's own code: `function (file)`; empty without a stack.
    pub frame: Arc<str>,
    /// Services that reported it, by name.
    pub services: Vec<Arc<str>>,
    /// The errors, the newest first.
    pub errors: Vec<ErrorId>,
    /// Number of traces.
    pub traces: usize,
    /// Number of errors in each interval; the last one is the newest.
    pub histogram: [u32; INTERVALS],
    /// True if the program handled all of them.
    pub is_handled: bool,
    /// Number of groups known when this one was found, with itself: larger than that of all groups before it.
    pub noticed: u64,
}

impl ErrorGroup {
    /// Returns the time of the first error in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn first_unix_nano(&self) -> u64 {
        self.errors.last().map_or(0, |error| error.unix_nano)
    }

    /// Returns the time of the last error in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn last_unix_nano(&self) -> u64 {
        self.errors.first().map_or(0, |error| error.unix_nano)
    }
}

/// Texts by number, and messages by shape.
#[derive(Debug, Default)]
struct Texts {
    types: Names,
    services: Names,
    frames: Names,
    templates: Templates,
}

/// Errors of all traces, kept up to date in slices. Times are nanoseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Errors {
    /// Changes up to this revision are processed.
    seen: Revision,
    /// Time of the last look for changes.
    looked: u64,
    evicted: u64,
    /// All traces are looked at, from this place on.
    pass: Option<TraceCursor>,
    /// All log records are looked at for those outside of traces.
    log_pass: Option<LogReader>,
    /// Traces and log records to be read, with the time from which on.
    waiting: BTreeSet<(u64, ErrorScope)>,
    /// Of traces that take long to read: when they may be read again.
    resting: HashMap<ErrorScope, u64>,
    reading: Option<Reading>,
    found: BTreeMap<ErrorScope, Box<[Occurrence]>>,
    /// Traces with errors, by the number of their last reading.
    order: BTreeMap<u64, ErrorScope>,
    numbers: HashMap<ErrorScope, u64>,
    readings: u64,
    count: usize,
    forgotten: u64,
    texts: Texts,
    /// The groups are not those of what was found.
    is_stale: bool,
    regrouping: Option<Box<Regrouping>>,
    grouped: u64,
    groups: Vec<ErrorGroup>,
    interval_nano: u64,
    /// Known groups, by the number of groups known when each was found.
    noticed: HashMap<GroupId, u64>,
    noticed_ever: u64,
    revision: u64,
}

impl Errors {
    /// Returns a number that grows when the groups change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the groups, the one with the newest error first.
    #[must_use]
    pub fn groups(&self) -> &[ErrorGroup] {
        &self.groups
    }

    /// Returns the number of groups found so far, also of those whose traces were evicted.
    #[must_use]
    pub const fn noticed_ever(&self) -> u64 {
        self.noticed_ever
    }

    /// Returns the length of an interval of the histograms, in nanoseconds; the last one ends with the newest error.
    #[must_use]
    pub const fn interval_nano(&self) -> u64 {
        self.interval_nano
    }

    /// Returns the number of errors that are not grouped, because there are more than [`ERRORS_MAX`].
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Returns where an error is; `None` if its trace was evicted or has changed.
    #[must_use]
    pub fn place(&self, id: ErrorId) -> Option<ErrorPlace> {
        let occurrence = self.found.get(&id.scope)?.get(id.number as usize)?;
        let service = self.texts.services.get(occurrence.service).clone();
        Some(ErrorPlace {
            unix_nano: occurrence.unix_nano,
            scope: id.scope,
            key: occurrence.span_id.map(|span_id| SpanKey {
                duplicate: occurrence.duplicate,
                ..SpanKey::new(span_id, service)
            }),
            reported_by: occurrence.reported_by,
            is_handled: occurrence.is_handled,
        })
        .filter(|place| place.unix_nano == id.unix_nano)
    }

    /// Returns the time of the next step; `None` if nothing is pending.
    #[must_use]
    pub fn due(&self, store: &Store) -> Option<u64> {
        let look = (store.revision() != self.seen).then_some(self.looked.saturating_add(INTERVAL_NANO));
        let is_busy = self.reading.is_some() || self.pass.is_some() || self.log_pass.is_some() || self.regrouping.is_some();
        let waiting = self.waiting.first().map(|(due, _)| *due);
        let group = self.is_stale.then_some(self.grouped.saturating_add(INTERVAL_NANO));
        [look, is_busy.then_some(0), waiting, group].into_iter().flatten().min()
    }

    /// Looks for new errors, reads and groups them until about this much [work](trace_model::work) is done. Returns true if more of it is
    /// due now.
    pub fn step(&mut self, store: &Store, unix_nano: u64, work: u64) -> bool {
        self.step_where(store, unix_nano, work, |_| true)
    }

    /// The same for errors of which one record at least is wanted. What is wanted must not change.
    ///
    /// With the same time in each step, all errors stored at the first one are read and grouped once, until it returns false.
    pub fn step_where(&mut self, store: &Store, unix_nano: u64, work: u64, is_wanted: impl Fn(&ErrorRecord<'_>) -> bool) -> bool {
        let until = work::done().saturating_add(work);
        // A clock that was set back must not stop this.
        if unix_nano < self.looked || unix_nano - self.looked >= INTERVAL_NANO {
            self.look(store, unix_nano);
        }
        if let Some(mut pass) = self.pass.take() {
            while let Some(trace_id) = pass.next(store) {
                if store.has_errors(trace_id) {
                    self.wait_for(ErrorScope::Trace(trace_id), unix_nano);
                }
                if work::done() >= until {
                    self.pass = Some(pass);
                    return true;
                }
            }
            self.log_pass = Some(LogReader::of_all());
        }
        if let Some(mut pass) = self.log_pass.take() {
            let left = until.saturating_sub(work::done());
            let is_complete = pass.step(store, left, |log| {
                if log.is_error() && log.trace_id().is_none() {
                    self.wait_for(ErrorScope::Record(log.id()), unix_nano);
                }
            });
            if !is_complete {
                self.log_pass = Some(pass);
                return true;
            }
        }
        while self.reading.is_some() || self.begin(store, unix_nano) {
            self.read(store, unix_nano, until, &is_wanted);
            if work::done() >= until {
                return true;
            }
        }
        let may_group = self.is_stale && unix_nano.abs_diff(self.grouped) >= INTERVAL_NANO;
        if may_group && self.regrouping.is_none() {
            self.is_stale = false;
            self.grouped = unix_nano;
            self.regrouping = Some(Box::new(Regrouping::new(&self.texts)));
        }
        self.regrouping.is_some() && self.regroup(store, until)
    }

    fn look(&mut self, store: &Store, unix_nano: u64) {
        self.looked = unix_nano;
        if store.revision() == self.seen {
            return;
        }
        match store.errors_since(self.seen) {
            Some(scopes) => scopes.into_iter().for_each(|scope| self.wait_for(scope, unix_nano)),
            None => self.pass = Some(TraceCursor::all()),
        }
        self.seen = store.revision();
        let totals = store.totals();
        let evicted = totals.evicted_traces + totals.evicted_logs;
        // Those that have left are dropped when the others are grouped.
        self.is_stale |= evicted != self.evicted && !self.found.is_empty();
        self.evicted = evicted;
    }

    fn wait_for(&mut self, scope: ErrorScope, unix_nano: u64) {
        let rested = self.resting.get(&scope).map_or(unix_nano, |rested| unix_nano.max(*rested));
        self.waiting.insert((rested, scope));
    }

    /// Begins to read the next trace or log record; returns false if there is none.
    fn begin(&mut self, store: &Store, unix_nano: u64) -> bool {
        let Some((due, scope)) = self.waiting.first().copied().filter(|(due, _)| *due <= unix_nano) else {
            return false;
        };
        self.waiting.remove(&(due, scope));
        self.resting.remove(&scope);
        self.reading = Some(Reading::new(store, scope));
        true
    }

    fn read(&mut self, store: &Store, unix_nano: u64, until: u64, is_wanted: &impl Fn(&ErrorRecord<'_>) -> bool) {
        let Some(mut reading) = self.reading.take() else { return };
        if !reading.step(store, &mut self.texts, until, is_wanted) {
            self.reading = Some(reading);
            return;
        }
        let (scope, rest) = (reading.scope(), reading.work().saturating_mul(REST_NANO_PER_WORK));
        if rest > INTERVAL_NANO {
            self.resting.insert(scope, unix_nano.saturating_add(rest));
        }
        let found = reading.finish(&self.texts);
        self.replace(scope, found);
    }

    /// Takes the errors of a trace or log record in place of those known so far.
    fn replace(&mut self, scope: ErrorScope, found: Vec<Occurrence>) {
        self.forget(scope);
        self.is_stale = true;
        if found.is_empty() {
            return;
        }
        self.count += found.len();
        self.readings += 1;
        self.order.insert(self.readings, scope);
        self.numbers.insert(scope, self.readings);
        self.found.insert(scope, found.into());
        while self.count > ERRORS_MAX && self.found.len() > 1 {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.forgotten += self.found.get(&oldest).map_or(0, |found| found.len() as u64);
            self.forget(oldest);
        }
    }

    fn forget(&mut self, scope: ErrorScope) {
        if let Some(found) = self.found.remove(&scope) {
            self.count -= found.len();
            self.is_stale = true;
        }
        if let Some(number) = self.numbers.remove(&scope) {
            self.order.remove(&number);
        }
    }

    /// Continues to group; returns true if there is more.
    fn regroup(&mut self, store: &Store, until: u64) -> bool {
        let Some(mut regrouping) = self.regrouping.take() else {
            return false;
        };
        if !regrouping.step(store, &self.texts, &self.found, until) {
            self.regrouping = Some(regrouping);
            return true;
        }
        let (groups, interval_nano, evicted) = regrouping.finish();
        (self.groups, self.interval_nano) = (groups, interval_nano);
        self.noticed.retain({
            let known: std::collections::HashSet<_> = self.groups.iter().map(|group| group.id).collect();
            move |id, _| known.contains(id)
        });
        // In order of their first errors, whichever group is found first.
        let mut new: Vec<_> = self
            .groups
            .iter()
            .filter(|group| !self.noticed.contains_key(&group.id))
            .collect();
        new.sort_by_key(|group| (group.first_unix_nano(), group.id));
        for group in new {
            self.noticed_ever += 1;
            self.noticed.insert(group.id, self.noticed_ever);
        }
        for group in &mut self.groups {
            group.noticed = self.noticed.get(&group.id).copied().unwrap_or_default();
        }
        self.revision += 1;
        let is_stale = self.is_stale;
        for scope in evicted {
            self.forget(scope);
        }
        self.is_stale = is_stale;
        self.start_anew_if_full();
        false
    }

    /// Drops all texts once most of those that fill a table belong to errors that are gone.
    fn start_anew_if_full(&mut self) {
        let texts = &self.texts;
        let is_full = texts.types.is_full() || texts.frames.is_full() || texts.templates.others() > 0;
        if is_full && self.readings > 4 * self.found.len() as u64 {
            *self = Self {
                pass: Some(TraceCursor::all()),
                seen: self.seen,
                looked: self.looked,
                evicted: self.evicted,
                grouped: self.grouped,
                groups: std::mem::take(&mut self.groups),
                interval_nano: self.interval_nano,
                noticed_ever: self.noticed_ever,
                revision: self.revision,
                ..Self::default()
            };
        }
    }
}
