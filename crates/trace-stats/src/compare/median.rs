//! Median of the traces of one operation.

use std::sync::Arc;

use trace_model::work::{self, Steps, VISIT, Visits, drop_in_steps};
use trace_model::{Store, TraceCursor, TraceId, TraceReader};

use super::profile::{Paths, Profile, Sums, Totals};

/// Maximum number of traces in a median: the newest ones.
pub const MEDIAN_TRACES: usize = 100;
/// Maximum number of call paths kept while it is computed. A trace that would exceed it is skipped.
pub const MEDIAN_SPANS: usize = 200_000;

/// Operation of a trace: service and name of its root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RootOperation {
    /// `service.name` of the root.
    pub service: Arc<str>,
    /// Name of the root.
    pub name: Arc<str>,
}

impl RootOperation {
    /// Returns the operation of a trace; `None` until its root arrives.
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

/// Incremental median of the listed traces with the same root operation, excluding one trace and those in flight.
///
/// Traces with errors are excluded if there are others: the baseline is the successful case. Each number is a median on its own,
/// the lower of the two middle ones if there are two; a call path that most traces lack is excluded.
#[derive(Debug)]
pub struct MedianPass {
    operation: RootOperation,
    except: TraceId,
    traces: TraceCursor,
    /// Traces whose root operation is not known yet.
    unknown: Vec<TraceId>,
    reading: Option<TraceReader<Profile>>,
    looked_at: usize,
    listed: usize,
    profiles: Vec<Profile>,
    paths: usize,
    too_large: usize,
    stage: Stage,
    /// Traces included, and those of them without errors, once all are read.
    included: usize,
    well: usize,
}

#[derive(Debug)]
enum Stage {
    Reading,
    Combining(Steps<Option<Profile>>),
    Complete(Option<Profile>),
}

impl MedianPass {
    /// Starts before the first trace of the list.
    #[must_use]
    pub fn new(store: &Store, operation: RootOperation, except: TraceId) -> Self {
        Self {
            operation,
            except,
            traces: TraceCursor::listed(),
            unknown: Vec::new(),
            reading: None,
            looked_at: 0,
            listed: store.listed(),
            profiles: Vec::new(),
            paths: 0,
            too_large: 0,
            stage: Stage::Reading,
            included: 0,
            well: 0,
        }
    }

    /// Returns the processed part of the list in percent.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.looked_at * 100).checked_div(self.listed).unwrap_or(100).min(100)
    }

    /// Continues until about this much [work](trace_model::work) is done; returns true if there is more.
    pub fn step(&mut self, store: &Store, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        if self.read(store, until) {
            return true;
        }
        self.combine(until.saturating_sub(work::done()))
    }

    const fn is_reading(&self) -> bool {
        matches!(self.stage, Stage::Reading)
    }

