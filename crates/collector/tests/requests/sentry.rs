//! The Sentry endpoint.

use std::fmt::Write;

use collector::{Arrival, Listener, SentryArrival};
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};
use trace_model::sentry::{ErrorEvent, Evidence};
use trace_model::{LogRecord, Span};

use crate::{Running, client, compressed, fill};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const EVENT: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

/// Returns a transaction of two spans, an item of an unknown type, and an unreadable one.
fn envelope() -> String {
    let transaction = json!({
        "type": "transaction",
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" } },
        "spans": [{ "trace_id": TRACE, "span_id": "00000000000000a2" }],
    });
    let header = json!({ "event_id": EVENT });
    format!(
        "{header}\n{{\"type\":\"transaction\"}}\n{transaction}\n{{\"type\":\"novelty\",\"length\":3}}\na\nb\n{{\"length\":1}}\nx\n"
    )
}

/// Spans as ids, errors as titles, and the number of other records, of all arrivals.
#[derive(Debug, PartialEq, Default)]
struct Received {
    spans: Vec<String>,
    errors: Vec<String>,
    records: usize,
    services: Vec<String>,
    evidence: Vec<Evidence>,
}

impl Running {
    fn sentry_arrivals(&mut self) -> Vec<SentryArrival> {
        let arrived = self.arrived().into_iter();
        let arrived = arrived.map(|arrival| match arrival {
            Arrival::Sentry(arrival) => *arrival,
            Arrival::Batch(_) | Arrival::Metrics(_) => panic!("that is not Sentry's"),
        });
        arrived.collect()
    }

    fn came(&mut self) -> Received {
        let mut came = Received::default();
        for arrival in self.sentry_arrivals() {
            let spans: Vec<Span> = arrival.spans.decode_spans().collect();
            let logs: Vec<LogRecord> = arrival.logs.decode_logs().collect();
            came.spans.extend(spans.iter().map(|span| span.span_id.to_string()));
            let errors: Vec<_> = logs.iter().filter_map(ErrorEvent::of).map(|event| event.title).collect();
            came.records += logs.len() - errors.len();
            came.errors.extend(errors);
            came.services.extend(
                spans
                    .into_iter()
                    .map(|span| span.service)
                    .chain(logs.into_iter().map(|log| log.service)),
            );
            came.evidence.extend(arrival.evidence);
        }
        came.services.dedup();
        came
    }
}

/// Returns the spans of [`envelope`].
fn spans() -> Vec<String> {
    vec!["00000000000000a1".to_owned(), "00000000000000a2".to_owned()]
}

async fn post(url: String, body: impl Into<reqwest::Body>) -> Response {
    client().post(url).body(body).send().await.unwrap()
}

#[tokio::test]
async fn envelope_routes_answer_with_the_event_id() {
    let mut running = Running::start().await;
    let paths = [
        "/api/42/envelope/",
        "/api/42/envelope",
        "/api/42/envelope/?sentry_key=abc&sentry_version=7",
        "/stream",
    ];
    for path in paths {
        let answer = post(running.sentry(path), envelope()).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json", "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "id": EVENT }), "{path}");
        assert_eq!(running.came().spans, spans(), "{path}");
    }
    let health = running.counts();
    let (counts, contents) = (health.listeners[Listener::Sentry], health.envelopes);
    let items: Vec<_> = contents
        .items
        .iter()
        .map(|(item_type, items)| (&**item_type, items.count))
        .collect();
    assert_eq!(items, [("novelty", 4), ("transaction", 4)]);
    assert_eq!(contents.items["novelty"].bytes, 4 * 3);
    assert_eq!((counts.requests, counts.spans, counts.dropped, counts.rejected), (4, 8, 4, 0));
}

