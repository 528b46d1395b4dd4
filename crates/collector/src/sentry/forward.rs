//! Forwards envelopes to the real Sentry, and reports the result for their spans.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use sentry_relay::{Categories, Category, Endpoint, Event, Events, Forward, Relay, RelayResponse};
use trace_model::sentry::{Delivery, Evidence};
use trace_model::{Batch, SpanId, TraceId};

use crate::Arrival;
use crate::arrival::SentryArrival;
use crate::envelope::Envelope;
use crate::intake::Intake;

/// A relay and its event channel, before the listeners start.
#[derive(Debug)]
pub(crate) struct SentryRelay {
    pub(crate) relay: Relay<Spans>,
    pub(crate) events: Events<Spans>,
}

/// Spans of an envelope by trace.
pub(crate) type Spans = Vec<(TraceId, Vec<SpanId>)>;

/// State of an envelope until Sentry has answered.
const IN_FLIGHT: &str = "in flight";

/// A request to forward.
pub(super) struct ForwardRequest<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) headers: &'a HeaderMap,
    pub(super) uri: &'a Uri,
    /// Body as sent.
    pub(super) body: Bytes,
    /// The same, decoded.
    pub(super) inflated: Bytes,
    pub(super) categories: Categories,
    pub(super) spans: Spans,
}

/// Returns the categories of an envelope's items, for rate limits.
pub(super) fn categories(envelope: &Envelope) -> Categories {
    let types = envelope.items.iter().map(|item| item.item_type.as_str());
    types.map(Category::of_item).collect()
}

/// The spans of an envelope, with hidden ones: what became of those counts once they are shown.
pub(super) fn spans(batch: &Batch) -> Spans {
    let mut spans: Spans = Vec::new();
    for span in batch.each_span() {
        let (trace_id, span_id) = span.ids();
        match spans.last_mut() {
            Some((last, spans)) if *last == trace_id => spans.push(span_id),
            _ => spans.push((trace_id, vec![span_id])),
        }
    }
    spans
}

/// Reports spans as in flight, until the result is known.
pub(super) fn in_flight(spans: &Spans) -> Vec<Evidence> {
    let problem = IN_FLIGHT.into();
    evidence(spans.clone(), &Delivery::Waiting { problem })
}

/// Forwards a request, reports its result to the consumer, and returns Sentry's response.
pub(super) async fn hand_on(relay: &Relay<Spans>, intake: &Intake, passing: ForwardRequest<'_>) -> Response {
    let spans = passing.spans.clone();
    let answer = relay.forward(Forward {
        endpoint: passing.endpoint,
        headers: passing.headers.clone(),
        query: passing.uri.query().map(str::to_owned),
        body: passing.body,
        inflated: passing.inflated,
        categories: passing.categories,
        tag: passing.spans,
    });
    let RelayResponse {
        status,
        headers,
        body,
        delivery,
    } = answer.await;
    tell(intake, spans, &delivery).await;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Tells the reader and the health screen what happens later, until the relay has ended.
pub(crate) async fn follow(relay: Relay<Spans>, mut events: Events<Spans>, intake: Intake) {
    let mut counts = relay.watch();
    // It ends when all senders are dropped.
    drop(relay);
    let record = |counts: &sentry_relay::RelayCounts| intake.recorder().record(|health| health.relay = Some(counts.clone()));
    record(&counts.borrow_and_update());
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event { tag, delivery }) => tell(&intake, tag, &delivery).await,
                None => break,
            },
            Ok(()) = counts.changed() => record(&counts.borrow_and_update()),
        }
    }
}

async fn tell(intake: &Intake, spans: Spans, delivery: &Delivery) {
    if spans.is_empty() {
        return;
    }
    let arrival = SentryArrival::of_evidence(evidence(spans, delivery));
    intake.tell(Arrival::Sentry(Box::new(arrival))).await;
}

fn evidence(spans: Spans, delivery: &Delivery) -> Vec<Evidence> {
    let of = |(trace_id, spans)| Evidence::Relayed {
        trace_id,
        spans,
        delivery: delivery.clone(),
    };
    spans.into_iter().map(of).collect()
}
