//! Jaeger's query API against a real Jaeger that was fed with the same spans: `make interop`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use e2e::DEADLINE;
use e2e::serve::{Serve, query};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use testkit::{Process, unused_address};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SHORT: &str = "00000000000000004448eb211c80319c";
/// Start of the first span in nanoseconds since the Unix epoch: recent, since Jaeger looks back two days at most.
static START: LazyLock<u64> = LazyLock::new(|| {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    (since.as_secs() - 60) * 1_000_000_000
});

fn start() -> u64 {
    *START
}

struct Jaeger {
    _process: Process,
    _directory: TempDir,
    otlp: SocketAddr,
    api: SocketAddr,
}

impl Jaeger {
    /// Starts it with storage in memory, and waits until it answers.
    async fn start(program: &Path) -> Self {
        let directory = TempDir::new().unwrap();
        let (otlp, api, grpc) = (
            unused_address().unwrap(),
            unused_address().unwrap(),
            unused_address().unwrap(),
        );
        let config = json!({
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "pipelines": { "traces": { "receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"] } },
                "telemetry": { "metrics": { "level": "none" }, "logs": { "level": "error" } },
            },
            "extensions": {
                "jaeger_query": {
                    "storage": { "traces": "memory" },
                    "http": { "endpoint": api.to_string() },
                    "grpc": { "endpoint": grpc.to_string() },
                },
                "jaeger_storage": { "backends": { "memory": { "memory": { "max_traces": 1_000 } } } },
            },
            "receivers": { "otlp": { "protocols": { "http": { "endpoint": otlp.to_string() } } } },
            "exporters": { "jaeger_storage_exporter": { "trace_storage": "memory" } },
        });
        // JSON is YAML.
        let file = directory.path().join("jaeger.yaml");
        std::fs::write(&file, config.to_string()).unwrap();
        let mut command = Command::new(program);
        command.arg("--config").arg(&file);
        let process = Process::spawn(command).unwrap();
        query(api, "/api/services", |answer| answer.get("data").is_some())
            .await
            .unwrap();
        Self {
            _process: process,
            _directory: directory,
            otlp,
            api,
        }
    }
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({ "key": key, "value": value })
}

fn span(trace: &str, (id, parent): (u32, u32), (name, kind): (&str, u32), milliseconds: (u64, u64)) -> Value {
    let nano = |milliseconds: u64| (start() + milliseconds * 1_000_000).to_string();
    let parent = if parent == 0 {
        String::new()
    } else {
        format!("{parent:016x}")
    };
    json!({
        "traceId": trace, "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": name, "kind": kind,
        "startTimeUnixNano": nano(milliseconds.0), "endTimeUnixNano": nano(milliseconds.1),
    })
}

fn of_service(service: &str, scope: &Value, spans: &[Value]) -> Value {
    let resource = json!({ "attributes": [
        attribute("service.name", &json!({ "stringValue": service })),
        attribute("host.name", &json!({ "stringValue": "web-1" })),
    ] });
    json!({ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] })
}

/// Spans with what Jaeger converts: kinds, statuses, values of every type, events, links, scopes.
fn request() -> Value {
    let mut failed = span(TRACE, (2, 1), ("GET /stock", 3), (50, 200));
    failed["status"] = json!({ "code": 2, "message": "no stock" });
    failed["attributes"] = json!([
        attribute("text", &json!({ "stringValue": "a" })),
        attribute("number", &json!({ "intValue": "42" })),
        attribute("fraction", &json!({ "doubleValue": 1.5 })),
        attribute("flag", &json!({ "boolValue": true })),
        attribute("bytes", &json!({ "bytesValue": "AQI=" })),
        attribute(
            "list",
            &json!({ "arrayValue": { "values": [{ "intValue": "1" }, { "stringValue": "b" }] } })
        ),
    ]);
    failed["events"] = json!([{ "timeUnixNano": (start() + 60_000_000).to_string(), "name": "exception",
        "attributes": [attribute("exception.type", &json!({ "stringValue": "Timeout" }))] }]);
    failed["links"] = json!([{ "traceId": SHORT, "spanId": format!("{:016x}", 9) }]);
    failed["traceState"] = json!("a=b");
    let mut ok = span(TRACE, (3, 2), ("GET /stock", 2), (60, 190));
    ok["status"] = json!({ "code": 1 });
    let scope = json!({ "name": "http", "version": "1.2" });
    json!({ "resourceSpans": [
        of_service("shop", &scope, &[span(TRACE, (1, 0), ("POST /cart", 2), (0, 250)), failed]),
        of_service("stock", &json!({}), &[ok, span(TRACE, (4, 3), ("reserve", 1), (70, 80))]),
        of_service("other", &json!({}), &[span(SHORT, (9, 0), ("work", 5), (0, 1))]),
    ] })
}

