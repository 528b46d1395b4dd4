//! Evidence of a trace's way to Sentry in addition to spans in envelopes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::Store;
use super::record::Slot;
use crate::sentry::{Delivery, Evidence, SentryTrace};
use crate::work::{self, VISIT};
use crate::{SpanId, TraceId, text};

/// Lines of client reports kept.
const REPORTS: usize = 64;
/// Bytes of a text in them: they are the senders' text.
const TEXT: usize = 200;
/// Spans of evidence stored at once.
const SPANS_AT_ONCE: usize = 1_024;
/// Services known to send to Sentry.
pub(super) const SERVICES: usize = 256;

/// Expectation before anything has arrived in envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Expectation {
    /// Nothing: Sentry may not be in use.
    #[default]
    Nothing,
    /// Each span that a service sends must arrive in an envelope as well.
    Endpoint,
    /// Sentry itself is polled for each trace.
    Sentry,
}

/// A line of a client report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientReport {
    /// Service that dropped it; empty if unknown.
    pub service: Arc<str>,
    /// Time of the report in nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// `sample_rate`, `queue_overflow`, `ratelimit_backoff`, …
    pub reason: Box<str>,
    /// `transaction`, `span`, `error`, …
    pub category: Box<str>,
    /// Number of dropped items.
    pub quantity: u64,
}

/// Evidence of the whole store.
#[derive(Debug, Default)]
pub(super) struct SentrySide {
    pub(super) expectation: Expectation,
    pub(super) reports: VecDeque<ClientReport>,
    /// Services of which a span arrived both ways.
    pub(super) talking: HashSet<Arc<str>>,
    /// Services of which anything arrived in an envelope or by Sentry's OTLP route.
    pub(super) heard: HashSet<Arc<str>>,
    /// Grows when what is expected of all traces changes: cross-checks of before are not valid any more.
    pub(super) epoch: u64,
    /// Grows when spans have arrived, or left, that another trace may miss: older cross-checks with missing spans are invalid.
    pub(super) strays: u64,
}

/// Evidence of one trace.
#[derive(Debug, Default)]
pub(crate) struct TraceEvidence {
    /// Transactions with the number of their spans.
    pub(crate) transactions: HashMap<SpanId, u32>,
    pub(crate) unsampled: bool,
    /// Spans in items larger than Sentry accepts.
    pub(crate) too_large: HashMap<SpanId, u64>,
    /// Spans that were forwarded to Sentry and that it has not accepted.
    pub(crate) relayed: HashMap<SpanId, Delivery>,
    pub(crate) stored: Option<SentryCopy>,
}

/// Sentry's copy of a trace.
#[derive(Debug)]
pub(crate) struct SentryCopy {
    pub(crate) asked_unix_nano: u64,
    pub(crate) asked_again: bool,
    /// Spans with their parents.
    pub(crate) spans: Arc<HashMap<SpanId, Option<SpanId>>>,
}

impl TraceEvidence {
    /// Returns the approximate bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        let answer = self.stored.as_ref().map_or(0, |answer| answer.spans.capacity());
        size_of::<Self>()
            + self.transactions.capacity() * size_of::<(SpanId, u32)>()
            + self.too_large.capacity() * size_of::<(SpanId, u64)>()
            + self.relayed.capacity() * (size_of::<(SpanId, Delivery)>() + TEXT)
            + answer * 2 * size_of::<(SpanId, Option<SpanId>)>()
    }
}

impl Store {
    /// Sets the expectation before anything has arrived in envelopes.
    pub fn expect_sentry(&mut self, expectation: Expectation) {
        self.clock += 1;
        self.sentry.expectation = expectation;
        self.sentry.epoch += 1;
    }

    /// Takes what else an envelope proves.
    pub fn add_evidence(&mut self, evidence: Vec<Evidence>) {
        let mut evidence = evidence.into();
        while self.add_evidence_part(&mut evidence, u64::MAX) {}
    }

    /// Stores the next evidence of an envelope, until about so much [`work`] is done; returns true while more is left.
    pub fn add_evidence_part(&mut self, evidence: &mut VecDeque<Evidence>, work: u64) -> bool {
        self.until = work::done().saturating_add(work);
        // Growth of the last part is brought back into the budget before more is stored.
        while self.enforce_budget() {
            let Some(next) = evidence.pop_front() else { break };
            if let Some(rest) = self.take_evidence(next) {
                evidence.push_front(rest);
            }
            if self.is_over() {
                break;
            }
        }
        let is_settled = self.enforce_budget();
        self.until = u64::MAX;
        !evidence.is_empty() || !is_settled
    }

