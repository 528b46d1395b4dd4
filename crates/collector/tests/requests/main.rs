//! The collector as its senders meet it: real sockets, real bytes.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod connections;
mod fixtures;
mod grpc_frames;
mod limits;
mod memory;
mod otlp_grpc;
mod otlp_http;
mod otlp_json;
mod own_uploads;
mod ports;
mod relay;
mod sentry;
mod sentry_otlp;

use std::time::Duration;

use collector::{Addresses, Arrival, Arrivals, Collector, Config, Health, HealthSnapshot, Listener, Server};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use reqwest::Client;
use trace_model::Batch;

/// Long enough for the slowest machine; only a failing test waits it out.
const SOON: Duration = Duration::from_secs(20);

/// A collector on free ports.
struct Running {
    at: Addresses,
    arrivals: Arrivals,
    health: Health,
    server: Server,
}

impl Running {
    async fn start() -> Self {
        Self::with_max_body(Config::default().max_body).await
    }

    async fn with_max_body(max_body: usize) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            addresses: Addresses::from_fn(|_| any),
            max_body,
            ..Config::default()
        };
        Self::serve(Collector::bind(config).await.unwrap())
    }

    fn serve(collector: Collector) -> Self {
        let at = collector.addresses();
        let (arrivals, health, server) = collector.serve();
        Self {
            at,
            arrivals,
            health,
            server,
        }
    }

    /// Returns the arrivals not received yet. A response is sent after its arrival is queued, so it is here by then.
    fn arrived(&mut self) -> Vec<Arrival> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok())
            .map(|delivery| delivery.arrival)
            .collect()
    }

    /// Returns the next arrival.
    async fn next(&mut self) -> Arrival {
        let next = tokio::time::timeout(SOON, self.arrivals.recv());
        next.await.unwrap().unwrap().arrival
    }

    /// Waits until the counts are as they should be.
    async fn until(&mut self, is_so: impl Fn(&HealthSnapshot) -> bool) {
        let changes = async {
            while !is_so(&self.health.snapshot()) {
                self.health.changed().await;
            }
        };
        tokio::time::timeout(SOON, changes).await.unwrap();
    }

    /// The batches among that.
    fn batches(&mut self) -> Vec<Batch> {
        let arrived = self.arrived().into_iter();
        let batches = arrived.filter_map(|arrival| match arrival {
            Arrival::Batch(batch) => Some(batch),
            Arrival::Metrics(_) | Arrival::Sentry(_) => None,
        });
        batches.collect()
    }

    /// Returns the names of all spans that arrived.
    fn span_names(&mut self) -> Vec<String> {
        let batches = self.batches();
        let spans = batches.iter().flat_map(Batch::decode_spans);
        spans.map(|span| span.name).collect()
    }

    fn counts(&self) -> HealthSnapshot {
        self.health.snapshot()
    }

    fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.at[Listener::OtlpHttp])
    }

    fn sentry(&self, path: &str) -> String {
        format!("http://{}{path}", self.at[Listener::Sentry])
    }
}

/// A client for plain HTTP: looking for the system's certificates, for each of hundreds, takes longer than all else.
fn client() -> Client {
    http_client::builder().tls_certs_only([]).build().unwrap()
}

fn span(name: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        start_time_unix_nano: 1,
        end_time_unix_nano: 2,
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let service = KeyValue {
        key: "service.name".to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue("shop".to_owned())),
        }),
        ..KeyValue::default()
    };
    let resource = Resource {
        attributes: vec![service],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

/// Sends until told to retry, without receiving; returns the number of accepted requests.
async fn fill<F: Future<Output = bool>>(mut send: impl FnMut() -> F) -> usize {
    for taken in 0..10_000 {
        if !send().await {
            return taken;
        }
    }
    panic!("the channel has no end");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns the text in every content encoding, and as it is.
fn compressed(plain: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    use std::io::Write;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(plain).unwrap();
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 5, 20)
        .write_all(plain)
        .unwrap();
    [
        ("identity", plain.to_vec()),
        ("gzip", gzip(plain)),
        ("deflate", zlib.finish().unwrap()),
        ("br", brotli),
        ("zstd", zstd::encode_all(plain, 1).unwrap()),
    ]
}
