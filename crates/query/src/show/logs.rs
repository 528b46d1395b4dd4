//! Log records, in traces and outside.

use std::collections::VecDeque;

use trace_model::{LogReader, Store, StoredLog, work};

use super::{Shown, ShownLog, cut, named};
use crate::{LogLine, LogText, Search, text_of};

/// The last matching log records by time.
#[derive(Debug)]
pub(crate) struct LogsPass {
    search: Box<Search>,
    reader: LogReader,
    /// By time.
    found: VecDeque<ShownLog>,
}

impl LogsPass {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            reader: LogReader::of_all().within(&search.start),
            search,
            found: VecDeque::new(),
        }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        let Self { search, reader, found } = self;
        let is_complete = reader.step(store, work, |log| {
            // Not more than a step's records are decoded in vain.
            if found.len() < search.limit
                && let Some(shown) = shown(search, &log)
            {
                found.push_front(shown);
            }
        });
        let is_complete = is_complete || found.len() >= search.limit;
        is_complete.then(|| Shown::Logs(std::mem::take(found).into()))
    }
}

/// Returns a record if it is wanted.
fn shown(search: &Search, stored: &StoredLog<'_>) -> Option<ShownLog> {
    if !search.filter.is_empty() {
        let candidate = stored.candidate();
        work::add(candidate.raw.len() + candidate.resource.len() + candidate.scope.len());
        if !search.filter.matches(&candidate) {
            return None;
        }
    }
    Some(LogLine::of(stored).into())
}

impl From<LogLine> for ShownLog {
    fn from(line: LogLine) -> Self {
        let severity = match &*line.severity_text {
            "" => line.severity.name(),
            text => text,
        };
        Self {
            time_unix_nano: line.id.time_unix_nano(),
            trace_id: line.trace_id.map(|id| id.to_string()),
            span_id: line.span_id.map(|id| id.to_string()),
            service: named(&line.service),
            severity: cut(severity),
            text: cut(&text(&line.text)),
        }
    }
}

fn text(text: &LogText) -> String {
    match text {
        LogText::Value(value) => text_of(value),
        LogText::LongStructure => "(a long structure)".to_owned(),
        LogText::Attributes(attributes) => {
            let pairs = attributes
                .iter()
                .map(|attribute| format!("{}={}", attribute.key, text_of(&attribute.value)));
            pairs.collect::<Vec<_>>().join(" ")
        }
    }
}
