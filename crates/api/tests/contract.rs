//! The API's contract over real HTTP, with and without a real broker.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use api::{Origins, Publisher};
use broker::{Broker, Config};
use http_server::{Access, Server};
use reqwest::{Client, Method, RequestBuilder, Response};
use testkit::{Process, eventually, unused_address};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const DEADLINE: Duration = Duration::from_secs(30);
const PATH: &str = "/users/reset-password";
const GOOD: &str = r#"{"email":"jane@example.org"}"#;

/// The API, in this process, on a free port.
struct Api {
    address: SocketAddr,
    client: Client,
}

impl Api {
    async fn start(broker: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (publisher, _connection_task) = Publisher::start(broker.parse().unwrap(), address);
        let app = api::app(publisher, address, Origins::default());
        let access = Access::service(address, Vec::new());
        tokio::spawn(Server::new(listener, access, app).run(std::future::pending()));
        let client = http_client::builder().no_proxy().build().unwrap();
        Self { address, client }
    }

    fn send(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    async fn post(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.send(Method::POST, PATH).header("content-type", content_type);
        request.body(body).send().await.unwrap()
    }

    async fn health(&self, status: u16) {
        let is = || async { (self.send(Method::GET, "/health").send().await.unwrap().status() == status).then_some(()) };
        eventually(DEADLINE, is).await.unwrap();
    }
}

/// Starts the embedded broker in this process, until the sender is dropped.
async fn broker(listen: SocketAddr) -> (String, oneshot::Sender<()>) {
    let broker = Broker::bind(Config {
        listen,
        ..Config::default()
    });
    let broker = broker.await.unwrap();
    let (url, (alive, end)) = (broker.url(), oneshot::channel::<()>());
    tokio::spawn(broker.serve(async {
        let _ = end.await;
    }));
    (url, alive)
}

async fn ready() -> (Api, oneshot::Sender<()>) {
    let (url, alive) = broker("127.0.0.1:0".parse().unwrap()).await;
    let api = Api::start(&url).await;
    api.health(200).await;
    (api, alive)
}

async fn said(answer: Response) -> (u16, String) {
    assert_eq!(answer.headers()["content-type"], "application/json");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn valid_request_is_answered_once_enqueued() {
    let (api, _broker) = ready().await;
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.x+json",
    ] {
        let answer = said(api.post(content_type, GOOD).await).await;
        assert_eq!(
            answer,
            (200, r#"{"message":"Password reset email sent"}"#.into()),
            "{content_type}"
        );
    }
}

#[tokio::test]
async fn invalid_requests_are_bad_requests() {
    let (api, _broker) = ready().await;
    for (content_type, body) in [
        ("application/json", ""),
        ("application/json", "nonsense"),
        ("application/json", "[]"),
        ("application/json", "{}"),
        ("application/json", r#"{"email":null}"#),
        ("application/json", r#"{"email":{"a":"b@example.org"}}"#),
        ("application/json", r#"{"email":"jane"}"#),
        ("application/json", "{\"email\":\"a@example.org\\r\\nBcc: b@example.org\"}"),
        ("text/plain", GOOD),
        ("application/x-www-form-urlencoded", "email=jane%40example.org"),
    ] {
        let answer = said(api.post(content_type, body).await).await;
        assert_eq!(answer, (400, r#"{"error":"Bad Request"}"#.into()), "{content_type} {body}");
    }
}

#[tokio::test]
async fn body_size_is_limited() {
    let (api, _broker) = ready().await;
    let padded = |length: usize| {
        let rest = length - GOOD.len();
        format!("{GOOD}{}", " ".repeat(rest))
    };
    let (largest, larger) = (padded(16 * 1024), padded(16 * 1024 + 1));
    assert_eq!(api.post("application/json", largest).await.status(), 200);
    let answer = said(api.post("application/json", larger).await).await;
    assert_eq!(answer, (413, r#"{"error":"Payload Too Large"}"#.into()));
}

#[tokio::test]
async fn endless_body_times_out() {
    let (api, _broker) = ready().await;
    let mut raw = TcpStream::connect(api.address).await.unwrap();
    let head =
        format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{");
    raw.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    let answered = tokio::time::timeout(DEADLINE, raw.read_exact(&mut status)).await;
    answered.expect("an answer").unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
}

#[tokio::test]
async fn truncated_body_does_not_affect_other_requests() {
    let (api, _broker) = ready().await;
    let mut raw = TcpStream::connect(api.address).await.unwrap();
    let head =
        format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{");
    raw.write_all(head.as_bytes()).await.unwrap();
    raw.shutdown().await.unwrap();
    // With or without a response, the connection ends, and the next request is answered.
    let _ = raw.read_to_end(&mut Vec::new()).await;
    assert_eq!(api.post("application/json", GOOD).await.status(), 200);
}

#[tokio::test]
async fn unknown_paths_and_methods_get_json_errors() {
    let (api, _broker) = ready().await;
    let get = said(api.send(Method::GET, PATH).send().await.unwrap()).await;
    assert_eq!(get, (405, r#"{"error":"Method Not Allowed"}"#.into()));
    let nowhere = said(api.send(Method::POST, "/nowhere").send().await.unwrap()).await;
    assert_eq!(nowhere, (404, r#"{"error":"Not Found"}"#.into()));
    let health = said(api.send(Method::GET, "/health").send().await.unwrap()).await;
    assert_eq!(health, (200, r#"{"status":"ok"}"#.into()));
}

#[tokio::test]
async fn cors_allows_local_pages_with_trace_headers() {
    let (api, _broker) = ready().await;
    for (origin, allowed) in [
        ("http://localhost:5173", true),
        ("http://127.0.0.1:8080", true),
        ("http://example.org", false),
    ] {
        let preflight = api
            .send(Method::OPTIONS, PATH)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "baggage,content-type,sentry-trace,traceparent,tracestate",
            );
        let headers = preflight.send().await.unwrap().headers().clone();
        let answer = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(answer("access-control-allow-origin"), allowed.then(|| origin.to_owned()));
        let mut names: Vec<_> = headers["access-control-allow-headers"].to_str().unwrap().split(',').collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["baggage", "content-type", "sentry-trace", "traceparent", "tracestate"]
        );
        assert!(answer("access-control-allow-methods").unwrap().contains("POST"));

        let post = api
            .send(Method::POST, PATH)
            .header("origin", origin)
            .header("content-type", "application/json");
        let answer = post.body("{}").send().await.unwrap();
        assert_eq!(
            answer.headers().contains_key("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn broker_outage_is_reported_and_recovered_from() {
    let free = unused_address().unwrap();
    let api = Api::start(&format!("amqp://guest:guest@{free}/%2f")).await;
    for _ in 0..2 {
        let answer = api.post("application/json", GOOD).await;
        assert_eq!(answer.headers()["retry-after"], "2");
        assert_eq!(said(answer).await, (503, r#"{"error":"Service Unavailable"}"#.into()));
        api.health(503).await;
        // A bad request is rejected with or without a broker.
        assert_eq!(api.post("application/json", "{}").await.status(), 400);

        let (_, alive) = broker(free).await;
        api.health(200).await;
        assert_eq!(api.post("application/json", GOOD).await.status(), 200);
        drop(alive);
        api.health(503).await;
    }
}

#[tokio::test]
async fn silent_broker_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Api::start(&format!("amqp://guest:guest@{}/%2f", silent.local_addr().unwrap())).await;
    let answer = tokio::time::timeout(DEADLINE, api.post("application/json", GOOD)).await;
    assert_eq!(answer.expect("an answer").status(), 503);
}

/// DNS rebinding: to the browser, a page whose name is rebound to 127.0.0.1 has the API's origin, so CORS does not apply.
#[tokio::test]
async fn host_is_checked_on_loopback() {
    let (api, _broker) = ready().await;
    for (host, status) in [
        ("evil.example", 403),
        ("localhost.evil.example:3000", 403),
        ("a@localhost", 400),
        ("localhost:3000", 200),
        ("shop.localhost", 200),
        ("[::1]:3000", 200),
        ("host.docker.internal:3000", 200),
    ] {
        let post = api.send(Method::POST, PATH).header("content-type", "application/json");
        let answer = post.header("host", host).body(GOOD).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
        if status == 403 {
            assert_eq!(said(answer).await, (403, r#"{"error":"Forbidden"}"#.into()), "{host}");
        }
        let health = api.send(Method::GET, "/health").header("host", host);
        assert_eq!(health.send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn half_open_connections_do_not_stop_a_good_client() {
    let (api, _broker) = ready().await;
    let head =
        format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{");
    for beginning in ["", "POST / HTTP/1.1\r\nhost: loc", &head] {
        let flood = testkit::half_open(api.address, 3000, beginning.as_bytes()).await.unwrap();
        let taken = || async {
            let answer = api.post("application/json", GOOD).await;
            match answer.status().as_u16() {
                200 => Some(()),
                // Announced bodies are awaited for five seconds.
                status => {
                    assert_eq!(status, 503);
                    assert_eq!(answer.headers()["retry-after"], "2");
                    assert_eq!(beginning, head);
                    None
                }
            }
        };
        eventually(DEADLINE, taken).await.unwrap();
        drop(flood);
    }
}

fn program(env: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api"));
    command
        .env_clear()
        .env("OTEL_TRACES_EXPORTER", "none")
        .envs(env.iter().copied());
    Process::spawn(command).unwrap()
}

#[tokio::test]
async fn bad_configuration_is_named_without_its_secrets() {
    for (variable, value) in [
        ("RABBITMQ_URL", "http://me:secret@broker"),
        ("API_ADDR", "secret"),
        ("CORS_ORIGINS", "*"),
        ("ALLOWED_HOSTS", "a:80"),
        ("SENTRY_DSN", "secret"),
        ("SENTRY_TRACES_SAMPLE_RATE", "2"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "secret"),
        ("RUST_LOG", "a=b=c"),
    ] {
        let dsn = ("SENTRY_DSN", "http://public@127.0.0.1:1/1");
        let api = program(&[
            ("API_ADDR", "127.0.0.1:0"),
            dsn,
            ("OTEL_TRACES_EXPORTER", "otlp"),
            (variable, value),
        ]);
        assert_eq!(api.exited(DEADLINE).await.unwrap().code(), Some(64), "{variable}");
        let named = || async { api.stderr().join("\n").contains(variable).then_some(()) };
        eventually(DEADLINE, named).await.unwrap();
        assert!(!api.stderr().join("\n").contains("secret"), "{variable}");
    }
}

#[tokio::test]
async fn bind_error_names_address_and_variable() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let api = program(&[("API_ADDR", &address)]);
    assert_eq!(api.exited(DEADLINE).await.unwrap().code(), Some(1));
    let named = || async {
        let said = api.stderr().join("\n");
        (said.contains(&address) && said.contains("API_ADDR")).then_some(())
    };
    eventually(DEADLINE, named).await.unwrap();
}

#[tokio::test]
async fn readiness_changes_are_logged_once() {
    let free = unused_address().unwrap();
    let url = format!("amqp://guest:guest@{free}/%2f");
    let api = program(&[("API_ADDR", "127.0.0.1:0"), ("RABBITMQ_URL", &url)]);
    let unready = api.line(DEADLINE, |line| line["ready"] == false).await.unwrap();
    let address = unready["address"].as_str().unwrap().to_owned();
    // Long enough for several attempts: a response takes two seconds.
    let client = http_client::builder().no_proxy().build().unwrap();
    let post = client
        .post(format!("http://{address}{PATH}"))
        .header("content-type", "application/json")
        .body(GOOD);
    assert_eq!(post.send().await.unwrap().status(), 503);
    let (_, _alive) = broker(free).await;
    assert_eq!(api.ready(DEADLINE).await.unwrap(), Some(address));
    let said: Vec<_> = api.json().into_iter().filter(|line| line.get("ready").is_some()).collect();
    assert_eq!(said.len(), 2, "{said:#?}");
    api.terminate();
    assert!(api.exited(DEADLINE).await.unwrap().success());
}
