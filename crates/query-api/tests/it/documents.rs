//! The answers are those of `docs/api.md`.

use std::path::Path;

use serde_json::Value;

use crate::support::{serve, store};

/// The blocks of code of a kind, in order, with where each of them starts.
fn blocks<'a>(text: &'a str, kind: &str) -> Vec<(usize, &'a str)> {
    let fence = format!("\n```{kind}\n");
    let starts = text.match_indices(&fence).map(|(at, _)| at + fence.len());
    starts
        .map(|at| (at, text[at..].split("\n```").next().unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn answers_are_those_of_the_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let text = std::fs::read_to_string(path).unwrap();
    let documents = blocks(&text, "json");
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let served = serve(store(json(documents[0].1))).await;
    let requests = blocks(&text, "text");
    assert!(requests.len() >= 6, "{requests:?}");
    // Streams have a test of their own.
    for (at, request) in requests.into_iter().filter(|(_, request)| !request.contains("/records")) {
        let (_, expected) = documents.iter().find(|(document, _)| *document > at).unwrap();
        let target = request.strip_prefix("GET ").unwrap();
        let (mut answer, expected) = (served.json(target).await.1, json(expected));
        // It depends on the allocator.
        if let Some(bytes) = answer.get_mut("bytes") {
            *bytes = expected["bytes"].clone();
        }
        assert_eq!(answer, expected, "{target}");
    }
}
