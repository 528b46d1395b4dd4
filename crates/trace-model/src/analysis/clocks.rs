//! Clock skew: spans that contradict their parent's times, and the correction of each host's clock.
//!
//! A trace shows the times that were sent. Straightening is an offer, after the adjuster of Jaeger and Zipkin's before it: a span on another
//! host than its parent's, which contradicts it, is moved into its middle when it fits, else to its start; what is below on the same host
//! moves with it.

use hashbrown::HashMap;

use super::ClockTrouble;
use super::times::Time;
use crate::work::Visits;
use crate::{SpanKind, SpanTree};

/// Nanoseconds of a difference below which times do not contradict each other: some senders round to microseconds.
const NOISE: u64 = 1_000;
/// Nanoseconds by which a span on another host ends after its parent from which on its clock is wrong: 10 ms.
const FAR: u64 = 10_000_000;
/// The same as a divisor of the parent's duration.
const PART: u64 = 10;

#[derive(Debug)]
pub(super) struct Clocks {
    pub(super) trouble: HashMap<usize, ClockTrouble>,
    /// Corrections by node, in nanoseconds; empty without clock skew.
    pub(super) shifts: Vec<i64>,
}

pub(super) async fn clocks(tree: &SpanTree, times: &[Time]) -> Clocks {
    let nodes = tree.nodes();
    let mut clocks = Clocks {
        trouble: HashMap::new(),
        shifts: Vec::new(),
    };
    let mut visits = Visits::default();
    for (at, node) in nodes.iter().enumerate() {
        visits.one().await;
        let Some(parent) = node.parent.filter(|parent| nodes[*parent].arrived) else {
            continue;
        };
        let is_remote = node.host != nodes[parent].host;
        let ended = node.end_unix_nano.is_some() && nodes[parent].end_unix_nano.is_some();
        let waits = ended && is_remote && node.kind != SpanKind::Consumer;
        if let Some(trouble) = contradiction(times[at], times[parent], waits) {
            clocks.trouble.insert(at, trouble);
        }
        let above = clocks.shifts.get(parent).copied().unwrap_or_default();
        let shift = if is_remote {
            shift(times[at], moved(times[parent], above), waits)
        } else {
            above
        };
        if shift != 0 {
            clocks.shifts.resize(nodes.len(), 0);
            clocks.shifts[at] = shift;
        }
    }
    clocks
}

/// Returns how a span contradicts its parent. A span whose parent `waits` for it cannot end long after it, if it could have been
/// within it: one that took longer than its parent was abandoned.
fn contradiction(child: Time, parent: Time, waits: bool) -> Option<ClockTrouble> {
    let before = parent.start.saturating_sub(child.start);
    if before >= NOISE {
        return Some(ClockTrouble::StartsBefore { nano: before });
    }
    let after = child.end.saturating_sub(parent.end);
    let is_far = after > FAR && after > parent.nano() / PART;
    (waits && is_far && child.nano() <= parent.nano()).then_some(ClockTrouble::EndsAfter { nano: after })
}

fn shift(child: Time, parent: Time, waits: bool) -> i64 {
    if contradiction(child, parent, waits).is_none() {
        return 0;
    }
    let room = if waits {
        parent.nano().saturating_sub(child.nano())
    } else {
        0
    };
    let start = i128::from(parent.start) + i128::from(room / 2);
    i64::try_from(start - i128::from(child.start)).unwrap_or_default()
}

fn moved(time: Time, by: i64) -> Time {
    Time {
        start: time.start.saturating_add_signed(by),
        end: time.end.saturating_add_signed(by),
    }
}
