//! Lints of the spans of one trace.

use hashbrown::{HashMap, HashSet};

use super::times::Time;
use super::{ClockTrouble, Lint, Repeated, Rule};
use crate::work::{Visits, strides, visited};
use crate::{SpanKind, SpanNode, SpanTree, StatusCode};

pub(super) struct Linted<'a> {
    pub(super) tree: &'a SpanTree,
    pub(super) times: &'a [Time],
    pub(super) clocks: &'a HashMap<usize, ClockTrouble>,
    pub(super) repeated: &'a HashMap<usize, Repeated>,
}

/// Nanoseconds by which a span may exceed its parent, at either end: 1 ms.
const TOLERATED: u64 = 1_000_000;
/// Nor is one that does so by less than this part of its parent, 5 %: clocks have steps, and spans are ended one after the other.
const TOLERATED_PART: u64 = 20;

impl Linted<'_> {
    /// Returns the lints by node, then by rule.
    pub(super) async fn lints(&self) -> Vec<Lint> {
        let mut lints = Vec::new();
        let responses = self.responses().await;
        let mut nameless = HashSet::new();
        for range in strides(self.tree.nodes().len()) {
            visited(2 * range.len()).await;
            for at in range.filter(|at| self.tree.nodes()[*at].arrived) {
                self.judge(at, &responses, &mut nameless, &mut lints);
            }
        }
        lints
    }

    fn judge<'s>(&'s self, at: usize, responses: &[Option<Response>], nameless: &mut HashSet<&'s str>, lints: &mut Vec<Lint>) {
        let node = &self.tree.nodes()[at];
        let first = lints.len();
        let mut found = |rule, is_so: bool, excess_nano| {
            if is_so {
                lints.push(Lint {
                    node: at,
                    rule,
                    excess_nano,
                });
            }
        };
        if let Some(parent) = node.parent {
            let parent_node = &self.tree.nodes()[parent];
            let unsampled = is_unsampled(parent_node, node);
            found(Rule::MissingParent, !parent_node.arrived && !unsampled, None);
            found(Rule::UnsampledParent, unsampled, None);
            let outside = self.outside(at, parent, responses[parent]);
            found(Rule::OutsideParent, outside.is_some(), outside);
        }
        let service = &*node.key.service;
        found(Rule::NoServiceName, has_no_service(service) && nameless.insert(service), None);
        found(
            Rule::ExceptionWithoutError,
            node.has_exception && node.status != StatusCode::Error,
            None,
        );
        found(Rule::DuplicateSpanId, node.duplicate, None);
        found(Rule::ParentCycle, node.cyclic, None);
        found(Rule::InvalidTimes, node.has_invalid_times, None);
        found(Rule::ClockTrouble, self.has_clock_trouble(at), None);
        found(Rule::RepeatedCalls, self.repeated.contains_key(&at), None);
        lints[first..].sort_unstable();
    }

    /// Clocks of one host have steps, and those of several are hardly ever closer than the tolerance.
    fn has_clock_trouble(&self, at: usize) -> bool {
        self.clocks.get(&at).is_some_and(|trouble| match trouble {
            ClockTrouble::StartsBefore { nano } => *nano > TOLERATED,
            ClockTrouble::EndsAfter { .. } => true,
        })
    }

    /// Returns how far a span exceeds its parent, in nanoseconds; `None` if that is not a fault. Nothing waits for the consumer of
    /// a message, whose sender has often ended before, and clock skew is not a fault of the code.
    fn outside(&self, at: usize, parent: usize, response: Option<Response>) -> Option<u64> {
        let nodes = self.tree.nodes();
        if !nodes[parent].arrived || self.tree.sender(at).is_some() {
            return None;
        }
        if self.has_clock_trouble(at) && nodes[at].host != nodes[parent].host {
            return None;
        }
        let (child, parent_time) = (self.times[at], self.times[parent]);
        let before = parent_time.start.saturating_sub(child.start);
        let ended = nodes[at].end_unix_nano.is_some() && nodes[parent].end_unix_nano.is_some();
        let after = child.end.saturating_sub(parent_time.end);
        let ends_with = |other: Time| child.end.abs_diff(other.end) <= tolerated(other);
        let ends_with_response = response.is_some_and(|response| ends_with(response.server) || ends_with(response.caller));
        let is_awaited = nodes[at].kind != SpanKind::Consumer && !ends_with_response;
        let after = if ended && is_awaited { after } else { 0 };
        Some(before.max(after)).filter(|excess| *excess > tolerated(parent_time))
    }

    /// Returns by node the request that it is part of. Middleware passes a request on and ends, and streams are written after
    /// their handler has ended: what they began ends with the response.
    async fn responses(&self) -> Vec<Option<Response>> {
        let nodes = self.tree.nodes();
        let mut responses: Vec<Option<Response>> = Vec::with_capacity(nodes.len());
        let mut visits = Visits::default();
        for (at, node) in nodes.iter().enumerate() {
            visits.one().await;
            let is_server = node.arrived && node.kind == SpanKind::Server && node.end_unix_nano.is_some();
            // Parents are before their children. Work of another service is a request of its own.
            let above = node.parent.filter(|parent| nodes[*parent].key.service == node.key.service);
            let caller = node.parent.filter(|parent| nodes[*parent].kind == SpanKind::Client);
            let response = Response {
                server: self.times[at],
                caller: self.times[caller.unwrap_or(at)],
            };
            responses.push(if is_server {
                Some(response)
            } else {
                above.and_then(|parent| responses[parent])
            });
        }
        responses
    }
}

/// Time of a request's response: by the span of the server, and by that of its caller, if known.
#[derive(Clone, Copy)]
struct Response {
    server: Time,
    caller: Time,
}

fn tolerated(time: Time) -> u64 {
    TOLERATED.max(time.nano() / TOLERATED_PART)
}

/// Returns true if the sampler of the child's process dropped the parent, or would have.
fn is_unsampled(parent: &SpanNode, child: &SpanNode) -> bool {
    if parent.arrived {
        let same_sender = parent.key.service == child.key.service && parent.host == child.host;
        // Some SDKs write only whether the parent is remote: then none of their spans is marked as sampled.
        same_sender && parent.flags.parent_is_remote.is_some() && !parent.flags.sampled && child.flags.sampled
    } else {
        child.flags.parent_is_remote == Some(false)
    }
}

/// Returns true for `unknown_service:program`, the default of OpenTelemetry's SDKs, and for an empty name.
fn has_no_service(service: &str) -> bool {
    service.is_empty() || service == "unknown_service" || service.starts_with("unknown_service:")
}
