//! Many connections, and what is done on one that no client library does.

use std::time::Duration;

use collector::{Arrival, Listener};
use http_server::NEW_CONNECTIONS;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Running, SOON, client, request, span};

/// An export of one span as HTTP/1.1, with these further headers.
fn export(name: &str, headers: &str) -> Vec<u8> {
    let body = request(vec![span(name)]).encode_to_vec();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// Reads one answer's head and gives its status.
async fn status(stream: &mut TcpStream) -> u16 {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    std::str::from_utf8(&head[9..12]).unwrap().parse().unwrap()
}

/// Sends bytes and reads until the connection is closed.
async fn talk(running: &Running, bytes: &[u8]) -> String {
    testkit::exchange(running.at[Listener::OtlpHttp], bytes, SOON).await.unwrap()
}

#[tokio::test]
async fn thousand_connections_at_once_are_all_answered() {
    let Running {
        at,
        mut arrivals,
        health,
        server,
    } = Running::start().await;
    // A reader that takes its time for each.
    let reading = tokio::spawn(async move {
        let mut spans = 0;
        while let Some(delivery) = arrivals.recv().await {
            tokio::task::yield_now().await;
            if let Arrival::Batch(batch) = delivery.arrival {
                spans += batch.span_count();
            }
        }
        spans
    });
    let senders: Vec<_> = (0..1000)
        .map(|number| {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(at[Listener::OtlpHttp]).await.unwrap();
                stream.write_all(&export(&format!("span {number}"), "")).await.unwrap();
                tokio::time::timeout(SOON, status(&mut stream)).await.unwrap()
            })
        })
        .collect();
    let mut answers = Vec::new();
    for sender in senders {
        answers.push(sender.await.unwrap());
    }
    let of = |status| answers.iter().filter(|answer| **answer == status).count();
    let (taken, throttled) = (of(200), of(503));
    assert_eq!(taken + throttled, 1000, "{answers:?}");
    assert!(taken > 0);
    let counts = health.snapshot().listeners[Listener::OtlpHttp];
    assert_eq!((counts.spans, counts.throttled), (taken as u64, throttled as u64));
    server.shutdown().await;
    assert_eq!(reading.await.unwrap(), taken);
}

/// Both kinds stay for longer than the answer may take here: ten seconds without a request, a minute and a half after one.
#[tokio::test]
async fn silent_connections_do_not_keep_others_out() {
    for asked in [false, true] {
        let mut running = Running::start().await;
        let mut silent = Vec::new();
        for _ in 0..600 {
            let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
            if asked {
                stream.write_all(&export("x", "")).await.unwrap();
                assert_eq!(tokio::time::timeout(SOON, status(&mut stream)).await.unwrap(), 200);
                assert_eq!(running.span_names(), ["x"]);
            }
            silent.push(stream);
        }
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
        stream.write_all(&export("new", "")).await.unwrap();
        let answered = tokio::time::timeout(Duration::from_secs(8), status(&mut stream)).await;
        assert_eq!(answered, Ok(200), "asked before: {asked}");
        assert_eq!(running.span_names(), ["new"]);
        let open = usize::try_from(running.counts().listeners[Listener::OtlpHttp].connections).unwrap();
        let most = if asked { 128 } else { 0 } + NEW_CONNECTIONS + 1;
        assert!(open <= most, "{open}");
    }
}

#[tokio::test]
async fn half_open_connections_do_not_stop_a_good_client() {
    let mut running = Running::start().await;
    let body = export("half", "");
    for beginning in [&b""[..], b"POST /v1/traces HTTP/1.1\r\nhost: loc", &body[..body.len() - 1]] {
        let flood = testkit::half_open(running.at[Listener::OtlpHttp], 3000, beginning)
            .await
            .unwrap();
        let answered = async {
            loop {
                let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
                stream.write_all(&export("good", "")).await.unwrap();
                match status(&mut stream).await {
                    // The server waits five seconds for announced bodies.
                    503 => {}
                    status => break status,
                }
            }
        };
        assert_eq!(tokio::time::timeout(SOON, answered).await, Ok(200));
        assert_eq!(running.span_names(), ["good"]);
        drop(flood);
    }
}

