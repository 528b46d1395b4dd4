//! The answers are those of `docs/api.md`.

use std::path::Path;

use serde_json::{Value, json};
use trace_model::TraceId;

use crate::streams::Stream;
use crate::support::{serve, store};

/// A request of the document: its method with the target, and its headers. The answer is JSON, or an event.
struct Example<'a> {
    request: &'a str,
    has_header: bool,
    answer: &'a str,
    is_event: bool,
}

/// The blocks of code in order: kind and content.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).collect()
}

fn examples<'a>(blocks: &[(&'a str, &'a str)]) -> Vec<Example<'a>> {
    let pairs = blocks.windows(2).filter(|pair| pair[0].0 == "text");
    let example = |pair: &[(&'a str, &'a str)]| {
        let (request, headers) = pair[0].1.split_once('\n').unwrap();
        Example {
            request,
            has_header: headers.starts_with("spanfall-request: "),
            answer: pair[1].1,
            is_event: pair[1].0.is_empty(),
        }
    };
    pairs.map(example).collect()
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    std::fs::read_to_string(path).unwrap()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn answers_are_those_of_the_document() {
    let document = document();
    let blocks = blocks(&document);
    let (_, request) = blocks.iter().find(|(kind, _)| *kind == "json").unwrap();
    let mut served = serve(store(parsed(request))).await;
    let mut fires = served.fires.take().unwrap();
    let trace_id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap();
    let firing = tokio::spawn(async move { fires.next().await.answer(Ok(trace_id)) });
    for example in examples(&blocks).into_iter().filter(|example| !example.is_event) {
        let (method, target) = example.request.split_once(' ').unwrap();
        let (_, mut answer) = match method {
            "POST" => served.post(target, example.has_header).await,
            _ => served.json(target).await,
        };
        let expected = parsed(example.answer);
        // It depends on the allocator.
        if let Some(bytes) = answer.get_mut("bytes") {
            *bytes = expected["bytes"].clone();
        }
        assert_eq!(answer, expected, "{}", example.request);
    }
    firing.await.unwrap();
}

#[tokio::test]
async fn events_are_those_of_the_document() {
    let document = document();
    let blocks = blocks(&document);
    let (_, request) = blocks.iter().find(|(kind, _)| *kind == "json").unwrap();
    let examples = examples(&blocks).into_iter().filter(|example| example.is_event);
    let mut seen = 0;
    for example in examples {
        let served = serve(store(json!({ "resourceSpans": [] }))).await;
        let mut stream = Stream::open(&served, example.request.strip_prefix("GET ").unwrap()).await;
        served.arrive(parsed(request));
        let (kind, _, data) = stream.next().await.unwrap();
        let field = |name: &str| {
            example
                .answer
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
                .trim()
        };
        assert_eq!(kind, field("event:"));
        match (parsed(&data), parsed(field("data:"))) {
            // It grows with each change.
            (Value::Number(revision), Value::Number(_)) => assert!(revision.is_u64(), "{revision}"),
            (answer, expected) => assert_eq!(answer, expected, "{}", example.request),
        }
        seen += 1;
    }
    assert_eq!(seen, 2, "records and revisions");
}

#[test]
fn every_path_of_the_document_has_an_example() {
    let document = document();
    let blocks = blocks(&document);
    let examples = examples(&blocks);
    let cells = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let paths = cells
        .map(|cell| cell.rsplit(' ').next().unwrap_or(cell))
        .filter(|path| path.starts_with('/'));
    // The proof of an identity depends on a secret, and the lines of a trace are those of other documents.
    let elsewhere = ["/spanfall/v1/identity", "/spanfall/v1/traces/{id}"];
    for path in paths.filter(|path| !elsewhere.contains(path)) {
        let start = path.split('{').next().unwrap();
        let has_example = examples.iter().any(|example| {
            let (_, target) = example.request.split_once(' ').unwrap();
            target.starts_with(start)
        });
        assert!(has_example, "{path}");
    }
}
