//! Limits and timeouts over real sockets.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use http_server::{Access, App, HEAD_MAX, HEAD_TIMEOUT, IDLE_TIMEOUT, Limits, NEW_CONNECTIONS, STALL_TIMEOUT, Server};
use testkit::half_open;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

const DEADLINE: Duration = Duration::from_secs(30);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// A request whose body never arrives.
const POST: &[u8] = b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";

struct Running {
    address: SocketAddr,
    /// Lets a request to `/gate` through.
    gate: Arc<Semaphore>,
    open: watch::Receiver<usize>,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
}

async fn serve(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let closed = gate.clone();
    let waits = move || async move {
        closed.acquire().await.unwrap().forget();
        "through"
    };
    let routes = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/gate", get(waits))
        // More than the buffers of both sides hold.
        .route("/large", get(|| async { vec![b'x'; 64 << 20] }));
    let (report, open) = watch::channel(0);
    let (stop, mut stopped) = watch::channel(false);
    let server = Server::new(listener, Access::local(Vec::new(), Vec::new()), App::new(routes))
        .limits(limits)
        .on_connections(move |open| {
            report.send_replace(open);
        });
    let ended = tokio::spawn(server.run(async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }));
    Running {
        address,
        gate,
        open,
        stop,
        ended,
    }
}

async fn small() -> Running {
    let (connections, requests) = (4, 3);
    serve(Limits {
        connections,
        requests,
        ..Limits::default()
    })
    .await
}

impl Running {
    async fn connect(&self, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream
    }

    /// Returns the response to a request on a new connection.
    async fn ask(&self, request: &[u8]) -> String {
        head(&mut self.connect(request).await).await
    }
}

/// The head of an answer; empty when the connection was closed instead.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let read = async {
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
    };
    tokio::time::timeout(DEADLINE, read).await.unwrap();
    String::from_utf8(head).unwrap()
}

/// Returns the virtual time until the other side closes the stream. It passes as soon as all tasks are idle.
async fn closed_after(stream: &mut TcpStream) -> Duration {
    let start = tokio::time::Instant::now();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    start.elapsed()
}

#[tokio::test]
async fn half_open_connections_do_not_stop_a_good_client() {
    for beginning in [
        b"".as_slice(),
        b"GET / HTTP/1.1\r\nhost: loc",
        b"\x16\x03\x01\x02\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        GET,
    ] {
        let running = serve(Limits::default()).await;
        let flood = half_open(running.address, 3000, beginning).await.unwrap();
        let answer = running.ask(GET).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{beginning:?}: {answer}");
        assert!(*running.open.borrow() <= 256 + NEW_CONNECTIONS + 1);
        drop(flood);
    }
}

#[tokio::test]
async fn bodies_that_do_not_come_leave_an_answer_for_a_good_client() {
    let running = serve(Limits::default()).await;
    let flood = half_open(running.address, 3000, POST).await.unwrap();
    let answer = running.ask(GET).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\r\nretry-after: "), "{answer}");
    drop(flood);
    let taken = || async { running.ask(GET).await.starts_with("HTTP/1.1 200").then_some(()) };
    testkit::eventually(DEADLINE, taken).await.unwrap();
}

#[tokio::test]
async fn requests_over_the_limit_are_told_to_retry() {
    let running = small().await;
    let gate = b"GET /gate HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut busy = Vec::new();
    for _ in 0..3 {
        busy.push(running.connect(gate).await);
    }
    let over = || async { running.ask(GET).await.starts_with("HTTP/1.1 503").then_some(()) };
    testkit::eventually(DEADLINE, over).await.unwrap();
    running.gate.add_permits(3);
    for stream in &mut busy {
        assert!(head(stream).await.starts_with("HTTP/1.1 200"), "they were in flight");
    }
    assert!(running.ask(GET).await.starts_with("HTTP/1.1 200"));
}

/// With all permits held by requests in flight, connections without one can still be answered.
#[tokio::test]
async fn connections_over_the_limit_are_told_to_retry() {
    let limits = Limits {
        connections: 4,
        requests: 100,
        ..Limits::default()
    };
    let running = serve(limits).await;
    let mut busy = Vec::new();
    for _ in 0..4 {
        busy.push(running.connect(b"GET /gate HTTP/1.1\r\nhost: localhost\r\n\r\n").await);
    }
    let silent = half_open(running.address, 2 * NEW_CONNECTIONS, b"").await.unwrap();
    for _ in 0..3 {
        let answer = running.ask(GET).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains("\r\nconnection: close"), "{answer}");
        assert!(answer.contains("\r\nretry-after: "), "{answer}");
    }
    drop(silent);
    running.gate.add_permits(4);
    for stream in &mut busy {
        assert!(head(stream).await.starts_with("HTTP/1.1 200"), "they were in flight");
    }
}

