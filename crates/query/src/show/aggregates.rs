//! Lists that count over traces.

use trace_model::{Rule, Store, work};
use trace_stats::{Edge, Figures, Latencies, Operation, Survey, SurveyPass, Warnings};

use super::{Durations, Show, Shown, ShownCalls, ShownOperation, ShownWarning, named};
use crate::Search;
use crate::search::{Matched, Matching};

/// Operations or calls.
#[derive(Debug)]
pub(crate) struct SurveyedPass {
    show: Show,
    limit: usize,
    matching: Matching,
    survey: SurveyPass,
}

/// A search for all traces; its limit is that of the list.
fn unlimited(search: Box<Search>) -> Matching {
    Matching::new(Box::new(Search {
        limit: usize::MAX,
        ..*search
    }))
}

impl SurveyedPass {
    pub(crate) fn new(show: Show, search: Box<Search>) -> Self {
        Self {
            show,
            limit: search.limit,
            matching: unlimited(search),
            survey: SurveyPass::of_traces(),
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            if self.survey.step(store, until.saturating_sub(work::done())) {
                return None;
            }
            match self.matching.step(store, until) {
                Matched::More => return None,
                Matched::Trace(trace_id) => self.survey.add_trace(trace_id),
                Matched::End => return Some(self.finish()),
            }
        }
        None
    }

    fn finish(&mut self) -> Shown {
        let survey: Survey = std::mem::replace(&mut self.survey, SurveyPass::of_traces()).finish();
        if self.show == Show::Map {
            Shown::Map(survey.edges.iter().take(self.limit).map(calls).collect())
        } else {
            let others = survey.other_operations.iter();
            Shown::Operations(
                survey
                    .operations
                    .iter()
                    .chain(others)
                    .take(self.limit)
                    .map(operation)
                    .collect(),
            )
        }
    }
}

fn operation(operation: &Operation) -> ShownOperation {
    let name = match (&*operation.name, &*operation.subject) {
        (name, "") => name.to_owned(),
        (name, subject) => format!("{name} {subject}"),
    };
    ShownOperation {
        service: named(&operation.service),
        name,
        kind: operation.kind.name().to_owned(),
        spans: operation.count,
        errors: operation.errors,
        open: operation.in_flight,
        duration: durations(&operation.latencies),
        total_ns: operation.total_nano,
    }
}

fn calls(edge: &Edge) -> ShownCalls {
    let Figures {
        calls,
        errors,
        latencies,
        ..
    } = &edge.figures;
    ShownCalls {
        caller: named(&edge.caller),
        callee: named(edge.callee.name()),
        uninstrumented: matches!(edge.callee, trace_stats::Callee::External(_)),
        messaging: edge.messaging,
        queue: edge.queue.as_ref().map(|queue| queue.name.to_string()),
        calls: *calls,
        errors: *errors,
        duration: durations(latencies),
    }
}

fn durations(latencies: &Latencies) -> Durations {
    Durations {
        p50_ns: latencies.percentile(50.0),
        p95_ns: latencies.percentile(95.0),
        p99_ns: latencies.percentile(99.0),
    }
}

/// Violated rules.
#[derive(Debug)]
pub(crate) struct WarningsPass {
    matching: Matching,
    warnings: Warnings,
}

impl WarningsPass {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            matching: unlimited(search),
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
