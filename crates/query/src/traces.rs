//! Whole traces, by id or by search.

use std::vec;

use trace_model::work;
use trace_model::{RawProgress, Store, StoredReader, TraceId};

use crate::operations::AllTraces;
use crate::{Part, Search, Step};

/// Bytes of spans that a part has at most, or one span: a longer part would hold up the owner of the store.
const PART_WORK: u64 = 1 << 18;

#[derive(Debug)]
pub(crate) struct TracesPass {
    source: Source,
    state: State,
}

#[derive(Debug)]
enum Source {
    Ids(vec::IntoIter<TraceId>),
    Search {
        search: Box<Search>,
        traces: AllTraces,
        left: usize,
    },
}

#[derive(Debug)]
enum State {
    /// Before the next trace.
    Next,
    /// Looking for a span that matches.
    Testing(StoredReader),
    /// Returning spans.
    Reading {
        reading: StoredReader,
        /// Whether spans of it were returned.
        is_open: bool,
    },
    /// All spans were returned.
    End,
}

impl TracesPass {
    pub(crate) fn of_ids(ids: Vec<TraceId>) -> Self {
        Self {
            source: Source::Ids(ids.into_iter()),
            state: State::Next,
        }
    }

    pub(crate) fn of_search(search: Box<Search>) -> Self {
        let left = search.limit;
        let traces = AllTraces::default();
        Self {
            source: Source::Search { search, traces, left },
            state: State::Next,
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Step {
        let until = work::done().saturating_add(work);
        loop {
            let step = match std::mem::replace(&mut self.state, State::Next) {
                State::Next => self.next(store),
                State::Testing(reading) => {
                    self.test(store, reading, until);
                    None
                }
                State::Reading { reading, is_open } => self.read(store, reading, is_open, until),
                State::End => Some(Step::Part(Part::EndOfTrace { is_cut: false })),
            };
            if let Some(step) = step {
                return step;
            }
            if work::done() >= until {
                return Step::More;
            }
        }
    }

    fn open(&mut self, store: &Store, trace_id: TraceId) {
        self.state = State::Reading {
            reading: StoredReader::new(store, trace_id),
            is_open: false,
        };
    }

    /// Goes on to the next trace.
    fn next(&mut self, store: &Store) -> Option<Step> {
        work::add(work::VISIT);
        let next = match &mut self.source {
            Source::Ids(ids) => ids.next(),
            Source::Search { left: 0, .. } => None,
            Source::Search { traces, .. } => traces.next(store),
        };
        let Some(trace_id) = next else { return Some(Step::Complete) };
        match self.source {
            Source::Ids(_) => self.open(store, trace_id),
            Source::Search { .. } => self.state = State::Testing(StoredReader::new(store, trace_id)),
        }
        None
    }

    fn test(&mut self, store: &Store, mut reading: StoredReader, until: u64) {
        let Source::Search { search, left, .. } = &mut self.source else {
            return;
        };
        let mut is_found = false;
        let progress = reading.step(store, until.saturating_sub(work::done()), |span| {
            is_found = is_found || search.matches(&span);
        });
        if is_found {
            *left -= 1;
            self.open(store, reading.trace_id());
        } else if progress == RawProgress::More {
            self.state = State::Testing(reading);
        }
    }

    fn read(&mut self, store: &Store, mut reading: StoredReader, is_open: bool, until: u64) -> Option<Step> {
        let mut spans = Vec::new();
        let work = until.saturating_sub(work::done()).min(PART_WORK);
        let progress = reading.step(store, work, |span| spans.extend(span.decode()));
        let is_open = is_open || !spans.is_empty();
        match progress {
            RawProgress::More => self.state = State::Reading { reading, is_open },
            RawProgress::Complete if is_open => self.state = State::End,
            RawProgress::Left if is_open => return Some(Step::Part(Part::EndOfTrace { is_cut: true })),
            RawProgress::Complete | RawProgress::Left => {
                let missing = Part::Missing(reading.trace_id());
                return matches!(self.source, Source::Ids(_)).then_some(Step::Part(missing));
            }
        }
        (!spans.is_empty()).then_some(Step::Part(Part::Spans(spans)))
    }
}