#[tokio::test]
async fn eviction_lets_a_response_be_written() {
    let running = small().await;
    let mut reading = running.connect(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let answer = head(&mut reading).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // More than there are places; they stay open.
    let mut others = Vec::new();
    for _ in 0..20 {
        let mut stream = running.connect(GET).await;
        let answer = head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        others.push(stream);
    }
    let mut body = vec![0; 64 << 20];
    tokio::time::timeout(DEADLINE, reading.read_exact(&mut body))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn head_has_to_come_within_its_timeout() {
    let running = small().await;
    // From the first byte on, whatever follows it.
    for beginning in [b"".as_slice(), b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n"] {
        let mut stream = running.connect(beginning).await;
        assert_eq!(
            closed_after(&mut stream).await.as_secs(),
            HEAD_TIMEOUT.as_secs(),
            "{beginning:?}"
        );
    }
    // On a connection that is known as well.
    let mut stream = running.connect(GET).await;
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert_eq!(closed_after(&mut stream).await.as_secs(), HEAD_TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn trickled_head_is_cut_off() {
    let running = small().await;
    let mut stream = running.connect(b"GET / HTTP/1.1\r\n").await;
    let start = tokio::time::Instant::now();
    while stream.write_all(b"x: y\r\n").await.is_ok() && start.elapsed() < 2 * HEAD_TIMEOUT {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let lasted = start.elapsed();
    assert!(lasted < HEAD_TIMEOUT + Duration::from_secs(4), "{lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed_after_its_timeout() {
    let running = small().await;
    let mut stream = running.connect(GET).await;
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(closed_after(&mut stream).await.as_secs(), IDLE_TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn response_that_is_not_read_is_given_up() {
    let mut running = small().await;
    let _stream = running.connect(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    running.open.wait_for(|open| *open == 1).await.unwrap();
    let start = tokio::time::Instant::now();
    running.open.wait_for(|open| *open == 0).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), STALL_TIMEOUT.as_secs());
}

#[tokio::test]
async fn shutdown_waits_for_requests_and_not_for_idle_connections() {
    let mut running = small().await;
    let mut idle = running.connect(GET).await;
    assert!(head(&mut idle).await.starts_with("HTTP/1.1 200"));
    let _silent = running.connect(b"").await;
    let mut busy = running.connect(b"GET /gate HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    running.open.wait_for(|open| *open == 3).await.unwrap();
    // Not before the request is with its handler.
    let waits = || async { (running.ask(GET).await.starts_with("HTTP/1.1 200")).then_some(()) };
    testkit::eventually(DEADLINE, waits).await.unwrap();
    running.stop.send_replace(true);
    let rejected = || async { TcpStream::connect(running.address).await.is_err().then_some(()) };
    testkit::eventually(DEADLINE, rejected).await.unwrap();
    running.gate.add_permits(1);
    assert!(head(&mut busy).await.starts_with("HTTP/1.1 200"));
    tokio::time::timeout(DEADLINE, running.ended).await.unwrap().unwrap();
}

/// All connect before any of them sends, as tasks of one program do that start together.
#[tokio::test]
async fn clients_that_connect_all_at_once_are_all_answered() {
    let running = small().await;
    let mut clients = half_open(running.address, NEW_CONNECTIONS, b"").await.unwrap();
    // The server has had the time to poll them all.
    let mut open = running.open.clone();
    open.wait_for(|open| *open == NEW_CONNECTIONS).await.unwrap();
    for client in &mut clients {
        client.write_all(GET).await.unwrap();
    }
    for client in &mut clients {
        let answer = head(client).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 503"),
            "{answer}"
        );
    }
}

/// One rule for a head at once or in parts, on a new connection or on a known one.
#[tokio::test]
async fn head_that_is_too_long_is_answered_with_431() {
    for read_buffer in [Limits::default().read_buffer, 128 * 1024] {
        let running = serve(Limits {
            read_buffer,
            ..Limits::default()
        })
        .await;
        for (length, expected) in [
            (HEAD_MAX / 2, "HTTP/1.1 200"),
            (HEAD_MAX + 1, "HTTP/1.1 431"),
            (3 * HEAD_MAX, "HTTP/1.1 431"),
            (20 * HEAD_MAX, "HTTP/1.1 431"),
        ] {
            let field = format!("x: {}\r\n", "y".repeat(length / 16));
            let beginning = "GET / HTTP/1.1\r\nhost: localhost\r\n";
            let answer = running.ask(format!("{beginning}{}\r\n", field.repeat(16)).as_bytes()).await;
            assert!(answer.starts_with(expected), "{length} at once: {answer}");

            // On a known connection hyper answers a head that exceeds one read, without waiting for the rest.
            for is_known in if length < read_buffer { &[false, true][..] } else { &[false] } {
                let is_known = *is_known;
                let mut stream = running.connect(if is_known { GET } else { b"" }).await;
                if is_known {
                    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
                    stream.read_exact(&mut [0; 5]).await.unwrap();
                }
                let parts = [beginning.as_bytes()]
                    .into_iter()
                    .chain(std::iter::repeat_n(field.as_bytes(), 16));
                for part in parts.chain([b"\r\n".as_slice()]) {
                    if let Err(error) = stream.write_all(part).await {
                        panic!("{length} in parts, {is_known}, {read_buffer}: {error}");
                    }
                    // So that each part is read by itself.
                    tokio::task::yield_now().await;
                }
                let answer = head(&mut stream).await;
                assert!(answer.starts_with(expected), "{length} in parts, {is_known}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn head_without_end_is_cut_off() {
    let running = small().await;
    let mut stream = running.connect(b"GET / HTTP/1.1\r\n").await;
    let mut written = 0;
    while stream.write_all(b"x: 0123456789\r\n").await.is_ok() {
        written += 15;
        assert!(written < 64 << 20);
    }
}