/// An answer without what is different by chance: order of lists, numbers of processes.
fn normal(answer: Value) -> Value {
    match answer {
        Value::Array(values) => {
            let mut values: Vec<_> = values.into_iter().map(normal).collect();
            values.sort_by_key(Value::to_string);
            Value::Array(values)
        }
        Value::Object(members) => {
            let mut members = members;
            let processes = members.remove("processes");
            let mut normal_members: Map<_, _> = members.into_iter().map(|(key, value)| (key, normal(value))).collect();
            if let (Some(processes), Some(Value::Array(spans))) = (processes, normal_members.get_mut("spans")) {
                for span in spans {
                    let id = span["processID"].as_str().unwrap_or_default().to_owned();
                    span["processID"] = normal(processes[&id].clone());
                }
            }
            Value::Object(normal_members)
        }
        value => value,
    }
}

async fn get(api: SocketAddr, target: &str) -> (u16, Value) {
    let client = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let answer = client.get(format!("http://{api}{target}")).send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Jaeger: make interop"]
async fn answers_are_those_of_a_real_jaeger() {
    let program = std::env::var_os("JAEGER").expect("JAEGER names the program: make interop");
    let jaeger = Jaeger::start(Path::new(&program)).await;
    let served = Serve::start(&[], &[]).await.unwrap();
    let request = request();
    served.send_otlp(&request).await.unwrap();
    let client = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let sent = client.post(format!("http://{}/v1/traces", jaeger.otlp)).json(&request).send();
    assert_eq!(sent.await.unwrap().status(), 200);
    let all = |answer: &Value| answer["data"][0]["spans"].as_array().is_some_and(|spans| spans.len() == 4);
    for api in [served.api, jaeger.api] {
        query(api, &format!("/api/traces/{TRACE}"), all).await.unwrap();
    }
    let now = start() / 1_000;
    let window = format!("start={}&end={}", now - 60_000_000, now + 120_000_000);
    let mut targets: Vec<String> = [
        "/api/services",
        "/api/services/shop/operations",
        "/api/services/nothing/operations",
        "/api/operations?service=shop",
        "/api/operations?service=shop&spanKind=client",
        "/api/operations?service=nothing",
        "/api/operations",
        "/api/traces",
        "/api/traces?service=nothing",
        "/api/traces/0af7651916cd43dd8448eb211c80319c",
        "/api/traces/4448eb211c80319c",
        "/api/traces/ff",
        "/api/traces/xyz",
        "/api/traces?traceID=0af7651916cd43dd8448eb211c80319c&traceID=4448eb211c80319c",
        "/api/traces?traceID=ff",
    ]
    .map(str::to_owned)
    .into();
    for parameters in [
        "service=shop",
        "service=shop&limit=1",
        "service=shop&operation=POST%20/cart",
        "service=shop&operation=nothing",
        "service=shop&minDuration=200ms",
        "service=shop&minDuration=1s",
        "service=stock&maxDuration=20ms",
        "service=stock&maxDuration=1us",
        "service=shop&tags=%7B%22number%22%3A%2242%22%7D",
        "service=shop&tags=%7B%22text%22%3A%22b%22%7D",
        "service=shop&tags=%7B%22host.name%22%3A%22web-1%22%7D",
        "service=shop&tag=text:a",
        "service=shop&minDuration=odd",
        "service=shop&limit=odd",
        "service=shop&tags=odd",
    ] {
        targets.push(format!("/api/traces?{parameters}&{window}"));
    }
    targets.push(format!("/api/dependencies?endTs={}&lookback=3600000", now / 1_000 + 120_000));
    let mut differences = Vec::new();
    for target in targets {
        let ((status, answer), (wanted_status, wanted)) = (get(served.api, &target).await, get(jaeger.api, &target).await);
        let (answer, wanted) = (normal(answer), normal(wanted));
        // The messages of 400 have other words.
        let is_same = status == wanted_status && (answer == wanted || status == 400);
        if !is_same {
            differences.push(format!(
                "{target}\n  spanfall {status} {answer}\n  Jaeger   {wanted_status} {wanted}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
