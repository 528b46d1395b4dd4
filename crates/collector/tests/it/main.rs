//! The collector as its senders meet it: real sockets, real bytes.
#![expect(clippy::unwrap_used, reason = "tests")]

mod limits;
mod otlp_grpc;
mod otlp_http;
mod ports;
mod sentry;

use std::time::Duration;

use collector::{Addresses, Arrival, Collector, Config, Health, HealthSnapshot, Server};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tokio::sync::mpsc;

/// Long enough for the slowest machine; only a failing test waits it out.
const SOON: Duration = Duration::from_secs(20);

/// A collector on free ports.
struct Running {
    at: Addresses,
    arrivals: mpsc::Receiver<Arrival>,
    health: Health,
    server: Server,
}

impl Running {
    async fn start() -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let config = Config {
            otlp_grpc: any,
            otlp_http: any,
            sentry: any,
        };
        let collector = Collector::bind(config).await.unwrap();
        let at = collector.addresses();
        let (arrivals, health, server) = collector.serve();
        Self {
            at,
            arrivals,
            health,
            server,
        }
    }

    /// What has been handed over and not been read yet. An answer is sent after the hand-over, so it is here by then.
    fn arrived(&mut self) -> Vec<Arrival> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }

    /// The names of all spans that came.
    fn span_names(&mut self) -> Vec<String> {
        let arrived = self.arrived().into_iter();
        let spans = arrived.flat_map(|arrival| match arrival {
            Arrival::Spans(batch) => batch.spans,
            Arrival::SentrySpans(_) => Vec::new(),
        });
        spans.map(|span| span.name.to_string()).collect()
    }

    fn counts(&self) -> HealthSnapshot {
        self.health.snapshot()
    }

    fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.at.otlp_http)
    }

    fn sentry(&self, path: &str) -> String {
        format!("http://{}{path}", self.at.sentry)
    }
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

/// Sends until the collector has asked to come again, without reading what arrives; gives how many were taken.
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
