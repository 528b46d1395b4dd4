//! JSON values found in a file, complete or damaged.

use trace_model::work;

use crate::formats;
use crate::json::documents::{Found, parts};
use crate::json::node::Node;
use crate::memory::in_words;
use crate::problem::{Position, Problem};
use crate::reader::Reader;
use crate::sink::Sink;

/// Processes one item found in JSON text.
pub(crate) fn read(sink: &mut Sink<'_>, position: Position, found: Found<'_>) {
    if sink.is_stopped() {
        return;
    }
    match found {
        Found::Wrong(what) => sink.problem(position, what),
        Found::Document(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            if let Some(node) = Node::first(&text) {
                formats::read(&mut Reader::new(&text, position, sink), node);
            }
        }
        Found::TooLong(bytes) => {
            let limit = in_words(sink.memory.document);
            sink.problem(
                position,
                format!("JSON value truncated at {limit}: too large (raise --max-memory)"),
            );
            let text = String::from_utf8_lossy(bytes);
            if let Some(node) = Node::first(&text) {
                formats::read(&mut Reader::new(&text, position, sink), node);
            }
        }
        Found::Damaged(bytes, with) => {
            work::add(with.len());
            let error = serde_json::from_slice::<serde::de::IgnoredAny>(with).err();
            if let Some(error) = error {
                sink.report.problems.add(|| Problem::in_json(position, &error));
            }
            damaged(sink, position, &String::from_utf8_lossy(bytes));
        }
    }
}

/// Parses a damaged value: its complete parts, and values that start on lines of their own.
fn damaged(sink: &mut Sink<'_>, position: Position, text: &str) {
    let mut position = position;
    for (number, part) in parts(text).enumerate() {
        if sink.is_stopped() {
            return;
        }
        if let Some(node) = Node::first(part) {
            let mut reader = Reader::new(part, position, sink);
            if number > 0 && !node.is_whole && node.is_object() {
                reader.problem(node, "incomplete value");
            }
            formats::read_wrapped(&mut reader, node);
        }
        position = position.after(part.as_bytes());
    }
}
