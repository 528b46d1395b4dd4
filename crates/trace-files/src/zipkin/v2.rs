//! Version 2: spans, each with its reporting service.

use serde_json::Value;

use super::{Endpoint, Part, duration, start};
use crate::ids;
use crate::tags::{any, kind, micros};

/// Parses a part of a span, or returns an error.
pub(crate) fn span(json: &Value) -> Result<Part, &'static str> {
    let trace_id = json["traceId"]
        .as_str()
        .and_then(ids::trace_id)
        .ok_or("span without traceId")?;
    let span_id = json["id"].as_str().and_then(ids::span_id).ok_or("span without id")?;
    let start = start(&json["timestamp"])?;
    let duration = duration(&json["duration"])?;
    let annotation = |annotation: &Value| {
        let value = annotation["value"].as_str().unwrap_or_default().to_owned();
        (micros(&annotation["timestamp"]).unwrap_or_default(), value)
    };
    let tags = json["tags"].as_object().into_iter().flatten();
    let mut part = Part {
        parent: json["parentId"].as_str().and_then(ids::parent_id),
        kind: json["kind"].as_str().and_then(kind),
        name: json["name"].as_str().unwrap_or_default().to_owned(),
        start,
        local: Endpoint::read(&json["localEndpoint"]),
        remote: Endpoint::read(&json["remoteEndpoint"]),
        annotations: json["annotations"].as_array().into_iter().flatten().map(annotation).collect(),
        tags: tags.map(|(key, value)| (key.clone(), any(value))).collect(),
        shared: json["shared"] == true,
        ..Part::new(trace_id, span_id)
    };
    if let Some(nano) = duration {
        part.lasts(nano);
    }
    Ok(part)
}
