//! Operations, and calls between services.

use trace_model::Store;
use trace_stats::{Edge, Figures, Latencies, Operation, Survey};

use super::{Durations, Show, Shown, ShownCalls, ShownOperation, named};
use crate::{Search, SurveyQuery};

/// Operations or calls.
#[derive(Debug)]
pub(crate) struct SurveyedPass {
    show: Show,
    limit: usize,
    /// `None` once it is complete.
    query: Option<SurveyQuery>,
}

impl SurveyedPass {
    pub(crate) fn new(show: Show, search: Box<Search>) -> Self {
        Self {
            show,
            limit: search.limit,
            query: Some(SurveyQuery::of_search(*search)),
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        if self.query.as_mut().is_some_and(|query| query.step(store, work)) {
            return None;
        }
        let survey = self.query.take().map(SurveyQuery::finish).unwrap_or_default();
        Some(shown(self.show, &survey, self.limit))
    }
}

fn shown(show: Show, survey: &Survey, limit: usize) -> Shown {
    if show == Show::Map {
        return Shown::Map(survey.edges.iter().take(limit).map(calls).collect());
    }
    let operations = survey.operations.iter().chain(&survey.other_operations);
    Shown::Operations(operations.take(limit).map(operation).collect())
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
        total_ns: (operation.latencies.count() > 0).then_some(operation.total_nano),
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
    let percentile = |percent| (latencies.count() > 0).then(|| latencies.percentile(percent));
    Durations {
        p50_ns: percentile(50.0),
        p95_ns: percentile(95.0),
        p99_ns: percentile(99.0),
    }
}