    /// Reads traces; returns true if there are more.
    fn read(&mut self, store: &Store, until: u64) -> bool {
        loop {
            if !self.is_reading() {
                return false;
            }
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
                let Some(trace_id) = self.traces.next(store).or_else(|| self.unknown.pop()) else {
                    return false;
                };
                self.looked_at += 1;
                self.reading = self.begin(store, trace_id);
                if self.unknown.last() == Some(&trace_id) {
                    // Its summary is pending.
                    return true;
                }
            }
            if work::done() >= until {
                return true;
            }
        }
    }

    /// Starts reading a trace if it belongs to the operation.
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

    /// Returns the number of traces included so far.
    #[must_use]
    pub fn traces(&self) -> usize {
        if !self.is_reading() {
            return self.included;
        }
        match self.well() {
            0 => self.profiles.len(),
            well => well,
        }
    }

    /// Returns true if the included traces have no errors.
    #[must_use]
    pub fn is_without_errors(&self) -> bool {
        self.well() > 0
    }

    fn well(&self) -> usize {
        if !self.is_reading() {
            return self.well;
        }
        self.profiles.iter().filter(|profile| profile.totals.errors == 0).count()
    }

    /// Returns the number of traces skipped because of their size.
    #[must_use]
    pub const fn too_large(&self) -> usize {
        self.too_large
    }

    /// Returns the median; `None` without traces. What [`MedianPass::step`] has not read or computed is left out or computed at once.
    #[must_use]
    pub fn finish(mut self) -> Option<Profile> {
        self.combine(u64::MAX);
        match self.stage {
            Stage::Complete(median) => median,
            Stage::Reading | Stage::Combining(_) => None,
        }
    }

    /// Combines the traces that are read, until about this much work is done; returns true if there is more.
    fn combine(&mut self, work: u64) -> bool {
        if self.is_reading() {
            (self.included, self.well) = (self.traces(), self.well());
            let mut profiles = std::mem::take(&mut self.profiles);
            if self.well > 0 {
                profiles.retain(|profile| profile.totals.errors == 0);
            }
            self.stage = Stage::Combining(Steps::new(combined(profiles)));
        }
        if let Stage::Combining(steps) = &mut self.stage {
            let Some(median) = steps.run(work) else { return true };
            self.stage = Stage::Complete(median);
        }
        false
    }
}

/// Computes the median of all these traces; `None` without any.
async fn combined(profiles: Vec<Profile>) -> Option<Profile> {
    let of = profiles.len();
    if of == 0 {
        return None;
    }
    let numbers = |read: fn(&Totals) -> u64| profiles.iter().map(|profile| read(&profile.totals)).collect();
    let totals = Totals {
        nano: median(numbers(|totals| totals.nano), of),
        spans: median(numbers(|totals| totals.spans), of),
        errors: median(numbers(|totals| totals.errors), of),
        in_flight: 0,
    };
    let mut visits = Visits::default();
    let mut paths = Paths::default();
    // Sums by path, of the traces that have the path.
    let mut seen: Vec<Vec<Sums>> = Vec::new();
    for profile in &profiles {
        let mut placed = vec![0; profile.paths.len()];
        let mut stack: Vec<(usize, Option<usize>)> = profile.roots.iter().rev().map(|root| (*root, None)).collect();
        while let Some((at, above)) = stack.pop() {
            visits.many(4).await;
            let path = &profile.paths[at];
            placed[at] = paths.at(above, path.name());
            seen.resize_with(paths.all.len(), Vec::new);
            seen[placed[at]].push(path.sums);
            stack.extend(path.children.iter().rev().map(|child| (*child, Some(placed[at]))));
        }
    }
    for (path, sums) in paths.all.iter_mut().zip(&seen) {
        visits.many(1 + sums.len()).await;
        let of_all = |read: fn(&Sums) -> u64| median(sums.iter().map(read).collect(), of);
        path.sums = Sums {
            spans: of_all(|sums| sums.spans),
            errors: of_all(|sums| sums.errors),
            in_flight: 0,
            nano: of_all(|sums| sums.nano),
            self_nano: of_all(|sums| sums.self_nano),
        };
    }
    drop_in_steps(seen).await;
    for profile in profiles {
        drop_in_steps(profile.paths).await;
    }
    let mut profile = Profile {
        totals,
        paths: paths.all,
        roots: paths.roots,
    };
    profile.retain_common(&mut visits).await;
    Some(profile)
}

impl Profile {
    /// Removes the paths that most traces lack. A trace with a path has its ancestors too, so the rest stays connected.
    async fn retain_common(&mut self, visits: &mut Visits) {
        let usual: Vec<bool> = self.paths.iter().map(|path| path.sums.spans > 0).collect();
        for path in &mut self.paths {
            visits.many(1 + path.children.len()).await;
            path.children.retain(|child| usual[*child]);
        }
        self.roots.retain(|root| usual[*root]);
    }
}

/// Returns the median of `of` numbers, of which the missing ones are 0.
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
