//! Converted items of an envelope, in the form of OTLP.

use std::collections::BTreeMap;
use std::sync::Arc;

use ingest_state::tally;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message as _;
use serde_json::Value;
use trace_model::sentry::Evidence;
use trace_model::{MetricsBatch, Source, SpanId, TraceId, otlp, work};

use super::draft::Draft;
use super::json::{self, Object};
use super::sender::{self, Sender, SenderInfo};
use super::{ids, value};
use crate::envelope::{Envelope, Item};
use crate::{EnvelopeCounts, ListenerCounts, SentryArrival};

/// Bytes of a text in the envelope's header that is copied to each of its items.
pub(super) const SHARED_TEXT_BYTES_MAX: usize = 200;
/// Bytes of the largest item that Sentry accepts.
const ITEM_BYTES_MAX: usize = 1024 * 1024;

/// Facts about a request in addition to its envelope.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestMeta<'a> {
    /// Public key of the sender's DSN, if present.
    pub public_key: Option<&'a str>,
    /// Time of receipt in nanoseconds since the Unix epoch.
    pub unix_nano: u64,
}

/// A parsed envelope.
#[derive(Clone, Debug)]
pub struct ParsedEnvelope {
    /// Converted items for the store.
    pub arrival: SentryArrival,
    /// Metrics, if there are any.
    pub metrics: Option<MetricsBatch>,
    /// Unreadable parts with their reasons: a line for an item. Of the sender's text they quote an item's type alone.
    pub problems: Vec<String>,
    /// Counts of what was read, as of one request; `dropped` counts the problems and invalid items.
    pub counts: ListenerCounts,
    /// Its items by type, and what they report.
    pub contents: EnvelopeCounts,
}

/// Converts an item, and writes what it holds.
pub(super) type ItemReader = fn(&mut Sink<'_>, &Object<'_>);

/// Accumulates the converted items. Each kind of item has a module that writes to it.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    envelope: &'a Envelope,
    meta: RequestMeta<'a>,
    sender: Sender,
    trace_id: Option<TraceId>,
    spans: Vec<ResourceSpans>,
    logs: Vec<ResourceLogs>,
    metrics: Vec<ResourceMetrics>,
    evidence: Vec<Evidence>,
    problems: Vec<String>,
    counts: ListenerCounts,
    contents: EnvelopeCounts,
    /// Once it is known.
    service: Option<Arc<str>>,
    current: ItemState,
    origins: Provenances,
}

/// State of the item that is being read.
#[derive(Debug, Default)]
struct ItemState {
    /// Number of dropped parts, with the reason of the first.
    left_out: Option<(&'static str, u64)>,
    /// Its size if that is too large for Sentry, with the spans in it.
    too_large: Option<(u64, BTreeMap<TraceId, Vec<SpanId>>)>,
}

/// The resource and the scope of spans or log records.
#[derive(Debug)]
pub(super) struct Provenance {
    /// Number of its origin: a transaction has one origin and any number of spans, so contents are compared once.
    number: u64,
    resource: Resource,
    scope: InstrumentationScope,
}

/// Origins that were made, and which one the last span and the last log record have.
#[derive(Debug, Default)]
struct Provenances {
    made: u64,
    of_last_span: u64,
    of_last_record: u64,
}

impl<'a> Sink<'a> {
    pub(super) fn new(envelope: &'a Envelope, meta: RequestMeta<'a>) -> Self {
        let trace = |member| envelope.header.get("trace")?.get(member);
        let trace_id = trace("trace_id").and_then(Value::as_str).and_then(ids::trace_id);
        let is_unsampled = trace("sampled").is_some_and(|sampled| matches!(sampled, Value::Bool(false)) || sampled == "false");
        let unsampled = trace_id.filter(|_| is_unsampled);
        Self {
            envelope,
            meta,
            sender: Sender::new(&envelope.header, meta.public_key, SHARED_TEXT_BYTES_MAX),
            trace_id,
            spans: Vec::new(),
            logs: Vec::new(),
            metrics: Vec::new(),
            evidence: unsampled
                .map(|trace_id| Evidence::Unsampled { trace_id })
                .into_iter()
                .collect(),
            problems: Vec::new(),
            counts: ListenerCounts {
                requests: 1,
                ..ListenerCounts::default()
            },
            contents: EnvelopeCounts::default(),
            service: None,
            current: ItemState::default(),
            origins: Provenances::default(),
        }
    }

