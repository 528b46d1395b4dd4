//! Errors: failed spans and error events.

use std::collections::BTreeSet;

use trace_model::{
    Event, RawProgress, Span, StatusCode, Store, StoredLog, StoredLogReader, StoredReader, StoredSpan, TraceId, work,
};

use super::{Shown, ShownError, cut, named};
use crate::Search;
use crate::arrivals::title;
use crate::operations::AllTraces;

/// The last errors by time, whatever their traces are.
#[derive(Debug)]
pub(crate) struct ErrorsPass {
    search: Box<Search>,
    traces: AllTraces,
    reading: Option<Reading>,
    /// By time and by order of reading.
    found: BTreeSet<(u64, u64, Record)>,
    number: u64,
}

#[derive(Debug)]
enum Reading {
    Spans(StoredReader),
    Logs(StoredLogReader),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    trace_id: TraceId,
    span_id: Option<String>,
    service: String,
    /// Name of a span.
    name: Option<String>,
    text: String,
}

impl ErrorsPass {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            search,
            traces: AllTraces::default(),
            reading: None,
            found: BTreeSet::new(),
            number: 0,
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            let left = until.saturating_sub(work::done());
            match self.reading.take() {
                None => match self.traces.next(store) {
                    None => return Some(self.finish()),
                    Some(trace_id) => self.reading = Some(Reading::Spans(StoredReader::new(store, trace_id))),
                },
                Some(Reading::Spans(mut reading)) => {
                    let progress = reading.step(store, left, |span| self.span(&span));
                    self.reading = match progress {
                        RawProgress::More => Some(Reading::Spans(reading)),
                        RawProgress::Complete => Some(Reading::Logs(StoredLogReader::new(store, reading.trace_id()))),
                        RawProgress::Left => None,
                    };
                }
                Some(Reading::Logs(mut reading)) => {
                    let progress = reading.step(store, left, |log| self.log(&log));
                    self.reading = (progress == RawProgress::More).then_some(Reading::Logs(reading));
                }
            }
        }
        None
    }

    /// Returns true if a record at this time may be among the last ones.
    fn is_late_enough(&self, unix_nano: u64) -> bool {
        let first = self.found.first().filter(|_| self.found.len() >= self.search.limit);
        first.is_none_or(|(time, ..)| *time < unix_nano)
    }

    fn add(&mut self, unix_nano: u64, record: Record) {
        self.number += 1;
        self.found.insert((unix_nano, self.number, record));
        while self.found.len() > self.search.limit {
            self.found.pop_first();
        }
    }

    fn span(&mut self, span: &StoredSpan<'_>) {
        let candidate = &span.candidate;
        let time = candidate.start_unix_nano;
        let is_wanted = candidate.status == StatusCode::Error && self.is_late_enough(time) && self.search.matches(span);
        if let Some(decoded) = is_wanted.then(|| span.decode()).flatten() {
            self.add(
                time,
                Record {
                    trace_id: candidate.trace_id,
                    span_id: Some(candidate.span_id.to_string()),
                    service: candidate.service.to_owned(),
                    name: Some(candidate.name.to_owned()),
                    text: cut(&message(&decoded)),
                },
            );
        }
    }

    fn log(&mut self, stored: &StoredLog<'_>) {
        let time = stored.id().time_unix_nano();
        if !stored.is_error() || !self.is_late_enough(time) || !self.search.start.contains(&time) {
            return;
        }
        let Some(log) = stored.decode() else { return };
        let text = title(&log);
        let Some(candidate) = stored.span_candidate(&text) else {
            return;
        };
        if !self.search.filter.matches(&candidate) {
            return;
        }
        let record = Record {
            trace_id: candidate.trace_id,
            span_id: log.span_id.map(|id| id.to_string()),
            service: log.service.clone(),
            name: None,
            text: cut(&text),
        };
        self.add(time, record);
    }

    fn finish(&mut self) -> Shown {
        let found = std::mem::take(&mut self.found).into_iter();
        let errors = found.map(|(time_unix_nano, _, record)| ShownError {
            time_unix_nano,
            trace_id: record.trace_id.to_string(),
            span_id: record.span_id,
            service: named(&record.service),
            name: record.name,
            message: record.text,
        });
        Shown::Errors(errors.collect())
    }
}

/// Returns the message of a failed span: its status, else its last exception.
fn message(span: &Span) -> String {
    if !span.status_message.is_empty() {
        return span.status_message.clone();
    }
    span.events.iter().rev().find_map(Event::exception).unwrap_or_default()
}
