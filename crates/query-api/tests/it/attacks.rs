//! Attacks that a listener on this machine must expect.

use std::net::TcpListener;

use query_api::{Address, Api, PORT};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{SOON, Served, add, bind, of_service, serve, span, store};

async fn talk(served: &Served, request: &str) -> String {
    testkit::exchange(served.address, request, SOON).await.unwrap()
}

/// DNS rebinding, pages of others, and requests that would change something.
#[tokio::test]
async fn foreign_hosts_pages_and_forms_are_denied() {
    let served = serve(store(of_service("api", &[span(1, 1, "get", 1)]))).await;
    let get = "GET /api/traces/1 HTTP/1.1\r\nconnection: close\r\n";
    for (request, status) in [
        (format!("{get}host: evil.example\r\n\r\n"), "403"),
        (format!("{get}\r\n"), "400"),
        (format!("{get}host: localhost\r\norigin: https://evil.example\r\n\r\n"), "403"),
        (format!("{get}host: localhost\r\norigin: null\r\n\r\n"), "403"),
        (format!("{get}host: localhost\r\n\r\n"), "200"),
        (
            "POST /api/traces/1 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\n\
             connection: close\r\n\r\na=b"
                .to_owned(),
            "405",
        ),
    ] {
        let answer = talk(&served, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(status == "200" || !answer.contains("operationName"), "{answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control-"), "{answer}");
    }
}

/// A form and a page's simple request lack the header; what has it is preflighted, and the preflight is denied.
#[tokio::test]
async fn requests_that_change_something_are_denied_to_pages() {
    let mut served = serve(store(of_service("api", &[span(1, 1, "get", 1)]))).await;
    let mut fires = served.fires.take().unwrap();
    let sent = tokio::spawn(async move { fires.next().await.valid });
    let post = "POST /spanfall/v1/fire/reset HTTP/1.1\r\nconnection: close\r\ncontent-length: 0\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let header = "spanfall-request: 1\r\n";
    for (request, status) in [
        (format!("{post}host: localhost\r\n{form}\r\n"), "403"),
        (format!("{post}host: localhost\r\norigin: http://localhost:3000\r\n\r\n"), "403"),
        (format!("{post}host: localhost\r\norigin: https://evil.example\r\n{header}\r\n"), "403"),
        (format!("{post}host: evil.example\r\n{header}\r\n"), "403"),
        (
            "OPTIONS /spanfall/v1/fire/reset HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\norigin: http://localhost:3000\r\n\
             access-control-request-method: POST\r\naccess-control-request-headers: spanfall-request\r\n\r\n"
                .to_owned(),
            "405",
        ),
        (
            "GET /spanfall/v1/fire/reset HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned(),
            "405",
        ),
        (
            "GET /spanfall/v1/records HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n".to_owned(),
            "403",
        ),
    ] {
        let answer = talk(&served, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control-"), "{answer}");
    }
    assert!(!sent.is_finished());
    sent.abort();
}

#[tokio::test]
async fn queries_beyond_the_limit_are_told_to_retry() {
    // Queries are not answered.
    let (served, _queries) = bind(trace_model::Store::new(1 << 20)).await;
    let client = http_client::builder().no_proxy().timeout(SOON).build().unwrap();
    let mut requests = tokio::task::JoinSet::new();
    let mut rejected = None;
    while rejected.is_none() {
        let request = client.get(format!("http://{}/api/services", served.address));
        requests.spawn(request.send());
        assert!(requests.len() < 1_000, "there is a limit");
        // One that waits for its turn has no answer yet.
        tokio::task::yield_now().await;
        rejected = requests.try_join_next();
    }
    let answer = rejected.unwrap().unwrap().unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()),
        (503, "1")
    );
}

/// A client that goes away, or one that does not read, costs the owner of the store nothing more.
#[tokio::test]
async fn clients_that_stop_reading_hold_up_nobody() {
    let spans: Vec<_> = (1..=20_000).map(|number| span(1, number, &"x".repeat(1_000), 0)).collect();
    let mut everything = store(of_service("api", &spans));
    add(&mut everything, of_service("db", &[span(2, 1, "get", 1)]));
    let served = serve(everything).await;
    let mut stalled = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream
            .write_all(b"GET /api/traces/1 HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        let mut head = [0; 16];
        tokio::time::timeout(SOON, stream.read_exact(&mut head))
            .await
            .unwrap()
            .unwrap();
        assert!(head.starts_with(b"HTTP/1.1 200"));
        stalled.push(stream);
    }
    let (status, body) = served.json("/api/traces/2").await;
    assert_eq!((status, body["data"][0]["spans"].as_array().unwrap().len()), (200, 1));
    drop(stalled);
    assert_eq!(
        served.json("/api/traces/1").await.1["data"][0]["spans"]
            .as_array()
            .unwrap()
            .len(),
        20_000
    );
}

