//! A listener with the owner of a store behind it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use query_api::{Address, Api, FIRE_HEADER, Feed, Fires, Queries, Running};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use trace_model::{Batch, Source, Store};

pub(crate) const SOON: Duration = Duration::from_secs(30);
/// So little that each part of an answer takes several steps.
const WORK: u64 = 1 << 12;

/// A listener, and what it answers about.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<Mutex<Store>>,
    pub(crate) feed: Feed,
    client: reqwest::Client,
    pub(crate) fires: Option<Fires>,
    _running: Running,
    owner: Option<JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.owner.iter().for_each(JoinHandle::abort);
    }
}

/// Answers queries about a store.
pub(crate) async fn serve(store: Store) -> Served {
    let (mut served, mut queries) = bind(store).await;
    let store = served.store.clone();
    served.owner = Some(tokio::spawn(async move {
        loop {
            queries.wait().await;
            while queries.is_answering() {
                queries.step(&store.lock().unwrap(), WORK);
                tokio::task::yield_now().await;
            }
        }
    }));
    served
}

/// Listens for queries that the test answers.
pub(crate) async fn bind(store: Store) -> (Served, Queries) {
    let api = Api::bind(Address::Only("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let address = api.address();
    let (queries, fires, running) = api.serve(Vec::new(), None, query::Listeners::default);
    let served = Served {
        address,
        store: Arc::new(Mutex::new(store)),
        feed: queries.feed(),
        fires: Some(fires),
        client: http_client::builder().no_proxy().timeout(SOON).build().unwrap(),
        _running: running,
        owner: None,
    };
    (served, queries)
}

impl Served {
    /// Stores a request, as the owner of the store does.
    pub(crate) fn arrive(&self, request: Value) {
        let batch = batch(request);
        let mut store = self.store.lock().unwrap();
        store.add(batch.clone());
        self.feed.stored(batch);
        self.feed.changed(store.revision());
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        let url = format!("http://{}{path}", self.address);
        self.client.get(url).send().await.unwrap()
    }

    /// The status and the body as JSON, of whatever type it claims to be.
    pub(crate) async fn json(&self, path: &str) -> (u16, Value) {
        let answer = self.get(path).await;
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")),
        )
    }

    /// Posts a request of the demo, with the header that a form cannot send or without; returns status and body.
    pub(crate) async fn post(&self, path: &str, has_header: bool) -> (u16, Value) {
        let mut request = self.client.post(format!("http://{}{path}", self.address));
        if has_header {
            request = request.header(FIRE_HEADER, "1");
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The ids of the traces of an answer.
    pub(crate) async fn found(&self, parameters: &str) -> Vec<String> {
        let (status, body) = self.json(&format!("/api/traces?{parameters}")).await;
        assert_eq!(status, 200, "{parameters}: {body}");
        let traces = body["data"].as_array().unwrap().iter();
        traces.map(|trace| trace["traceID"].as_str().unwrap().to_owned()).collect()
    }
}

/// A store with the spans of an OTLP/JSON request.
pub(crate) fn store(request: Value) -> Store {
    let mut store = Store::new(64 << 20);
    add(&mut store, request);
    store
}

pub(crate) fn add(store: &mut Store, request: Value) {
    store.add(batch(request));
}

pub(crate) fn batch(request: Value) -> Batch {
    let request: ExportTraceServiceRequest = serde_json::from_value(request).unwrap();
    let (batch, rejected) = Batch::traces(request.encode_to_vec().into(), Source::OtlpHttp).unwrap();
    assert!(rejected.is_empty(), "{rejected}");
    batch
}

/// A request with spans of one service.
pub(crate) fn of_service(service: &str, spans: &[Value]) -> Value {
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": service } }] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] })
}

/// A span of 100 ms that starts so many seconds after 1,000.
pub(crate) fn span(trace: u32, id: u32, name: &str, second: u64) -> Value {
    json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "name": name, "kind": 2,
        "startTimeUnixNano": format!("{}", (1_000 + second) * 1_000_000_000),
        "endTimeUnixNano": format!("{}", (1_000 + second) * 1_000_000_000 + 100_000_000),
    })
}
