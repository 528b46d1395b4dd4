//! The common path of the three protocols: walk, queue, counts.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;
use otlp_wire::json;
use tokio::sync::mpsc;
use trace_model::{Batch, DropReason, DroppedSpans, Grant, IdError, Malformed, MetricsBatch, ReadError, Source};

use crate::admission::{Admission, LARGE};
use crate::arrival::Waiting;
use crate::body::{self, BodyReader, Received};
use crate::budget::{MemoryBudget, NoRoom, Reservation};
use crate::content_type::Encoding;
use crate::health::Recorder;
use crate::limits::BodyLimit;
use crate::own_uploads::OwnUploads;
use crate::rejection::{Overloaded, Rejection};
use crate::signal::{PartialSuccess, Signal};
use crate::{Arrival, Listener, ListenerCounts};

/// Time that a request waits for a slot in the queue before its sender is told to retry. The consumer stalls for at most one
/// frame; clients back off for seconds.
const QUEUE_WAIT_MAX: Duration = Duration::from_millis(100);
/// Bytes of protobuf per byte of JSON text, at most: `1,` in an array becomes eight bytes.
const JSON_GROWTH: usize = 4;

/// The way in at one listener.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    listener: Listener,
    /// Encoding of an OTLP request.
    source: Source,
    arrivals: mpsc::Sender<Waiting>,
    bodies: BodyReader,
    otlp_limit: BodyLimit,
    /// `None` where these are shown.
    uploads: Option<Arc<OwnUploads>>,
    recorder: Recorder,
}

impl Intake {
    pub(crate) fn new(
        arrivals: mpsc::Sender<Waiting>,
        budget: MemoryBudget,
        otlp_limit: BodyLimit,
        uploads: Option<OwnUploads>,
        recorder: Recorder,
    ) -> Self {
        Self {
            listener: Listener::OtlpGrpc,
            source: Source::OtlpGrpc,
            arrivals,
            bodies: BodyReader::new(Listener::OtlpGrpc, budget, Admission::new(otlp_limit), recorder.clone()),
            otlp_limit,
            uploads: uploads.map(Arc::new),
            recorder,
        }
    }

    /// The same for requests to a listener, whose OTLP has this source.
    pub(crate) fn at(&self, listener: Listener, source: Source) -> Self {
        Self {
            listener,
            source,
            bodies: self.bodies.at(listener),
            ..self.clone()
        }
    }

    pub(crate) const fn listener(&self) -> Listener {
        self.listener
    }

    pub(crate) const fn budget(&self) -> &MemoryBudget {
        self.bodies.budget()
    }

    /// Returns the reader of bodies at this listener.
    pub(crate) const fn bodies(&self) -> &BodyReader {
        &self.bodies
    }

    pub(crate) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Returns the limit of an OTLP request.
    pub(crate) const fn otlp_limit(&self) -> BodyLimit {
        self.otlp_limit
    }

    pub(crate) const fn admission(&self) -> &Admission {
        self.bodies.admission()
    }

    /// Reads a body and decompresses it by its headers.
    pub(crate) async fn receive(&self, headers: &HeaderMap, body: Body, limit: BodyLimit) -> Result<Received, Rejection> {
        body::read(&self.bodies, headers, body, limit).await
    }

    /// Hides the spans of requests to this collector, unless they are shown; returns how many.
    pub(crate) fn hide_uploads(&self, batch: &mut Batch) -> u64 {
        self.uploads.as_ref().map_or(0, |uploads| uploads.hide(batch) as u64)
    }

