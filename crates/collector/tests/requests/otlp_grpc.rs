//! OTLP over gRPC, spoken by tonic's client.

use std::time::Duration;

use collector::{Arrival, Listener};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, logs_service_client::LogsServiceClient};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric};
use prost::Message;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use trace_model::Source;

use crate::{Running, fill, request, span};

async fn client(running: &Running) -> TraceServiceClient<Channel> {
    TraceServiceClient::connect(format!("http://{}", running.at[Listener::OtlpGrpc]))
        .await
        .unwrap()
}

#[tokio::test]
async fn spans_arrive_however_they_are_compressed() {
    let mut running = Running::start().await;
    let plain = client(&running).await;
    for mut client in [
        plain.clone(),
        plain.clone().send_compressed(CompressionEncoding::Gzip),
        plain.send_compressed(CompressionEncoding::Zstd),
    ] {
        let answer = client.export(request(vec![span("GET /")])).await.unwrap();
        assert_eq!(answer.into_inner().partial_success, None);
        let [batch] = &running.batches()[..] else { panic!("a batch") };
        let spans: Vec<_> = batch.decode_spans().map(|span| (span.name, span.source)).collect();
        assert_eq!(spans, [("GET /".to_owned(), Source::OtlpGrpc)]);
    }
    let counts = running.counts().listeners[Listener::OtlpGrpc];
    assert_eq!((counts.requests, counts.spans), (3, 3));
    assert!(counts.received_bytes > 0);
}

#[tokio::test]
async fn logs_and_metrics_arrive_and_are_counted() {
    let mut running = Running::start().await;
    let channel = Channel::from_shared(format!("http://{}", running.at[Listener::OtlpGrpc]))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let scope_logs = vec![ScopeLogs {
        log_records: vec![LogRecord::default(); 2],
        ..ScopeLogs::default()
    }];
    let logs = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs,
            ..ResourceLogs::default()
        }],
    };
    LogsServiceClient::new(channel.clone()).export(logs).await.unwrap();

    let sum = Sum {
        data_points: vec![NumberDataPoint::default(); 3],
        ..Sum::default()
    };
    let metrics = vec![Metric {
        data: Some(metric::Data::Sum(sum)),
        ..Metric::default()
    }];
    let scope_metrics = vec![ScopeMetrics {
        metrics,
        ..ScopeMetrics::default()
    }];
    let resource_metrics = vec![ResourceMetrics {
        scope_metrics,
        ..ResourceMetrics::default()
    }];
    MetricsServiceClient::new(channel)
        .export(ExportMetricsServiceRequest { resource_metrics })
        .await
        .unwrap();

    let [Arrival::Batch(logs), Arrival::Metrics(metrics)] = &running.arrived()[..] else {
        panic!("one of each")
    };
    assert_eq!((logs.log_count(), metrics.points()), (2, 3));
    let counts = running.counts().listeners[Listener::OtlpGrpc];
    assert_eq!((counts.requests, counts.log_records, counts.data_points), (2, 2, 3));
}

#[tokio::test]
async fn spans_without_usable_ids_are_left_out_and_named() {
    let mut running = Running::start().await;
    let mut bad = span("bad");
    bad.span_id = Vec::new();
    let answer = client(&running).await.export(request(vec![bad, span("good")])).await.unwrap();
    let partial = answer.into_inner().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(
        partial.error_message.contains("span_id has 0 bytes"),
        "{}",
        partial.error_message
    );
    assert_eq!(running.span_names(), ["good"]);
    assert_eq!(running.counts().listeners[Listener::OtlpGrpc].dropped, 1);
}

