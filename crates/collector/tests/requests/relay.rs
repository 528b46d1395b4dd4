//! Forwarding to a real server in Sentry's place: requests, responses, and the reported results.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use bytes::Bytes;
use collector::{Addresses, Arrival, Collector, Config, RelayTarget};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use serde_json::json;
use tokio::net::TcpListener;
use trace_model::sentry::{Delivery, Evidence};

use crate::{Running, client, gzip};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Requests to Sentry: path, headers, body.
type Received = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

#[derive(Clone)]
struct Sentry {
    came: Received,
    status: StatusCode,
}

impl Sentry {
    async fn answer(State(sentry): State<Self>, request: axum::extract::Request) -> impl IntoResponse {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let came = (parts.uri.path().to_owned(), parts.headers, body);
        sentry.came.lock().unwrap().push(came);
        let limits = ("x-sentry-rate-limits", "60:transaction:organization:quota");
        let headers = if sentry.status == StatusCode::TOO_MANY_REQUESTS {
            vec![limits]
        } else {
            Vec::new()
        };
        let headers: HeaderMap = headers
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        (sentry.status, headers, "{\"id\":\"from sentry\"}")
    }
}

fn sentry(listener: TcpListener, status: StatusCode) -> Received {
    let came = Received::default();
    let sentry = Sentry {
        came: came.clone(),
        status,
    };
    let router = Router::new().fallback(Sentry::answer).with_state(sentry);
    tokio::spawn(async move { axum::serve(listener, router).await });
    came
}

async fn relaying_to(address: std::net::SocketAddr) -> Running {
    let any = "127.0.0.1:0".parse().unwrap();
    let config = Config {
        addresses: Addresses::from_fn(|_| any),
        ..Config::default()
    };
    let target = RelayTarget::parse(&format!("http://0123456789abcdef@{address}/42")).unwrap();
    let collector = Collector::bind(config).await.unwrap().relay_to(target).unwrap();
    Running::serve(collector)
}

fn envelope() -> Vec<u8> {
    let transaction = json!({
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" } },
        "spans": [{ "span_id": "00000000000000a2" }],
    });
    format!("{{}}\n{{\"type\":\"transaction\"}}\n{transaction}").into_bytes()
}

#[tokio::test]
async fn otlp_by_sentrys_route_goes_on_unchanged_and_its_spans_are_known() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut collector = relaying_to(listener.local_addr().unwrap()).await;
    let came = sentry(listener, StatusCode::OK);
    let spans = [[2; 8], [3; 8]].map(|span_id| opentelemetry_proto::tonic::trace::v1::Span {
        span_id: span_id.to_vec(),
        ..crate::span("one")
    });
    let sent = gzip(&prost::Message::encode_to_vec(&crate::request(spans.to_vec())));
    let request = client()
        .post(collector.sentry("/api/1/integration/otlp/v1/traces"))
        .header(CONTENT_ENCODING, "gzip")
        .header("content-type", "application/x-protobuf")
        .header("x-sentry-auth", "sentry sentry_key=spanfall, sentry_client=otlp/1")
        .body(sent.clone());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "{\"id\":\"from sentry\"}");
    let (path, headers, body) = came.lock().unwrap().pop().unwrap();
    assert_eq!(
        (path.as_str(), body.as_ref()),
        ("/api/42/integration/otlp/v1/traces/", &*sent)
    );
    let auth = headers["x-sentry-auth"].to_str().unwrap();
    assert!(
        auth.contains("sentry_key=0123456789abcdef") && auth.contains("sentry_client=otlp/1"),
        "{auth}"
    );
    assert!(matches!(collector.next().await, Arrival::Batch(batch) if batch.span_count() == 2));
    let said = deliveries(&mut collector).await;
    assert!(matches!(said[..], [Delivery::Waiting { .. }, Delivery::Accepted]), "{said:?}");
}

#[tokio::test]
async fn otlp_that_waits_for_sentry_is_answered_as_otlp() {
    let address = testkit::unused_address().unwrap();
    let collector = relaying_to(address).await;
    let protobuf = prost::Message::encode_to_vec(&crate::request(vec![crate::span("one")]));
    for (content_type, sent, expected) in [
        ("application/x-protobuf", protobuf, ""),
        ("application/json", b"{}".to_vec(), "{}"),
    ] {
        let request = client().post(collector.sentry("/api/1/integration/otlp/v1/traces"));
        let answer = request.header("content-type", content_type).body(sent).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], content_type);
        assert_eq!(answer.text().await.unwrap(), expected);
    }
}

/// Returns the reported deliveries of the spans, up to their end.
async fn deliveries(collector: &mut Running) -> Vec<Delivery> {
    let mut said = Vec::new();
    loop {
        let Arrival::Sentry(arrival) = collector.next().await else {
            panic!("not Sentry's")
        };
        for evidence in arrival.evidence {
            if let Evidence::Relayed { spans, delivery, .. } = evidence {
                assert_eq!(spans.len(), 2);
                said.push(delivery);
            }
        }
        if said.last().is_some_and(|last| !matches!(last, Delivery::Waiting { .. })) {
            return said;
        }
    }
}

