//! The cross-check: which spans reached Sentry, and what is in the way of the others.
//!
//! A finding does not depend on the clock, only on arrivals; the time from which on an absent span is missing is a part of it. So
//! the list can keep a trace's result until something arrives, and a late envelope corrects everything.

use super::Store;
use super::evidence::{Expectation, TraceEvidence};
use super::record::{Record, RecordId, RecordKind, Slot};
use super::trace::SeenSpans;
use crate::batch::SpanFlags;
use crate::sentry::{Awaited, Delivery, Mismatch, Reason, SourceOfTruth, Verdict};
use crate::work::{self, VISIT};
use crate::{Source, SpanId, SpanKey, SpanKind, TraceId};

/// Nanoseconds after a trace's last end from which on nothing more is expected: SDKs send a transaction when it ends, and single
/// spans in batches every few seconds.
const REPORT_DELAY_NANOS: u64 = 10_000_000_000;
/// Nanoseconds after a transaction's arrival in which its spans by other ways arrive too.
const SIBLING_DELAY_NANOS: u64 = 2_000_000_000;
/// Ancestors searched for a span's transaction.
const ANCESTORS_MAX: usize = 1_000;
/// Spans of a trace from which on it is not searched for each one's transaction while it grows.
const SEARCHED_SPANS_MAX: u32 = 5_000;
/// Spans that Sentry's SDKs put into a transaction, at most.
const TRANSACTION_SPANS_MAX: u32 = 1_000;

/// Cross-check of a trace: its spans that reached Sentry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SentryReach {
    /// Source of truth.
    pub truth: SourceOfTruth,
    /// Spans that services sent; the viewer's own are for the local screen alone.
    pub expected: usize,
    /// Spans of these that reached Sentry as what they are.
    pub reached: usize,
    /// Spans of these that reached Sentry as something else.
    pub differs: usize,
    /// Spans that arrived in envelopes only.
    pub sentry_only: usize,
    /// Time from which on one of the others is missing and no longer expected, in nanoseconds since the Unix epoch.
    pub due_unix_nano: u64,
}

impl SentryReach {
    /// Spans that did not reach Sentry, or not yet.
    #[must_use]
    pub const fn absent(self) -> usize {
        self.expected.saturating_sub(self.reached + self.differs)
    }

    /// The mark of the whole trace: that of its worst span; `–` if nothing can be compared.
    #[must_use]
    pub const fn mark(self, now_unix_nano: u64) -> char {
        if matches!(self.truth, SourceOfTruth::Nothing) || self.expected + self.sentry_only == 0 {
            '–'
        } else if self.absent() > 0 && now_unix_nano >= self.due_unix_nano {
            '✗'
        } else if self.differs > 0 {
            '≠'
        } else if self.absent() > 0 {
            '…'
        } else {
            '✓'
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    NotChecked,
    NotSent,
    Reached,
    SentryOnly,
    Differs(Mismatch),
    Absent {
        cause: Cause,
        /// Time from which on it is missing.
        due: u64,
    },
}

/// Evidence for an absent span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Running,
    /// The span that it will be sent with is running.
    RootRunning(RecordId),
    /// Its transaction was sent without it.
    RootSent(RecordId),
    Relayed,
    TooLarge(u64),
    /// It was sent, and Sentry does not have it.
    NotStored,
    NotAsked,
    Open,
}

impl Store {
    /// Returns the cross-check of a span at this time, in nanoseconds since the Unix epoch; `None` if it is not stored.
    #[must_use]
    pub fn verdict(&self, trace_id: TraceId, key: &SpanKey, now_unix_nano: u64) -> Option<Verdict> {
        let slot = self.find_trace(trace_id)?;
        let at = self.find_key(slot, key)?;
        let summary = self.summary(slot);
        let ends = summary.map_or(0, |trace| trace.summary.start_unix_nano + trace.summary.duration_nano);
        let record = self.contents.log.get(at);
        let has_lost_events = record.is_sentry_otlp() && record.marks().has(SpanFlags::EVENTS);
        Some(match self.outcome(slot, at, ends) {
            Outcome::Reached if has_lost_events => Verdict::WithoutEvents,
            Outcome::NotChecked => Verdict::NotChecked,
            Outcome::NotSent => Verdict::NotSent,
            Outcome::Reached => Verdict::Reached,
            Outcome::SentryOnly => Verdict::SentryOnly,
            Outcome::Differs(difference) => Verdict::Differs(difference),
            Outcome::Absent { cause, due } if now_unix_nano < due => Verdict::Expected(self.awaited(slot, at, cause)),
            Outcome::Absent { cause, .. } => Verdict::Missing(self.reason(slot, at, cause)),
        })
    }