/// Sends one gRPC message over HTTP/2 as raw bytes.
pub(crate) async fn raw(running: &Running, path: &str, message: &[u8]) -> tonic::Status {
    #[derive(Clone)]
    struct Bytes;
    impl tonic::codec::Codec for Bytes {
        type Encode = Vec<u8>;
        type Decode = ();
        type Encoder = Self;
        type Decoder = Self;
        fn encoder(&mut self) -> Self {
            Self
        }
        fn decoder(&mut self) -> Self {
            Self
        }
    }
    impl tonic::codec::Encoder for Bytes {
        type Item = Vec<u8>;
        type Error = tonic::Status;
        fn encode(&mut self, item: Vec<u8>, buffer: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), tonic::Status> {
            bytes::BufMut::put_slice(buffer, &item);
            Ok(())
        }
    }
    impl tonic::codec::Decoder for Bytes {
        type Item = ();
        type Error = tonic::Status;
        fn decode(&mut self, buffer: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<()>, tonic::Status> {
            bytes::Buf::advance(buffer, bytes::Buf::remaining(buffer));
            Ok(Some(()))
        }
    }
    let channel = Channel::from_shared(format!("http://{}", running.at[Listener::OtlpGrpc]))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let answer = grpc
        .unary(tonic::Request::new(message.to_vec()), path.parse().unwrap(), Bytes)
        .await;
    answer.map_or_else(|status| status, |_: tonic::Response<()>| tonic::Status::ok(""))
}

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[tokio::test]
async fn malformed_oversized_and_unknown_calls_are_rejected_and_counted() {
    let mut running = Running::with_max_body(16 << 20).await;
    assert_eq!(
        raw(&running, EXPORT, &request(vec![span("x")]).encode_to_vec()).await.code(),
        Code::Ok
    );
    for (path, message, code) in [
        (EXPORT, b"not protobuf".to_vec(), Code::InvalidArgument),
        (EXPORT, vec![0; 17 << 20], Code::ResourceExhausted),
        (
            "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
            Vec::new(),
            Code::Unimplemented,
        ),
        (
            "/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export",
            Vec::new(),
            Code::Unimplemented,
        ),
    ] {
        assert_eq!(raw(&running, path, &message).await.code(), code, "{path}");
    }
    assert_eq!(running.span_names(), ["x"]);
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpGrpc].requests,
            counts.listeners[Listener::OtlpGrpc].rejected,
            counts.recent.len()
        ),
        (1, 4, 4)
    );
}

#[tokio::test]
async fn message_that_decompresses_beyond_the_limit_is_rejected() {
    let mut running = Running::with_max_body(16 << 20).await;
    let mut client = client(&running).await.send_compressed(CompressionEncoding::Gzip);
    let status = client.export(request(vec![span(&"x".repeat(17 << 20))])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(running.span_names(), [""; 0]);
    assert_eq!(running.counts().listeners[Listener::OtlpGrpc].rejected, 1);
}

#[tokio::test]
async fn full_queue_throttles_and_keeps_accepted_spans() {
    let mut running = Running::start().await;
    let client = client(&running).await;
    let send = || {
        let mut client = client.clone();
        async move { client.export(request(vec![span("x")])).await.map(drop) }
    };
    let taken = fill(|| async { send().await.is_ok() }).await;
    let status = send().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    // google.rpc.Status with a RetryInfo of one second among its details.
    let details = status.details();
    assert!(details.windows(9).any(|bytes| bytes == b"RetryInfo"), "{details:?}");
    assert!(details.ends_with(&[0x0a, 0x02, 0x08, 0x01]), "{details:?}");
    assert_eq!(
        (
            running.counts().listeners[Listener::OtlpGrpc].throttled,
            running.counts().listeners[Listener::OtlpGrpc].rejected
        ),
        (2, 0)
    );

    assert_eq!(running.span_names().len(), taken);
    assert!(send().await.is_ok(), "there is room again");
}

#[tokio::test]
async fn dropped_receiver_throttles_without_a_panic() {
    let Running {
        at, arrivals, server, ..
    } = Running::start().await;
    drop(arrivals);
    let mut client = TraceServiceClient::connect(format!("http://{}", at[Listener::OtlpGrpc]))
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(
            client.export(request(vec![span("x")])).await.unwrap_err().code(),
            Code::Unavailable
        );
    }
    tokio::time::timeout(Duration::from_secs(20), server.shutdown())
        .await
        .unwrap();
}

#[tokio::test]
async fn request_to_the_wrong_port_names_the_right_one() {
    let running = Running::start().await;
    let http_to_grpc = format!("http://{}/v1/traces", running.at[Listener::OtlpGrpc]);
    let answer = crate::client()
        .post(http_to_grpc)
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 415);
    let text = answer.text().await.unwrap();
    assert!(text.contains(&running.at[Listener::OtlpHttp].to_string()), "{text}");

    let mut grpc_to_http = TraceServiceClient::connect(format!("http://{}", running.at[Listener::OtlpHttp]))
        .await
        .unwrap();
    let status = grpc_to_http.export(request(vec![span("x")])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
    let said = &running.counts().recent[1].reason;
    assert!(said.contains(&running.at[Listener::OtlpGrpc].to_string()), "{said}");
}
