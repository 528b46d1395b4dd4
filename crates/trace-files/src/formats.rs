//! The formats of JSON documents: how each is known, and who reads it. The first that fits decides.

use crate::json::node::{Member, Node};
use crate::reader::Reader;
use crate::refused;
use crate::sink::Sink;
use crate::{Format, jaeger, otlp, tail, zipkin};

/// How many members of an object are looked at: a document that has more is not one of ours.
const MEMBERS: usize = 1 << 16;

/// An object with its members.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) members: Vec<Member<'a>>,
}

impl<'a> Document<'a> {
    pub(crate) fn of(node: Node<'a>) -> Self {
        Self {
            node,
            members: node.members().take(MEMBERS).collect(),
        }
    }

    /// Whether there is a member of one of these names.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.members.iter().any(|(name, _)| names.contains(&&**name))
    }

    /// The last value of this name.
    pub(crate) fn value(&self, name: &str) -> Option<Node<'a>> {
        self.all(name).last()
    }

    /// All values of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Node<'a>> {
        self.members
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(&[name]))
    }
}

/// A format.
pub(crate) struct Entry {
    /// Whether a document has it; what the file has held so far may decide.
    is: fn(&Document<'_>, &Sink<'_>) -> bool,
    read: for<'a> fn(&mut Reader<'a, '_, '_>, &Document<'a>),
}

/// All of them, in the order in which they are tried.
static FORMATS: &[Entry] = &[
    // What looks like one of the others, and is not.
    Entry {
        is: |document, _| refused::reason(document).is_some(),
        read: |reader, document| {
            reader.sink.is_refused = true;
            reader.problem(document.node, refused::reason(document).unwrap_or_default());
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
    // An answer of Jaeger's API without traces.
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
        read: |reader, document| reader.zipkin(document.node, zipkin::v1_spans),
    },
    Entry {
        is: is_zipkin,
        read: |reader, document| reader.zipkin(document.node, |json| zipkin::v2_span(json).map(|part| vec![part])),
    },
    // Answers of the APIs of Jaeger, Tempo and Elasticsearch, and dumps of the latter's documents.
    Entry {
        is: |document, _| document.has(&WRAPPERS),
        read: |reader, document| {
            let inner = WRAPPERS.iter().find_map(|name| Some((*name, document.value(name)?)));
            match inner {
                // A search may find nothing; of any other answer that is no sign.
                Some((name, inner)) if name == "hits" || inner.elements().next().is_some() || !inner.is_array() => {
                    reader.wrapped(inner);
                }
                _ => reader.unknown(document.node),
            }
        },
    },
    // Of a dump of an index what is no span: its services, and what a bulk request says before each document.
    Entry {
        is: |document, _| {
            let is_action = document.members.len() == 1 && document.has(&["index", "create"]);
            is_action || (document.members.len() == 2 && document.has_all(&["serviceName", "operationName"]))
        },
        read: |_, _| {},
    },
];

/// What answers call what they wrap.
const WRAPPERS: [&str; 6] = ["data", "result", "trace", "hits", "_source", "responses"];

/// The format of a document.
pub(crate) fn of(document: &Document<'_>, sink: &Sink<'_>) -> Option<&'static Entry> {
    FORMATS.iter().find(|format| (format.is)(document, sink))
}

impl Entry {
    pub(crate) fn read<'a>(&self, reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
        (self.read)(reader, document);
    }
}

/// A trace whose spans are Jaeger's; when it is cut off, they alone say so.
fn is_jaeger_trace(document: &Document<'_>) -> bool {
    let first = || document.all("spans").flat_map(Node::elements).next();
    document.has(&["spans"])
        && (document.has(&["processes", "traceID"])
            || first().is_some_and(|span| span.members().any(|(name, _)| name == "spanID")))
}

/// By an annotation that says at which endpoint it was made.
fn is_zipkin_v1(document: &Document<'_>) -> bool {
    let mut annotations = document.all("annotations").flat_map(Node::elements);
    document.has_all(&["traceId", "id"])
        && !document.has(&["localEndpoint", "kind", "tags"])
        && annotations.any(|annotation| annotation.members().any(|(name, _)| name == "endpoint"))
}

/// A trace id and an id alone are also what other programs log: something else must be as Zipkin writes it, or the file must have held
/// its spans before.
fn is_zipkin(document: &Document<'_>, sink: &Sink<'_>) -> bool {
    const OWN: [&str; 9] = [
        "localEndpoint",
        "remoteEndpoint",
        "parentId",
        "duration",
        "timestamp",
        "annotations",
        "shared",
        "tags",
        "name",
    ];
    let begins = document.has(&["traceId"]) && (document.has(&["id"]) || sink.report.formats.contains(&Format::Zipkin));
    let alone = document.has(&["localEndpoint", "remoteEndpoint"]) && document.has(&["id", "traceId"]);
    alone || (begins && (document.has(&OWN) || sink.report.formats.contains(&Format::Zipkin)))
}
