//! Arrivals as a reader selects them, before and without the store.

use std::collections::VecDeque;

use trace_files::{write_logs, write_spans};
use trace_model::{Batch, BatchLog, BatchSpan, RawRecord, Source};

use crate::{RecordFilter, Uploads};

/// Records of a [`Records`] at most.
const RECORDS_MAX: usize = 512;
/// Bytes of the records of a [`Records`], unless it is a single one.
const BYTES_MAX: usize = 1 << 18;
/// Records that are looked at in one step.
const LOOKED_AT_MAX: usize = 2_048;

/// The arriving records that a reader wants.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Matching records only.
    pub filter: RecordFilter,
    /// True for OTLP's log records, too. Those of Sentry's envelopes are always wanted, and all if the filter has a field of log records alone.
    pub logs: bool,
}

impl Selection {
    /// Returns true if a span is wanted.
    #[must_use]
    pub fn selects(&self, span: &BatchSpan<'_>) -> bool {
        self.filter.matches(span)
    }

    /// Returns true if a log record is wanted.
    #[must_use]
    pub fn selects_log(&self, log: &BatchLog<'_>) -> bool {
        let is_wanted = self.logs || log.source() == Source::Sentry || self.filter.has_log_fields();
        is_wanted && self.filter.matches_log(log)
    }
}

/// Some of the records of one request, all of one signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// Log records or spans.
    pub is_logs: bool,
    /// The way by which they arrived.
    pub source: Source,
    /// An `ExportTraceServiceRequest` or `ExportLogsServiceRequest` in OTLP/JSON.
    pub json: Vec<u8>,
}

impl Records {
    fn of_spans(spans: &[BatchSpan<'_>]) -> Option<Self> {
        let mut json = Vec::new();
        write_spans(spans.iter().map(BatchSpan::raw), &mut json);
        Self::of(false, spans.first()?.source(), json)
    }

    fn of_logs(logs: &[BatchLog<'_>]) -> Option<Self> {
        let mut json = Vec::new();
        write_logs(logs.iter().map(BatchLog::raw), &mut json);
        Self::of(true, logs.first()?.source(), json)
    }

    fn of(is_logs: bool, source: Source, mut json: Vec<u8>) -> Option<Self> {
        (json.pop()? == b'\n').then_some(Self { is_logs, source, json })
    }
}

/// One reader's way through the arrivals.
#[derive(Debug)]
pub struct ArrivalReader {
    selection: Selection,
    uploads: Uploads,
    /// Hidden spans that are to be returned next.
    revealed: VecDeque<Batch>,
}

impl ArrivalReader {
    /// Starts with what arrives next.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self {
            selection,
            uploads: Uploads::new(),
            revealed: VecDeque::new(),
        }
    }

    /// Reads some of the records of a batch, spans first. `at` is the position in the batch, 0 at first; it becomes `None` at the end.
    /// Returns those that are wanted, if there are any.
    pub fn step(&mut self, batch: &Batch, at: &mut Option<usize>) -> Option<Records> {
        if let Some(revealed) = self.revealed.pop_front() {
            let spans: Vec<_> = revealed.each_span().filter(|span| self.selection.selects(span)).collect();
            return Records::of_spans(&spans);
        }
        let from = at.unwrap_or_default();
        let mut room = Room::default();
        let records = if from < batch.span_count() {
            let mut spans = Vec::new();
            for span in batch.spans_from(from) {
                self.revealed.extend(self.uploads.span(&span));
                if !span.is_hidden() && self.selection.selects(&span) {
                    room.take(&span.raw());
                    spans.push(span);
                }
                if room.is_full_after_next() {
                    break;
                }
            }
            Records::of_spans(&spans)
        } else {
            let mut logs = Vec::new();
            for log in batch.logs_from(from - batch.span_count()) {
                self.revealed.extend(self.uploads.log(&log));
                if self.selection.selects_log(&log) {
                    room.take(&log.raw());
                    logs.push(log);
                }
                if room.is_full_after_next() {
                    break;
                }
            }
            Records::of_logs(&logs)
        };
        let next = from + room.looked_at;
        let is_over = room.looked_at == 0 || next >= batch.span_count() + batch.log_count();
        *at = (!is_over || !self.revealed.is_empty()).then_some(next);
        records
    }
}

/// Size of a [`Records`] so far.
#[derive(Default)]
struct Room {
    looked_at: usize,
    records: usize,
    bytes: usize,
}

impl Room {
    const fn take(&mut self, record: &RawRecord<'_>) {
        self.records += 1;
        self.bytes += record.bytes.len();
    }

    /// Counts a record; true if it was the last one.
    const fn is_full_after_next(&mut self) -> bool {
        self.looked_at += 1;
        self.looked_at >= LOOKED_AT_MAX || self.records >= RECORDS_MAX || self.bytes >= BYTES_MAX
    }
}
