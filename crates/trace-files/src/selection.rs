//! Traces or log records to be saved, read from the store in steps.

use trace_model::work::{self, VISIT};
use trace_model::{LogId, RawProgress, RawReader, RawRecord, Store, TraceId};

/// Bytes of JSON per byte of protobuf, roughly: hexadecimal ids, decimal times and names of fields.
const JSON_EXPANSION: u64 = 3;

/// Traces with all their log records, or single log records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Whole traces, in the order of the file.
    Traces(Vec<TraceId>),
    /// Log records, in the order of the file.
    Logs(Vec<LogId>),
}

impl Selection {
    /// Returns the number of traces or log records.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Traces(ids) => ids.len(),
            Self::Logs(ids) => ids.len(),
        }
    }

    /// Returns true if nothing is selected.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Counts of what was read of a selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectionCounts {
    /// Whole traces.
    pub traces: u64,
    /// Spans.
    pub spans: u64,
    /// Log records.
    pub logs: u64,
    /// Selected traces or records that were evicted before all of them was read.
    pub evicted: u64,
    /// Bytes of the spans and log records in protobuf.
    pub bytes: u64,
}

impl SelectionCounts {
    /// Returns about how many bytes they have as OTLP/JSON.
    #[must_use]
    pub const fn json_bytes(&self) -> u64 {
        self.bytes * JSON_EXPANSION
    }
}

/// Reads a selection in steps.
#[derive(Debug)]
pub struct SelectionReader {
    selection: Selection,
    /// Position of the next trace or record.
    at: usize,
    trace: Option<RawReader>,
    counts: SelectionCounts,
}

impl SelectionReader {
    /// Starts before the first record.
    #[must_use]
    pub const fn new(selection: Selection) -> Self {
        Self {
            selection,
            at: 0,
            trace: None,
            counts: SelectionCounts {
                traces: 0,
                spans: 0,
                logs: 0,
                evicted: 0,
                bytes: 0,
            },
        }
    }

    /// Returns the selection.
    #[must_use]
    pub const fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Returns the selection, to be read again.
    #[must_use]
    pub fn into_selection(self) -> Selection {
        self.selection
    }

    /// Returns the number of traces or records that are read or evicted.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Returns true once all was read.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.at == self.selection.len()
    }

    /// Returns the counts so far.
    #[must_use]
    pub const fn counts(&self) -> &SelectionCounts {
        &self.counts
    }

    /// Passes records to `read`, with true for spans, until about this much [`work`] is done; returns true once all were read.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(bool, &RawRecord<'_>)) -> bool {
        let until = work::done().saturating_add(work);
        while !self.is_complete() {
            let left = until.saturating_sub(work::done());
            if self.read_next(store, left, &mut read) {
                self.at += 1;
            }
            if work::done() >= until {
                break;
            }
        }
        self.is_complete()
    }

    /// Continues to read a trace, or reads a record; returns true if it is read or evicted.
    fn read_next(&mut self, store: &Store, work: u64, read: &mut impl FnMut(bool, &RawRecord<'_>)) -> bool {
        work::add(VISIT);
        let counts = &mut self.counts;
        match &self.selection {
            Selection::Traces(ids) => {
                let Some(id) = ids.get(self.at) else { return true };
                let reader = self.trace.get_or_insert_with(|| RawReader::new(store, *id));
                let progress = reader.step(store, work, |is_span, record| {
                    *(if is_span { &mut counts.spans } else { &mut counts.logs }) += 1;
                    counts.bytes += record.bytes.len() as u64;
                    read(is_span, &record);
                });
                match progress {
                    RawProgress::More => return false,
                    RawProgress::Left => counts.evicted += 1,
                    RawProgress::Complete => counts.traces += 1,
                }
                self.trace = None;
            }
            Selection::Logs(ids) => match ids.get(self.at).and_then(|id| store.stored_log(*id)) {
                Some(log) => {
                    let record = log.raw();
                    work::add(record.bytes.len());
                    counts.logs += 1;
                    counts.bytes += record.bytes.len() as u64;
                    read(false, &record);
                }
                None => counts.evicted += 1,
            },
        }
        true
    }
}
