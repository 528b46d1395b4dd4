//! The rules: what became of a span on its way to Sentry, and why.

use std::sync::Arc;

use super::transactions::{self, Transactions};
use crate::sentry::{Awaited, Delivery, Mismatch, Reason, SourceOfTruth};
use crate::store::{CheckedSpan, ClientReport, Expectation, SentryFacts, TraceEvidence};
use crate::{Source, SpanId};

/// Nanoseconds after a trace's last end from which on nothing more is expected: SDKs send a transaction when it ends, and single
/// spans in batches every few seconds.
const REPORT_DELAY_NANOS: u64 = 10_000_000_000;
/// Nanoseconds after a transaction's arrival in which its spans by other ways arrive too.
const SIBLING_DELAY_NANOS: u64 = 2_000_000_000;
/// Spans of a trace from which on no transactions are searched.
const SEARCHED_SPANS_MAX: u32 = 5_000;
/// Spans that Sentry's SDKs put into a transaction, at most.
const TRANSACTION_SPANS_MAX: u32 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    NotChecked,
    NotSent,
    Reached,
    SentryOnly,
    Differs(Mismatch),
    Absent {
        cause: Cause<'a>,
        /// Time from which on it is missing.
        due: u64,
    },
}

/// Evidence for an absent span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause<'a> {
    Running,
    /// The span that it will be sent with is running.
    RootRunning(CheckedSpan<'a>),
    /// Its transaction was sent without it.
    RootSent(CheckedSpan<'a>),
    Relayed,
    TooLarge(u64),
    /// It was sent, and Sentry does not have it.
    NotStored,
    NotAsked,
    Open,
}

/// Returns the source of truth for the spans of a trace.
pub(super) fn truth(trace: SentryFacts<'_>) -> SourceOfTruth {
    if let Some(answer) = trace.evidence().and_then(|evidence| evidence.stored.as_ref()) {
        return SourceOfTruth::Sentry {
            asked_unix_nano: Some(answer.asked_unix_nano),
            asked_again: answer.asked_again,
        };
    }
    match trace.expectation() {
        Expectation::Sentry => SourceOfTruth::Sentry {
            asked_unix_nano: None,
            asked_again: true,
        },
        Expectation::Endpoint => SourceOfTruth::Endpoint,
        Expectation::Nothing if trace.has_reached_sentry() => SourceOfTruth::Endpoint,
        Expectation::Nothing => SourceOfTruth::Nothing,
    }
}

/// Returns the finding for one span of a trace that ends at this time.
pub(super) fn outcome<'a>(
    trace: SentryFacts<'a>,
    span: CheckedSpan<'a>,
    ends: u64,
    transactions: &mut Transactions,
) -> Outcome<'a> {
    // A file's spans were sent at another time, to unknown receivers.
    if span.source() == Source::File {
        return Outcome::NotChecked;
    }
    let Some(span_id) = span.span_id().filter(|_| span.source() != Source::Viewer) else {
        return Outcome::NotSent;
    };
    let only_sentry = span.is_only_in_envelope();
    let in_envelope = if only_sentry { Some(span) } else { trace.in_envelope(span_id) };
    let was_sent = in_envelope.is_some() || span.is_sentry_otlp();
    let evidence = trace.evidence();
    if let Some(answer) = evidence.and_then(|evidence| evidence.stored.as_ref()) {
        if let Some(parent) = answer.spans.get(&span_id) {
            return same_parent(span, *parent);
        }
        if let Some(sentry) = trace.other_trace(span_id).filter(|_| !was_sent) {
            return Outcome::Differs(Mismatch::Trace { sentry });
        }
        let due = if answer.asked_again { u64::MAX } else { 0 };
        if was_sent {
            let cause = sent(evidence, span_id).unwrap_or(Cause::NotStored);
            return Outcome::Absent { cause, due };
        }
        return not_in_an_envelope(trace, span, transactions, ends, Some(due));
    }
    if was_sent {
        if let Some(cause) = sent(evidence, span_id) {
            let waits = matches!(cause, Cause::Relayed) && is_waiting(evidence, span_id);
            let due = if waits { u64::MAX } else { 0 };
            return Outcome::Absent { cause, due };
        }
        if trace.expectation() == Expectation::Sentry {
            return Outcome::Absent {
                cause: Cause::NotAsked,
                due: u64::MAX,
            };
        }
        if only_sentry {
            return Outcome::SentryOnly;
        }
        return same_parent(span, in_envelope.unwrap_or(span).parent_span_id());
    }
    if let Some(sentry) = trace.other_trace(span_id) {
        return Outcome::Differs(Mismatch::Trace { sentry });
    }
    if truth(trace) == SourceOfTruth::Nothing && !trace.is_sent_both_ways(span.service()) {
        return Outcome::NotChecked;
    }
    let is_asked = trace.expectation() == Expectation::Sentry;
    not_in_an_envelope(trace, span, transactions, ends, is_asked.then_some(u64::MAX))
}

/// Returns the finding for a span without an envelope. If Sentry is polled, its result decides, which is final at a time; but
/// it cannot have a span that was not sent.
fn not_in_an_envelope<'a>(
    trace: SentryFacts<'a>,
    span: CheckedSpan<'a>,
    transactions: &mut Transactions,
    ends: u64,
    answered: Option<u64>,
) -> Outcome<'a> {
    let (cause, due) = absence(trace, span, transactions, ends);
    let due = answered.filter(|_| !matches!(cause, Cause::RootSent(_))).unwrap_or(due);
    Outcome::Absent { cause, due }
}