#[tokio::test]
async fn relay_forwards_requests_unmodified_and_passes_responses_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut collector = relaying_to(listener.local_addr().unwrap()).await;
    let came = sentry(listener, StatusCode::OK);
    let sent = gzip(&envelope());
    let url = collector.sentry("/api/1/envelope/");
    let request = client().post(url).header(CONTENT_ENCODING, "gzip").body(sent.clone());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "{\"id\":\"from sentry\"}");
    let came = came.lock().unwrap().pop().unwrap();
    assert_eq!((came.0.as_str(), came.2.as_ref()), ("/api/42/envelope/", &*sent));
    assert!(
        came.1["x-sentry-auth"]
            .to_str()
            .unwrap()
            .contains("sentry_key=0123456789abcdef")
    );
    let said = deliveries(&mut collector).await;
    assert!(matches!(said[..], [Delivery::Waiting { .. }, Delivery::Accepted]), "{said:?}");
}

/// They are shown once a record is below them.
#[tokio::test]
async fn relay_reports_what_became_of_hidden_spans_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut collector = relaying_to(listener.local_addr().unwrap()).await;
    let _came = sentry(listener, StatusCode::PAYLOAD_TOO_LARGE);
    let upload = format!("POST {}", collector.sentry("/api/1/envelope/"));
    let transaction = json!({
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" } },
        "spans": [{ "span_id": "00000000000000a2", "op": "http.client", "description": upload }],
    });
    let envelope = format!("{{}}\n{{\"type\":\"transaction\"}}\n{transaction}");
    let request = client().post(collector.sentry("/api/1/envelope/")).body(envelope);
    assert_eq!(request.send().await.unwrap().status(), 413);
    let said = deliveries(&mut collector).await;
    assert!(
        matches!(said[..], [Delivery::Waiting { .. }, Delivery::Rejected { status: 413, .. }]),
        "{said:?}"
    );
    assert_eq!(collector.counts().own_uploads, 1);
}

#[tokio::test]
async fn rate_limit_reaches_the_sender_and_the_consumer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut collector = relaying_to(listener.local_addr().unwrap()).await;
    let _came = sentry(listener, StatusCode::TOO_MANY_REQUESTS);
    let answer = client()
        .post(collector.sentry("/api/1/envelope/"))
        .body(envelope())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["x-sentry-rate-limits"], "60:transaction:organization:quota");
    let said = deliveries(&mut collector).await;
    assert!(
        matches!(said[..], [Delivery::Waiting { .. }, Delivery::RateLimited { .. }]),
        "{said:?}"
    );
}

#[tokio::test]
async fn while_sentry_is_away_it_is_kept() {
    let address = testkit::unused_address().unwrap();
    let mut collector = relaying_to(address).await;
    let answer = client()
        .post(collector.sentry("/api/1/envelope/"))
        .body(envelope())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let came = sentry(TcpListener::bind(address).await.unwrap(), StatusCode::OK);
    let said = deliveries(&mut collector).await;
    assert!(
        matches!(
            said[..],
            [Delivery::Waiting { .. }, Delivery::Waiting { .. }, Delivery::Accepted]
        ),
        "{said:?}"
    );
    assert_eq!(came.lock().unwrap().len(), 1);
    collector
        .until(|health| health.relay.as_ref().is_some_and(|relay| relay.accepted == 1))
        .await;
}

#[tokio::test]
async fn spotlights_copy_and_what_is_no_envelope_stay_here() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = relaying_to(listener.local_addr().unwrap()).await;
    let came = sentry(listener, StatusCode::OK);
    let post = |path: &str, body: &[u8]| client().post(collector.sentry(path)).body(body.to_vec()).send();
    assert_eq!(post("/stream", &envelope()).await.unwrap().status(), 200);
    assert_eq!(post("/api/1/envelope/", b"no envelope").await.unwrap().status(), 400);
    assert_eq!(post("/api/1/store/", b"{\"message\":\"old\"}").await.unwrap().status(), 200);
    let paths: Vec<_> = came.lock().unwrap().iter().map(|(path, ..)| path.clone()).collect();
    assert_eq!(paths, ["/api/42/store/"]);
}

/// The configured key belongs to the user: requests of other origins' pages must not get it.
#[tokio::test]
async fn relay_gives_its_key_to_no_denied_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = relaying_to(listener.local_addr().unwrap()).await;
    let came = sentry(listener, StatusCode::OK);
    let paths = [
        "envelope/",
        "envelope",
        "store/",
        "store",
        "integration/otlp/v1/traces",
        "integration/otlp/v1/logs",
    ];
    for path in paths {
        for (header, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("host", "evil.example"),
        ] {
            let request = client().post(collector.sentry(&format!("/api/1/{path}")));
            let answer = request.header(header, value).body(envelope()).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {header} {value}");
        }
    }
    // Requests relayed before have arrived by the time this one has.
    let page = client()
        .post(collector.sentry("/api/1/envelope/"))
        .header("origin", "http://localhost:5173");
    assert_eq!(page.body(envelope()).send().await.unwrap().status(), 200);
    assert_eq!(came.lock().unwrap().len(), 1);
}
