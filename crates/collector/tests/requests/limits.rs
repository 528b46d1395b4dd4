//! Limits on a sender: it cannot fill the memory, delay others, kill the listener, or write to the terminal.

use std::time::Duration;

use collector::{Health, Listener};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use reqwest::header::CONTENT_TYPE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Running, SOON, client, request, span};

#[tokio::test]
async fn clients_that_stop_in_the_middle_hold_nobody_up() {
    let mut running = Running::start().await;
    let mut stuck = Vec::new();
    for at in [
        running.at[Listener::OtlpGrpc],
        running.at[Listener::OtlpHttp],
        running.at[Listener::Sentry],
    ] {
        for beginning in [
            "",
            "P",
            "PRI * HTTP/2.0\r\n",
            "POST /v1/traces HTTP/1.1\r\ncontent-length: 9\r\n\r\n{",
            "\0\x01garbage\r\n\r\n",
        ] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            stuck.push(stream);
        }
    }
    let http = client()
        .post(running.http("/v1/traces"))
        .header(CONTENT_TYPE, "application/x-protobuf");
    assert_eq!(
        http.body(request(vec![span("http")]).encode_to_vec())
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let mut grpc = TraceServiceClient::connect(format!("http://{}", running.at[Listener::OtlpGrpc]))
        .await
        .unwrap();
    grpc.export(request(vec![span("grpc")])).await.unwrap();
    assert_eq!(
        client()
            .post(running.sentry("/stream"))
            .body("{}")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(running.span_names(), ["http", "grpc"]);
    // Shutdown does not wait for them either.
    tokio::time::timeout(SOON, running.server.shutdown()).await.unwrap();
}

#[tokio::test]
async fn truncated_body_is_not_a_request() {
    let mut running = Running::start().await;
    let mut stream = TcpStream::connect(running.at[Listener::Sentry]).await.unwrap();
    stream
        .write_all(b"POST /stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{}\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(running.arrived(), []);
    assert_eq!(running.counts().listeners[Listener::Sentry].requests, 0);
}

#[tokio::test]
async fn kept_rejections_have_no_escape_sequences() {
    let running = Running::start().await;
    let hostile = "\u{1b}[2J".repeat(10_000);
    let answer = client()
        .post(running.http("/v1/traces"))
        .header(CONTENT_TYPE, "application/json")
        .body(hostile)
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 400);
    for _ in 0..30 {
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
        stream
            .write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: \x9b\xc2\x9b\t\xff\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    }
    let recent = running.counts().recent;
    assert_eq!(recent.len(), 20);
    for rejected in recent {
        assert!(
            rejected.reason.len() < 1000 && !rejected.reason.chars().any(char::is_control),
            "{:?}",
            rejected.reason
        );
    }
}

#[tokio::test]
async fn health_change_wakes_every_waiter() {
    let running = Running::start().await;
    let wait = |mut health: Health| async move {
        // The connection and the body's bytes are told before.
        while health.snapshot().listeners[Listener::Sentry].requests == 0 {
            tokio::time::timeout(SOON, health.changed()).await.unwrap();
        }
        health.snapshot().listeners[Listener::Sentry].requests
    };
    let waiting = [wait(running.health.clone()), wait(running.health.clone())].map(tokio::spawn);
    client().post(running.sentry("/stream")).body("{}").send().await.unwrap();
    for waited in waiting {
        assert_eq!(waited.await.unwrap(), 1);
    }
}

/// With more requests at once than one listener reads at the same time, the others are told to retry and counted.
#[tokio::test]
async fn too_many_requests_at_once_are_asked_to_come_again() {
    let running = Running::start().await;
    // Each has begun a body and keeps its place with that.
    let mut begun = Vec::new();
    let asked = loop {
        let answer = client().post(running.sentry("/stream")).body("{}").send().await.unwrap();
        if answer.status() != 200 {
            break answer;
        }
        let mut stream = TcpStream::connect(running.at[Listener::Sentry]).await.unwrap();
        stream
            .write_all(b"POST /stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{")
            .await
            .unwrap();
        begun.push(stream);
        assert!(begun.len() < 1000, "there is an end to what is read at the same time");
    };
    assert_eq!(asked.status(), 429);
    // Once they are through there is room again.
    for stream in &mut begun {
        stream.write_all(b"}").await.unwrap();
    }
    let again = testkit::eventually(SOON, || async {
        let answer = client().post(running.sentry("/stream")).body("{}").send().await.unwrap();
        (answer.status() == 200).then_some(())
    });
    again.await.unwrap();
    assert!(running.counts().listeners[Listener::Sentry].throttled >= 1);
}

/// Virtual time, which passes as soon as all tasks are idle.
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn connections_without_a_request_are_closed() {
    let running = Running::start().await;
    for at in [
        running.at[Listener::OtlpGrpc],
        running.at[Listener::OtlpHttp],
        running.at[Listener::Sentry],
    ] {
        for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "POST / HTTP/1.1\r\nhost:"] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let closed = tokio::time::timeout(HOUR, stream.read_to_end(&mut Vec::new())).await;
            assert!(closed.is_ok(), "{beginning:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn missing_body_is_given_up() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.at[Listener::Sentry]).await.unwrap();
    stream
        .write_all(b"POST /stream HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
        .await
        .unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(HOUR, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(running.counts().listeners[Listener::Sentry].rejected, 1);
}
