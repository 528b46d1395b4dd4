//! Spans of whole traces, by id or by search.

use std::vec;

use trace_model::work;
use trace_model::{RawProgress, Store, StoredReader, TraceId};

use crate::search::{Matched, Matching};
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
    Search(Matching),
}

#[derive(Debug)]
enum State {
    /// Before the next trace.
    Next,
    /// Returning spans.
    Reading {
        reading: StoredReader,
        /// True if spans of it were returned.
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
        Self {
            source: Source::Search(Matching::new(search)),
            state: State::Next,
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Step {
        let until = work::done().saturating_add(work);
        loop {
            let step = match std::mem::replace(&mut self.state, State::Next) {
                State::Next => self.next(store, until),
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

    /// Continues with the next trace.
    fn next(&mut self, store: &Store, until: u64) -> Option<Step> {
        work::add(work::VISIT);
        let next = match &mut self.source {
            Source::Ids(ids) => ids.next().map_or(Matched::End, Matched::Trace),
            Source::Search(matching) => matching.step(store, until),
        };
        match next {
            Matched::More => Some(Step::More),
            Matched::End => Some(Step::Complete),
            Matched::Trace(trace_id) => {
                self.state = State::Reading {
                    reading: StoredReader::new(store, trace_id),
                    is_open: false,
                };
                None
            }
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