    /// Waits for a place in the queue, not for long.
    pub(crate) async fn permit(&self) -> Result<Permit<'_>, Overloaded> {
        match tokio::time::timeout(QUEUE_WAIT_MAX, self.arrivals.reserve()).await {
            Ok(Ok(permit)) => Ok(Permit(permit)),
            Ok(Err(_)) | Err(_) => Err(Overloaded),
        }
    }

    /// Queues an arrival that is never sent again: waits for a slot as long as it takes.
    pub(crate) async fn tell(&self, arrival: Arrival) {
        // An error means that the reader is gone; no memory, that it has far more to do.
        if let Ok(permit) = self.arrivals.reserve().await {
            let _ = Permit(permit).send(arrival, self.bodies.budget().reservation());
        }
    }

    /// Accepts an OTLP request in protobuf; returns its dropped parts.
    pub(crate) async fn otlp(&self, signal: Signal, body: Received) -> Result<Option<PartialSuccess>, Rejection> {
        self.otlp_seen(signal, Encoding::Protobuf, body, |_| {}).await
    }

    /// Accepts an OTLP request whose spans or log records `see` may read and change first; returns its dropped parts.
    pub(crate) async fn otlp_seen(
        &self,
        signal: Signal,
        encoding: Encoding,
        body: Received,
        see: impl FnOnce(&mut Batch),
    ) -> Result<Option<PartialSuccess>, Rejection> {
        let mut body = body;
        if body.bytes.len() > LARGE {
            self.bodies.admission().turn(&mut body.admitted).await?;
        }
        let (body, rejected) = match encoding {
            Encoding::Protobuf => (body, DroppedSpans::default()),
            Encoding::Json => self.transcode(signal, body).await?,
        };
        self.take(signal, body, rejected, see).await
    }

    /// The same request in protobuf.
    async fn transcode(&self, signal: Signal, body: Received) -> Result<(Received, DroppedSpans), Rejection> {
        let Received {
            bytes: json,
            mut reservation,
            at_unix_nano,
            limit,
            admitted,
        } = body;
        let most = limit.whole.min(json.len().saturating_mul(JSON_GROWTH));
        reservation.grow_within(most, admitted.room_wait()).await?;
        let mut output = self.bodies.pool().take(0);
        // Names and quotes are about half of the text.
        output.reserve(most.min(json.len() / 2), most)?;
        let read = json::transcode_within(&json, signal.request(), std::mem::take(&mut output.bytes), most);
        let read = read.map_err(|error| {
            if error.is_too_long() {
                body::too_long(limit.whole, limit)
            } else {
                Rejection::malformed(format!("no OTLP message: {error}"))
            }
        })?;
        drop(json);
        output.bytes = read.bytes;
        reservation.resize(output.bytes.len())?;
        let mut rejected = DroppedSpans::default();
        for spans in read.rejected {
            let reason = DropReason {
                field: spans.field,
                error: IdError::NotHex,
            };
            rejected.add(reason, spans.spans);
        }
        let body = Received {
            bytes: output.freeze(),
            reservation,
            at_unix_nano,
            limit,
            admitted,
        };
        Ok((body, rejected))
    }

    async fn take(
        &self,
        signal: Signal,
        body: Received,
        mut rejected: DroppedSpans,
        see: impl FnOnce(&mut Batch),
    ) -> Result<Option<PartialSuccess>, Rejection> {
        let permit = self.permit().await?;
        let Received {
            bytes,
            mut reservation,
            at_unix_nano,
            // This request keeps its turn until it is queued.
            admitted,
            ..
        } = body;
        let wait = admitted.room_wait();
        let source = self.source;
        let mut own_uploads = 0;
        let mut arrival = match signal {
            Signal::Traces => {
                let read = |grant: Grant<'_>| Batch::traces_within(bytes.clone(), source, grant);
                let (mut batch, more) = within(&mut reservation, wait, read).await?;
                rejected.merge(more);
                own_uploads = self.hide_uploads(&mut batch);
                (!batch.is_empty()).then(|| Arrival::Batch(batch.received_at(at_unix_nano)))
            }
            Signal::Logs => {
                let read = |grant: Grant<'_>| Batch::logs_within(bytes.clone(), source, grant);
                let batch = within(&mut reservation, wait, read).await?;
                (!batch.is_empty()).then(|| Arrival::Batch(batch.received_at(at_unix_nano)))
            }
            Signal::Metrics => {
                let batch = MetricsBatch::read(bytes.clone(), source).map_err(malformed)?;
                (batch.points() > 0).then(|| Arrival::Metrics(batch.received_at(at_unix_nano)))
            }
        };
        drop(bytes);
        let partial = (!rejected.is_empty()).then(|| PartialSuccess {
            rejected: rejected.count(),
            reason: rejected.to_string(),
        });
        let (spans, log_records, data_points) = match &arrival {
            Some(Arrival::Batch(batch)) => (batch.span_count(), batch.log_count(), 0),
            Some(Arrival::Metrics(batch)) => (0, 0, batch.points()),
            Some(Arrival::Sentry(_)) | None => (0, 0, 0),
        };
        if let Some(Arrival::Batch(batch)) = &mut arrival {
            see(batch);
        }
        if let Some(arrival) = arrival {
            permit.send(arrival, reservation)?;
        }
        drop(admitted);
        self.recorder.record(|health| {
            health.listeners[self.listener].add(&ListenerCounts {
                requests: 1,
                spans: spans as u64,
                log_records: log_records as u64,
                data_points: data_points as u64,
                dropped: rejected.count(),
                ..ListenerCounts::default()
            });
            health.own_uploads += own_uploads;
            if let Some(partial) = &partial {
                health.remember(self.listener, &partial.reason);
            }
        });
        Ok(partial)
    }
}

/// Reads within granted memory. Where others hold the memory it needs, it waits for that and reads again.
async fn within<T>(
    reservation: &mut Reservation,
    wait: Duration,
    mut read: impl FnMut(Grant<'_>) -> Result<T, ReadError>,
) -> Result<T, Rejection> {
    let before = reservation.bytes();
    loop {
        // Drawn already, since an attempt before needed it.
        let mut drawn = reservation.bytes() - before;
        let (mut missing, mut no_room) = (0, NoRoom::Exhausted);
        let mut grant = |bytes: usize| {
            let from_drawn = bytes.min(drawn);
            drawn -= from_drawn;
            missing = bytes - from_drawn;
            reservation.grow(missing).map_err(|error| no_room = error).is_ok()
        };
        match read(&mut grant) {
            Ok(read) => return Ok(read),
            Err(ReadError::Malformed(error)) => return Err(malformed(error)),
            Err(ReadError::NoMemory) if no_room == NoRoom::Exhausted => reservation.grow_within(missing, wait).await?,
            Err(ReadError::NoMemory) => return Err(no_room.into()),
        }
    }
}

fn malformed(error: Malformed) -> Rejection {
    Rejection::malformed(format!("no OTLP message: {error}"))
}

/// A place in the queue.
#[derive(Debug)]
pub(crate) struct Permit<'a>(mpsc::Permit<'a, Waiting>);

impl Permit<'_> {
    /// Queues an arrival with the right to the memory that it takes.
    pub(crate) fn send(self, arrival: Arrival, mut reservation: Reservation) -> Result<(), NoRoom> {
        reservation.resize(arrival.bytes())?;
        reservation.wait();
        self.0.send(Waiting { arrival, reservation });
        Ok(())
    }
}