    /// Reads an item by a function for its kind. What is wrong with it costs itself alone.
    pub(super) fn item(&mut self, item: &Item, read: ItemReader) {
        let size = item.payload.len();
        self.current = ItemState {
            too_large: (size > ITEM_BYTES_MAX).then(|| (size as u64, BTreeMap::new())),
            ..ItemState::default()
        };
        match Object::parse(&item.payload) {
            Ok(object) => read(self, &object),
            Err(error) => self
                .problems
                .push(format!("an item of type {} is not readable: {error}", item.item_type)),
        }
        let current = std::mem::take(&mut self.current);
        if let Some((reason, parts)) = current.left_out {
            self.problems
                .push(format!("an item of type {}: {reason} ({parts} dropped)", item.item_type));
        }
        if let Some((bytes, traces)) = current.too_large {
            let traces = traces.into_iter();
            self.evidence
                .extend(traces.map(|(trace_id, spans)| Evidence::TooLarge { trace_id, spans, bytes }));
        }
    }

    /// Returns what was converted.
    pub(super) fn finish(self) -> ParsedEnvelope {
        let received = self.meta.unix_nano;
        let (mut problems, mut counts, mut contents) = (self.problems, self.counts, self.contents);
        problems.extend(self.envelope.bad_items.iter().map(ToString::to_string));
        counts.dropped = problems.len() as u64;
        for item in &self.envelope.items {
            contents.count_item(&item.item_type, item.payload.len());
        }
        // The ids have been checked: no span is dropped here.
        let (spans, _) = otlp::batch(self.spans, Source::Sentry);
        counts.spans = spans.span_count() as u64;
        let metrics = (!self.metrics.is_empty()).then_some(ExportMetricsServiceRequest {
            resource_metrics: self.metrics,
        });
        // Just encoded, so it can be decoded.
        let metrics = metrics.and_then(|request| MetricsBatch::read(request.encode_to_vec().into(), Source::Sentry).ok());
        counts.data_points = metrics.as_ref().map_or(0, |metrics| metrics.points() as u64);
        ParsedEnvelope {
            metrics: metrics.map(|metrics| metrics.received_at(received)),
            arrival: SentryArrival {
                spans: spans.received_at(received),
                logs: otlp::log_batch(self.logs, Source::Sentry).received_at(received),
                evidence: self.evidence,
            },
            problems,
            counts,
            contents,
        }
    }

    /// Returns the time of receipt in nanoseconds since the Unix epoch.
    pub(super) const fn received(&self) -> u64 {
        self.meta.unix_nano
    }

    /// The event that the envelope is about.
    pub(super) fn event_id(&self) -> Option<String> {
        let id = self.envelope.event_id().filter(|id| id.len() <= SHARED_TEXT_BYTES_MAX);
        id.map(str::to_owned)
    }

    /// The trace that the envelope is about.
    pub(super) const fn trace_id(&self) -> Option<TraceId> {
        self.trace_id
    }

    /// The service of what has been read, or of any that this sender would send.
    pub(super) fn service(&mut self) -> Arc<str> {
        if let Some(service) = &self.service {
            return service.clone();
        }
        let resources = self.spans.iter().map(|spans| &spans.resource);
        let resources = resources.chain(self.logs.iter().map(|logs| &logs.resource));
        let mut services = resources.flatten().map(sender::service);
        let known = services.find(|service| !service.is_empty());
        let service: Arc<str> = known.map_or_else(|| sender::name(&self.sender).into(), Into::into);
        self.service.insert(service).clone()
    }

