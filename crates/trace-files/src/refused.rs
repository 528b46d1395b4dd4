//! What is known and not read: each by name, with what to do instead.

use crate::formats::Document;

/// Whether a document is of a kind that is refused.
type Is = fn(&Document<'_>) -> bool;

/// Documents that look like traces.
static DOCUMENTS: &[(Is, &str)] = &[
    (
        is_go_struct,
        "this is a dump of the collector's Go structs (ptrace), which is not supported (write it with ptrace.JSONMarshaler)",
    ),
    (
        is_jaeger_protobuf,
        "this is Jaeger's protobuf model as JSON, which is not supported (save the trace as JSON in Jaeger's UI, or get /api/traces/<id>)",
    ),
    (
        |document| document.has(&["context"]) && document.has(&["start_time"]) && document.has(&["parent_id"]),
        "this is the output of OpenTelemetry Python's console exporter, which is not supported (export OTLP to spanfall)",
    ),
    (
        |document| document.has(&["SpanContext"]) && document.has(&["StartTime"]),
        "this is the output of OpenTelemetry Go's stdouttrace exporter, which is not supported (export OTLP to spanfall)",
    ),
    (
        |document| document.has(&["traceEvents"]),
        "this is a trace of Chrome's format, which is not supported (open it with Perfetto)",
    ),
];

/// Contents that are known by their first bytes.
static CONTENTS: &[(&[u8], &str)] = &[
    (
        b"BZh",
        "it is compressed with bzip2, which is not supported (decompress it: bzip2 -d)",
    ),
    (
        b"\xfd7zXZ\0",
        "it is compressed with xz, which is not supported (decompress it: xz -d)",
    ),
    (
        b"\x04\x22\x4d\x18",
        "it is compressed with LZ4, which is not supported (decompress it: lz4 -d)",
    ),
    (b"PK\x03\x04", "it is a ZIP archive, which is not supported (extract it)"),
    (
        b"PAR1",
        "it is a Parquet file, which is not supported (export the traces as OTLP)",
    ),
    (
        b"SQLite format 3\0",
        "it is a SQLite database, which is not supported (export the traces as OTLP)",
    ),
    (
        b"\xff\xfe",
        "it is UTF-16, which is not supported (convert it: iconv -f UTF-16 -t UTF-8)",
    ),
    (
        b"\xfe\xff",
        "it is UTF-16, which is not supported (convert it: iconv -f UTF-16 -t UTF-8)",
    ),
];

const YAML: &str = "it is YAML, as the collector's golden test files are, which is not supported (convert it: yq -o json)";

/// Why a document is refused.
pub(crate) fn reason(document: &Document<'_>) -> Option<&'static str> {
    let refused = DOCUMENTS.iter().find(|(is, _)| is(document));
    refused.map(|(_, reason)| *reason)
}

/// Why a file that begins like this is refused.
pub(crate) fn content(begin: &[u8]) -> Option<&'static str> {
    let known = CONTENTS.iter().find(|(magic, _)| begin.starts_with(magic));
    known.map(|(_, reason)| *reason).or_else(|| is_yaml(begin).then_some(YAML))
}

/// Whether the first line that says something is a name of OTLP's with a colon.
fn is_yaml(begin: &[u8]) -> bool {
    let lines = begin.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut said = lines.filter(|line| !(line.is_empty() || line.starts_with(b"#") || *line == b"---"));
    let names = ["resourceSpans:", "resource_spans:", "resourceLogs:", "resourceMetrics:"];
    said.next()
        .is_some_and(|line| names.iter().any(|name| line.starts_with(name.as_bytes())))
}

/// Go writes the alternatives of a value as `{"Value": {"StringValue": …}}`, and everything else as OTLP's field names are: read as OTLP,
/// all attributes would be gone.
fn is_go_struct(document: &Document<'_>) -> bool {
    const ALTERNATIVES: [&str; 7] = ["String", "Bool", "Int", "Double", "Array", "Kvlist", "Bytes"];
    let text = document.node.json();
    let is_alternative = |at: usize| {
        let rest = text[at..].strip_prefix("\"Value\"").map(str::trim_ascii_start);
        let rest = rest.and_then(|rest| rest.strip_prefix(':')?.trim_ascii_start().strip_prefix('{'));
        let name = rest.and_then(|rest| rest.trim_ascii_start().strip_prefix('"'));
        let named = name.and_then(|name| ALTERNATIVES.iter().find_map(|alternative| name.strip_prefix(alternative)));
        named.is_some_and(|rest| rest.starts_with("Value\"")) && !text[..at].ends_with('\\')
    };
    let has_alternatives = || text.match_indices("\"Value\"").any(|(at, _)| is_alternative(at));
    document.has(&["ResourceSpans", "ResourceLogs"])
        || (document.has(&["resource_spans", "resource_logs", "scope_spans", "scope_logs"]) && has_alternatives())
}

/// `model.proto` as protobuf's JSON: names as in OTLP, an operation as in Jaeger; alone, in a batch or in a trace.
fn is_jaeger_protobuf(document: &Document<'_>) -> bool {
    let is_span = |names: &mut dyn Iterator<Item = String>| {
        let names: Vec<String> = names.collect();
        let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
        has(&["operationName", "operation_name"]) && has(&["spanId", "span_id"])
    };
    let names = |node: crate::json::node::Node<'_>| {
        let names: Vec<String> = node.members().take(64).map(|(name, _)| name.into_owned()).collect();
        names.into_iter()
    };
    let first = document.all("spans").find_map(|spans| spans.elements().next());
    is_span(&mut names(document.node)) || first.is_some_and(|span| is_span(&mut names(span)))
}
