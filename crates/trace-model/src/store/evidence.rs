//! What is known of a trace's way to Sentry besides the spans that came in envelopes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::Store;
use super::record::Slot;
use super::trace::Rare;
use crate::sentry::{Delivery, Evidence, Stored};
use crate::work::{self, VISIT};
use crate::{SpanId, TraceId, sentry};

/// How many lines of client reports are remembered.
const REPORTS: usize = 64;
/// How long a text of theirs may be, in bytes: they are the senders' words.
const TEXT: usize = 200;
/// How many of the spans that something is known of are taken at once.
const SPANS_AT_ONCE: usize = 1_024;
/// How many services are remembered as talking to Sentry.
pub(super) const SERVICES: usize = 256;

/// What is expected of spans when nothing has come in envelopes yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Expectation {
    /// Nothing: not everybody uses Sentry.
    #[default]
    Nothing,
    /// Each span that a service sends shall come in an envelope as well.
    Endpoint,
    /// Sentry itself will be asked for each trace.
    Sentry,
}

/// A line of a client report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientReport {
    /// Who dropped it; empty when it isn't known.
    pub service: Arc<str>,
    /// When it said so, in nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// `sample_rate`, `queue_overflow`, `ratelimit_backoff`, …
    pub reason: Box<str>,
    /// `transaction`, `span`, `error`, …
    pub category: Box<str>,
    /// How many.
    pub quantity: u64,
}

/// Of the whole store.
#[derive(Debug, Default)]
pub(super) struct SentrySide {
    pub(super) expectation: Expectation,
    pub(super) reports: VecDeque<ClientReport>,
    /// Services of which a span came both ways.
    pub(super) talking: HashSet<Arc<str>>,
    /// Services of which anything came in an envelope or by Sentry's OTLP route.
    pub(super) heard: HashSet<Arc<str>>,
    /// Grows when what is expected of all traces changes: summaries of before are not valid any more.
    pub(super) epoch: u64,
    /// Grows when spans have come, or gone, that another trace may miss: summaries of before that miss any are not valid any more.
    pub(super) strays: u64,
}

/// Of one trace.
#[derive(Debug, Default)]
pub(super) struct TraceEvidence {
    /// Transactions that came, each with the number of its spans.
    pub(super) transactions: HashMap<SpanId, u32>,
    pub(super) unsampled: bool,
    /// Spans that came in a larger item than Sentry takes.
    pub(super) too_large: HashMap<SpanId, u64>,
    /// Spans that were handed on to Sentry and that it has not accepted.
    pub(super) relayed: HashMap<SpanId, Delivery>,
    pub(super) stored: Option<Answer>,
}

/// What Sentry answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) asked_unix_nano: u64,
    pub(super) asked_again: bool,
    /// Spans with their parents.
    pub(super) spans: HashMap<SpanId, Option<SpanId>>,
}

impl TraceEvidence {
    /// Bytes of memory it stands for, about.
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
    /// Says what is expected of spans when nothing has come in envelopes yet.
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

    /// Takes the next of what an envelope proves, until about so much [`work`] is done; true while more is to be done.
    pub fn add_evidence_part(&mut self, evidence: &mut VecDeque<Evidence>, work: u64) -> bool {
        self.until = work::done().saturating_add(work);
        // What the last part made grow is settled before more is taken.
        while self.settle() {
            let Some(next) = evidence.pop_front() else { break };
            if let Some(rest) = self.take_evidence(next) {
                evidence.push_front(rest);
            }
            if self.is_over() {
                break;
            }
        }
        let is_settled = self.settle();
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

    /// Takes Sentry's answer about a trace. One about a trace that is not here is of no use.
    pub fn set_stored(&mut self, trace_id: TraceId, stored: Stored) {
        let Some(slot) = self.find_trace(trace_id) else { return };
        // Nothing has happened to the trace itself: who asks for those to which something did would ask for ever.
        self.clock += 1;
        self.change_rare(slot, |rare| {
            rare.evidence.get_or_insert_default().stored = Some(Answer {
                asked_unix_nano: stored.asked_unix_nano,
                asked_again: stored.asked_again,
                spans: stored.spans.into_iter().collect(),
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
        self.touch(slot);
        self.change_rare(slot, |rare| change(rare.evidence.get_or_insert_default()));
        self.within_budget(slot);
    }

    fn within_budget(&mut self, slot: Slot) {
        if self.settle_for(slot) && self.used() > self.totals.budget {
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

    /// Whether nothing has come in envelopes: then large traces need not be looked through.
    pub(super) fn knows_no_sentry(&self) -> bool {
        self.sentry_spans.is_empty() && self.sentry.talking.is_empty()
    }

    /// Whether anything came in envelopes or by Sentry's OTLP route.
    #[must_use]
    pub fn has_sentry(&self) -> bool {
        !self.sentry.heard.is_empty()
    }

    /// Whether anything of this service came in envelopes or by Sentry's OTLP route.
    #[must_use]
    pub fn has_sent_to_sentry(&self, service: &str) -> bool {
        self.sentry.heard.contains(service)
    }

    /// Something of this service came in an envelope or by Sentry's OTLP route.
    pub(super) fn hears(&mut self, service: &Arc<str>) {
        if self.sentry.heard.len() < SERVICES && !self.sentry.heard.contains(service) {
            self.sentry.heard.insert(service.clone());
        }
    }

    /// A span of this service came both ways.
    pub(super) fn talks(&mut self, service: &Arc<str>) {
        if self.sentry.talking.len() < SERVICES && !self.sentry.talking.contains(service) {
            self.sentry.talking.insert(service.clone());
            // It is expected to everywhere now.
            self.sentry.epoch += 1;
        }
    }

    pub(super) fn evidence(&self, slot: Slot) -> Option<&TraceEvidence> {
        self.traces[slot].rare.as_deref()?.evidence.as_deref()
    }

    pub(super) fn change_rare(&mut self, slot: Slot, change: impl FnOnce(&mut Rare)) {
        let trace = &mut self.traces[slot];
        let before = trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        let rare = trace.rare.get_or_insert_default();
        change(rare);
        self.rare_bytes = self.rare_bytes + rare.bytes() - before;
        trace.summary.forget();
    }
}

/// Takes some spans out of all.
fn some_of(spans: &mut Vec<SpanId>) -> Vec<SpanId> {
    let some = spans.split_off(spans.len().saturating_sub(SPANS_AT_ONCE));
    // Each is hashed, and may come with a text.
    work::add((1 + some.len()) * 4 * VISIT);
    some
}

fn cut(text: &str) -> Box<str> {
    sentry::cut(text, TEXT).into()
}

fn short(delivery: &Delivery) -> Delivery {
    match delivery {
        Delivery::Waiting { problem } => Delivery::Waiting { problem: cut(problem) },
        Delivery::Accepted => Delivery::Accepted,
        Delivery::Refused { status, reason } => Delivery::Refused {
            status: *status,
            reason: cut(reason),
        },
        Delivery::RateLimited { reason } => Delivery::RateLimited { reason: cut(reason) },
        Delivery::Lost { reason } => Delivery::Lost { reason: cut(reason) },
    }
}
