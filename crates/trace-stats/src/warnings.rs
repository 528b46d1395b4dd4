//! Lint results of all traces: each trace is checked once it has been idle for a while.

mod broken;
mod judged;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use trace_model::work::{self, VISIT};
use trace_model::{Revision, Rule, Store, TraceId, TraceReader};

use crate::SpanPlace;
pub use broken::Broken;
use broken::Fragments;
use judged::Judged;

/// Maximum number of traces with warnings: the latest ones.
pub const REMEMBERED: usize = 10_000;
/// Idle time in nanoseconds after which a trace is checked: until then a parent may still arrive.
pub const QUIET_NANO: u64 = 3 * SECOND;
/// Interval of looking for changed traces, in nanoseconds.
const INTERVAL_NANO: u64 = SECOND / 2;
/// Maximum number of changed traces per interval, the latest ones: under a higher load some are not checked.
const CHANGED_TRACES_MAX: usize = 2_000;
/// Maximum number of traces waiting to be checked, the latest ones.
const WAITING_TRACES_MAX: usize = 20_000;
const SECOND: u64 = 1_000_000_000;

/// One rule's warnings in one trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The violated rule.
    pub rule: Rule,
    /// Number of affected spans of the trace.
    pub count: usize,
    /// The first affected span; the row of a missing parent counts as one.
    pub first: SpanPlace,
    /// Name of that span; empty if it is missing.
    pub name: Arc<str>,
}

/// Number of violations of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// The violated rule.
    pub rule: Rule,
    /// Number of affected traces.
    pub traces: usize,
    /// Number of affected spans.
    pub spans: usize,
}

/// Warnings of all traces, updated in slices. Times are nanoseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Warnings {
    /// Changes up to this revision are processed.
    seen: Revision,
    /// Time of the last look for changes.
    looked: u64,
    /// Changed traces by time of detection; a trace that changed again is listed again.
    waiting: VecDeque<(u64, TraceId)>,
    changed: HashMap<TraceId, u64>,
    judging: Option<Judging>,
    found: HashMap<TraceId, Found>,
    /// Checked traces by number; a trace that was checked again is listed again.
    order: VecDeque<(u64, TraceId)>,
    judged: u64,
    evicted: u64,
    fragments: Fragments,
    broken: Vec<Broken>,
    /// Time of the last comparison.
    compared: u64,
    revision: u64,
}

/// The trace being checked.
#[derive(Debug)]
enum Judging {
    Reading(TraceReader<Judged>),
    /// Collects fragments for broken traces, from this node on.
    Learning {
        judged: Judged,
        at: usize,
    },
}

#[derive(Debug)]
struct Found {
    number: u64,
    warnings: Vec<Warning>,
}

impl Warnings {
    /// Returns a number that grows when the results change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the number of traces with warnings.
    #[must_use]
    pub fn traces(&self) -> usize {
        let alone = |broken: &&Broken| !self.found.contains_key(&broken.span.trace_id);
        self.found.len() + self.broken.iter().filter(alone).count()
    }

