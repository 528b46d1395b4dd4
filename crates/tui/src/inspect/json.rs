//! Traces as JSON; the keys and values are described in [`super`].

use std::io::{self, Write};

use serde::Serialize;
use trace_files::json_lines::{Id, Printable, rfc3339};
use trace_model::{SpanId, SpanNode, TraceId};

use super::{Trace, Unreadable};

#[derive(Serialize)]
struct TraceLine<'a> {
    trace_id: Id<TraceId>,
    spans: Vec<SpanLine<'a>>,
    roots: Vec<Id<SpanId>>,
    orphans: Vec<Id<SpanId>>,
    services: Vec<&'a str>,
    duration_ns: u64,
    errors: usize,
    lints: Vec<LintLine>,
    critical_path: Option<Vec<Step>>,
    path_to_last_span: Option<Vec<PathStep>>,
}

#[derive(Serialize)]
struct SpanLine<'a> {
    span_id: Id<SpanId>,
    parent_span_id: Option<Id<SpanId>>,
    service: Option<&'a str>,
    name: &'a str,
    kind: &'static str,
    start_unix_nano: u64,
    end_unix_nano: Option<u64>,
    start_time: Option<String>,
    end_time: Option<String>,
    status: &'static str,
}

#[derive(Serialize)]
struct LintLine {
    rule: &'static str,
    span_id: Id<SpanId>,
    title: &'static str,
    excess_ns: Option<u64>,
}

#[derive(Serialize)]
struct Step {
    span_id: Id<SpanId>,
    self_ns: u64,
}

#[derive(Serialize)]
struct PathStep {
    span_id: Id<SpanId>,
    self_ns: u64,
    queued_ns: u64,
}

/// Unreadable parts, as the last element of the array.
#[derive(Serialize)]
struct Rest<'a> {
    unreadable: &'a [Unreadable],
}

/// Writes an array, one trace to a line, and what could not be read.
pub(super) fn write(traces: impl Iterator<Item = Trace>, unreadable: &[Unreadable], out: &mut impl Write) -> io::Result<()> {
    let mut separator = "[\n";
    for trace in traces {
        out.write_all(separator.as_bytes())?;
        element(&line(&trace), out)?;
        separator = ",\n";
    }
    if !unreadable.is_empty() {
        out.write_all(separator.as_bytes())?;
        element(&Rest { unreadable }, out)?;
        separator = ",\n";
    }
    let end: &[u8] = if separator == "[\n" { b"[]\n" } else { b"\n]\n" };
    out.write_all(end)
}

fn element(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Printable))?;
    Ok(())
}

fn line(trace: &Trace) -> TraceLine<'_> {
    let nodes = trace.tree.nodes();
    let id = |at: usize| Id(nodes[at].key.span_id);
    let ids = |wanted: &dyn Fn(&SpanNode) -> bool| {
        let found = nodes.iter().filter(|node| node.arrived && wanted(node));
        found.map(|node| Id(node.key.span_id)).collect()
    };
    let lints = trace.analysis.lints().iter().map(|lint| LintLine {
        rule: lint.rule.name(),
        span_id: id(lint.node),
        title: lint.rule.title(),
        excess_ns: lint.excess_nano,
    });
    let step = |&(node, self_ns): &(usize, u64)| Step {
        span_id: id(node),
        self_ns,
    };
    let path_step = |(node, self_ns, queued_ns): (usize, u64, u64)| PathStep {
        span_id: id(node),
        self_ns,
        queued_ns,
    };
    TraceLine {
        trace_id: Id(trace.summary.trace_id),
        spans: nodes.iter().filter(|node| node.arrived).map(span).collect(),
        roots: ids(&|node| node.parent.is_none()),
        orphans: ids(&|node| node.parent.is_some_and(|parent| !nodes[parent].arrived)),
        services: trace
            .summary
            .services
            .iter()
            .map(|service| &**service)
            .filter(|service| !service.is_empty())
            .collect(),
        duration_ns: trace.summary.duration_nano,
        errors: trace.summary.errors,
        lints: lints.collect(),
        critical_path: trace.critical_path().map(|path| path.iter().map(step).collect()),
        path_to_last_span: trace
            .path_to_last_span()
            .map(|path| path.into_iter().map(path_step).collect()),
    }
}

fn span(node: &SpanNode) -> SpanLine<'_> {
    SpanLine {
        span_id: Id(node.key.span_id),
        parent_span_id: node.parent_span_id.map(Id),
        service: Some(&*node.key.service).filter(|service| !service.is_empty()),
        name: &node.name,
        kind: node.kind.name(),
        start_unix_nano: node.start_unix_nano,
        end_unix_nano: node.end_unix_nano,
        start_time: rfc3339(node.start_unix_nano),
        end_time: node.end_unix_nano.and_then(rfc3339),
        status: node.status.name(),
    }
}
