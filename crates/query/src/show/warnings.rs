//! Violated rules.

use trace_model::{Rule, Store, work};
use trace_stats::Warnings;

use super::{Shown, ShownWarning};
use crate::Search;
use crate::search::{Matched, Matching};

/// Violated rules.
#[derive(Debug)]
pub(crate) struct WarningsPass {
    matching: Matching,
    warnings: Warnings,
}

impl WarningsPass {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            matching: Matching::unlimited(*search),
            warnings: Warnings::default(),
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            if self.warnings.check_step(store, until.saturating_sub(work::done())) {
                return None;
            }
            match self.matching.step(store, until) {
                Matched::More => return None,
                Matched::Trace(trace_id) => self.warnings.check(trace_id),
                Matched::End => return self.finish(until),
            }
        }
        None
    }

    fn finish(&mut self, until: u64) -> Option<Shown> {
        if self.warnings.compare_step(until.saturating_sub(work::done())) {
            return None;
        }
        let example = |rule: Rule| {
            self.warnings
                .of_rule(rule)
                .first()
                .map(|warning| warning.first.trace_id.to_string())
        };
        let rules = self.warnings.rules().into_iter().map(|count| ShownWarning {
            rule: count.rule.name().to_owned(),
            explanation: count.rule.explanation().to_owned(),
            traces: count.traces,
            spans: count.spans,
            example: example(count.rule).unwrap_or_default(),
        });
        Some(Shown::Warnings(rules.collect()))
    }
}