    /// Returns the source of truth for the spans of a trace.
    pub(super) fn truth(&self, slot: Slot) -> SourceOfTruth {
        let evidence = self.evidence(slot);
        if let Some(answer) = evidence.and_then(|evidence| evidence.stored.as_ref()) {
            return SourceOfTruth::Sentry {
                asked_unix_nano: Some(answer.asked_unix_nano),
                asked_again: answer.asked_again,
            };
        }
        match self.sentry.expectation {
            Expectation::Sentry => SourceOfTruth::Sentry {
                asked_unix_nano: None,
                asked_again: true,
            },
            Expectation::Endpoint => SourceOfTruth::Endpoint,
            Expectation::Nothing => {
                let trace = &self.traces[slot];
                if evidence.is_some() || trace.sentry.count > 0 || trace.seen_spans.has(SeenSpans::SENTRY_OTLP) {
                    SourceOfTruth::Endpoint
                } else {
                    SourceOfTruth::Nothing
                }
            }
        }
    }

    /// Returns the finding for one span of a trace that ends at this time.
    pub(super) fn outcome(&self, slot: Slot, at: RecordId, ends: u64) -> Outcome {
        let record = self.contents.log.get(at);
        let origin = self.contents.origins.get(record.origin);
        // A file's spans were sent at another time, to unknown receivers.
        if origin.source == Source::File {
            return Outcome::NotChecked;
        }
        let Some(span_id) = record.span_id().filter(|_| origin.source != Source::Viewer) else {
            return Outcome::NotSent;
        };
        let only_sentry = record.stored_as == RecordKind::SentrySpan;
        let copy = if only_sentry {
            Some(at)
        } else {
            self.find_sentry(slot, span_id)
        };
        let was_sent = copy.is_some() || record.is_sentry_otlp();
        let evidence = self.evidence(slot);
        if let Some(answer) = evidence.and_then(|evidence| evidence.stored.as_ref()) {
            if let Some(parent) = answer.spans.get(&span_id) {
                return same_parent(record, *parent);
            }
            if let Some(sentry) = self.in_another_trace(slot, span_id).filter(|_| !was_sent) {
                return Outcome::Differs(Mismatch::Trace { sentry });
            }
            let due = if answer.asked_again { u64::MAX } else { 0 };
            if was_sent {
                let cause = sent(evidence, span_id).unwrap_or(Cause::NotStored);
                return Outcome::Absent { cause, due };
            }
            return self.not_in_an_envelope(slot, at, ends, Some(due));
        }
        if was_sent {
            if let Some(cause) = sent(evidence, span_id) {
                let waits = matches!(cause, Cause::Relayed) && is_waiting(evidence, span_id);
                let due = if waits { u64::MAX } else { 0 };
                return Outcome::Absent { cause, due };
            }
            if self.sentry.expectation == Expectation::Sentry {
                return Outcome::Absent {
                    cause: Cause::NotAsked,
                    due: u64::MAX,
                };
            }
            if only_sentry {
                return Outcome::SentryOnly;
            }
            let sent_parent = copy.map_or(record.parent_span_id(), |copy| self.contents.log.get(copy).parent_span_id());
            return same_parent(record, sent_parent);
        }
        if let Some(sentry) = self.in_another_trace(slot, span_id) {
            return Outcome::Differs(Mismatch::Trace { sentry });
        }
        if self.truth(slot) == SourceOfTruth::Nothing && !self.sentry.talking.contains(&origin.service) {
            return Outcome::NotChecked;
        }
        let is_asked = self.sentry.expectation == Expectation::Sentry;
        self.not_in_an_envelope(slot, at, ends, is_asked.then_some(u64::MAX))
    }

