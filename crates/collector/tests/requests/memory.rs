//! Memory that senders can make the collector hold is bounded across all listeners, and freed.

use collector::{Listener, QueueDepth};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::otlp_grpc::raw;
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
async fn queued_arrivals_are_counted_until_received() {
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
    let held = running.arrivals.try_recv().unwrap();
    let depth = running.health.queue();
    assert!(depth.waiting == 0 && depth.bytes >= MIB, "held until it is stored: {depth:?}");
    drop(held);
    assert_eq!(running.health.queue().bytes, 0);
}

#[tokio::test]
async fn byte_account_is_shared_by_all_listeners() {
    let mut running = Running::start().await;
    let limit = running.health.queue().bytes_limit;
    let mut taken = 0;
    let rejected = loop {
        let answer = send(&running, large(10 * MIB)).await;
        if answer.status() != 200 {
            break answer;
        }
        taken += 1;
        assert!(running.health.queue().bytes <= limit);
    };
    assert_eq!(rejected.status(), 503);
    assert!(rejected.headers().contains_key("retry-after"));
    let full = running.health.queue();
    assert_eq!(full.waiting, taken);
    assert!(full.waiting < full.waiting_limit, "it is the bytes that are full: {full:?}");

    let sentry = client()
        .post(running.sentry("/stream"))
        .body("x".repeat(10 * MIB))
        .send()
        .await;
    assert_eq!(sentry.unwrap().status(), 429);
    let mut grpc = TraceServiceClient::connect(format!("http://{}", running.at[Listener::OtlpGrpc]))
        .await
        .unwrap();
    let mut export = async || grpc.export(request(vec![span(&"x".repeat(10 * MIB))])).await.map(drop);
    assert_eq!(export().await.unwrap_err().code(), Code::Unavailable);
    let held = running.health.queue();
    assert_eq!(
        (held.waiting, held.bytes),
        (full.waiting, full.bytes),
        "what was not taken is not held"
    );
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpHttp].throttled,
            counts.listeners[Listener::OtlpGrpc].throttled,
            counts.listeners[Listener::Sentry].throttled
        ),
        (1, 1, 1)
    );

    assert_eq!(running.arrived().len(), taken);
    export().await.unwrap();
}

/// Compressed, it would have had room.
#[tokio::test]
async fn decompressed_bytes_count() {
    let mut running = Running::start().await;
    for (encoding, body) in compressed(&large(40 * MIB)).into_iter().skip(1) {
        let send = async || {
            let request = client().post(running.http("/v1/traces"));
            let request = request.header(CONTENT_TYPE, PROTOBUF).header(CONTENT_ENCODING, encoding);
            request.body(body.clone()).send().await.unwrap().status().as_u16()
        };
        let mut taken = 0;
        while send().await == 200 {
            taken += 1;
            assert!(
                taken < 5,
                "{encoding}: 200 MiB do not fit into {}",
                running.health.queue().bytes_limit
            );
        }
        assert_eq!(running.arrived().len(), taken, "{encoding}");
        assert_eq!(running.health.queue().bytes, 0, "{encoding}");
    }
}

#[tokio::test]
async fn partial_body_counts_its_received_bytes() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
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
async fn bombs_are_rejected_and_leave_nothing_behind() {
    let running = Running::with_max_body(16 * MIB).await;
    let bomb = large(16 * MIB);
    for (encoding, body) in compressed(&bomb) {
        assert!(encoding == "identity" || body.len() < MIB, "{encoding} is a bomb");
        let request = client().post(running.http("/v1/traces")).header(CONTENT_TYPE, PROTOBUF);
        let answer = request.header(CONTENT_ENCODING, encoding).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 413, "{encoding}");
        let reason = answer.text().await.unwrap();
        assert!(reason.contains("longer than 16 MiB (--max-body sets it)"), "{reason}");
    }
    let client = TraceServiceClient::connect(format!("http://{}", running.at[Listener::OtlpGrpc]))
        .await
        .unwrap();
    for mut client in [
        client.clone(),
        client.clone().send_compressed(CompressionEncoding::Gzip),
        client.send_compressed(CompressionEncoding::Zstd),
    ] {
        let rejected = client.export(request(vec![span(&"x".repeat(16 * MIB))])).await.unwrap_err();
        assert_eq!(rejected.code(), Code::ResourceExhausted, "{rejected}");
        assert_eq!(rejected.message(), "the body is longer than 16 MiB (--max-body sets it)");
    }
    assert_eq!((running.counts().rejected(), running.counts().throttled()), (8, 0));
    assert_eq!(running.health.queue().bytes, 0);
}

