//! The service map as rows: each service once, below it what it calls.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use trace_stats::{Callee, Edge, Survey};

use super::MapRow;
use super::calls::{CallRow, Calls};
use crate::ListFilter;
use crate::table::SortOrder;

/// Each service once, callers before those that they call; in a cycle one of them is the first.
pub(super) fn rows(survey: &Survey, narrow: &ListFilter, order: SortOrder) -> Vec<MapRow> {
    let kept = |edge: &Edge| narrow.keeps(&[&*edge.caller, &**edge.callee.name()]);
    let mut calls: HashMap<&Arc<str>, Vec<usize>> = HashMap::new();
    let mut called: HashSet<&Arc<str>> = HashSet::new();
    for (at, edge) in survey.edges.iter().enumerate().filter(|(_, edge)| kept(edge)) {
        calls.entry(&edge.caller).or_default().push(at);
        match &edge.callee {
            Callee::Service(service) if *service != edge.caller => called.insert(service),
            _ => false,
        };
    }
    for calls in calls.values_mut() {
        calls.sort_by_key(|at| survey.edges[*at].callee.name());
        order.sort::<Calls, _>(calls, |at| Some(CallRow::call(survey.edges.get(*at)?, false, false, 0)));
    }
    let services = by_name(survey, narrow);
    let mut rows = Vec::new();
    let mut state = HashMap::new();
    // Services without callers first: the rest is in cycles, or below one.
    let (first, later): (Vec<_>, Vec<_>) = services.into_iter().partition(|service| !called.contains(service));
    let (callers, alone): (Vec<_>, Vec<_>) = first.into_iter().partition(|service| calls.contains_key(service));
    for service in callers.into_iter().chain(later) {
        walk(survey, &calls, service, &mut state, &mut rows);
    }
    rows.extend(alone.into_iter().map(|service| MapRow::Service(service.clone())));
    rows
}

/// All services that send spans, without repetition.
fn by_name<'a>(survey: &'a Survey, narrow: &ListFilter) -> Vec<&'a Arc<str>> {
    let of_operations = survey.operations.iter().map(|operation| &operation.service);
    let kept = |edge: &&Edge| narrow.keeps(&[&*edge.caller, &**edge.callee.name()]);
    let mut services: Vec<_> = of_operations.filter(|service| narrow.keeps(&[&***service])).collect();
    services.extend(survey.edges.iter().filter(kept).map(|edge| &edge.caller));
    services.sort_unstable();
    services.dedup();
    services
}

/// State of a service during the traversal: on the path from the first one, or done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Done,
}

/// Depth first, without recursion: a chain of services may be as long as it likes.
fn walk<'a>(
    survey: &'a Survey,
    calls: &HashMap<&'a Arc<str>, Vec<usize>>,
    first: &'a Arc<str>,
    state: &mut HashMap<&'a Arc<str>, State>,
    rows: &mut Vec<MapRow>,
) {
    // A service, and how many of its calls have been followed.
    let mut open: Vec<(&Arc<str>, usize)> = Vec::new();
    let mut enter = Some(first);
    loop {
        if let Some(service) = enter.take()
            && !state.contains_key(service)
            && let Some(edges) = calls.get(service)
        {
            state.insert(service, State::Open);
            rows.push(MapRow::Service(service.clone()));
            let last = edges.len() - 1;
            rows.extend(edges.iter().enumerate().map(|(at, edge)| {
                let back = match &survey.edges[*edge].callee {
                    Callee::Service(callee) => state.get(callee) == Some(&State::Open),
                    Callee::External(_) => false,
                };
                MapRow::Call {
                    edge: *edge,
                    back,
                    last: at == last,
                }
            }));
            open.push((service, 0));
        }
        let Some((service, followed)) = open.last_mut() else { return };
        let next = calls.get(*service).and_then(|edges| edges.get(*followed));
        *followed += 1;
        match next.map(|edge| &survey.edges[*edge].callee) {
            Some(Callee::Service(callee)) => enter = Some(callee),
            Some(Callee::External(_)) => {}
            None => {
                state.insert(service, State::Done);
                open.pop();
            }
        }
    }
}