    /// Returns the traces broken between two services.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// Returns all violated rules in their declared order.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleCount> {
        let mut counts = Rule::ALL.map(|rule| RuleCount {
            rule,
            traces: 0,
            spans: 0,
        });
        let mut add = |rule, spans| {
            if let Some(count) = counts.iter_mut().find(|count| count.rule == rule) {
                count.traces += 1;
                count.spans += spans;
            }
        };
        for warning in self.found.values().flat_map(|found| &found.warnings) {
            add(warning.rule, warning.count);
        }
        for _ in &self.broken {
            add(Rule::BrokenTrace, 1);
        }
        counts.into_iter().filter(|count| count.traces > 0).collect()
    }

    /// Returns the warnings of a rule, one per trace, the last checked first.
    #[must_use]
    pub fn of_rule(&self, rule: Rule) -> Vec<Warning> {
        let mut found: Vec<_> = self.found.values().collect();
        found.sort_unstable_by_key(|found| std::cmp::Reverse(found.number));
        let warnings = found.into_iter().flat_map(|found| &found.warnings);
        let mut warnings: Vec<_> = warnings.filter(|warning| warning.rule == rule).cloned().collect();
        if rule == Rule::BrokenTrace {
            warnings.extend(self.broken.iter().rev().map(Broken::warning));
        }
        warnings
    }

    /// Returns the time of the next step; `None` if nothing is pending.
    #[must_use]
    pub fn due(&self, store: &Store) -> Option<u64> {
        let look = (store.revision() != self.seen).then_some(self.looked.saturating_add(INTERVAL_NANO));
        let judging = self.judging.as_ref().map(|_| 0);
        let judge = self.waiting.front().map(|(changed, _)| changed.saturating_add(QUIET_NANO));
        let compare = self.fragments.changed.then_some(self.compared.saturating_add(INTERVAL_NANO));
        [look, judging, judge, compare].into_iter().flatten().min()
    }

    /// Looks for changes and checks idle traces until about this much [work](trace_model::work) is done. Returns true if more of
    /// it is due now.
    pub fn step(&mut self, store: &Store, unix_nano: u64, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        // A clock that was set back must not stop the checks.
        if unix_nano < self.looked || unix_nano - self.looked >= INTERVAL_NANO {
            self.look(store, unix_nano);
        }
        if self.judge_due(store, unix_nano, until) {
            return true;
        }
        if self.fragments.changed && unix_nano.abs_diff(self.compared) >= INTERVAL_NANO {
            let Some(broken) = self.fragments.compare(until) else {
                return true;
            };
            self.compared = unix_nano;
            self.revision += u64::from(broken != self.broken);
            self.broken = broken;
        }
        false
    }

    /// Sets a trace to be checked by [`Warnings::check_step`], without waiting until it is idle.
    pub fn check(&mut self, trace_id: TraceId) {
        self.changed.insert(trace_id, 0);
        self.waiting.push_back((0, trace_id));
    }

    /// Checks traces that were [set](Warnings::check) until about this much [work](trace_model::work) is done; returns true if there is more.
    pub fn check_step(&mut self, store: &Store, work: u64) -> bool {
        self.judge_due(store, QUIET_NANO, work::done().saturating_add(work))
    }

    /// Compares broken traces until about this much [work](trace_model::work) is done; returns true if there is more.
    pub fn compare_step(&mut self, work: u64) -> bool {
        match self.fragments.compare(work::done().saturating_add(work)) {
            Some(broken) => self.broken = broken,
            None => return true,
        }
        false
    }

    /// Checks traces that were idle for long enough until [`work::done`] is `until`; returns true if there is more.
    fn judge_due(&mut self, store: &Store, unix_nano: u64, until: u64) -> bool {
        while self.judging.is_some() || self.begin(store, unix_nano) {
            self.judge(store, until);
            if work::done() >= until {
                return true;
            }
        }
        false
    }

    /// Starts checking the next idle trace; returns false without one.
    fn begin(&mut self, store: &Store, unix_nano: u64) -> bool {
        while let Some(&(changed, trace_id)) = self.waiting.front() {
            if changed.saturating_add(QUIET_NANO) > unix_nano && changed <= unix_nano {
                break;
            }
            self.waiting.pop_front();
            work::add(VISIT);
            if self.changed.get(&trace_id) != Some(&changed) {
                continue;
            }
            self.changed.remove(&trace_id);
            // Under load most are evicted before they have been idle for long.
            if store.trace_revision(trace_id).is_some() {
                self.judging = Some(Judging::Reading(judged::reader(store, trace_id)));
                return true;
            }
        }
        false
    }

    /// Continues to check a trace until [`work::done`] is `until`.
    fn judge(&mut self, store: &Store, until: u64) {
        match &mut self.judging {
            Some(Judging::Reading(reading)) => {
                if let Some(judged) = reading.step(store, until.saturating_sub(work::done())) {
                    self.fragments.forget(judged.trace_id);
                    self.judging = Some(Judging::Learning { judged, at: 0 });
                }
            }
            Some(Judging::Learning { judged, at }) => {
                while *at < judged.tree.nodes().len() {
                    self.fragments.learn(store, judged, *at);
                    *at += 1;
                    if work::done() >= until {
                        return;
                    }
                }
                if let Some(Judging::Learning { judged, .. }) = self.judging.take() {
                    // The trace may have been evicted meanwhile.
                    if store.trace_revision(judged.trace_id).is_some() {
                        self.remember(judged.trace_id, judged.warnings);
                    } else {
                        self.fragments.forget(judged.trace_id);
                        self.remember(judged.trace_id, Vec::new());
                    }
                }
            }
            None => {}
        }
    }

    fn look(&mut self, store: &Store, unix_nano: u64) {
        self.looked = unix_nano;
        if store.revision() == self.seen {
            return;
        }
        // Newest first, so that those waiting longest are at the front.
        for trace_id in store.changed_since(self.seen, CHANGED_TRACES_MAX).into_iter().rev() {
            self.changed.insert(trace_id, unix_nano);
            self.waiting.push_back((unix_nano, trace_id));
        }
        while self.waiting.len() > WAITING_TRACES_MAX {
            let longest = self.waiting.pop_front();
            if let Some((_, trace_id)) = longest.filter(|(changed, id)| self.changed.get(id) == Some(changed)) {
                self.changed.remove(&trace_id);
            }
        }
        self.seen = store.revision();
        let evicted = store.totals().evicted_traces;
        if evicted != self.evicted {
            self.evicted = evicted;
            self.forget_evicted(store);
        }
    }

    fn forget_evicted(&mut self, store: &Store) {
        let is_there = |trace_id: TraceId| store.trace_revision(trace_id).is_some();
        let before = self.found.len();
        self.found.retain(|trace_id, _| is_there(*trace_id));
        self.revision += u64::from(self.found.len() != before);
        self.fragments.retain(is_there);
    }

    fn remember(&mut self, trace_id: TraceId, warnings: Vec<Warning>) {
        let before = self.found.remove(&trace_id);
        if before.as_ref().map_or(&[][..], |found| &found.warnings[..]) != warnings {
            self.revision += 1;
        }
        if warnings.is_empty() {
            return;
        }
        self.judged += 1;
        let number = self.judged;
        self.found.insert(trace_id, Found { number, warnings });
        self.order.push_back((number, trace_id));
        if self.order.len() > 2 * REMEMBERED {
            let is_last = |(number, id): &(u64, TraceId)| self.found.get(id).is_some_and(|found| found.number == *number);
            self.order.retain(is_last);
        }
        while self.found.len() > REMEMBERED {
            let Some((number, oldest)) = self.order.pop_front() else {
                break;
            };
            if self.found.get(&oldest).is_some_and(|found| found.number == number) {
                self.found.remove(&oldest);
            }
        }
    }
}
