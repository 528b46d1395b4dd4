//! Access by `Origin` and `Host`, on every listener and before any route.

use std::net::SocketAddr;

use collector::{Addresses, Collector, Config, HealthSnapshot, Listener};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::{Running, SOON, client};

const PAGE: &str = "http://localhost:5173";
const FOREIGN: &str = "https://evil.example";
/// Routes, and what is none.
const OTLP: [&str; 4] = ["/v1/traces", "/v1/logs/", "/v1development/profiles", "/nowhere"];
const SENTRY: [&str; 4] = ["/api/1/envelope/", "/api/1/store", "/stream", "/nowhere"];

/// Every path of the listeners that pages can reach.
fn urls(running: &Running) -> Vec<String> {
    let otlp = OTLP.iter().map(|path| running.http(path));
    otlp.chain(SENTRY.iter().map(|path| running.sentry(path))).collect()
}

fn preflight(url: &str, origin: &str) -> RequestBuilder {
    client()
        .request(Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-sentry-auth")
        .header("access-control-request-private-network", "true")
}

fn cors(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().map(ToString::to_string);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Returns denials by reason: their count, and the flag that would allow them.
fn denials(counts: &HealthSnapshot) -> Vec<(String, u64, Option<String>)> {
    let denials = counts.denied.iter();
    denials
        .map(|denial| (denial.reason.clone(), denial.count, denial.flag.clone()))
        .collect()
}

/// Sends bytes and reads until the connection is closed.
async fn talk(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
    testkit::exchange(address, request, SOON).await.unwrap()
}

#[tokio::test]
async fn pages_of_others_are_denied_everywhere() {
    let mut running = Running::start().await;
    for url in urls(&running) {
        let answer = preflight(&url, FOREIGN).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{url}");
        assert_eq!(cors(answer.headers()), Vec::<String>::new(), "{url}");
        // A request that a page may send without a preflight.
        for (content_type, method) in [("text/plain", Method::POST), ("", Method::GET)] {
            let request = client()
                .request(method, &url)
                .header("origin", FOREIGN)
                .header(CONTENT_TYPE, content_type);
            let answer = request.body("{}").send().await.unwrap();
            assert_eq!(answer.status(), 403, "{url}");
            assert_eq!(cors(answer.headers()), Vec::<String>::new(), "{url}");
            let said = answer.text().await.unwrap();
            assert!(said.contains("--allowed-origin https://evil.example"), "{url}: {said}");
        }
    }
    assert_eq!(running.arrived(), []);
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpHttp].denied,
            counts.listeners[Listener::Sentry].denied,
            counts.rejected()
        ),
        (12, 12, 0)
    );
    let flag = Some("--allowed-origin https://evil.example".to_owned());
    assert_eq!(denials(&counts), [("origin https://evil.example".to_owned(), 24, flag)]);
    assert_eq!(counts.recent.len(), 1, "only the first one is reported");
}

#[tokio::test]
async fn pages_of_this_machine_may_send_and_read_the_answer() {
    let running = Running::start().await;
    for url in urls(&running) {
        let answer = preflight(&url, PAGE).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
        assert_eq!(header(&answer, "access-control-allow-origin"), PAGE, "{url}");
        assert_eq!(header(&answer, "access-control-allow-methods"), "POST", "{url}");
        assert_eq!(
            header(&answer, "access-control-allow-headers"),
            "content-type,x-sentry-auth",
            "{url}"
        );

        // Sentry's browser SDK sends text.
        let request = client().post(&url).header("origin", PAGE).header(CONTENT_TYPE, "text/plain");
        let answer = request.body("{}").send().await.unwrap();
        let is_envelope = url.contains("/api/") || url.ends_with("/stream");
        assert_eq!(answer.status() == 200, is_envelope, "{url}");
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            PAGE,
            "{url}: the page can read a rejection, too"
        );
    }
    assert_eq!(running.counts().denied.count(), 0);
}

#[tokio::test]
async fn denial_is_worded_as_the_protocol_has_it() {
    let running = Running::start().await;
    let denied = async |url: String, content_type: &str| {
        let request = client()
            .post(url)
            .header("origin", FOREIGN)
            .header(CONTENT_TYPE, content_type);
        request.body("{}").send().await.unwrap()
    };
    let answer = denied(running.http("/v1/traces"), "application/json").await;
    assert_eq!(answer.status(), 403);
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 7);
    let answer = denied(running.http("/v1/traces"), "application/x-protobuf").await;
    assert_eq!(header(&answer, "content-type"), "application/x-protobuf");
    // google.rpc.Status: field 1 is the code.
    assert_eq!(answer.bytes().await.unwrap()[..2], [8, 7]);
    let answer = denied(running.sentry("/api/1/envelope/"), "text/plain").await;
    let detail = answer.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("--allowed-origin"), "{detail}");
}