    /// Takes a part of something that is known; returns what is left of it.
    fn take_evidence(&mut self, evidence: Evidence) -> Option<Evidence> {
        match evidence {
            Evidence::Transaction { trace_id, root, spans } => self.note(trace_id, |known| {
                known.transactions.insert(root, spans);
            }),
            Evidence::Unsampled { trace_id } => self.note(trace_id, |known| known.unsampled = true),
            Evidence::TooLarge {
                trace_id,
                mut spans,
                bytes,
            } => {
                let some = some_of(&mut spans);
                self.note(trace_id, |known| {
                    known.too_large.extend(some.into_iter().map(|span| (span, bytes)));
                });
                return (!spans.is_empty()).then_some(Evidence::TooLarge { trace_id, spans, bytes });
            }
            Evidence::Relayed {
                trace_id,
                mut spans,
                delivery,
            } => {
                let some = some_of(&mut spans);
                self.note(trace_id, |known| {
                    for span in some {
                        if delivery == Delivery::Accepted {
                            known.relayed.remove(&span);
                        } else {
                            known.relayed.insert(span, short(&delivery));
                        }
                    }
                });
                return (!spans.is_empty()).then_some(Evidence::Relayed {
                    trace_id,
                    spans,
                    delivery,
                });
            }
            Evidence::Dropped {
                service,
                unix_nano,
                reason,
                category,
                quantity,
            } => self.remember(ClientReport {
                service,
                unix_nano,
                reason: cut(&reason),
                category: cut(&category),
                quantity,
            }),
        }
        None
    }

    /// Stores Sentry's copy of a trace. One of a trace that is not stored is of no use.
    pub fn set_stored(&mut self, trace_id: TraceId, stored: SentryTrace) {
        let Some(slot) = self.find_trace(trace_id) else { return };
        // The trace itself has not changed: polling on every change would never end.
        self.clock += 1;
        self.change_rare(slot, |rare| {
            rare.evidence.get_or_insert_default().stored = Some(SentryCopy {
                asked_unix_nano: stored.asked_unix_nano,
                asked_again: stored.asked_again,
                spans: stored.spans,
            });
        });
        self.within_budget(slot);
    }

    /// The last lines of client reports, newest last.
    #[must_use]
    pub fn client_reports(&self) -> impl DoubleEndedIterator<Item = &ClientReport> {
        self.sentry.reports.iter()
    }

    fn note(&mut self, trace_id: TraceId, change: impl FnOnce(&mut TraceEvidence)) {
        let slot = self.slot_of(trace_id);
        self.mark_active(slot);
        self.change_rare(slot, |rare| change(rare.evidence.get_or_insert_default()));
        self.within_budget(slot);
    }

    fn within_budget(&mut self, slot: Slot) {
        if self.enforce_budget_except(slot) && self.used() > self.totals.budget {
            // More of it than there is memory: no SDK does that.
            self.change_rare(slot, |rare| rare.evidence = None);
        }
    }

    fn remember(&mut self, report: ClientReport) {
        self.clock += 1;
        if self.sentry.reports.len() == REPORTS {
            self.sentry.reports.pop_front();
        }
        self.sentry.reports.push_back(report);
    }

    /// Returns true if nothing has arrived in envelopes: then large traces need not be searched.
    pub(super) fn has_no_sentry_data(&self) -> bool {
        self.sentry_spans.is_empty() && self.sentry.talking.is_empty()
    }

    /// Returns true if anything arrived in envelopes or by Sentry's OTLP route.
    #[must_use]
    pub fn has_sentry(&self) -> bool {
        !self.sentry.heard.is_empty()
    }

    /// Returns true if anything of this service arrived in envelopes or by Sentry's OTLP route.
    #[must_use]
    pub fn has_sent_to_sentry(&self, service: &str) -> bool {
        self.sentry.heard.contains(service)
    }

    /// Notes that something of this service arrived in an envelope or by Sentry's OTLP route.
    pub(super) fn note_sentry_sender(&mut self, service: &Arc<str>) {
        if self.sentry.heard.len() < SERVICES && !self.sentry.heard.contains(service) {
            self.sentry.heard.insert(service.clone());
        }
    }

    /// Notes that a span of this service arrived both ways.
    pub(super) fn note_sentry_service(&mut self, service: &Arc<str>) {
        if self.sentry.talking.len() < SERVICES && !self.sentry.talking.contains(service) {
            self.sentry.talking.insert(service.clone());
            // It is expected to everywhere now.
            self.sentry.epoch += 1;
        }
    }

    pub(super) fn evidence(&self, slot: Slot) -> Option<&TraceEvidence> {
        self.traces[slot].rare.as_deref()?.evidence.as_deref()
    }
}

/// Takes some spans out of all.
fn some_of(spans: &mut Vec<SpanId>) -> Vec<SpanId> {
    let some = spans.split_off(spans.len().saturating_sub(SPANS_AT_ONCE));
    // Each is hashed, and may have a text.
    work::add((1 + some.len()) * 4 * VISIT);
    some
}

fn cut(text: &str) -> Box<str> {
    text::cut(text, TEXT).into()
}

fn short(delivery: &Delivery) -> Delivery {
    match delivery {
        Delivery::Waiting { problem } => Delivery::Waiting { problem: cut(problem) },
        Delivery::Accepted => Delivery::Accepted,
        Delivery::Rejected { status, reason } => Delivery::Rejected {
            status: *status,
            reason: cut(reason),
        },
        Delivery::RateLimited { reason } => Delivery::RateLimited { reason: cut(reason) },
        Delivery::Lost { reason } => Delivery::Lost { reason: cut(reason) },
    }
}
