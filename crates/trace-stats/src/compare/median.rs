//! What traces of one operation usually do.

use std::sync::Arc;
use std::vec;

use trace_model::work::{self, VISIT};
use trace_model::{ListPlace, Store, TraceId, TraceReader};

use super::profile::{Paths, Profile, Sums, Totals};

/// How many traces a median is made of at most: the newest.
pub const MEDIAN_TRACES: usize = 100;
/// How many call paths of theirs are kept at most while it is made. A trace that would be more is not taken.
pub const MEDIAN_SPANS: usize = 200_000;
/// How many traces are taken from the list at once.
const AHEAD: usize = 64;

/// What a trace is one of: the service and the name of its root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RootOperation {
    /// The root's service.
    pub service: Arc<str>,
    /// The root's name.
    pub name: Arc<str>,
}

impl RootOperation {
    /// Of a trace; `None` while its root has not arrived.
    #[must_use]
    pub fn of(store: &Store, trace_id: TraceId) -> Option<Self> {
        let trace = store.trace(trace_id).filter(|trace| !trace.is_partial)?;
        let root = trace.root;
        root.arrived.then_some(Self {
            service: root.service,
            name: root.name,
        })
    }
}

/// A median on its way: of the traces in the list with the same root as one of them, without that one and without any that are in flight.
///
/// Traces with errors are no part of it while there are others: what usually happens is what happens when all goes well. Each number is the
/// median of its own, the lower of the two in the middle where there are two: a call path that most traces do not have is none of it.
#[derive(Debug)]
pub struct MedianPass {
    operation: RootOperation,
    except: TraceId,
    place: ListPlace,
    ahead: vec::IntoIter<TraceId>,
    /// Of these it is not known yet whether they are of the operation.
    unknown: Vec<TraceId>,
    reading: Option<TraceReader<Profile>>,
    looked_at: usize,
    listed: usize,
    profiles: Vec<Profile>,
    paths: usize,
    too_large: usize,
}

impl MedianPass {
    /// Before the first trace of the list.
    #[must_use]
    pub fn new(store: &Store, operation: RootOperation, except: TraceId) -> Self {
        Self {
            operation,
            except,
            place: ListPlace::default(),
            ahead: Vec::new().into_iter(),
            unknown: Vec::new(),
            reading: None,
            looked_at: 0,
            listed: store.listed(),
            profiles: Vec::new(),
            paths: 0,
            too_large: 0,
        }
    }

