//! Formats of JSON documents: detection and parser of each. The first match wins.

use serde_json::Value;

use crate::json::document::Document;
use crate::json::node::Node;
use crate::reader::Reader;
use crate::sink::Sink;
use crate::{Format, jaeger, otlp, rejected, tags, tail, zipkin};

/// Maximum number of wrappers around traces.
const WRAPPERS_MAX: usize = 12;

/// Message for unknown formats.
const UNKNOWN: &str = "neither OTLP, Jaeger, Zipkin nor spanfall tail JSON";

/// A format.
pub(crate) struct Entry {
    /// Detects the format of a document; earlier parts of the file may matter.
    is: fn(&Document<'_>, &Sink<'_>) -> bool,
    read: for<'a> fn(&mut Reader<'a, '_, '_>, &Document<'a>),
}

/// All formats in order of detection.
static FORMATS: &[Entry] = &[
    // Documents that resemble a supported format, but are another one.
    Entry {
        is: |document, _| rejected::reason(document).is_some(),
        read: |reader, document| {
            reader.sink.is_rejected = true;
            reader.problem(document.node, rejected::reason(document).unwrap_or_default());
        },
    },
    Entry {
        is: |document, _| otlp::json::is_request(document),
        read: otlp::json::request,
    },
    Entry {
        is: |document, _| document.has(otlp::json::GROUP),
        read: otlp::json::group,
    },
    Entry {
        is: |document, _| otlp::json::is_span(document),
        read: otlp::json::single_span,
    },
    Entry {
        is: |document, _| is_jaeger_trace(document),
        read: jaeger::trace,
    },
    Entry {
        is: |document, _| document.has(&["spanID"]) && document.has(&["operationName", "references"]),
        read: jaeger::single_span,
    },
    // A response of Jaeger's API without traces.
    Entry {
        is: |document, _| {
            let is_empty = |data: Node<'_>| data.is_null() || (data.is_array() && data.elements().next().is_none());
            document.value("data").is_some_and(is_empty) && document.has(&["errors", "total", "limit"])
        },
        read: |reader, _| reader.sink.saw(Format::Jaeger),
    },
    Entry {
        is: |document, _| document.has_all(&["trace_id", "span_id", "start_unix_nano"]),
        read: tail::span,
    },
    Entry {
        is: |document, _| document.has_all(&["signal", "trace_id", "severity", "time_unix_nano", "body"]),
        read: tail::log,
    },
    Entry {
        is: |document, _| document.has(&["traceId"]) && document.has(&["binaryAnnotations"]) || is_zipkin_v1(document),
        read: |reader, document| read_zipkin(reader, document.node, zipkin::v1_spans),
    },
    Entry {
        is: is_zipkin,
        read: |reader, document| read_zipkin(reader, document.node, |json| zipkin::v2_span(json).map(|part| vec![part])),
    },
    // Requests and responses of the APIs of Jaeger, Tempo and Elasticsearch, and dumps of Elasticsearch documents.
    Entry {
        is: |document, _| document.has(&WRAPPERS),
        read: |reader, document| {
            let inner = WRAPPERS.iter().find_map(|name| Some((*name, document.value(name)?)));
            match inner {
                // A search may have no results; for other responses an empty list proves nothing.
                Some((name, inner)) if name == "hits" || inner.elements().next().is_some() || !inner.is_array() => {
                    read_wrapped(reader, inner);
                }
                _ => report_unknown(reader, document.node),
            }
        },
    },
    // Documents of an index dump that are not spans: services, their dependencies, and the action lines of bulk requests.
    Entry {
        is: |document, _| {
            let is_action = document.members.len() == 1 && document.has(&["index", "create"]);
            let other = [["serviceName", "operationName"], ["timestamp", "dependencies"]];
            is_action || (document.members.len() == 2 && other.iter().any(|names| document.has_all(names)))
        },
        read: |_, _| {},
    },
];