    pub(super) fn origin(&mut self, facts: SenderInfo) -> Provenance {
        let (resource, scope) = self.sender.origin(facts);
        self.origins.made += 1;
        Provenance {
            number: self.origins.made,
            resource,
            scope,
        }
    }

    /// Takes a span, whose ids are usable.
    pub(super) fn span(&mut self, origin: &Provenance, mut span: Draft) {
        if let (Some((bytes, traces)), Some(trace_id)) = (&mut self.current.too_large, span.ids.trace) {
            traces.entry(trace_id).or_default().extend(span.ids.span);
            span.attributes.push("sentry.item.bytes", value::int(*bytes));
        }
        let span = span.finish(self.meta.unix_nano);
        let is_last = std::mem::replace(&mut self.origins.of_last_span, origin.number) == origin.number;
        match self.spans.last_mut() {
            // Most items are of one sender.
            Some(last) if is_last || is_same(last.resource.as_ref(), &origin.resource) => last.scope_spans[0].spans.push(span),
            _ => self.spans.push(ResourceSpans {
                resource: Some(origin.resource.clone()),
                scope_spans: vec![ScopeSpans {
                    scope: Some(origin.scope.clone()),
                    spans: vec![span],
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }),
        }
    }

    /// Takes a log record.
    pub(super) fn record(&mut self, origin: &Provenance, record: LogRecord) {
        let is_last = std::mem::replace(&mut self.origins.of_last_record, origin.number) == origin.number;
        match self.logs.last_mut() {
            Some(last) if is_last || is_same(last.resource.as_ref(), &origin.resource) => {
                last.scope_logs[0].log_records.push(record);
            }
            _ => self.logs.push(ResourceLogs {
                resource: Some(origin.resource.clone()),
                scope_logs: vec![ScopeLogs {
                    scope: Some(origin.scope.clone()),
                    log_records: vec![record],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }),
        }
    }

    /// Takes a metric.
    pub(super) fn metric(&mut self, origin: &Provenance, metric: Metric) {
        match self.metrics.last_mut() {
            Some(last) if is_same(last.resource.as_ref(), &origin.resource) => last.scope_metrics[0].metrics.push(metric),
            _ => self.metrics.push(ResourceMetrics {
                resource: Some(origin.resource.clone()),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(origin.scope.clone()),
                    metrics: vec![metric],
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }),
        }
    }

    pub(super) fn evidence(&mut self, evidence: Evidence) {
        if let Evidence::Dropped { reason, quantity, .. } = &evidence {
            tally(&mut self.contents.client_reports, reason, *quantity);
        }
        self.evidence.push(evidence);
    }

    /// Reads each object of an item that contains many.
    pub(super) fn each_item(&mut self, item: &Object<'_>, read: impl Fn(&mut Self, &Object<'_>)) {
        let Some(items) = item.get("items").and_then(json::elements) else {
            return self.leave_out("it has no `items`");
        };
        for raw in items {
            match Object::of(raw) {
                Some(object) => read(self, &object),
                None => self.leave_out("not an object"),
            }
        }
    }

    /// Notes an item that is not read.
    pub(super) fn reject(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// Notes that a part of the item is of no use.
    pub(super) fn leave_out(&mut self, reason: &'static str) {
        let (_, parts) = self.current.left_out.get_or_insert((reason, 0));
        *parts += 1;
    }

    pub(super) const fn count_error(&mut self) {
        self.counts.errors += 1;
    }

    pub(super) const fn count_log(&mut self) {
        self.counts.log_records += 1;
    }

    pub(super) fn count_check_in(&mut self, status: &str) {
        tally(&mut self.contents.check_ins, status, 1);
    }

    pub(super) fn count_sessions(&mut self, status: &str, number: u64) {
        tally(&mut self.contents.sessions, status, number);
    }
}

fn is_same(one: Option<&Resource>, other: &Resource) -> bool {
    work::add(other.encoded_len());
    one == Some(other)
}