/// As many as there may be, and more.
#[tokio::test]
async fn idle_connections_leave_room_for_queries() {
    let served = serve(store(of_service("api", &[span(1, 1, "get", 1)]))).await;
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(TcpStream::connect(served.address).await.unwrap());
        if idle.len() % 100 == 0 {
            assert_eq!(served.json("/api/traces/1").await.0, 200);
        }
    }
}

/// A trace that is evicted while it is read is reported as incomplete.
#[tokio::test]
async fn eviction_during_an_answer_is_a_warning_in_it() {
    let spans: Vec<_> = (1..=2_000).map(|number| span(1, number, &"x".repeat(500), 0)).collect();
    let mut small = trace_model::Store::new(4 << 20);
    add(&mut small, of_service("api", &spans));
    let (served, mut queries) = bind(small).await;
    let url = format!("http://{}/api/traces/1", served.address);
    let client = http_client::builder().no_proxy().timeout(SOON).build().unwrap();
    let answer = tokio::spawn(async move {
        client
            .get(url)
            .send()
            .await
            .unwrap()
            .json::<serde_json::Value>()
            .await
            .unwrap()
    });
    queries.wait().await;
    queries.step(&served.store.lock().unwrap(), 1 << 12);
    let mut number = 2;
    let first = format!("{:032x}", 1).parse().unwrap();
    while served.store.lock().unwrap().trace_revision(first).is_some() {
        let spans: Vec<_> = (1..=500).map(|id| span(number, id, &"y".repeat(500), 0)).collect();
        add(&mut served.store.lock().unwrap(), of_service("api", &spans));
        number += 1;
    }
    while !answer.is_finished() {
        tokio::task::yield_now().await;
        if queries.is_answering() {
            queries.step(&served.store.lock().unwrap(), 1 << 12);
        } else {
            tokio::select! {
                () = queries.wait() => {}
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let answer = answer.await.unwrap();
    let trace = &answer["data"][0];
    let spans = trace["spans"].as_array().unwrap().len();
    assert!((1..2_000).contains(&spans), "{spans}");
    assert!(
        trace["warnings"][0].as_str().unwrap().contains("evicted"),
        "{}",
        trace["warnings"]
    );
}

#[tokio::test]
async fn default_port_in_use_is_replaced_and_a_named_one_is_an_error() {
    // It may be in use by a Jaeger, a viewer, or this test.
    let held = TcpListener::bind(("127.0.0.1", PORT));
    let api = Api::bind(Address::Default).await.unwrap();
    assert!(api.is_moved() && api.address().port() != PORT, "{}", api.address());
    drop(held);
    let error = Api::bind(Address::Only(api.address())).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("cannot bind the query API to {}: address in use (set --api)", api.address())
    );
    let error = Api::bind(Address::Only("0.0.0.0:0".parse().unwrap()))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("loopback") && error.contains("--api"), "{error}");
}

#[tokio::test]
async fn requests_are_counted_by_how_they_were_answered() {
    let (served, mut queries) = bind(store(of_service("api", &[span(1, 1, "get", 1)]))).await;
    assert_eq!(served.get("/nowhere").await.status(), 404);
    talk(&served, "GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n").await;
    let kept = served.store.clone();
    let answering = async {
        loop {
            queries.wait().await;
            while queries.is_answering() {
                queries.step(&kept.lock().unwrap(), 1 << 12);
            }
        }
    };
    let (status, _) = tokio::select! {
        answer = served.json("/api/services") => answer,
        () = answering => unreachable!("it has no end"),
    };
    assert_eq!(status, 200);
    let state = queries.state().unwrap();
    assert_eq!(state.address, served.address);
    assert_eq!((state.answered, state.rejected, state.throttled, state.denied), (1, 1, 0, 1));
}