#[tokio::test]
async fn store_route_accepts_one_event() {
    let mut running = Running::start().await;
    let event = json!({ "event_id": EVENT, "message": "oops" }).to_string();
    for path in ["/api/42/store/", "/api/42/store"] {
        for (encoding, body) in compressed(event.as_bytes()) {
            let request = client().post(running.sentry(path)).header(CONTENT_ENCODING, encoding);
            let answer = request.body(body).send().await.unwrap();
            assert_eq!(
                answer.json::<Value>().await.unwrap(),
                json!({ "id": EVENT }),
                "{path} {encoding}"
            );
            assert_eq!(running.came().errors, ["oops"], "{path} {encoding}");
        }
    }
    let transaction =
        json!({ "type": "transaction", "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" } } });
    let answer = post(running.sentry("/api/42/store/"), transaction.to_string()).await;
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({}), "it has no id");
    assert_eq!(running.came().spans, ["00000000000000a1"]);
    for rejected in ["[]", "", "{", "AAAA", "no base64!"] {
        assert_eq!(
            post(running.sentry("/api/42/store/"), rejected).await.status(),
            400,
            "{rejected:?}"
        );
    }
    assert_eq!(running.arrived(), []);
    let health = running.counts();
    let (counts, contents) = (health.listeners[Listener::Sentry], health.envelopes);
    assert_eq!(
        (
            contents.items["event"].count,
            contents.items["transaction"].count,
            counts.rejected
        ),
        (10, 1, 5)
    );
    assert_eq!(counts.errors, 10);
}

/// zlib in base64, without a header for it.
#[tokio::test]
async fn store_route_accepts_compressed_base64() {
    use base64::Engine as _;
    let mut running = Running::start().await;
    let event = json!({ "event_id": EVENT, "message": "oops" }).to_string();
    let [_, _, (_, zlib), ..] = compressed(event.as_bytes());
    let base64 = base64::engine::general_purpose::STANDARD;
    assert_eq!(post(running.sentry("/api/1/store/"), base64.encode(zlib)).await.status(), 200);
    assert_eq!(running.came().errors, ["oops"]);

    let [_, _, (_, bomb), ..] = compressed(&vec![b' '; 101 << 20]);
    assert_eq!(post(running.sentry("/api/1/store/"), base64.encode(bomb)).await.status(), 413);
    assert_eq!(running.health.queue().bytes, 0);
}

#[tokio::test]
async fn dsn_key_names_a_service() {
    let mut running = Running::start().await;
    let url = running.sentry("/api/1/envelope/");
    let envelope = "{}\n{\"type\":\"event\"}\n{\"message\":\"x\",\"platform\":\"python\"}";
    for (auth, query, service) in [
        (
            "Sentry sentry_version=7, sentry_client=x/1, sentry_key=checkout",
            "",
            "checkout",
        ),
        ("Sentry sentry_key=checkout,sentry_version=7", "", "checkout"),
        ("Sentry sentry_version=7", "?sentry_version=7&sentry_key=shop", "shop"),
        ("Sentry sentry_key=spanfall", "", "python"),
        ("Sentry sentry_key=e12d836b15bb49d7bbf99e64295d995b", "", "python"),
        ("Bearer sentry_key=checkout", "", "python"),
    ] {
        for name in ["x-sentry-auth", "authorization"] {
            let request = client().post(format!("{url}{query}")).header(name, auth).body(envelope);
            assert_eq!(request.send().await.unwrap().status(), 200);
            assert_eq!(running.came().services, [service], "{name}: {auth} {query}");
        }
    }
}

