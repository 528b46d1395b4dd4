//! Known but unsupported formats: name and workaround of each.

use crate::json::document::Document;
use crate::{frames, unpack};

/// Detects an unsupported document.
type Is = fn(&Document<'_>) -> bool;

/// Documents that resemble traces.
static DOCUMENTS: &[(Is, &str)] = &[
    (
        is_go_struct,
        "not supported: dump of the collector's Go structs (write it with ptrace.JSONMarshaler)",
    ),
    (
        is_jaeger_protobuf,
        "not supported: Jaeger's protobuf model as JSON (save the trace as JSON in Jaeger's UI, or get /api/traces/<id>)",
    ),
    (
        |document| document.has(&["context"]) && document.has(&["start_time"]) && document.has(&["parent_id"]),
        "not supported: output of OpenTelemetry Python's console exporter (export OTLP to spanfall)",
    ),
    (
        |document| document.has(&["SpanContext"]) && document.has(&["StartTime"]),
        "not supported: output of OpenTelemetry Go's stdouttrace exporter (export OTLP to spanfall)",
    ),
    (
        |document| document.has(&["traceEvents"]) || document.has_all(&["ph", "ts", "pid"]),
        "not supported: Chrome trace format (open it with Perfetto)",
    ),
];

/// Contents identified by their first bytes.
static CONTENTS: &[(&[u8], &str)] = &[
    (b"BZh", "not supported: bzip2 compression (decompress it: bzip2 -d)"),
    (b"\xfd7zXZ\0", "not supported: xz compression (decompress it: xz -d)"),
    (b"\x04\x22\x4d\x18", "not supported: LZ4 compression (decompress it: lz4 -d)"),
    (b"PK\x03\x04", "not supported: ZIP archive (extract it)"),
    (b"PAR1", "not supported: Parquet file (export the traces as OTLP)"),
    (
        b"SQLite format 3\0",
        "not supported: SQLite database (export the traces as OTLP)",
    ),
    (
        b"\xff\xfe\0\0",
        "not supported: UTF-32 (convert it: iconv -f UTF-32 -t UTF-8)",
    ),
    (b"\xff\xfe", "not supported: UTF-16 (convert it: iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "not supported: UTF-16 (convert it: iconv -f UTF-16 -t UTF-8)"),
    (b"{\0", "not supported: UTF-16 (convert it: iconv -f UTF-16LE -t UTF-8)"),
    (b"[\0", "not supported: UTF-16 (convert it: iconv -f UTF-16LE -t UTF-8)"),
    // Only within another compression.
    (&unpack::GZIP, "not supported: compressed twice (decompress it once)"),
    (&frames::MAGIC, "not supported: compressed twice (decompress it once)"),
];

const YAML: &str = "not supported: YAML, as in the collector's golden test files (convert it: yq -o json)";

/// Returns the reason of rejecting a document.
pub(crate) fn reason(document: &Document<'_>) -> Option<&'static str> {
    let rejected = DOCUMENTS.iter().find(|(is, _)| is(document));
    rejected.map(|(_, reason)| *reason)
}

/// Returns the reason of rejecting a file that starts like this.
pub(crate) fn content(begin: &[u8]) -> Option<&'static str> {
    let known = CONTENTS.iter().find(|(magic, _)| begin.starts_with(magic));
    known.map(|(_, reason)| *reason).or_else(|| is_yaml(begin).then_some(YAML))
}

/// Returns true if the first significant line is an OTLP name with a colon.
fn is_yaml(begin: &[u8]) -> bool {
    let lines = begin.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut said = lines.filter(|line| !(line.is_empty() || line.starts_with(b"#") || *line == b"---"));
    let names = [
        "resourceSpans:",
        "resource_spans:",
        "resourceLogs:",
        "resourceMetrics:",
        "resourceProfiles:",
    ];
    said.next()
        .is_some_and(|line| names.iter().any(|name| line.starts_with(name.as_bytes())))
}

/// Go writes the alternatives of a value as `{"Value": {"StringValue": …}}`, and all other fields like OTLP: parsed as OTLP, all
/// attributes would be lost. Structs without JSON names have capital letters.
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
    let exported = [
        "ResourceSpans",
        "ResourceLogs",
        "ScopeSpans",
        "ScopeLogs",
        "StartTimeUnixNano",
    ];
    let tagged = [
        "resource_spans",
        "resource_logs",
        "scope_spans",
        "scope_logs",
        "start_time_unix_nano",
    ];
    document.has(&exported) || (document.has(&tagged) && has_alternatives())
}

/// `model.proto` as protobuf's JSON: ids as in OTLP, the operation as in Jaeger; a single span, a batch or a trace.
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
