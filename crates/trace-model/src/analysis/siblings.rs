//! Equal siblings: groups shown as one row, and calls that are repeated one after the other ("N+1").

use hashbrown::HashMap;

use super::times::Time;
use super::{Group, Repeated};
use crate::call::CallId;
use crate::work::{Visits, sort_by};
use crate::{RepeatedLimits, SpanNode, SpanTree, StatusCode};

/// Members of the smallest group.
const MANY: usize = 5;

/// Returns five or more adjacent leaves of one service and name, by the first of them.
pub(super) async fn groups(tree: &SpanTree, times: &[Time]) -> Vec<(usize, Group)> {
    let nodes = tree.nodes();
    let is_leaf = |node: &SpanNode| node.arrived && node.children == 0 && !node.cyclic;
    let mut groups = Vec::new();
    let mut visits = Visits::default();
    let mut first = 0;
    while first < nodes.len() {
        let node = &nodes[first];
        visits.one().await;
        if !is_leaf(node) {
            first += 1;
            continue;
        }
        let is_more = |other: &SpanNode| is_leaf(other) && other.parent == node.parent && are_alike(node, other);
        let mut count = 1;
        while nodes.get(first + count).is_some_and(is_more) {
            count += 1;
            visits.one().await;
        }
        if count >= MANY {
            groups.push((first, group(&nodes[first..first + count], &times[first..first + count]).await));
        }
        first += count;
    }
    groups
}

async fn group(members: &[SpanNode], times: &[Time]) -> Group {
    let mut durations: Vec<u64> = times.iter().map(|time| time.nano()).collect();
    sort_by(&mut durations, Ord::cmp).await;
    Group {
        count: members.len(),
        median_nano: durations[(durations.len() - 1) / 2],
        total_nano: durations.iter().fold(0, |total, nano| total.saturating_add(*nano)),
        failed: members.iter().filter(|member| member.status == StatusCode::Error).count(),
        first: times.iter().map(|time| time.start).min().unwrap_or_default(),
        last: times.iter().map(|time| time.end).max().unwrap_or_default(),
    }
}

/// Returns by parent the call that its children repeat, none before the last one has ended, as often or for as long as the limits
/// require. Of several the one that took longest.
pub(super) async fn repeated(tree: &SpanTree, times: &[Time]) -> HashMap<usize, Repeated> {
    let nodes = tree.nodes();
    let limits = tree.repeated_limits();
    let is_repeated = |run: &Run| run.count >= RepeatedLimits::FEWEST && (run.count >= limits.count || run.nano >= limits.nano);
    let mut found = HashMap::new();
    let mut visits = Visits::default();
    for (parent, node) in nodes.iter().enumerate() {
        visits.one().await;
        if node.children < RepeatedLimits::FEWEST {
            continue;
        }
        let many = runs(tree, times, parent, &mut visits).await.into_iter().filter(is_repeated);
        // The first one where several took equally long.
        let longest = many.max_by_key(|run| (run.nano, std::cmp::Reverse(run.first)));
        if let Some(run) = longest {
            found.insert(
                parent,
                Repeated {
                    name: nodes[run.first].name.clone(),
                    count: run.count,
                    total_nano: run.nano,
                },
            );
        }
    }
    found
}

/// Calls alike that do not overlap: as many as there can be.
struct Run {
    first: usize,
    count: usize,
    nano: u64,
    last: Time,
}

async fn runs(tree: &SpanTree, times: &[Time], parent: usize, visits: &mut Visits) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut by_call: HashMap<CallId, usize> = HashMap::new();
    for child in tree.children(parent) {
        visits.one().await;
        let Some(call) = tree.call(child) else { continue };
        let time = times[child];
        let at = *by_call.entry(call).or_insert(runs.len());
        match runs.get_mut(at) {
            None => runs.push(Run {
                first: child,
                count: 1,
                nano: time.nano(),
                last: time,
            }),
            Some(run) if time.start >= run.last.end => {
                run.count += 1;
                run.nano = run.nano.saturating_add(time.nano());
                run.last = time;
            }
            // Of two that overlap the one that ends first leaves more time for others.
            Some(run) if time.end < run.last.end => {
                run.nano = run.nano - run.last.nano() + time.nano();
                run.last = time;
            }
            Some(_) => {}
        }
    }
    runs
}

fn are_alike(one: &SpanNode, other: &SpanNode) -> bool {
    one.name == other.name && one.key.service == other.key.service
}