/// Names of members that wrap results.
const WRAPPERS: [&str; 8] = ["data", "result", "trace", "batch", "hits", "docs", "_source", "responses"];

/// Parses a value that should be traces, logs, or a part of them.
pub(crate) fn read<'a>(reader: &mut Reader<'a, '_, '_>, node: Node<'a>) {
    if node.is_array() && reader.wrapped > 0 {
        for element in node.elements() {
            if reader.sink.is_stopped() {
                return;
            }
            read_wrapped(reader, element);
        }
        return;
    }
    let document = Document::of(node);
    match FORMATS.iter().find(|format| (format.is)(&document, reader.sink)) {
        Some(format) => (format.read)(reader, &document),
        None => report_unknown(reader, node),
    }
}

/// Parses the contents of a wrapper, up to the maximum depth.
pub(crate) fn read_wrapped<'a>(reader: &mut Reader<'a, '_, '_>, node: Node<'a>) {
    if reader.wrapped >= WRAPPERS_MAX {
        return reader.problem(node, UNKNOWN);
    }
    reader.wrapped += 1;
    read(reader, node);
    reader.wrapped -= 1;
}

/// Reports a document of unknown format; a truncated one was reported before.
fn report_unknown(reader: &mut Reader<'_, '_, '_>, node: Node<'_>) {
    if node.is_whole {
        reader.problem(node, UNKNOWN);
    }
}

/// Parses a Zipkin span into parts of spans.
fn read_zipkin<'a>(
    reader: &mut Reader<'a, '_, '_>,
    node: Node<'a>,
    convert: fn(&Value) -> Result<Vec<zipkin::Part>, &'static str>,
) {
    reader.sink.saw(Format::Zipkin);
    let Some(json) = reader.value(node) else { return };
    match convert(&json) {
        Ok(parts) => {
            for (name, what) in [("timestamp", "negative start time"), ("duration", "negative span duration")] {
                if tags::duration(&json[name]).is_some_and(|nano| nano < 0) {
                    reader.sink.warn(reader.place(node), what);
                }
            }
            for part in parts {
                reader.sink.zipkin(part);
            }
        }
        Err(what) => reader.problem(node, what),
    }
}

/// A trace with Jaeger spans; if it is truncated, only the spans identify it.
fn is_jaeger_trace(document: &Document<'_>) -> bool {
    let first = || document.all("spans").flat_map(Node::elements).next();
    document.has(&["spans"])
        && (document.has(&["processes", "traceID"])
            || first().is_some_and(|span| span.members().any(|(name, _)| name == "spanID")))
}

/// Identified by an annotation with an endpoint.
fn is_zipkin_v1(document: &Document<'_>) -> bool {
    let mut annotations = document.all("annotations").flat_map(Node::elements);
    document.has_all(&["traceId", "id"])
        && !document.has(&["localEndpoint", "kind", "tags"])
        && annotations.any(|annotation| annotation.members().any(|(name, _)| name == "endpoint"))
}

/// Other programs also log a trace id, an id, and a name or a duration: without an endpoint, all members must be Zipkin's, or the
/// file must have contained Zipkin spans before.
fn is_zipkin(document: &Document<'_>, sink: &Sink<'_>) -> bool {
    const IDS: [&str; 2] = ["traceId", "id"];
    /// The last two are of Zipkin's documents in Elasticsearch.
    const OWN: [&str; 11] = [
        "parentId",
        "kind",
        "name",
        "timestamp",
        "duration",
        "debug",
        "shared",
        "annotations",
        "tags",
        "timestamp_millis",
        "_q",
    ];
    if document.has(&["localEndpoint", "remoteEndpoint"]) && document.has(&IDS) {
        return true;
    }
    let is_own = |name: &str| IDS.contains(&name) || OWN.contains(&name);
    let alone = document.has_all(&IDS) && document.has(&OWN) && document.members.iter().all(|(name, _)| is_own(name));
    alone || (document.has(&["traceId"]) && sink.report.formats.contains(&Format::Zipkin))
}
