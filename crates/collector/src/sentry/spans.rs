//! Which spans an envelope holds.
//!
//! They come in two forms: inside a `transaction`, which is a span itself, and in `span` items (version 2: many in one item;
//! before that: one). Only ids are read here.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use trace_model::{SpanId, TraceId};

use crate::SentrySpans;
use crate::envelope::Item;

/// The spans of all items, by trace in the order of first appearance, and what could not be read.
pub(crate) fn of(items: &[Item]) -> (Vec<SentrySpans>, Vec<String>) {
    let mut found = Found::default();
    let mut unreadable = Vec::new();
    for item in items {
        let spans = match item.item_type.as_str() {
            "transaction" => transaction(&item.payload),
            "span" => span(&item.payload),
            _ => continue,
        };
        match spans {
            Err(error) => unreadable.push(format!("a {} is not readable: {error}", item.item_type)),
            Ok(spans) => {
                let unusable = spans.into_iter().filter(|ids| !found.add(ids)).count();
                if unusable > 0 {
                    unreadable.push(format!("a {} has {unusable} spans without usable ids", item.item_type));
                }
            }
        }
    }
    (found.traces, unreadable)
}

#[derive(Default)]
struct Found {
    traces: Vec<SentrySpans>,
    positions: HashMap<TraceId, usize>,
}

impl Found {
    fn add(&mut self, ids: &Ids) -> bool {
        let Some((trace_id, span_id)) = ids.parse() else {
            return false;
        };
        let at = *self.positions.entry(trace_id).or_insert_with(|| {
            self.traces.push(SentrySpans {
                trace_id,
                span_ids: Vec::new(),
            });
            self.traces.len() - 1
        });
        self.traces[at].span_ids.push(span_id);
        true
    }
}

/// A span's ids, where they are text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ids {
    trace_id: Text,
    span_id: Text,
}

impl Ids {
    fn parse(&self) -> Option<(TraceId, SpanId)> {
        Some((self.trace_id.get()?.parse().ok()?, self.span_id.get()?.parse().ok()?))
    }
}

/// A field that should be text; something else is no reason to lose the fields beside it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Other(IgnoredAny),
}

impl Text {
    fn get(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Transaction {
    contexts: Contexts,
    spans: Option<Vec<Ids>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Contexts {
    trace: Ids,
}

fn transaction(payload: &[u8]) -> Result<Vec<Ids>, serde_json::Error> {
    let Transaction {
        contexts: Contexts { trace },
        spans,
    } = serde_json::from_slice(payload)?;
    let mut all = Vec::new();
    for mut span in spans.into_iter().flatten() {
        // Old SDKs leave it out: a transaction is of one trace.
        if let (None, Some(trace_id)) = (span.trace_id.get(), trace.trace_id.get()) {
            span.trace_id = Text::Text(trace_id.to_owned());
        }
        all.push(span);
    }
    all.insert(0, trace);
    Ok(all)
}

#[derive(Debug, Deserialize)]
struct SpanItem {
    items: Option<Vec<Ids>>,
    #[serde(flatten)]
    single: Ids,
}

fn span(payload: &[u8]) -> Result<Vec<Ids>, serde_json::Error> {
    let SpanItem { items, single } = serde_json::from_slice(payload)?;
    Ok(items.unwrap_or_else(|| vec![single]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn item(item_type: &str, payload: &Value) -> Item {
        Item {
            item_type: item_type.to_owned(),
            header: Map::new(),
            payload: payload.to_string().into(),
        }
    }

    fn ids(spans: &[SentrySpans]) -> Vec<(String, Vec<String>)> {
        let text = |spans: &SentrySpans| {
            (
                spans.trace_id.to_string(),
                spans.span_ids.iter().map(ToString::to_string).collect(),
            )
        };
        spans.iter().map(text).collect()
    }

    #[test]
    fn a_transaction_is_a_span_and_holds_more() {
        let transaction = json!({
            "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1", "op": "http.server" }, "os": { "name": "Linux" } },
            "spans": [{ "trace_id": TRACE, "span_id": "00000000000000a2" }, { "span_id": "00000000000000A3", "data": {} }],
        });
        let (spans, unreadable) = of(&[item("transaction", &transaction)]);
        let expected = ["00000000000000a1", "00000000000000a2", "00000000000000a3"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(ids(&spans), [(TRACE.to_owned(), expected)]);
        assert_eq!(unreadable, [""; 0]);
    }

    #[test]
    fn span_items_of_either_version_are_read() {
        let other = "11111111111111111111111111111111";
        let many = json!({ "version": 2, "items": [
            { "trace_id": TRACE, "span_id": "00000000000000b1", "name": "x" },
            { "trace_id": other, "span_id": "00000000000000b2" },
        ]});
        let one = json!({ "trace_id": TRACE, "span_id": "00000000000000b3" });
        let (spans, unreadable) = of(&[item("span", &many), item("event", &one), item("span", &one)]);
        let of_trace = vec!["00000000000000b1".to_owned(), "00000000000000b3".to_owned()];
        assert_eq!(
            ids(&spans),
            [
                (TRACE.to_owned(), of_trace),
                (other.to_owned(), vec!["00000000000000b2".to_owned()])
            ]
        );
        assert_eq!(unreadable, [""; 0]);
    }

    #[test]
    fn what_is_unusable_is_told_and_the_rest_is_taken() {
        let spans = json!({ "items": [
            { "trace_id": TRACE, "span_id": 7 },
            { "trace_id": "00000000000000000000000000000000", "span_id": "00000000000000b2" },
            { "trace_id": TRACE, "span_id": "00000000000000b3" },
            {},
        ]});
        let broken = Item {
            payload: "{\"contexts\":".into(),
            ..item("transaction", &Value::Null)
        };
        let (spans, unreadable) = of(&[broken, item("transaction", &json!({})), item("span", &spans)]);
        assert_eq!(ids(&spans), [(TRACE.to_owned(), vec!["00000000000000b3".to_owned()])]);
        assert_eq!(unreadable.len(), 3, "{unreadable:?}");
        assert!(unreadable[2].contains("3 spans"), "{unreadable:?}");
    }
}