/// `--max-body` does not apply to them.
#[tokio::test]
async fn envelopes_have_the_limits_of_sentry() {
    let running = Running::with_max_body(MIB).await;
    let envelope = |bytes| format!("{{}}\n{{\"type\":\"attachment\"}}\n{}", "x".repeat(bytes));
    for (encoding, bytes, status) in [
        ("identity", 19 * MIB, 200),
        ("identity", 20 * MIB, 413),
        ("zstd", 99 * MIB, 200),
        ("zstd", 100 * MIB, 413),
    ] {
        let mut body = envelope(bytes).into_bytes();
        if encoding == "zstd" {
            body = zstd::encode_all(&*body, 1).unwrap();
        }
        let request = client().post(running.sentry("/stream")).header(CONTENT_ENCODING, encoding);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{encoding} {bytes}");
    }
    assert_eq!(running.health.queue().bytes, 0);
}

/// A body of the default limit in each form that takes more than one piece of memory at once.
#[tokio::test]
async fn largest_body_fits_in_all_its_forms() {
    let mut running = Running::start().await;
    let head = large(0).len() + 16;
    let body = large(64 * MIB - head);
    assert!(body.len() <= 64 * MIB && body.len() > 64 * MIB - 100, "{}", body.len());
    let url = running.http("/v1/traces");
    let send = async |content_type, encoding, body: Vec<u8>| {
        let request = client().post(&url).header(CONTENT_TYPE, content_type);
        request
            .header(CONTENT_ENCODING, encoding)
            .body(body)
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(send(PROTOBUF, "identity", body.clone()).await, 200);
    assert_eq!(running.arrived().len(), 1);
    assert_eq!(send(PROTOBUF, "zstd", zstd::encode_all(&*body, 1).unwrap()).await, 200);
    assert_eq!(running.arrived().len(), 1);
    let span = format!(r#"{{"traceId":"{:032x}","spanId":"{:016x}","name":""#, 1, 2);
    let (before, after) = (
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}"#),
        r#""}]}]}]}"#,
    );
    let name = "x".repeat(64 * MIB - before.len() - after.len());
    let json = [before, name, after.to_owned()].concat();
    assert_eq!(send("application/json", "identity", json.into_bytes()).await, 200);
    assert_eq!(running.arrived().len(), 1);
    assert_eq!(running.health.queue().bytes, 0);
}

/// Records that take two bytes of the body each, and more than twenty times as much when read.
fn empty_logs(count: usize) -> Vec<u8> {
    let field = |number: u8, contents: &[u8]| {
        let mut field = vec![number << 3 | 2];
        prost::encoding::encode_varint(contents.len() as u64, &mut field);
        [field, contents.to_vec()].concat()
    };
    field(1, &field(2, &[2 << 3 | 2, 0].repeat(count)))
}

/// Told to retry, it would be sent for ever.
#[tokio::test]
async fn oversized_request_is_rejected_and_one_that_fits_later_is_retried() {
    let mut running = Running::start().await;
    let limit = running.health.queue().bytes_limit;
    let body = empty_logs(4 * MIB);
    let url = running.http("/v1/logs");
    let send = async |body: &[u8]| {
        let request = client().post(&url).header(CONTENT_TYPE, PROTOBUF);
        let request = request.header(CONTENT_ENCODING, "gzip").body(gzip(body));
        let answer = request.send().await.unwrap();
        let retry = answer.headers().contains_key("retry-after");
        (answer.status().as_u16(), retry, answer.text().await.unwrap())
    };
    let (status, retry, reason) = send(&body).await;
    assert_eq!((status, retry), (413, false), "{reason}");
    assert!(reason.contains("takes more memory than"), "{reason}");

    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    let rejected = raw(&running, path, &body).await;
    assert_eq!(rejected.code(), Code::ResourceExhausted, "{rejected}");
    assert!(rejected.details().is_empty(), "no RetryInfo: {rejected:?}");
    assert_eq!((running.counts().rejected(), running.counts().throttled()), (2, 0));

    // Half of it fits, as long as nothing else is there.
    let half = empty_logs(MIB);
    assert_eq!(send(&half).await.0, 200);
    while running.health.queue().bytes < limit / 2 {
        assert_eq!(send(&half).await.0, 200);
    }
    let later = empty_logs(MIB * 3 / 2);
    assert!(matches!(send(&later).await, (503, true, _)));
    running.arrived();
    assert_eq!(send(&later).await.0, 200);
    running.arrived();
    assert_eq!(running.health.queue().bytes, 0);
}

/// Numbers in an array take two characters in JSON and eight bytes in protobuf.
#[tokio::test]
async fn json_that_is_too_long_in_protobuf_is_rejected() {
    let mut running = Running::with_max_body(MIB).await;
    let url = running.http("/v1/metrics");
    let send = async |numbers: usize| {
        let numbers = vec!["1"; numbers].join(",");
        let body = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","histogram":{{"dataPoints":[{{"bucketCounts":[{numbers}]}}]}}}}]}}]}}]}}"#
        );
        let request = client().post(&url).header(CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(send(100_000).await.0, 200);
    assert_eq!(running.arrived().len(), 1);
    let (status, reason) = send(200_000).await;
    assert!(status == 413 && reason.contains("longer than 1 MiB"), "{status} {reason}");
    assert_eq!(running.health.queue().bytes, 0);
}

/// Each announces the largest window there is, of which not all fit at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_senders_stay_within_the_account() {
    let Running {
        at,
        mut arrivals,
        health,
        server,
    } = Running::start().await;
    let reading = tokio::spawn(async move {
        let mut taken = 0;
        while arrivals.recv().await.is_some() {
            taken += 1;
        }
        taken
    });
    // Spans of different lengths, so that windows are used.
    let plain = request((0..200).map(|length| span(&"x".repeat(length * 10))).collect()).encode_to_vec();
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.window_log(23).unwrap();
    std::io::Write::write_all(&mut zstd, &plain).unwrap();
    let mut brotli = Vec::new();
    std::io::Write::write_all(&mut brotli::CompressorWriter::new(&mut brotli, 4096, 1, 24), &plain).unwrap();
    for (encoding, body) in [("zstd", zstd.finish().unwrap()), ("br", brotli), ("gzip", gzip(&plain))] {
        let before = health.snapshot().listeners[Listener::OtlpHttp];
        let senders: Vec<_> = (0..200)
            .map(|_| {
                let (url, body) = (format!("http://{}/v1/traces", at[Listener::OtlpHttp]), body.clone());
                let request = client().post(url).header(CONTENT_TYPE, PROTOBUF);
                tokio::spawn(async move {
                    let answer = request.header(CONTENT_ENCODING, encoding).body(body).send().await.unwrap();
                    let (status, retry) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
                    assert!(status == 200 || (status == 503 && retry), "{status}");
                    status == 200
                })
            })
            .collect();
        let mut taken = 0;
        for sender in senders {
            let depth = health.queue();
            assert!(depth.bytes <= depth.bytes_limit && depth.connection_bytes <= depth.connection_bytes_limit);
            taken += u64::from(sender.await.unwrap());
        }
        let after = health.snapshot().listeners[Listener::OtlpHttp];
        assert_eq!(
            (after.requests - before.requests, after.throttled - before.throttled),
            (taken, 200 - taken),
            "{encoding}"
        );
        assert!(taken > 0, "{encoding}");
        // The consumer may be slow.
        let empty = testkit::eventually(SOON, || async { (health.queue().bytes == 0).then_some(()) });
        assert!(empty.await.is_ok(), "{encoding}: {:?}", health.queue());
    }
    server.shutdown().await;
    assert!(reading.await.unwrap() > 0);
}

/// Together they are longer than the account. As many are received as fit whole, and one at a time is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_requests_of_many_senders_are_all_taken() {
    const SENDERS: usize = 40;
    let Running {
        at,
        mut arrivals,
        health,
        server,
    } = Running::start().await;
    let limit = health.queue().bytes_limit;
    let reading = tokio::spawn(async move {
        let mut taken = 0;
        while arrivals.recv().await.is_some() {
            taken += 1;
        }
        taken
    });
    let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut stored, &large(6 * MIB)).unwrap();
    let body = stored.finish().unwrap();
    assert!(SENDERS * body.len() > limit, "{limit}");
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (url, body) = (format!("http://{}/v1/traces", at[Listener::OtlpHttp]), body.clone());
            let client = client();
            tokio::spawn(async move {
                let mut turned_away = 0;
                loop {
                    let request = client.post(&url).header(CONTENT_TYPE, PROTOBUF);
                    let answer = request
                        .header(CONTENT_ENCODING, "gzip")
                        .body(body.clone())
                        .send()
                        .await
                        .unwrap();
                    if answer.status() == 200 {
                        break turned_away;
                    }
                    assert_eq!(answer.status(), 503);
                    turned_away += 1;
                }
            })
        })
        .collect();
    let mut turned_away = 0;
    for sender in senders {
        let depth = health.queue();
        assert!(depth.bytes <= depth.bytes_limit, "{depth:?}");
        turned_away += tokio::time::timeout(3 * SOON, sender).await.unwrap().unwrap();
    }
    assert!(turned_away < 10 * SENDERS, "{turned_away} turned away");
    server.shutdown().await;
    assert_eq!(reading.await.unwrap(), SENDERS);
}

