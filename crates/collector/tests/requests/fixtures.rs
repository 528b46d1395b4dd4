//! Requests of real programs. They are not part of the repository: `SPANFALL_FIXTURES` names their directory.

use std::path::Path;

use collector::{Arrival, Listener};
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::{Running, client};

/// Returns the number of elements of all arrays of that name.
fn count(json: &Value, name: &str) -> usize {
    match json {
        Value::Array(values) => values.iter().map(|value| count(value, name)).sum(),
        Value::Object(fields) => {
            let own = fields.get(name).and_then(Value::as_array).map_or(0, Vec::len);
            own + fields.values().map(|value| count(value, name)).sum::<usize>()
        }
        _ => 0,
    }
}

/// Sends it to its listener; all of it arrives, or the response reports the rest.
async fn send(running: &mut Running, name: &str, text: &str) {
    let json: Value = serde_json::from_str(text).unwrap();
    let (path, there) = match (
        json.get("resourceSpans"),
        json.get("resourceLogs"),
        json.get("resourceMetrics"),
    ) {
        (Some(_), None, None) => ("/v1/traces", count(&json, "spans")),
        (None, Some(_), None) => ("/v1/logs", count(&json, "logRecords")),
        (None, None, Some(_)) => ("/v1/metrics", count(&json, "dataPoints")),
        _ => panic!("{name}: what is it?"),
    };
    assert!(there > 0, "{name}");
    let request = client().post(running.http(path)).header(CONTENT_TYPE, "application/json");
    let answer = request.body(text.to_owned()).send().await.unwrap();
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{name}: {answer}");

    let partial = &answer["partialSuccess"];
    let rejected: usize = partial["rejectedSpans"].as_str().map_or(0, |count| count.parse().unwrap());
    let reason = partial["errorMessage"].as_str().unwrap_or_default();
    assert_eq!(rejected > 0, !reason.is_empty(), "{name}: {answer}");
    let arrived = running.arrived().into_iter().map(|arrival| match arrival {
        // Decoded, so that it is known to be readable.
        Arrival::Batch(batch) => batch.decode_spans().count() + batch.decode_logs().count(),
        Arrival::Metrics(batch) => batch.points(),
        Arrival::Sentry(_) => panic!("{name}"),
    });
    assert_eq!(arrived.sum::<usize>() + rejected, there, "{name}: {answer}");
}

#[tokio::test]
async fn fixtures_arrive_whole_or_are_reported_as_dropped() {
    let Ok(fixtures) = std::env::var("SPANFALL_FIXTURES") else {
        eprintln!("SKIPPED: SPANFALL_FIXTURES is not set");
        return;
    };
    let mut running = Running::start().await;
    let mut files = 0;
    for file in std::fs::read_dir(Path::new(&fixtures).join("otlp")).unwrap() {
        let path = file.unwrap().path();
        let (name, text) = (path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => send(&mut running, &name, &text).await,
            Some("jsonl") => {
                for line in text.lines() {
                    send(&mut running, &name, line).await;
                }
            }
            _ => continue,
        }
        files += 1;
    }
    assert!(files >= 10, "{files} files");
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].rejected, 0);
}
