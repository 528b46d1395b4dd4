//! Critical paths as CRISP's own tests expect them: the files are not part of the repository, `SPANFALL_FIXTURES` names their
//! directory.

use std::collections::BTreeMap;
use std::path::Path;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use serde_json::Value;
use trace_model::{Analysis, Source, SpanTree, Store, otlp};

use crate::support::{Sent, edit, sent, trace};

/// A file's expectation, by `[service] operation`, in microseconds.
fn expected(file: &Value) -> BTreeMap<String, u64> {
    let testing = &file["testing"];
    let times = testing
        .get(0)
        .or_else(|| testing.get("opTimeExclusive"))
        .expect("what is expected");
    let times = times.as_object().expect("a map").iter();
    times
        .map(|(name, micros)| (name.clone(), micros.as_u64().expect("a time")))
        .collect()
}

/// Reads the part of Jaeger's JSON that these files use: times from 1 µs on, as 0 would be no end.
fn spans(file: &Value) -> Vec<ResourceSpans> {
    let span = |span: &Value| {
        let id = |text: &Value| text.as_str().expect("an id").as_bytes()[0];
        let process = span["processID"].as_str().expect("a process");
        let service = file["data"][0]["processes"][process]["serviceName"]
            .as_str()
            .expect("a service");
        let start = 1 + span["startTime"].as_u64().expect("a start");
        let end = start + span["duration"].as_u64().expect("a duration");
        let parent = span["references"].get(0).map_or(0, |parent| id(&parent["spanID"]));
        let made = sent(id(&span["spanID"]), parent, start * 1_000, end * 1_000);
        let made = Sent {
            service: Box::leak(service.to_owned().into_boxed_str()),
            ..made
        };
        edit(made.to_otlp(), |otlp| {
            span["operationName"].as_str().expect("a name").clone_into(&mut otlp.name);
        })
    };
    file["data"][0]["spans"].as_array().expect("spans").iter().map(span).collect()
}

fn exclusive(store: &Store) -> BTreeMap<String, u64> {
    let tree = SpanTree::of(store, trace(1));
    let analysis = Analysis::of(&tree);
    let mut times = BTreeMap::new();
    for (node, nano) in &analysis.critical_path().expect("a path").exclusive {
        let node = &tree.nodes()[*node];
        *times.entry(format!("[{}] {}", node.key.service, node.name)).or_insert(0) += nano / 1_000;
    }
    times
}

#[test]
fn crisps_critical_paths() {
    let Ok(fixtures) = std::env::var("SPANFALL_FIXTURES") else {
        eprintln!("SKIPPED: SPANFALL_FIXTURES is not set");
        return;
    };
    let files = std::fs::read_dir(Path::new(&fixtures).join("critical-path")).expect("the files");
    let mut compared = 0;
    for path in files.map(|entry| entry.expect("a file").path()) {
        let file: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        let mut store = Store::new(1 << 24);
        store.add(otlp::batch(spans(&file), Source::File).0);
        assert_eq!(exclusive(&store), expected(&file), "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 12, "only {compared} files");
}