/// Large bodies that are announced and never sent keep others from being received, for a while; small ones need no admission.
#[tokio::test]
async fn small_requests_pass_bodies_that_do_not_come() {
    let mut running = Running::start().await;
    let mut stopped = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: {PROTOBUF}\r\ncontent-length: {}\r\n\r\n",
            15 * MIB
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stopped.push(stream);
    }
    for stream in &mut stopped[..4] {
        stream.write_all(&vec![0; 2 * MIB]).await.unwrap();
    }
    until(&running, |queue| queue.bytes == 8 * MIB).await;
    for _ in 0..10 {
        assert_eq!(send(&running, large(100)).await.status(), 200);
    }
    assert_eq!(running.arrived().len(), 10);
    assert_eq!(running.health.queue().bytes, 8 * MIB, "nothing of the others is held");
}

#[tokio::test]
async fn windows_beyond_what_http_allows_are_rejected_by_name() {
    let running = Running::start().await;
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.window_log(24).unwrap();
    std::io::Write::write_all(&mut zstd, &large(100)).unwrap();
    std::io::Write::flush(&mut zstd).unwrap();
    for (encoding, body, reason) in [
        ("zstd", zstd.finish().unwrap(), "Zstandard window is larger than 8 MiB"),
        ("br", vec![0x11, 0x1e, 0x03], "Brotli window is larger than 16 MiB"),
    ] {
        let request = client().post(running.http("/v1/traces")).header(CONTENT_TYPE, PROTOBUF);
        let answer = request.header(CONTENT_ENCODING, encoding).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{encoding}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(reason), "{text}");
    }
    assert_eq!(running.health.queue().bytes, 0);
}

/// It decompresses to another bomb, which is not a message.
#[tokio::test]
async fn nested_bomb_is_decompressed_once() {
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

/// A sender that announces too much is answered at once, and nothing is allocated for it.
#[tokio::test]
async fn excessive_length_is_rejected_before_the_body() {
    let running = Running::start().await;
    for length in ["68000000", "1000000000000"] {
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
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
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].rejected, 2);
}
