//! From the bytes of a request to the data of a screen: protocol, batch, store and metrics in slices, list, outline.

use collector::envelope::Envelope;
use collector::sentry::{RequestMeta, read};
use otlp_wire::json::transcode;
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, Message, TRACES_REQUEST};
use trace_model::{Batch, MetricsBatch, Outline, Source, Store};

use crate::seeds;

/// Spans and log records per slice, and work per slice of metrics.
const SLICE: usize = 64;
const METRICS_SLICE: u64 = 16 * 1024;
/// Traces listed at once.
const LISTED_TRACES: usize = 50;
/// Maximum number of requests per input: repeated ones are retries.
const REQUESTS_MAX: usize = 2;

/// A protocol of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP traces in protobuf, over HTTP or as a gRPC message.
    Traces,
    /// OTLP logs in protobuf.
    Logs,
    /// OTLP metrics in protobuf.
    Metrics,
    /// OTLP traces in JSON.
    JsonTraces,
    /// OTLP logs in JSON.
    JsonLogs,
    /// OTLP metrics in JSON.
    JsonMetrics,
    /// A Sentry envelope.
    Envelope,
}

/// All protocols.
pub const PROTOCOLS: [Protocol; 7] = [
    Protocol::Traces,
    Protocol::Logs,
    Protocol::Metrics,
    Protocol::JsonTraces,
    Protocol::JsonLogs,
    Protocol::JsonMetrics,
    Protocol::Envelope,
];

/// Ingests a request; returns true if it was valid. An invalid one leaves the store unchanged.
pub fn ingest(store: &mut Store, protocol: Protocol, data: &[u8]) -> bool {
    let json = |schema: &'static Message| transcode(data, schema).map(|read| read.bytes);
    match protocol {
        Protocol::Traces => traces(store, data.to_vec()),
        Protocol::Logs => logs(store, data.to_vec()),
        Protocol::Metrics => metrics(store, data.to_vec()),
        Protocol::JsonTraces => json(&TRACES_REQUEST).is_ok_and(|bytes| traces(store, bytes)),
        Protocol::JsonLogs => json(&LOGS_REQUEST).is_ok_and(|bytes| logs(store, bytes)),
        Protocol::JsonMetrics => json(&METRICS_REQUEST).is_ok_and(|bytes| metrics(store, bytes)),
        Protocol::Envelope => envelope(store, data),
    }
}

fn traces(store: &mut Store, bytes: Vec<u8>) -> bool {
    let read = Batch::traces(bytes.into(), Source::OtlpHttp);
    read.map(|(batch, _)| add(store, batch)).is_ok()
}

fn logs(store: &mut Store, bytes: Vec<u8>) -> bool {
    Batch::logs(bytes.into(), Source::OtlpHttp)
        .map(|batch| add(store, batch))
        .is_ok()
}

fn metrics(store: &mut Store, bytes: Vec<u8>) -> bool {
    let read = MetricsBatch::read(bytes.into(), Source::OtlpHttp);
    read.map(|mut batch| while store.add_metrics_part(&mut batch, METRICS_SLICE) {})
        .is_ok()
}

fn envelope(store: &mut Store, bytes: &[u8]) -> bool {
    let Ok(envelope) = Envelope::parse(bytes.to_vec().into()) else {
        return false;
    };
    let arrival = read(&envelope, RequestMeta::default()).arrival;
    store.add_evidence(arrival.evidence);
    add(store, arrival.spans);
    add(store, arrival.logs);
    true
}

fn add(store: &mut Store, mut batch: Batch) {
    while store.add_part(&mut batch, SLICE) {}
}

/// Lists the traces and lays out the first one.
///
/// # Panics
/// More is listed than stored, or a trace with spans has no rows.
pub fn look(store: &Store) {
    let listed = store.traces(0..LISTED_TRACES);
    assert!(listed.len() <= store.listed().min(LISTED_TRACES));
    if let Some(first) = listed.first() {
        let mut outline = Outline::new(first.trace_id);
        outline.refresh(store);
        // A trace of log records only has none.
        assert!(first.spans == 0 || !outline.is_empty(), "a trace with spans has a row");
    }
}

/// The first byte selects the protocol.
pub(crate) fn check(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let Some(protocol) = PROTOCOLS.get(usize::from(*first)) else {
        return;
    };
    let mut store = Store::new(1 << 20);
    for _ in 0..REQUESTS_MAX {
        if !ingest(&mut store, *protocol, data) {
            return;
        }
        look(&store);
    }
}

/// Prefixes a document with each protocol: the wrong ones reject most of them immediately.
pub(crate) fn with_protocol(document: &[u8]) -> Vec<u8> {
    let protocol = match document {
        seeds::TRACES => Protocol::JsonTraces,
        seeds::LOGS => Protocol::JsonLogs,
        seeds::METRICS => Protocol::JsonMetrics,
        _ => Protocol::Envelope,
    };
    let position = PROTOCOLS.iter().position(|known| *known == protocol).unwrap_or_default();
    let mut input = vec![u8::try_from(position).unwrap_or_default()];
    input.extend_from_slice(document);
    input
}
