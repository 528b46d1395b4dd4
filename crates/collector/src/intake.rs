//! Where the three protocols meet: conversion, hand-over, counting.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::mpsc;
use trace_model::{Batch, Malformed, MetricsBatch, Rejected, Source};

use crate::health::{HealthSnapshot, Recorder};
use crate::refusal::Refusal;
use crate::{Arrival, Listener};

/// The reader is behind, or gone: the sender shall try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// What was left out of an accepted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    /// How many spans.
    pub(crate) rejected: u64,
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
    pub(crate) fn traces(&self, body: Bytes, source: Source, mut before: Rejected) -> Result<Option<Partial>, Refusal> {
        let place = self.reserve()?;
        let (batch, rejected) = Batch::traces(body, source).map_err(malformed)?;
        before.merge(rejected);
        let partial = (!before.is_empty()).then(|| Partial {
            rejected: before.count(),
            reason: before.to_string(),
        });
        self.recorder.record(|health| {
            let counts = otlp_counts(health, source);
            counts.requests += 1;
            counts.spans += batch.span_count() as u64;
            counts.rejected_spans += before.count();
            if let Some(partial) = &partial {
                health.remember(listener(source), &partial.reason);
            }
        });
        if !batch.is_empty() {
            place.send(Arrival::Batch(batch.received_at(now())));
        }
        Ok(partial)
    }

    /// Takes log records.
    pub(crate) fn logs(&self, body: Bytes, source: Source) -> Result<(), Refusal> {
        let place = self.reserve()?;
        let batch = Batch::logs(body, source).map_err(malformed)?;
        self.recorder.record(|health| {
            let counts = otlp_counts(health, source);
            counts.requests += 1;
            counts.log_records += batch.log_count() as u64;
        });
        if !batch.is_empty() {
            place.send(Arrival::Batch(batch.received_at(now())));
        }
        Ok(())
    }

    /// Takes data points.
    pub(crate) fn metrics(&self, body: Bytes, source: Source) -> Result<(), Refusal> {
        let place = self.reserve()?;
        let batch = MetricsBatch::read(body, source).map_err(malformed)?;
        self.recorder.record(|health| {
            let counts = otlp_counts(health, source);
            counts.requests += 1;
            counts.data_points += batch.points() as u64;
        });
        if batch.points() > 0 {
            place.send(Arrival::Metrics(batch.received_at(now())));
        }
        Ok(())
    }
}

fn malformed(error: Malformed) -> Refusal {
    Refusal::malformed(format!("no OTLP message: {error}"))
}

/// Nanoseconds since the Unix epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
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