#[tokio::test]
async fn items_are_counted_by_kind() {
    let mut running = Running::start().await;
    let items = [
        ("event", json!({ "message": "x" })),
        ("log", json!({ "items": [{ "body": "a" }, { "body": "b" }] })),
        ("check_in", json!({ "status": "ok" })),
        ("session", json!({ "status": "crashed" })),
        ("sessions", json!({ "aggregates": [{ "exited": 3 }] })),
        (
            "client_report",
            json!({ "discarded_events": [{ "reason": "sample_rate", "category": "span", "quantity": 7 }] }),
        ),
        ("attachment", json!("12345678")),
        ("transaction", json!([])),
    ];
    let header = json!({ "trace": { "trace_id": TRACE, "sampled": "false" } });
    let mut envelope = header.to_string();
    for (item_type, payload) in items {
        write!(envelope, "\n{{\"type\":\"{item_type}\"}}\n{payload}").unwrap();
    }
    for _ in 0..2 {
        assert_eq!(post(running.sentry("/stream"), envelope.clone()).await.status(), 200);
    }
    let came = running.came();
    assert_eq!((came.errors.len(), came.records), (2, 4));
    assert_eq!(came.evidence.len(), 4);
    assert!(came.evidence.contains(&Evidence::Unsampled {
        trace_id: TRACE.parse().unwrap()
    }));
    let health = running.counts();
    let (counts, contents) = (health.listeners[Listener::Sentry], health.envelopes);
    assert_eq!(
        (
            counts.requests,
            counts.errors,
            counts.log_records,
            counts.spans,
            counts.dropped
        ),
        (2, 2, 4, 0, 2)
    );
    assert_eq!(
        (
            contents.check_ins["ok"],
            contents.sessions["crashed"],
            contents.sessions["exited"]
        ),
        (2, 2, 6)
    );
    assert_eq!(contents.client_reports["sample_rate"], 14);
    assert_eq!(contents.items["attachment"], collector::ItemCount { count: 2, bytes: 20 });
    let reasons: Vec<_> = running
        .counts()
        .recent
        .iter()
        .map(|rejected| rejected.reason.clone())
        .collect();
    assert_eq!(reasons, ["an item of type transaction is not readable: not a JSON object"; 2]);
}

#[tokio::test]
async fn content_types_and_encodings_of_envelopes_are_accepted() {
    let mut running = Running::start().await;
    for (encoding, body) in compressed(envelope().as_bytes()) {
        for content_type in [
            "application/x-sentry-envelope",
            "text/plain;charset=UTF-8",
            "application/json",
            "nonsense",
        ] {
            let request = client()
                .post(running.sentry("/api/1/envelope/"))
                .header(CONTENT_TYPE, content_type);
            let answer = request
                .header(CONTENT_ENCODING, encoding)
                .body(body.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{encoding} {content_type}");
            assert_eq!(running.came().spans, spans(), "{encoding} {content_type}");
        }
    }
}

#[tokio::test]
async fn invalid_envelope_is_rejected_as_by_sentry() {
    let mut running = Running::start().await;
    let client = client();
    let url = running.sentry("/api/1/envelope/");
    let requests = [
        (client.post(&url).body(""), 400, "empty"),
        (client.post(&url).body("nonsense\n{\"type\":\"event\"}\n{}"), 400, "header"),
        (
            client.post(&url).header(CONTENT_ENCODING, "gzip").body("no gzip"),
            400,
            "body",
        ),
        (client.post(&url).header(CONTENT_ENCODING, "compress").body("{}"), 415, "zstd"),
        (client.get(&url), 405, "POST"),
        (client.post(running.sentry("/api/1/minidump/")).body("{}"), 404, "/envelope/"),
    ];
    let expected = requests.len() as u64;
    for (request, status, hint) in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{hint}");
        let detail = answer.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(hint), "{detail}");
    }
    assert_eq!(running.arrived(), []);
    assert_eq!(running.counts().listeners[Listener::Sentry].rejected, expected);
}

#[tokio::test]
async fn envelope_without_an_event_has_no_id() {
    let running = Running::start().await;
    let answer = post(running.sentry("/api/1/envelope/"), "{}").await;
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({}));
    assert_eq!(running.counts().listeners[Listener::Sentry].rejected, 0);
}

#[tokio::test]
async fn full_queue_limits_the_rate() {
    let mut running = Running::start().await;
    let url = running.sentry("/api/1/envelope/");
    let send = || async { post(url.clone(), envelope()).await.status() == 200 };
    let taken = fill(send).await;
    let answer = post(url.clone(), envelope()).await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(answer.headers()["x-sentry-rate-limits"], "1::organization");
    assert_eq!(
        (
            running.counts().listeners[Listener::Sentry].throttled,
            running.counts().listeners[Listener::Sentry].rejected
        ),
        (2, 0)
    );
    assert_eq!(running.arrived().len(), taken);
    assert!(send().await, "there is room again");
}