    /// Returns the finding for a span without an envelope. If Sentry is polled, its result decides, which is final at a time; but
    /// it cannot have a span that was not sent.
    fn not_in_an_envelope(&self, slot: Slot, at: RecordId, ends: u64, answered: Option<u64>) -> Outcome {
        let (cause, due) = self.absence(slot, at, ends);
        let due = answered.filter(|_| !matches!(cause, Cause::RootSent(_))).unwrap_or(due);
        Outcome::Absent { cause, due }
    }

    /// Returns why a span is not in an envelope, and from when on it will not be.
    fn absence(&self, slot: Slot, at: RecordId, ends: u64) -> (Cause, u64) {
        let trace = &self.traces[slot];
        let record = self.contents.log.get(at);
        if record.in_flight() {
            return (Cause::Running, u64::MAX);
        }
        let in_time = ends.saturating_add(REPORT_DELAY_NANOS);
        if trace.spans.count > SEARCHED_SPANS_MAX {
            return (Cause::Open, in_time);
        }
        let root = self.transaction_of(slot, at);
        let above = self.contents.log.get(root);
        let sent = |evidence: &TraceEvidence| above.span_id().is_some_and(|id| evidence.transactions.contains_key(&id));
        if root != at && self.evidence(slot).is_some_and(sent) {
            // A span that starts later is a transaction of its own, which may take as long as any.
            let own = record.start_unix_nano > above.end_unix_nano;
            let due = record
                .end_unix_nano
                .saturating_add(if own { REPORT_DELAY_NANOS } else { SIBLING_DELAY_NANOS });
            return (Cause::RootSent(root), due);
        }
        if root != at && above.in_flight() {
            return (Cause::RootRunning(root), u64::MAX);
        }
        (Cause::Open, in_time)
    }

    /// Returns the span that a span is sent with: the transaction above it that arrived, or else the uppermost of its service.
    fn transaction_of(&self, slot: Slot, at: RecordId) -> RecordId {
        let log = &self.contents.log;
        let service = self.contents.service_number(log.get(at));
        let evidence = self.evidence(slot);
        let came = |at: RecordId| {
            let id = log.get(at).span_id();
            id.is_some_and(|id| evidence.is_some_and(|evidence| evidence.transactions.contains_key(&id)))
        };
        let mut here = at;
        for _ in 0..ANCESTORS_MAX {
            work::add(VISIT);
            let record = log.get(here);
            let is_root = matches!(record.kind(), SpanKind::Server | SpanKind::Consumer);
            if here != at && (is_root || came(here)) {
                break;
            }
            let parent = record.parent_span_id().filter(|_| !is_root);
            let Some(above) = parent.and_then(|parent| self.find_span(slot, parent, service)) else {
                break;
            };
            here = self.first_duplicate_of(slot, above);
        }
        here
    }

    /// The trace under which Sentry has this span.
    fn in_another_trace(&self, slot: Slot, span_id: SpanId) -> Option<TraceId> {
        let first = TraceId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).ok()?;
        // A span that arrived both ways there belongs to that trace, and is not among these.
        let alone = self.sentry_alone.range((span_id, first)..);
        let with_id = alone
            .take_while(|(known, _)| *known == span_id)
            .map(|(_, trace_id)| *trace_id);
        with_id.take(2).find(|trace_id| Some(*trace_id) != self.traces[slot].id)
    }

    fn awaited(&self, slot: Slot, at: RecordId, cause: Cause) -> Awaited {
        let name = |at: RecordId| self.contents.names.get(self.contents.log.get(at).name).clone();
        match cause {
            Cause::Running => Awaited::End,
            Cause::RootRunning(root) => Awaited::RootEnd { root: name(root) },
            Cause::Relayed => match self.delivery(slot, at) {
                Some(Delivery::Waiting { problem }) => Awaited::Relay {
                    problem: problem.clone(),
                },
                _ => Awaited::Envelope,
            },
            Cause::NotAsked | Cause::NotStored => Awaited::Answer,
            Cause::RootSent(_) | Cause::TooLarge(_) | Cause::Open => {
                if matches!(self.truth(slot), SourceOfTruth::Sentry { .. }) {
                    Awaited::Answer
                } else {
                    Awaited::Envelope
                }
            }
        }
    }