#[tokio::test]
async fn open_connections_are_counted_by_listener() {
    let running = Running::start().await;
    let open = || {
        let counts = running.counts();
        [
            counts.listeners[Listener::OtlpGrpc].connections,
            counts.listeners[Listener::OtlpHttp].connections,
            counts.listeners[Listener::Sentry].connections,
        ]
    };
    let become_ = |expected: [u64; 3]| {
        testkit::eventually(SOON, move || {
            let now = open();
            async move { (now == expected).then_some(()) }
        })
    };
    let one = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
    let two = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
    let other = TcpStream::connect(running.at[Listener::Sentry]).await.unwrap();
    become_([0, 2, 1]).await.unwrap();
    drop((one, other));
    become_([0, 1, 0]).await.unwrap();
    drop(two);
    become_([0, 0, 0]).await.unwrap();
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_turn() {
    let mut running = Running::start().await;
    let answers = talk(
        &running,
        &[export("a", ""), export("b", ""), export("c", "connection: close\r\n")].concat(),
    )
    .await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
    assert_eq!(running.span_names(), ["a", "b", "c"]);
}

#[tokio::test]
async fn flood_of_headers_ends_its_own_connection_only() {
    let mut running = Running::start().await;
    for flood in [format!("x: {}\r\n", "y".repeat(1 << 20)), "x: y\r\n".repeat(1000)] {
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
        // It may be cut off in the middle of its flood.
        let _ = stream.write_all(&export("flood", &flood)).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
    }
    let answer = talk(&running, &export("calm", "connection: close\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(running.span_names(), ["calm"]);
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_rejected() {
    let mut running = Running::start().await;
    for lengths in ["content-length: 3\r\n", "content-length: -1\r\n", "content-length: x\r\n"] {
        let answer = talk(&running, &export("x", lengths)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{lengths}: {answer}");
    }
    assert_eq!(running.arrived(), []);
}

#[tokio::test]
async fn bodies_in_chunks_have_the_same_limit() {
    let mut running = Running::with_max_body(16 << 20).await;
    let head = "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let body = request(vec![span("chunked")]).encode_to_vec();
    let chunks: Vec<u8> = body
        .iter()
        .flat_map(|byte| [b"1\r\n", &[*byte][..], b"\r\n"].concat())
        .collect();
    let answer = talk(&running, &[head.as_bytes(), &chunks, b"0\r\n\r\n"].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(running.span_names(), ["chunked"]);

    let chunk = [b"100000\r\n", &vec![0; 1 << 20][..], b"\r\n"].concat();
    let answer = talk(&running, &[head.as_bytes(), &chunk.repeat(17), b"0\r\n\r\n"].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// A connection that is closed while its sender still writes takes the answer with it.
#[tokio::test]
async fn rejection_reaches_a_sender_that_is_still_writing() {
    let running = Running::start().await;
    let body = vec![b'x'; 8 << 20];
    for (line, status) in [
        ("POST /v1/traces HTTP/1.1\r\ncontent-type: text/plain", 415),
        ("POST /v1/trace HTTP/1.1", 404),
        ("PUT /v1/traces HTTP/1.1", 405),
        (
            "POST /v1/traces HTTP/1.1\r\ncontent-type: application/json\r\ncontent-encoding: x",
            415,
        ),
    ] {
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
        let head = format!("{line}\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        assert_eq!(
            tokio::time::timeout(SOON, self::status(&mut stream)).await.unwrap(),
            status,
            "{line}"
        );
    }
}

/// In virtual time, which passes as soon as all tasks are idle.
#[tokio::test(start_paused = true)]
async fn slow_body_is_given_up() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut answer = [0; 12];
    let trickle = async {
        // Never idle for long.
        for _ in 0..1000 {
            to.write_all(b" ").await.unwrap();
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
    };
    tokio::select! {
        read = from.read_exact(&mut answer) => { read.unwrap(); }
        () = trickle => panic!("it was never given up"),
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].rejected, 1);
}

#[tokio::test]
async fn closed_connection_frees_everything() {
    let running = Running::start().await;
    for _ in 0..300 {
        let mut stream = TcpStream::connect(running.at[Listener::OtlpHttp]).await.unwrap();
        let whole = export("half", "");
        stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    }
    let gone = testkit::eventually(SOON, || async {
        let counts = running.counts().listeners[Listener::OtlpHttp];
        (counts.connections == 0 && running.health.queue().bytes == 0).then_some(())
    });
    gone.await.unwrap();
    let answer = client()
        .post(running.http("/v1/logs"))
        .header("content-type", "application/json");
    assert_eq!(answer.body("{}").send().await.unwrap().status(), 200);
}
