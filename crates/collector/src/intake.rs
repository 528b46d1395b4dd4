//! Where the three protocols meet: conversion, hand-over, counting.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest,
};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use tokio::sync::mpsc;
use trace_model::{Rejection, Source, otlp};

use crate::health::{HealthSnapshot, Recorder};
use crate::{Arrival, Listener};

/// How many different reasons a partial success names.
const REASONS: usize = 3;

/// The reader is behind, or gone: the sender shall try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// What was left out of an accepted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    /// How many spans.
    pub(crate) rejected: usize,
    /// Why.
    pub(crate) reason: String,
}

/// The way in, shared by all handlers.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    arrivals: mpsc::Sender<Arrival>,
    recorder: Recorder,
}

impl Intake {
    pub(crate) const fn new(arrivals: mpsc::Sender<Arrival>, recorder: Recorder) -> Self {
        Self { arrivals, recorder }
    }

    pub(crate) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// A place in the queue: taken before any work is done for the request, so that a sender that must come again costs little.
    pub(crate) fn reserve(&self) -> Result<mpsc::Permit<'_, Arrival>, Busy> {
        self.arrivals.try_reserve().map_err(|_| Busy)
    }

    /// Takes spans; tells what was left out.
    pub(crate) fn traces(&self, request: ExportTraceServiceRequest, source: Source) -> Result<Option<Partial>, Busy> {
        let place = self.reserve()?;
        let (batch, rejected) = otlp::batch(request.resource_spans, source);
        let partial = partial(&rejected);
        self.recorder.record(|health| {
            let counts = otlp_counts(health, source);
            counts.requests += 1;
            counts.spans += batch.spans.len() as u64;
            counts.rejected_spans += rejected.len() as u64;
            if let Some(partial) = &partial {
                health.remember(listener(source), &partial.reason);
            }
        });
        if !batch.spans.is_empty() {
            place.send(Arrival::Spans(batch));
        }
        Ok(partial)
    }

    /// Counts log records; nothing keeps them yet.
    pub(crate) fn logs(&self, request: &ExportLogsServiceRequest, source: Source) {
        let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
        let records: usize = scopes.map(|scope| scope.log_records.len()).sum();
        self.recorder.record(|health| {
            let counts = otlp_counts(health, source);
            counts.requests += 1;
            counts.log_records += records as u64;
        });
    }

    /// Counts data points; nothing keeps them yet.
    pub(crate) fn metrics(&self, request: &ExportMetricsServiceRequest, source: Source) {
        let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
        let data = scopes
            .flat_map(|scope| &scope.metrics)
            .filter_map(|metric| metric.data.as_ref());
        let points: usize = data
            .map(|data| match data {
                Data::Gauge(data) => data.data_points.len(),
                Data::Sum(data) => data.data_points.len(),
                Data::Histogram(data) => data.data_points.len(),
                Data::ExponentialHistogram(data) => data.data_points.len(),
                Data::Summary(data) => data.data_points.len(),
            })
            .sum();
        self.recorder.record(|health| {
            let counts = otlp_counts(health, source);
            counts.requests += 1;
            counts.data_points += points as u64;
        });
    }
}

const fn listener(source: Source) -> Listener {
    match source {
        Source::OtlpGrpc => Listener::OtlpGrpc,
        Source::OtlpHttp | Source::Viewer => Listener::OtlpHttp,
    }
}

const fn otlp_counts(health: &mut HealthSnapshot, source: Source) -> &mut crate::OtlpCounts {
    match listener(source) {
        Listener::OtlpGrpc => &mut health.otlp_grpc,
        Listener::OtlpHttp | Listener::Sentry => &mut health.otlp_http,
    }
}

fn partial(rejected: &[Rejection]) -> Option<Partial> {
    if rejected.is_empty() {
        return None;
    }
    let mut by_reason: BTreeMap<String, usize> = BTreeMap::new();
    for rejection in rejected {
        // A hostile request can bring a different length for each span.
        let reason = if by_reason.len() < REASONS {
            rejection.to_string()
        } else {
            "other reasons".to_owned()
        };
        *by_reason.entry(reason).or_default() += 1;
    }
    let reasons: Vec<String> = by_reason
        .iter()
        .map(|(reason, spans)| format!("{reason} ({spans})"))
        .collect();
    Some(Partial {
        rejected: rejected.len(),
        reason: format!("spans left out: {}", reasons.join(", ")),
    })
}
