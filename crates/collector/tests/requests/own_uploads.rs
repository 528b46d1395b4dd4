//! Spans of the requests that bring spans here: client spans of instrumented exporters.

use collector::{Addresses, Collector, Config, Listener};
use serde_json::{Value, json};
use trace_model::{Batch, BatchSpan};

use crate::{Running, client};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn span(id: u8, parent: u8, kind: u8, attributes: &[Value]) -> Value {
    let parent = if parent == 0 {
        String::new()
    } else {
        format!("{parent:016x}")
    };
    json!({ "traceId": TRACE, "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": id.to_string(), "kind": kind,
        "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes })
}

impl Running {
    /// Returns the spans of a program whose HTTP and gRPC clients are instrumented: its own calls, and those of its exporters.
    fn program(&self) -> Value {
        let to = |url: String| [text("url.full", &url)];
        let http = self.at[Listener::OtlpHttp].port();
        let grpc = [
            text("rpc.service", "opentelemetry.proto.collector.trace.v1.TraceService"),
            text("rpc.method", "Export"),
            text("server.address", "localhost"),
            json!({ "key": "server.port", "value": { "intValue": self.at[Listener::OtlpGrpc].port().to_string() } }),
        ];
        let spans = [
            span(1, 0, 2, &to(format!("http://127.0.0.1:{http}/v1/traces"))),
            span(2, 1, 3, &to(self.http("/v1/traces"))),
            span(3, 1, 3, &to(format!("http://localhost:{http}/v1/metrics"))),
            span(4, 1, 3, &to(self.sentry("/api/1/envelope/"))),
            span(5, 1, 3, &grpc),
            // Of requests to this collector, one does not bring data.
            span(6, 1, 3, &to(self.http("/health"))),
            span(7, 1, 3, &to(self.http("/v1/traces"))),
            span(8, 7, 1, &[]),
            // Of requests to others.
            span(9, 1, 3, &to("http://127.0.0.1:1/v1/traces".to_owned())),
            span(10, 1, 3, &to(format!("http://collector.example:{http}/v1/traces"))),
        ];
        json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] })
    }

    async fn export(&self, body: &Value) {
        let answer = client().post(self.http("/v1/traces")).json(body).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "{}"));
    }
}

fn words(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

async fn showing_uploads() -> Running {
    let any = "127.0.0.1:0".parse().unwrap();
    let config = Config {
        addresses: Addresses::from_fn(|_| any),
        show_uploads: true,
        ..Config::default()
    };
    Running::serve(Collector::bind(config).await.unwrap())
}

#[tokio::test]
async fn own_uploads_are_marked_hidden_and_counted() {
    let mut running = Running::start().await;
    running.export(&running.program()).await;
    let batches = running.batches();
    let (hidden, shown): (Vec<_>, Vec<_>) = batches.iter().flat_map(Batch::each_span).partition(BatchSpan::is_hidden);
    let names = |spans: &[BatchSpan<'_>]| spans.iter().map(|span| span.candidate().name.to_owned()).collect::<Vec<_>>();
    assert_eq!((names(&hidden), names(&shown)), (words("2 3 4 5 7"), words("1 6 8 9 10")));
    let counts = running.counts();
    assert_eq!((counts.own_uploads, counts.listeners[Listener::OtlpHttp].spans), (5, 10));
    assert_eq!((counts.listeners[Listener::OtlpHttp].dropped, counts.rejected()), (0, 0));
}

/// Of Go's gRPC client, by version; a proxy's port is not that of the request.
#[tokio::test]
async fn own_uploads_are_known_by_the_peer_of_their_connection() {
    let mut running = Running::start().await;
    let port = running.at[Listener::OtlpGrpc].port();
    let number = |key: &str, value: u16| json!({ "key": key, "value": { "intValue": value.to_string() } });
    let call = |more: [Value; 3]| {
        let service = text("rpc.service", "opentelemetry.proto.collector.trace.v1.TraceService");
        [vec![service, text("rpc.method", "Export")], more.to_vec()].concat()
    };
    let none = || text("rpc.system", "grpc");
    let spans = [
        [
            text("net.sock.peer.addr", "127.0.0.1"),
            number("net.sock.peer.port", port),
            none(),
        ],
        [
            text("network.peer.address", "127.0.0.1"),
            number("network.peer.port", port),
            none(),
        ],
        [
            text("server.address", "localhost"),
            number("server.port", port),
            number("network.peer.port", 1),
        ],
        [
            text("server.address", "localhost"),
            number("server.port", 1),
            number("network.peer.port", port),
        ],
    ];
    let spans = spans.into_iter().zip(1..).map(|(more, id)| span(id, 0, 3, &call(more)));
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans.collect::<Vec<_>>() }] }] });
    running.export(&body).await;
    let batches = running.batches();
    let shown = batches.iter().flat_map(Batch::each_span).filter(|span| !span.is_hidden());
    let names: Vec<_> = shown.map(|span| span.candidate().name.to_owned()).collect();
    assert_eq!(names, ["4"]);
}

#[tokio::test]
async fn own_uploads_are_shown_where_that_is_asked_for() {
    let mut running = showing_uploads().await;
    running.export(&running.program()).await;
    assert_eq!(running.span_names().len(), 10);
    assert_eq!(running.counts().own_uploads, 0);
}

#[tokio::test]
async fn own_uploads_in_envelopes_are_hidden() {
    let mut running = Running::start().await;
    let child = |id: &str, op: &str, description: &str| {
        json!({ "trace_id": TRACE, "span_id": id, "parent_span_id": "00000000000000a1",
        "op": op, "description": description, "start_timestamp": 1.0, "timestamp": 2.0 })
    };
    let mut with_url = child("00000000000000a3", "http.client", "POST");
    with_url["data"] = json!({ "url": format!("http://localhost:{}/api/1/envelope/", running.at[Listener::Sentry].port()) });
    let transaction = json!({ "type": "transaction", "transaction": "GET /cart", "start_timestamp": 1.0, "timestamp": 2.0,
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1", "op": "http.server" } },
        "spans": [
            child("00000000000000a2", "http.client", &format!("POST {}", running.sentry("/stream"))),
            with_url,
            child("00000000000000a4", "http.client", "GET http://127.0.0.1:1/stream"),
        ] });
    let envelope = format!("{{}}\n{{\"type\":\"transaction\"}}\n{transaction}\n");
    let answer = client().post(running.sentry("/stream")).body(envelope).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let collector::Arrival::Sentry(arrival) = running.next().await else {
        panic!("not an envelope")
    };
    let shown = arrival.spans.each_span().filter(|span| !span.is_hidden());
    let names: Vec<_> = shown.map(|span| span.candidate().name.to_owned()).collect();
    assert_eq!(names, ["GET /cart", "GET http://127.0.0.1:1/stream"]);
    running.until(|health| health.own_uploads == 2).await;
    assert_eq!(running.counts().listeners[Listener::Sentry].spans, 4);
}
