//! What is wrong with the spans of one trace.

use hashbrown::HashMap;

use super::clocks::NOISE;
use super::critical_path::is_message;
use super::times::Time;
use super::{ClockTrouble, Lint, Repeated, Rule};
use crate::{SpanNode, SpanTree, StatusCode};

pub(super) struct Linted<'a> {
    pub(super) tree: &'a SpanTree,
    pub(super) times: &'a [Time],
    pub(super) clocks: &'a HashMap<usize, ClockTrouble>,
    pub(super) repeated: &'a HashMap<usize, Repeated>,
}

impl Linted<'_> {
    /// By node, then by rule.
    pub(super) fn lints(&self) -> Vec<Lint> {
        let mut lints = Vec::new();
        for (at, node) in self.tree.nodes().iter().enumerate().filter(|(_, node)| node.arrived) {
            let first = lints.len();
            let mut found = |rule, is_so: bool| {
                if is_so {
                    lints.push(Lint { node: at, rule });
                }
            };
            if let Some(parent) = node.parent {
                let parent_node = &self.tree.nodes()[parent];
                let unsampled = is_unsampled(parent_node, node);
                found(Rule::MissingParent, !parent_node.arrived && !unsampled);
                found(Rule::UnsampledParent, unsampled);
                found(Rule::OutsideParent, self.is_outside(at, parent));
            }
            found(Rule::NoServiceName, has_no_service(&node.key.service));
            found(
                Rule::ExceptionWithoutError,
                node.has_exception && node.status != StatusCode::Error,
            );
            found(Rule::DuplicateSpanId, node.duplicate);
            found(Rule::ClockTrouble, self.clocks.contains_key(&at));
            found(Rule::RepeatedCalls, self.repeated.contains_key(&at));
            lints[first..].sort_unstable();
        }
        lints
    }

    /// A message is worked on when its sender has long ended, and what a clock explains is no fault of the code.
    fn is_outside(&self, at: usize, parent: usize) -> bool {
        let nodes = self.tree.nodes();
        if !nodes[parent].arrived || is_message(self.tree, at) {
            return false;
        }
        if self.clocks.contains_key(&at) && nodes[at].host != nodes[parent].host {
            return false;
        }
        let (child, parent_time) = (self.times[at], self.times[parent]);
        let ended = nodes[at].end_unix_nano.is_some() && nodes[parent].end_unix_nano.is_some();
        let after = child.end.saturating_sub(parent_time.end);
        parent_time.start.saturating_sub(child.start) >= NOISE || (ended && after >= NOISE)
    }
}

/// Whether a parent was left out, or would have been, by the sampler of the process that sent its child.
fn is_unsampled(parent: &SpanNode, child: &SpanNode) -> bool {
    if parent.arrived {
        let same_sender = parent.key.service == child.key.service && parent.host == child.host;
        // Some SDKs write only whether the parent is remote: then no span of theirs says that it is sampled.
        same_sender && parent.flags.parent_is_remote.is_some() && !parent.flags.sampled && child.flags.sampled
    } else {
        child.flags.parent_is_remote == Some(false)
    }
}

/// `unknown_service:program` is what OpenTelemetry's SDKs say when nobody has named the service.
fn has_no_service(service: &str) -> bool {
    service.is_empty() || service == "unknown_service" || service.starts_with("unknown_service:")
}
