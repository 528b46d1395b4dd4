//! What senders can make the collector hold is bounded, all listeners together, and given back.

use collector::QueueDepth;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::{Running, SOON, client, compressed, gzip, request, span};

const PROTOBUF: &str = "application/x-protobuf";
const MIB: usize = 1 << 20;

/// A request of one span of so many bytes.
fn large(bytes: usize) -> Vec<u8> {
    request(vec![span(&"x".repeat(bytes))]).encode_to_vec()
}

async fn send(running: &Running, body: Vec<u8>) -> Response {
    let request = client().post(running.http("/v1/traces")).header(CONTENT_TYPE, PROTOBUF);
    request.body(body).send().await.unwrap()
}

async fn until(running: &Running, condition: impl Fn(QueueDepth) -> bool) {
    let reached = testkit::eventually(SOON, || async { condition(running.health.queue()).then_some(()) });
    assert!(reached.await.is_ok(), "{:?}", running.health.queue());
}

#[tokio::test]
async fn what_waits_is_counted_until_it_is_taken() {
    let mut running = Running::start().await;
    let empty = running.health.queue();
    assert_eq!((empty.waiting, empty.bytes), (0, 0));
    for _ in 0..2 {
        assert_eq!(send(&running, large(MIB)).await.status(), 200);
    }
    let full = running.health.queue();
    assert_eq!(full.waiting, 2);
    assert!((2 * MIB..3 * MIB).contains(&full.bytes), "{full:?}");
    running.arrivals.recv().await.unwrap();
    assert_eq!(running.health.queue().waiting, 1);
    running.arrivals.try_recv().unwrap();
    assert_eq!(running.health.queue(), empty);
}

#[tokio::test]
async fn one_account_of_bytes_is_for_all_listeners() {
    let mut running = Running::start().await;
    let limit = running.health.queue().bytes_limit;
    let mut taken = 0;
    let refused = loop {
        let answer = send(&running, large(10 * MIB)).await;
        if answer.status() != 200 {
            break answer;
        }
        taken += 1;
        assert!(running.health.queue().bytes <= limit);
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let full = running.health.queue();
    assert_eq!(full.waiting, taken);
    assert!(full.waiting < full.waiting_limit, "it is the bytes that are full: {full:?}");

    let sentry = client()
        .post(running.sentry("/stream"))
        .body("x".repeat(10 * MIB))
        .send()
        .await;
    assert_eq!(sentry.unwrap().status(), 429);
    let mut grpc = TraceServiceClient::connect(format!("http://{}", running.at.otlp_grpc))
        .await
        .unwrap();
    let mut export = async || grpc.export(request(vec![span(&"x".repeat(10 * MIB))])).await.map(drop);
    assert_eq!(export().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(running.health.queue(), full, "what was not taken is not held");
    let counts = running.counts();
    assert_eq!((counts.otlp_http.busy, counts.otlp_grpc.busy, counts.sentry.busy), (1, 1, 1));

    assert_eq!(running.arrived().len(), taken);
    export().await.unwrap();
}

/// Compressed, it would have had room.
#[tokio::test]
async fn what_is_inflated_is_what_counts() {
    let mut running = Running::start().await;
    for (encoding, body) in compressed(&large(15 * MIB)).into_iter().skip(1) {
        let send = async || {
            let request = client().post(running.http("/v1/traces"));
            let request = request.header(CONTENT_TYPE, PROTOBUF).header(CONTENT_ENCODING, encoding);
            request.body(body.clone()).send().await.unwrap().status().as_u16()
        };
        let mut taken = 0;
        while send().await == 200 {
            taken += 1;
            assert!(taken < 5, "{encoding}: 75 MiB do not fit into 64");
        }
        assert_eq!(running.arrived().len(), taken, "{encoding}");
        assert_eq!(running.health.queue().bytes, 0, "{encoding}");
    }
}

#[tokio::test]
async fn a_body_on_its_way_is_counted_by_what_has_come() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.at.otlp_http).await.unwrap();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: {PROTOBUF}\r\ncontent-length: {}\r\n\r\n",
        16 * MIB
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![0; 3 * MIB]).await.unwrap();
    until(&running, |queue| queue.bytes == 3 * MIB).await;
    drop(stream);
    until(&running, |queue| queue.bytes == 0).await;
}

#[tokio::test]
async fn bombs_are_refused_and_leave_nothing_behind() {
    let running = Running::start().await;
    let bomb = large(16 * MIB);
    for (encoding, body) in compressed(&bomb) {
        assert!(encoding == "identity" || body.len() < MIB, "{encoding} is a bomb");
        for url in [running.http("/v1/traces"), running.sentry("/stream")] {
            let request = client().post(&url).header(CONTENT_TYPE, PROTOBUF);
            let answer = request
                .header(CONTENT_ENCODING, encoding)
                .body(body.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 413, "{url} {encoding}");
        }
    }
    let client = TraceServiceClient::connect(format!("http://{}", running.at.otlp_grpc))
        .await
        .unwrap();
    for mut client in [
        client.clone(),
        client.clone().send_compressed(CompressionEncoding::Gzip),
        client.send_compressed(CompressionEncoding::Zstd),
    ] {
        let refused = client.export(request(vec![span(&"x".repeat(16 * MIB))])).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    }
    assert_eq!((running.counts().refused(), running.counts().busy()), (13, 0));
    assert_eq!(running.health.queue().bytes, 0);
}

/// It inflates to another bomb, which is no message.
#[tokio::test]
async fn a_bomb_in_a_bomb_is_inflated_once() {
    let running = Running::start().await;
    let zstd = |plain: &[u8]| zstd::encode_all(plain, 1).unwrap();
    for (encoding, compress) in [("gzip", &gzip as &dyn Fn(&[u8]) -> Vec<u8>), ("zstd", &zstd)] {
        let body = compress(&compress(&large(16 * MIB)));
        for (header, status) in [(encoding.to_owned(), 400), (format!("{encoding}, {encoding}"), 415)] {
            let request = client().post(running.http("/v1/traces")).header(CONTENT_TYPE, PROTOBUF);
            let answer = request
                .header(CONTENT_ENCODING, &header)
                .body(body.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), status, "{header}");
        }
    }
}

/// Whoever announces too much is told at once, and nothing is set aside for it.
#[tokio::test]
async fn a_length_that_is_too_large_is_refused_before_it_comes() {
    let running = Running::start().await;
    for length in ["17000000", "1000000000000"] {
        let mut stream = TcpStream::connect(running.at.otlp_http).await.unwrap();
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: {PROTOBUF}\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        tokio::time::timeout(SOON, stream.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer, b"HTTP/1.1 413", "{length}");
    }
    assert_eq!(running.counts().otlp_http.refused, 2);
}
