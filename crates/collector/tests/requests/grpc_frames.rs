//! gRPC below what its client libraries let one do: calls as their bytes are.

use bytes::Bytes;
use collector::Listener;
use http::{HeaderMap, Method, Request};
use prost::Message;
use tokio::net::TcpStream;

use crate::{Running, compressed, request, span};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// End of a call.
#[derive(Debug)]
struct Ended {
    http_status: u16,
    /// gRPC's status, before a message or after it.
    code: Option<String>,
    message: String,
    headers: HeaderMap,
}

async fn call(running: &Running, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Ended {
    call_at("localhost", running, method, path, headers, body).await
}

/// A call with this `:authority`.
async fn call_at(
    authority: &str,
    running: &Running,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Ended {
    let stream = TcpStream::connect(running.at[Listener::OtlpGrpc]).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut call = Request::builder().method(method).uri(format!("http://{authority}{path}"));
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    let (answer, mut sender) = client.send_request(call.body(()).unwrap(), false).unwrap();
    sender.send_data(Bytes::from(body), true).unwrap();
    let (head, mut body) = answer.await.unwrap().into_parts();
    while let Some(data) = body.data().await {
        let length = data.unwrap().len();
        body.flow_control().release_capacity(length).unwrap();
    }
    let trailers = body.trailers().await.unwrap().unwrap_or_default();
    let text = |name| {
        let value = head.headers.get(name).or_else(|| trailers.get(name));
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    Ended {
        http_status: head.status.as_u16(),
        code: text("grpc-status"),
        message: text("grpc-message").unwrap_or_default().replace("%20", " "),
        headers: head.headers,
    }
}

/// A message with its prefix.
fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], &length[..], message].concat()
}

fn message(name: &str) -> Vec<u8> {
    request(vec![span(name)]).encode_to_vec()
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test]
async fn message_is_decompressed_by_its_encoding() {
    let mut running = Running::start().await;
    for (encoding, message) in compressed(&message("x")) {
        let flag = u8::from(encoding != "identity");
        let ended = call(
            &running,
            Method::POST,
            EXPORT,
            &[GRPC, ("grpc-encoding", encoding)],
            framed(flag, &message),
        )
        .await;
        assert_eq!(ended.code.as_deref(), Some("0"), "{encoding}: {ended:?}");
        assert_eq!(running.span_names(), ["x"], "{encoding}");
    }
    // Compression is optional for each message.
    let proto = ("content-type", "application/grpc+proto");
    let ended = call(
        &running,
        Method::POST,
        EXPORT,
        &[proto, ("grpc-encoding", "gzip")],
        framed(0, &message("y")),
    )
    .await;
    assert_eq!((ended.code.as_deref(), ended.http_status), (Some("0"), 200), "{ended:?}");
    assert_eq!(running.span_names(), ["y"]);
}

#[tokio::test]
async fn calls_that_are_not_one_message_are_rejected() {
    let mut running = Running::start().await;
    let x = message("x");
    let mut longer = framed(0, &x);
    longer[4] += 1;
    let mut shorter = framed(0, &x);
    shorter[4] -= 1;
    let huge = [&[0, 0xff, 0xff, 0xff, 0xff][..], &x].concat();
    let gzip = ("grpc-encoding", "gzip");
    let plain = &[GRPC][..];
    let cases = [
        ("no message", plain, Vec::new(), "no message"),
        ("half a prefix", plain, vec![0, 0, 0], "no message"),
        (
            "two messages",
            &[GRPC],
            [framed(0, &x), framed(0, &x)].concat(),
            "more than one",
        ),
        ("a length beyond the end", plain, longer, "cut off"),
        ("4 GiB", plain, huge, "cut off"),
        ("a length before the end", plain, shorter, "more than one"),
        ("compressed somehow", plain, framed(1, &x), "is missing"),
        ("not compressed", &[GRPC, gzip][..], framed(1, &x), "cannot be read"),
        ("no protobuf", plain, framed(0, b"not protobuf"), "no OTLP message"),
    ];
    let expected = cases.len() as u64;
    for (what, headers, body, reason) in cases {
        let ended = call(&running, Method::POST, EXPORT, headers, body).await;
        // INVALID_ARGUMENT, which no exporter sends again.
        assert_eq!(ended.code.as_deref(), Some("3"), "{what}: {ended:?}");
        assert!(ended.message.contains(reason), "{what}: {}", ended.message);
    }
    assert_eq!(running.arrived(), []);
    assert_eq!(running.counts().listeners[Listener::OtlpGrpc].rejected, expected);
    assert_eq!(running.health.queue().bytes, 0);
}

#[tokio::test]
async fn unknown_method_gets_the_known_ones() {
    let running = Running::start().await;
    let ended = call(
        &running,
        Method::POST,
        "/opentelemetry.Nothing/Export",
        &[GRPC],
        framed(0, b""),
    )
    .await;
    assert_eq!(ended.code.as_deref(), Some("12"), "{ended:?}");
    for service in ["TraceService", "LogsService", "MetricsService"] {
        assert!(ended.message.contains(service), "{}", ended.message);
    }
    let ended = call(&running, Method::GET, EXPORT, &[GRPC], Vec::new()).await;
    assert_eq!(ended.code.as_deref(), Some("12"), "{ended:?}");

    let ended = call(
        &running,
        Method::POST,
        EXPORT,
        &[GRPC, ("grpc-encoding", "snappy")],
        framed(1, b"x"),
    )
    .await;
    assert_eq!(ended.code.as_deref(), Some("12"), "{ended:?}");
    assert_eq!(ended.headers["grpc-accept-encoding"], "gzip, zstd, deflate, br");

    for other in [
        "application/grpc-web",
        "application/grpc+json",
        "application/json",
        "application/grpcx",
    ] {
        let ended = call(&running, Method::POST, EXPORT, &[("content-type", other)], framed(0, b"")).await;
        assert_eq!((ended.http_status, ended.code), (415, None), "{other}");
    }
}

#[tokio::test]
async fn authority_and_origin_are_checked() {
    let mut running = Running::start().await;
    let export = || framed(0, &message("x"));
    let origin = ("origin", "https://evil.example");
    for (authority, headers) in [
        ("evil.example:4317", &[GRPC][..]),
        ("localhost.evil.example", &[GRPC]),
        ("localhost", &[GRPC, ("host", "evil.example")]),
        ("localhost", &[GRPC, origin]),
    ] {
        let ended = call_at(authority, &running, Method::POST, EXPORT, headers, export()).await;
        assert_eq!(ended.http_status, 200, "{ended:?}");
        assert_eq!(ended.code.as_deref(), Some("7"), "{ended:?}");
        assert_eq!(ended.headers["content-type"], "application/grpc", "{ended:?}");
        assert!(
            ended.message.contains("evil.example") && ended.message.contains("--allowed-"),
            "{ended:?}"
        );
    }
    assert_eq!(running.arrived(), []);
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpGrpc].denied,
            counts.denied.count(),
            counts.listeners[Listener::OtlpGrpc].rejected
        ),
        (4, 4, 0)
    );
    for authority in ["127.0.0.1:4317", "[::1]", "localhost:1", "host.docker.internal:4317"] {
        let ended = call_at(authority, &running, Method::POST, EXPORT, &[GRPC], export()).await;
        assert_eq!(ended.code.as_deref(), Some("0"), "{authority}: {ended:?}");
        assert_eq!(running.span_names(), ["x"], "{authority}");
    }
}