/// Returns why a span is not in an envelope, and from when on it will not be.
fn absence<'a>(trace: SentryFacts<'a>, span: CheckedSpan<'a>, transactions: &mut Transactions, ends: u64) -> (Cause<'a>, u64) {
    if span.in_flight() {
        return (Cause::Running, u64::MAX);
    }
    let in_time = ends.saturating_add(REPORT_DELAY_NANOS);
    if trace.spans() > SEARCHED_SPANS_MAX {
        return (Cause::Open, in_time);
    }
    let root = transactions.find(trace, span);
    if root != span && transactions::arrived(trace, root) {
        // A span that starts later is a transaction of its own, which may take as long as any.
        let own = span.start_unix_nano() > root.end_unix_nano();
        let due = span
            .end_unix_nano()
            .saturating_add(if own { REPORT_DELAY_NANOS } else { SIBLING_DELAY_NANOS });
        return (Cause::RootSent(root), due);
    }
    if root != span && root.in_flight() {
        return (Cause::RootRunning(root), u64::MAX);
    }
    (Cause::Open, in_time)
}

pub(super) fn awaited<'a>(trace: SentryFacts<'a>, span: CheckedSpan<'a>, cause: Cause<'a>) -> Awaited {
    match cause {
        Cause::Running => Awaited::End,
        Cause::RootRunning(root) => Awaited::RootEnd {
            root: root.name().clone(),
        },
        Cause::Relayed => match delivery(trace, span) {
            Some(Delivery::Waiting { problem }) => Awaited::Relay {
                problem: problem.clone(),
            },
            _ => Awaited::Envelope,
        },
        Cause::NotAsked | Cause::NotStored => Awaited::Answer,
        Cause::RootSent(_) | Cause::TooLarge(_) | Cause::Open => {
            if matches!(truth(trace), SourceOfTruth::Sentry { .. }) {
                Awaited::Answer
            } else {
                Awaited::Envelope
            }
        }
    }
}

pub(super) fn reason<'a>(trace: SentryFacts<'a>, span: CheckedSpan<'a>, cause: Cause<'a>) -> Reason {
    match cause {
        Cause::TooLarge(bytes) => Reason::TooLarge { bytes },
        Cause::Relayed => match delivery(trace, span) {
            Some(Delivery::Rejected { status, reason }) => Reason::Rejected {
                status: *status,
                reason: reason.clone(),
            },
            Some(Delivery::RateLimited { reason }) => Reason::RateLimited { reason: reason.clone() },
            Some(Delivery::Lost { reason } | Delivery::Waiting { problem: reason }) => Reason::Lost { reason: reason.clone() },
            Some(Delivery::Accepted) | None => Reason::Unknown,
        },
        Cause::RootSent(root) => left_behind(trace, span, root),
        Cause::NotStored => reported(trace, span).unwrap_or(Reason::NotStored),
        Cause::Running | Cause::RootRunning(_) | Cause::NotAsked | Cause::Open => {
            if trace.evidence().is_some_and(|evidence| evidence.unsampled) {
                return Reason::Unsampled;
            }
            let silent = !trace.has_sent_to_sentry(span.service());
            reported(trace, span).unwrap_or(if silent { Reason::Silent } else { Reason::Unknown })
        }
    }
}

/// Returns why a transaction was sent without this span.
fn left_behind<'a>(trace: SentryFacts<'a>, span: CheckedSpan<'a>, root: CheckedSpan<'a>) -> Reason {
    let name = || Arc::clone(root.name());
    let ended = root.end_unix_nano();
    if span.start_unix_nano() > ended {
        return Reason::StartedAfterRoot {
            nanos: span.start_unix_nano() - ended,
            root: name(),
        };
    }
    if span.end_unix_nano() > ended {
        return Reason::EndedAfterRoot {
            nanos: span.end_unix_nano() - ended,
            root: name(),
        };
    }
    let transactions = trace.evidence().map(|evidence| &evidence.transactions);
    let spans = transactions.and_then(|known| known.get(&root.span_id()?).copied());
    match spans {
        Some(spans) if spans >= TRANSACTION_SPANS_MAX => Reason::TransactionFull { spans },
        _ => reported(trace, span).unwrap_or_else(|| Reason::NotInTransaction { root: name() }),
    }
}

/// Returns what its service has reported as dropped since the span began.
fn reported(trace: SentryFacts<'_>, span: CheckedSpan<'_>) -> Option<Reason> {
    let about = |report: &&ClientReport| {
        (report.service.is_empty() || *report.service == *span.service())
            && report.unix_nano >= span.start_unix_nano()
            && matches!(
                &*report.category,
                "transaction" | "span" | "transaction_indexed" | "span_indexed"
            )
    };
    let report = trace.client_reports().rev().find(about)?;
    Some(Reason::ClientReport {
        reason: report.reason.clone(),
        category: report.category.clone(),
        quantity: report.quantity,
    })
}

fn delivery<'a>(trace: SentryFacts<'a>, span: CheckedSpan<'a>) -> Option<&'a Delivery> {
    trace.evidence()?.relayed.get(&span.span_id()?)
}

/// Returns the evidence against a span that arrived in an envelope.
fn sent<'a>(evidence: Option<&TraceEvidence>, span_id: SpanId) -> Option<Cause<'a>> {
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

fn same_parent(span: CheckedSpan<'_>, sentry: Option<SpanId>) -> Outcome<'_> {
    let parent = span.parent_span_id();
    if sentry == parent {
        Outcome::Reached
    } else {
        Outcome::Differs(Mismatch::Parent { sentry, span: parent })
    }
}