#[tokio::test]
async fn forged_hosts_are_denied_on_every_listener() {
    let running = Running::start().await;
    let at = running.at;
    for address in [at[Listener::OtlpGrpc], at[Listener::OtlpHttp], at[Listener::Sentry]] {
        for (head, status) in [
            ("POST /stream HTTP/1.1\r\nhost: evil.example:4318\r\n", 403),
            ("GET / HTTP/1.1\r\nhost: evil.example\r\n", 403),
            (
                "OPTIONS / HTTP/1.1\r\nhost: evil.example\r\norigin: http://localhost\r\n",
                403,
            ),
            ("POST /v1/traces HTTP/1.0\r\nhost: evil.example\r\n", 403),
            ("POST http://evil.example/v1/traces HTTP/1.1\r\nhost: localhost\r\n", 403),
            ("POST /v1/traces HTTP/1.1\r\n", 400),
            ("POST /v1/traces HTTP/1.1\r\nhost:\r\n", 400),
            ("POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n", 400),
            ("POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n", 400),
            ("POST /v1/traces HTTP/1.1\r\nhost: \x1b[2J\x07\r\n", 400),
            ("POST /v1/traces HTTP/1.1\r\nhost: \u{202e}evil\r\n", 400),
            (
                "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\norigin: https://evil.example\r\n",
                403,
            ),
        ] {
            let answer = talk(address, format!("{head}content-length: 2\r\nconnection: close\r\n\r\n{{}}")).await;
            assert!(answer.contains(&format!(" {status} ")), "{head:?}: {answer}");
            assert!(!answer.contains("access-control"), "{head:?}: {answer}");
        }
    }
    let counts = running.counts();
    let denied = [&counts.listeners[Listener::OtlpGrpc], &counts.listeners[Listener::OtlpHttp]].map(|counts| counts.denied);
    // Bytes that no header may have are rejected before there is a request.
    assert_eq!((denied, counts.listeners[Listener::Sentry].denied), ([11; 2], 11));
    for (reason, ..) in denials(&counts) {
        assert!(reason.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{reason}");
    }
}

#[tokio::test]
async fn programs_reach_it_by_every_name_of_this_machine() {
    let running = Running::start().await;
    for head in [
        "HTTP/1.0\r\n",
        "HTTP/1.1\r\nhost: localhost\r\n",
        "HTTP/1.1\r\nhost: viewer.localhost:9\r\n",
        "HTTP/1.1\r\nhost: [::1]:4318\r\n",
        "HTTP/1.1\r\nhost: host.docker.internal:4318\r\n",
        "HTTP/1.1\r\nhost: host.containers.internal:4318\r\n",
    ] {
        let request = format!("POST /stream {head}content-length: 2\r\nconnection: close\r\n\r\n{{}}");
        let answer = talk(running.at[Listener::Sentry], request).await;
        assert!(answer.contains(" 200 OK"), "{head:?}: {answer}");
    }
}

#[tokio::test]
async fn allowed_hosts_and_origins_are_taken() {
    let any = "127.0.0.1:0".parse().unwrap();
    let config = Config {
        addresses: Addresses::from_fn(|_| any),
        ..Config::default()
    };
    let hosts = vec!["viewer.example".parse().unwrap()];
    let origins = vec!["https://app.example".parse().unwrap(), "null".parse().unwrap()];
    let running = Running::serve(Collector::bind(config).await.unwrap().allow(hosts, origins));
    for origin in ["https://app.example", "null", PAGE] {
        let answer = preflight(&running.sentry("/stream"), origin).send().await.unwrap();
        assert_eq!(header(&answer, "access-control-allow-origin"), origin);
        assert_eq!(header(&answer, "access-control-allow-private-network"), "true", "{origin}");
        let request = client().post(running.sentry("/stream")).header("origin", origin);
        let answer = request.header("host", "viewer.example:8969").body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{origin}");
    }
    let request = client()
        .post(running.sentry("/stream"))
        .header("origin", "https://other.example");
    assert_eq!(request.body("{}").send().await.unwrap().status(), 403);
}

/// A page that goes through names must not fill the memory, and its text must not reach the terminal.
#[tokio::test]
async fn denied_text_is_bounded() {
    let running = Running::start().await;
    let long = "a".repeat(8000);
    for number in 0..100 {
        let request = client()
            .post(running.sentry("/stream"))
            .header("origin", format!("https://{number}.example"));
        assert_eq!(request.body("{}").send().await.unwrap().status(), 403);
    }
    let origins: [&[u8]; 3] = [long.as_bytes(), b"\xff\x9b2J", b"https://[2001:db8::1]:3000"];
    for origin in origins {
        let request = client().post(running.sentry("/stream"));
        let request = request.header("origin", reqwest::header::HeaderValue::from_bytes(origin).unwrap());
        assert_eq!(request.body("{}").send().await.unwrap().status(), 403);
    }
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::Sentry].denied,
            counts.denied.count(),
            counts.denied.others()
        ),
        (103, 103, 91)
    );
    let denials = denials(&counts);
    let expected: &[_] = &[
        (
            "origin https://[2001:db8::1]:3000".to_owned(),
            Some("--allowed-origin 'https://[2001:db8::1]:3000'".to_owned()),
        ),
        ("invalid origin \\xff\\x9b2J".to_owned(), None),
    ];
    let last: Vec<_> = denials
        .iter()
        .take(2)
        .map(|(reason, _, flag)| (reason.clone(), flag.clone()))
        .collect();
    assert_eq!(last, expected);
    assert!(denials.iter().all(|(reason, ..)| reason.len() < 150));
}
