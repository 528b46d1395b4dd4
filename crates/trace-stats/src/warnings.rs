//! What is wrong with the traces themselves: each is judged when nothing has come of it for a while.

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

/// How many traces with warnings are remembered, the latest ones.
pub const REMEMBERED: usize = 10_000;
/// A trace is judged when nothing has come of it for so long, in nanoseconds: until then a parent may be on its way.
pub const QUIET_NANO: u64 = 3 * SECOND;
/// How often it is looked which traces have changed, in nanoseconds.
const INTERVAL: u64 = SECOND / 2;
/// How many of them are taken then, the latest ones: under a load of more, some are not judged.
const TAKEN: usize = 2_000;
/// How many traces wait to be judged at most, the latest ones.
const WAITING: usize = 20_000;
const SECOND: u64 = 1_000_000_000;

/// One rule's warnings in one trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Which rule.
    pub rule: Rule,
    /// How many spans of the trace it is about.
    pub count: usize,
    /// The first of them; the row of a missing parent is a span, too.
    pub first: SpanPlace,
    /// The name of that span; empty for one that is missing.
    pub name: Arc<str>,
}

/// How often a rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// Which rule.
    pub rule: Rule,
    /// In how many traces.
    pub traces: usize,
    /// By how many spans.
    pub spans: usize,
}

/// Warnings of all traces, kept up to date in slices. Moments come in as nanoseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Warnings {
    /// Up to here changes have been seen.
    seen: Revision,
    /// When it was last looked for them.
    looked: u64,
    /// Traces that changed, by when that was seen; those that changed again stand there again.
    waiting: VecDeque<(u64, TraceId)>,
    changed: HashMap<TraceId, u64>,
    judging: Option<Judging>,
    found: HashMap<TraceId, Found>,
    /// Traces as they were judged, by number; those that were judged again stand there again.
    order: VecDeque<(u64, TraceId)>,
    judged: u64,
    evicted: u64,
    fragments: Fragments,
    broken: Vec<Broken>,
    /// When they were last compared.
    compared: u64,
    revision: u64,
}

/// The trace that is being judged.
#[derive(Debug)]
enum Judging {
    Reading(TraceReader<Judged>),
    /// What it says of traces that are broken, from this node on.
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
    /// Grows when what is found changes.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// How many traces have a warning.
    #[must_use]
    pub fn traces(&self) -> usize {
        let alone = |broken: &&Broken| !self.found.contains_key(&broken.span.trace_id);
        self.found.len() + self.broken.iter().filter(alone).count()
    }

    /// Which traces were broken between two services.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// All rules that were broken, in their own order.
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

    /// Where a rule was broken, a warning for each trace, the ones judged last first.
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

    /// When there is something to do next; `None` while there is not.
    #[must_use]
    pub fn due(&self, store: &Store) -> Option<u64> {
        let look = (store.revision() != self.seen).then_some(self.looked.saturating_add(INTERVAL));
        let judging = self.judging.as_ref().map(|_| 0);
        let judge = self.waiting.front().map(|(changed, _)| changed.saturating_add(QUIET_NANO));
        let compare = self.fragments.changed.then_some(self.compared.saturating_add(INTERVAL));
        [look, judging, judge, compare].into_iter().flatten().min()
    }

    /// Looks what has changed, and judges what is quiet, until about so much [work](trace_model::work) is done. True while more of that is due
    /// now.
    pub fn step(&mut self, store: &Store, unix_nano: u64, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        // A clock that was set back must not stop this.
        if unix_nano < self.looked || unix_nano - self.looked >= INTERVAL {
            self.look(store, unix_nano);
        }
        while self.judging.is_some() || self.begin(store, unix_nano) {
            self.judge(store, until);
            if work::done() >= until {
                return true;
            }
        }
        if self.fragments.changed && unix_nano.abs_diff(self.compared) >= INTERVAL {
            let Some(broken) = self.fragments.compare(until) else {
                return true;
            };
            self.compared = unix_nano;
            self.revision += u64::from(broken != self.broken);
            self.broken = broken;
        }
        false
    }

    /// Begins to judge the next trace that is quiet; false where there is none.
    fn begin(&mut self, store: &Store, unix_nano: u64) -> bool {
        while let Some(&(changed, trace_id)) = self.waiting.front() {
            if changed.saturating_add(QUIET_NANO) > unix_nano && changed <= unix_nano {
                break;
            }
            self.waiting.pop_front();
            work::add(VISIT);
            if self.changed.get(&trace_id) == Some(&changed) {
                self.changed.remove(&trace_id);
                self.judging = Some(Judging::Reading(judged::reader(store, trace_id)));
                return true;
            }
        }
        false
    }

    /// Goes on to judge a trace until [`work::done`] is `until`.
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
                    // It may have left meanwhile.
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
        // The last one first: those that wait longest shall stand in front.
        for trace_id in store.changed_since(self.seen, TAKEN).into_iter().rev() {
            self.changed.insert(trace_id, unix_nano);
            self.waiting.push_back((unix_nano, trace_id));
        }
        while self.waiting.len() > WAITING {
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
