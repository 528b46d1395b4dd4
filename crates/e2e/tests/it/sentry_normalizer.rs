//! Data of the services for Sentry, checked by Sentry's own normalizer: it must find no errors, and all expected data must be
//! present.
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use e2e::python;
use e2e::services::{Services, embedded_broker};
use serde_json::Value;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Returns transactions and events with the headers of their envelopes.
fn documents(raw: &str) -> Vec<(Value, Value)> {
    let mut lines = raw.lines().filter(|line| !line.trim().is_empty());
    let (mut documents, mut header) = (Vec::new(), Value::Null);
    while let Some(line) = lines.next() {
        let line: Value = serde_json::from_str(line).unwrap();
        match line["type"].as_str() {
            None => header = line,
            Some(kind @ ("transaction" | "event")) => {
                let mut payload: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
                // The type is in the item's header; Relay copies it to the payload.
                payload["type"] = kind.into();
                documents.push((header.clone(), payload));
            }
            Some(_) => {
                lines.next();
            }
        }
    }
    documents
}

fn normalizer_finds<'a>(interpreter: &Path, payloads: impl IntoIterator<Item = &'a Value>) -> String {
    let mut normalizer = Command::new(interpreter)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/normalize.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = normalizer.stdin.take().unwrap();
    for payload in payloads {
        writeln!(input, "{payload}").unwrap();
    }
    drop(input);
    String::from_utf8(normalizer.wait_with_output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn normalizer_finds_nothing_wrong_with_what_services_send() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    let baggage =
        format!("sentry-trace_id={TRACE},sentry-public_key=callers,sentry-release=page%402,sentry-sampled=true,other=1");
    let continued = format!("{TRACE}-b7ad6b7169203331-1");
    let headers = [("sentry-trace", continued.as_str()), ("baggage", baggage.as_str())];
    assert_eq!(services.request("jane@example.org", &headers).await.unwrap().status(), 200);
    assert_eq!(services.request("jane@example.org", &[]).await.unwrap().status(), 200);
    assert_eq!(services.request("nobody", &[]).await.unwrap().status(), 400);
    // Three of the API, two of the mailer.
    let sent = services
        .envelopes
        .wait(|items| (items.transactions.len() >= 5).then(|| items.raw.clone()));
    let documents = documents(&sent.await.unwrap());
    let transactions: Vec<_> = documents
        .iter()
        .filter(|(_, payload)| payload["type"] == "transaction")
        .collect();
    assert!(transactions.len() >= 5, "{transactions:#?}");

    for (header, payload) in &transactions {
        let trace = &payload["contexts"]["trace"];
        assert_eq!(header["trace"]["trace_id"], trace["trace_id"], "{header}");
        let (key, release) = (&header["trace"]["public_key"], header["trace"]["release"].as_str().unwrap());
        if trace["trace_id"] == TRACE {
            assert_eq!((key, release), (&"callers".into(), "page@2"), "as the caller decided it");
        } else {
            assert_eq!(key, "public");
            assert!(release.starts_with("api@"), "by who started it: {release}");
        }
        let expected = if trace["op"] == "http.server" { "route" } else { "task" };
        assert_eq!(payload["transaction_info"]["source"], expected, "{payload}");
        assert_eq!(trace["origin"], "auto.otel");
        let spans = payload["spans"].as_array().unwrap();
        assert!(spans.iter().all(|span| span["origin"] == "auto.otel"), "{payload}");
    }
    let rejected = transactions.iter().map(|(_, payload)| payload);
    let rejected: Vec<_> = rejected
        .filter(|payload| payload["contexts"]["trace"]["data"]["http.response.status_code"] == 400)
        .collect();
    let [rejected] = rejected[..] else {
        panic!("{transactions:#?}")
    };
    assert_eq!(rejected["contexts"]["trace"]["status"], "invalid_argument");
    for span in rejected["spans"].as_array().unwrap() {
        assert!(
            ["ok", "invalid_argument"].iter().any(|status| span["status"] == *status),
            "{span}"
        );
    }

    let Some(interpreter) = python::interpreter_or_skip() else {
        return;
    };
    let found = normalizer_finds(&interpreter, documents.iter().map(|(_, payload)| payload));
    assert_eq!(found.trim(), format!("{} documents", documents.len()));
    // The normalizer does find errors.
    let mut wrong = transactions[0].1.clone();
    wrong["contexts"]["trace"]["op"] = 7.into();
    assert!(normalizer_finds(&interpreter, [&wrong]).contains("contexts.trace.op"));
}
