//! An OTLP receiver, over gRPC and HTTP with protobuf, that keeps what it receives.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::{DEADLINE, Error};

/// A received span; ids in hex, empty if absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// `service.name` of the resource.
    pub service: String,
    /// Its name.
    pub name: String,
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
    /// The parent's id, or empty.
    pub parent_id: String,
    /// True if it has no end.
    pub running: bool,
    /// Its kind.
    pub kind: SpanKind,
    /// Description of the error; `None` without one.
    pub error: Option<String>,
    /// Attributes as text.
    pub attributes: BTreeMap<String, String>,
    /// Attributes of the resource as text.
    pub resource: BTreeMap<String, String>,
    /// Trace and span ids of its links.
    pub links: Vec<(String, String)>,
}

/// The receiver.
#[derive(Clone, Debug)]
pub struct Spans {
    received: watch::Sender<Vec<Span>>,
    /// gRPC address.
    pub grpc: SocketAddr,
    /// HTTP address.
    pub http: SocketAddr,
}

impl Spans {
    /// Listens on free ports as long as the runtime runs.
    ///
    /// # Errors
    /// A port cannot be bound.
    pub async fn receive() -> Result<Self, Error> {
        Self::receive_at((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Like [`Self::receive`], with gRPC at a given address.
    ///
    /// # Errors
    /// A port cannot be bound.
    pub async fn receive_at(grpc: SocketAddr) -> Result<Self, Error> {
        let grpc = TcpListener::bind(grpc).await?;
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let spans = Self {
            received: watch::Sender::new(Vec::new()),
            grpc: grpc.local_addr()?,
            http: http.local_addr()?,
        };
        let service = TraceServiceServer::new(Receiver(spans.received.clone()));
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(grpc)),
        );
        let app = Router::new()
            .route("/v1/traces", post(over_http))
            .with_state(spans.received.clone());
        tokio::spawn(async move { axum::serve(http, app).await });
        Ok(spans)
    }

    /// Returns all spans received so far.
    #[must_use]
    pub fn all(&self) -> Vec<Span> {
        self.received.borrow().clone()
    }

    /// Waits until `find` returns a value for the received spans.
    ///
    /// # Errors
    /// The deadline passed; the error lists the received spans.
    pub async fn wait<T>(&self, find: impl Fn(&[Span]) -> Option<T>) -> Result<T, Error> {
        let mut received = self.received.subscribe();
        let finding = async {
            loop {
                if let Some(found) = find(&received.borrow_and_update()) {
                    return found;
                }
                // `self` owns the sender.
                let _ = received.changed().await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, finding).await;
        waited.map_err(|_| format!("received only these spans: {:#?}", self.all()).into())
    }
}

struct Receiver(watch::Sender<Vec<Span>>);

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        keep(&self.0, request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn over_http(State(received): State<watch::Sender<Vec<Span>>>, body: Bytes) -> Result<Vec<u8>, String> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|error| error.to_string())?;
    keep(&received, request);
    Ok(ExportTraceServiceResponse::default().encode_to_vec())
}

fn keep(received: &watch::Sender<Vec<Span>>, request: ExportTraceServiceRequest) {
    let mut spans = Vec::new();
    for resource_spans in request.resource_spans {
        let resource = texts(resource_spans.resource.unwrap_or_default().attributes);
        for span in resource_spans.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let kind = span.kind();
            let status = span.status.unwrap_or_default();
            spans.push(Span {
                service: resource.get("service.name").cloned().unwrap_or_default(),
                name: span.name,
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                running: span.end_time_unix_nano == 0,
                kind,
                error: (status.code() == StatusCode::Error).then_some(status.message),
                attributes: texts(span.attributes),
                resource: resource.clone(),
                links: span
                    .links
                    .iter()
                    .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
                    .collect(),
            });
        }
    }
    received.send_modify(|received| received.extend(spans));
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes
        .into_iter()
        .map(|attribute| (attribute.key, text(attribute.value)))
        .collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