    /// How much of the list has been looked at, in percent.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.looked_at * 100).checked_div(self.listed).unwrap_or(100).min(100)
    }

    /// Looks on until about so much [work](trace_model::work) is done; true while there is more to look at.
    pub fn step(&mut self, store: &Store, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        loop {
            if let Some(reading) = &mut self.reading {
                if let Some(profile) = reading.step(store, until.saturating_sub(work::done())) {
                    self.paths += profile.len();
                    self.profiles.push(profile);
                    self.reading = None;
                }
            } else {
                if self.profiles.len() >= MEDIAN_TRACES {
                    return false;
                }
                if self.ahead.len() == 0 {
                    let (traces, place) = store.listed_after(self.place, AHEAD);
                    self.place = place;
                    self.ahead = traces.into_iter();
                }
                let Some(trace_id) = self.ahead.next().or_else(|| self.unknown.pop()) else {
                    return false;
                };
                self.looked_at += 1;
                self.reading = self.begin(store, trace_id);
                if self.unknown.last() == Some(&trace_id) {
                    // Its summary is on its way.
                    return true;
                }
            }
            if work::done() >= until {
                return true;
            }
        }
    }

    /// Begins to read a trace if it is one of the operation.
    fn begin(&mut self, store: &Store, trace_id: TraceId) -> Option<TraceReader<Profile>> {
        work::add(VISIT);
        let trace = store.trace(trace_id).filter(|_| trace_id != self.except)?;
        if trace.is_partial {
            self.looked_at -= 1;
            self.unknown.push(trace_id);
            return None;
        }
        let is_one = trace.root.arrived && trace.root.service == self.operation.service && trace.root.name == self.operation.name;
        if !is_one || trace.in_flight > 0 {
            return None;
        }
        if self.paths + trace.spans > MEDIAN_SPANS {
            self.too_large += 1;
            return None;
        }
        Some(Profile::reader(store, trace_id))
    }

    /// How many traces it is made of so far.
    #[must_use]
    pub fn traces(&self) -> usize {
        match self.well() {
            0 => self.profiles.len(),
            well => well,
        }
    }

    /// Whether it is made of traces without errors.
    #[must_use]
    pub fn is_without_errors(&self) -> bool {
        self.well() > 0
    }

    fn well(&self) -> usize {
        self.profiles.iter().filter(|profile| profile.totals.errors == 0).count()
    }

    /// How many were not taken because they are too large.
    #[must_use]
    pub const fn too_large(&self) -> usize {
        self.too_large
    }

    /// The median; `None` when there was no trace to make it of.
    #[must_use]
    pub fn finish(mut self) -> Option<Profile> {
        if self.is_without_errors() {
            self.profiles.retain(|profile| profile.totals.errors == 0);
        }
        let of = self.profiles.len();
        let numbers = |read: fn(&Totals) -> u64| self.profiles.iter().map(|profile| read(&profile.totals)).collect();
        if of == 0 {
            return None;
        }
        let mut paths = Paths::default();
        // By path, of the traces that have it.
        let mut seen: Vec<Vec<Sums>> = Vec::new();
        for profile in &self.profiles {
            let mut placed = vec![0; profile.paths.len()];
            let mut stack: Vec<(usize, Option<usize>)> = profile.roots.iter().rev().map(|root| (*root, None)).collect();
            while let Some((at, above)) = stack.pop() {
                let path = &profile.paths[at];
                placed[at] = paths.at(above, path.name());
                seen.resize_with(paths.all.len(), Vec::new);
                seen[placed[at]].push(path.sums);
                stack.extend(path.children.iter().rev().map(|child| (*child, Some(placed[at]))));
            }
        }
        for (path, sums) in paths.all.iter_mut().zip(&seen) {
            let of_all = |read: fn(&Sums) -> u64| median(sums.iter().map(read).collect(), of);
            path.sums = Sums {
                spans: of_all(|sums| sums.spans),
                errors: of_all(|sums| sums.errors),
                in_flight: 0,
                nano: of_all(|sums| sums.nano),
                self_nano: of_all(|sums| sums.self_nano),
            };
        }
        let mut profile = Profile {
            totals: Totals {
                nano: median(numbers(|totals| totals.nano), of),
                spans: median(numbers(|totals| totals.spans), of),
                errors: median(numbers(|totals| totals.errors), of),
                in_flight: 0,
            },
            paths: paths.all,
            roots: paths.roots,
        };
        profile.retain_usual();
        Some(profile)
    }
}

impl Profile {
    /// Without the paths that most do not have. Whoever has a path has those above it, so what stays hangs together.
    fn retain_usual(&mut self) {
        let usual: Vec<bool> = self.paths.iter().map(|path| path.sums.spans > 0).collect();
        for path in &mut self.paths {
            path.children.retain(|child| usual[*child]);
        }
        self.roots.retain(|root| usual[*root]);
    }
}

/// The median of `of` numbers, of which those that are not there are 0.
fn median(mut numbers: Vec<u64>, of: usize) -> u64 {
    let zeros = of.saturating_sub(numbers.len());
    let Some(at) = (of.saturating_sub(1) / 2).checked_sub(zeros) else {
        return 0;
    };
    if numbers.is_empty() {
        return 0;
    }
    let (_, median, _) = numbers.select_nth_unstable(at);
    *median
}
