//! The service map as rows: each service once, below it whom it calls.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use trace_stats::{Callee, Edge, Survey};

use super::{Action, List, Narrow, Picker};

/// One row of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapRow {
    /// A service that calls others, or of which no call is known.
    Service(Arc<str>),
    /// A call that it makes.
    Call {
        /// Where the edge stands in the survey.
        edge: usize,
        /// Whether the called service stands above already, so that following the map would lead in a circle; also who calls itself.
        back: bool,
        /// Whether no other one of this service follows.
        last: bool,
    },
}

/// What names a row: the service, and whom it calls how.
type Key = (Arc<str>, Option<(Callee, bool)>);

/// The map's state.
#[derive(Debug, Default)]
pub struct ServiceMap {
    narrow: Narrow,
    /// What the rows were made of: which survey, and what is typed.
    of: Option<(u64, String)>,
    rows: Vec<MapRow>,
    keys: Vec<Key>,
    picker: Picker<Key>,
    services: usize,
}

impl ServiceMap {
    /// How many services it shows.
    #[must_use]
    pub const fn services(&self) -> usize {
        self.services
    }

    /// The rows in view, and whether the cursor is there.
    pub fn visible(&self) -> impl Iterator<Item = (&MapRow, bool)> {
        let visible = self.picker.visible();
        let rows = self.rows.iter().enumerate().skip(visible.start).take(visible.len());
        rows.map(|(at, row)| (row, at == self.picker.position()))
    }

    /// The calls of the row under the cursor: one, or all that its service makes.
    pub(super) fn selected<'a>(&self, survey: &'a Survey) -> Vec<&'a Edge> {
        match self.rows.get(self.picker.position()) {
            Some(MapRow::Call { edge, .. }) => survey.edges.get(*edge).into_iter().collect(),
            Some(MapRow::Service(service)) => survey.edges.iter().filter(|edge| edge.caller == *service).collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn fit(&mut self, survey: Option<&Survey>, number: u64, height: usize) {
        let of = (number, self.narrow.line().text().to_owned());
        if self.of.as_ref() != Some(&of) || survey.is_none() {
            self.rows = survey.map_or_else(Vec::new, |survey| rows(survey, &self.narrow));
            self.keys = survey.map_or_else(Vec::new, |survey| keys(survey, &self.rows));
            let services = |row: &&MapRow| matches!(row, MapRow::Service(_));
            self.services = self.rows.iter().filter(services).count();
            self.of = Some(of);
        }
        self.picker.fit(&self.keys, height);
    }
}

impl List for ServiceMap {
    fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut Narrow {
        &mut self.narrow
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        self.picker.update(action, &self.keys);
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.picker.select_row(row, &self.keys)
    }
}

fn keys(survey: &Survey, rows: &[MapRow]) -> Vec<Key> {
    let key = |row: &MapRow| match row {
        MapRow::Service(service) => (service.clone(), None),
        MapRow::Call { edge, .. } => {
            let edge = &survey.edges[*edge];
            (edge.caller.clone(), Some((edge.callee.clone(), edge.messaging)))
        }
    };
    rows.iter().map(key).collect()
}

/// Each service once, callers before those that they call, the most called first; in circles somebody has to be the first.
fn rows(survey: &Survey, narrow: &Narrow) -> Vec<MapRow> {
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
        calls.sort_by_key(|at| std::cmp::Reverse(survey.edges[*at].figures.calls));
    }
    let services = by_name(survey, narrow);
    let mut rows = Vec::new();
    let mut state = HashMap::new();
    // Those that nobody calls first: what is left then stands in circles, or below one.
    let (first, later): (Vec<_>, Vec<_>) = services.into_iter().partition(|service| !called.contains(service));
    let (callers, alone): (Vec<_>, Vec<_>) = first.into_iter().partition(|service| calls.contains_key(service));
    for service in callers.into_iter().chain(later) {
        walk(survey, &calls, service, &mut state, &mut rows);
    }
    rows.extend(alone.into_iter().map(|service| MapRow::Service(service.clone())));
    rows
}

/// All services that send spans, without repetition.
fn by_name<'a>(survey: &'a Survey, narrow: &Narrow) -> Vec<&'a Arc<str>> {
    let of_operations = survey.operations.iter().map(|operation| &operation.service);
    let kept = |edge: &&Edge| narrow.keeps(&[&*edge.caller, &**edge.callee.name()]);
    let mut services: Vec<_> = of_operations.filter(|service| narrow.keeps(&[&***service])).collect();
    services.extend(survey.edges.iter().filter(kept).map(|edge| &edge.caller));
    services.sort_unstable();
    services.dedup();
    services
}

/// Whether a service is on the way from the first one to here, or done.
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