    fn reason(&self, slot: Slot, at: RecordId, cause: Cause) -> Reason {
        let record = self.contents.log.get(at);
        match cause {
            Cause::TooLarge(bytes) => Reason::TooLarge { bytes },
            Cause::Relayed => match self.delivery(slot, at) {
                Some(Delivery::Rejected { status, reason }) => Reason::Rejected {
                    status: *status,
                    reason: reason.clone(),
                },
                Some(Delivery::RateLimited { reason }) => Reason::RateLimited { reason: reason.clone() },
                Some(Delivery::Lost { reason } | Delivery::Waiting { problem: reason }) => {
                    Reason::Lost { reason: reason.clone() }
                }
                Some(Delivery::Accepted) | None => Reason::Unknown,
            },
            Cause::RootSent(root) => self.left_behind(slot, record, root),
            Cause::NotStored => self.reported(record).unwrap_or(Reason::NotStored),
            Cause::Running | Cause::RootRunning(_) | Cause::NotAsked | Cause::Open => {
                if self.evidence(slot).is_some_and(|evidence| evidence.unsampled) {
                    return Reason::Unsampled;
                }
                let silent = !self.has_sent_to_sentry(&self.contents.origins.get(record.origin).service);
                let reported = self.reported(record);
                reported.unwrap_or(if silent { Reason::Silent } else { Reason::Unknown })
            }
        }
    }

    /// The transaction was sent without this span.
    fn left_behind(&self, slot: Slot, record: &Record, root: RecordId) -> Reason {
        let above = self.contents.log.get(root);
        let name = || self.contents.names.get(above.name).clone();
        let ended = above.end_unix_nano;
        if record.start_unix_nano > ended {
            return Reason::StartedAfterRoot {
                nanos: record.start_unix_nano - ended,
                root: name(),
            };
        }
        if record.end_unix_nano > ended {
            return Reason::EndedAfterRoot {
                nanos: record.end_unix_nano - ended,
                root: name(),
            };
        }
        let spans = self
            .evidence(slot)
            .and_then(|evidence| evidence.transactions.get(&above.span_id()?).copied());
        match spans {
            Some(spans) if spans >= TRANSACTION_SPANS_MAX => Reason::TransactionFull { spans },
            _ => self
                .reported(record)
                .unwrap_or_else(|| Reason::NotInTransaction { root: name() }),
        }
    }

    /// Returns what its service has reported as dropped since the span began.
    fn reported(&self, record: &Record) -> Option<Reason> {
        let service = self.contents.service(record);
        let about = |report: &&super::ClientReport| {
            (report.service.is_empty() || *report.service == *service)
                && report.unix_nano >= record.start_unix_nano
                && matches!(
                    &*report.category,
                    "transaction" | "span" | "transaction_indexed" | "span_indexed"
                )
        };
        let report = self.client_reports().rev().find(about)?;
        Some(Reason::ClientReport {
            reason: report.reason.clone(),
            category: report.category.clone(),
            quantity: report.quantity,
        })
    }

    fn delivery(&self, slot: Slot, at: RecordId) -> Option<&Delivery> {
        let span_id = self.contents.log.get(at).span_id()?;
        self.evidence(slot)?.relayed.get(&span_id)
    }
}

/// Returns the evidence against a span that arrived in an envelope.
fn sent(evidence: Option<&TraceEvidence>, span_id: SpanId) -> Option<Cause> {
    let evidence = evidence?;
    if evidence.relayed.contains_key(&span_id) {
        return Some(Cause::Relayed);
    }
    evidence.too_large.get(&span_id).map(|bytes| Cause::TooLarge(*bytes))
}

fn is_waiting(evidence: Option<&TraceEvidence>, span_id: SpanId) -> bool {
    let delivery = evidence.and_then(|evidence| evidence.relayed.get(&span_id));
    matches!(delivery, Some(Delivery::Waiting { .. }))
}

fn same_parent(record: &Record, sentry: Option<SpanId>) -> Outcome {
    let span = record.parent_span_id();
    if sentry == span {
        Outcome::Reached
    } else {
        Outcome::Differs(Mismatch::Parent { sentry, span })
    }
}