/// Reading takes more memory than the envelope has: it is drawn from the same account, and given back.
#[tokio::test]
async fn memory_for_reading_is_counted() {
    let mut running = Running::start().await;
    let (limit, url) = (running.health.queue().bytes_limit, running.sentry("/stream"));
    let name = "x".repeat(8 << 20);
    let span = json!({ "trace_id": TRACE, "span_id": "00000000000000a1", "name": name });
    let envelope = format!("{{}}\n{{\"type\":\"span\"}}\n{span}");
    let mut taken = 0;
    while post(url.clone(), envelope.clone()).await.status() == 200 {
        taken += 1;
        assert!(running.health.queue().bytes <= limit);
    }
    // Reading takes four times what is read.
    assert!((2..limit / name.len() - 3).contains(&taken), "{taken}");
    assert_eq!(running.came().spans.len(), taken);
    assert_eq!(running.health.queue().bytes, 0);
    assert_eq!(running.counts().listeners[Listener::Sentry].throttled, 1);
}

/// A file with its spans, errors, other records, and the services that they are of.
type Expected<'a> = (&'a str, usize, &'a [&'a str], usize, &'a [&'a str]);

#[tokio::test]
async fn real_envelopes_are_taken() {
    let Ok(fixtures) = std::env::var("SPANFALL_FIXTURES") else {
        eprintln!("SKIPPED: SPANFALL_FIXTURES is not set");
        return;
    };
    let mut running = Running::start().await;
    let expected: [Expected<'_>; 10] = [
        (
            "Capture.Message.in.a.transaction.txt",
            0,
            &["hitting API"],
            0,
            &["javascript"],
        ),
        ("envelope_binary.bin", 0, &["hello world"], 0, &[""]),
        ("envelope_empty.txt", 0, &[], 0, &[]),
        ("envelope_empty_payload.txt", 0, &[], 0, &[]),
        ("envelope_java.txt", 3, &[], 0, &["java"]),
        (
            "envelope_javascript.txt",
            0,
            &["SyntaxError: Unexpected end of JSON input"],
            0,
            &["frontend"],
        ),
        ("envelope_no_len_w_eof.txt", 0, &[], 0, &[]),
        ("envelope_php.txt", 6, &[], 0, &["php"]),
        ("envelope_with_ansi_logs.txt", 0, &[], 1, &["node"]),
        ("log_envelope.txt", 0, &[], 7, &["javascript"]),
    ];
    let folder = std::path::Path::new(&fixtures).join("sentry");
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        expected.len(),
        "a file without an expectation"
    );
    for (file, spans, errors, records, services) in expected {
        let body = std::fs::read(folder.join(file)).unwrap();
        assert_eq!(post(running.sentry("/stream"), body).await.status(), 200, "{file}");
        let came = running.came();
        assert_eq!((came.spans.len(), came.records), (spans, records), "{file}");
        assert_eq!(
            (came.errors, came.services),
            (
                errors.iter().map(ToString::to_string).collect(),
                services.iter().map(ToString::to_string).collect()
            ),
            "{file}"
        );
        let transactions = came.evidence.iter().map(|evidence| match evidence {
            Evidence::Transaction { spans, .. } => *spans as usize + 1,
            other => panic!("{file}: {other:?}"),
        });
        assert_eq!(transactions.sum::<usize>(), spans, "{file}");
    }
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::Sentry].dropped,
            counts.listeners[Listener::Sentry].rejected
        ),
        (0, 0),
        "{:?}",
        counts.recent
    );
    assert_eq!(
        (
            counts.listeners[Listener::Sentry].spans,
            counts.listeners[Listener::Sentry].errors,
            counts.listeners[Listener::Sentry].log_records
        ),
        (9, 3, 8)
    );
}
