//! Lint results of one trace, computed in steps.

use trace_model::work::Visits;
use trace_model::{Analysis, SpanTree, Store, TraceId, TraceReader};

use super::Warning;
use crate::SpanPlace;
use crate::calls::unanswered;

/// A checked trace.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) trace_id: TraceId,
    pub(super) tree: SpanTree,
    pub(super) warnings: Vec<Warning>,
    /// By node: true if it calls an uninstrumented peer.
    pub(super) unanswered: Vec<bool>,
}

pub(super) fn reader(store: &Store, trace_id: TraceId) -> TraceReader<Judged> {
    Analysis::reader(store, trace_id).then(async move |(tree, analysis)| Judged {
        warnings: warnings(trace_id, &tree, &analysis).await,
        unanswered: unanswered(tree.nodes()).await,
        trace_id,
        tree,
    })
}

async fn warnings(trace_id: TraceId, tree: &SpanTree, analysis: &Analysis) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    let mut visits = Visits::default();
    for lint in analysis.lints() {
        visits.one().await;
        let node = &tree.nodes()[lint.node];
        match warnings.iter_mut().find(|warning| warning.rule == lint.rule) {
            Some(warning) => warning.count += 1,
            None => warnings.push(Warning {
                rule: lint.rule,
                count: 1,
                first: SpanPlace {
                    trace_id,
                    key: node.key.clone(),
                },
                name: node.name.clone(),
            }),
        }
    }
    warnings
}
