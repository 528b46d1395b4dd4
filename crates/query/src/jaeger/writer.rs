//! The answer to `/api/traces` and `/api/traces/{id}`, part by part: a trace may be longer than memory should hold as text.

use std::collections::HashMap;

use trace_model::Span;

use super::span::{ProcessLine, SpanLine};
use super::{NOT_FOUND, Problem, id_text};
use crate::{Part, json};

/// Warning of a trace that was evicted while it was read.
const CUT: &str = "trace evicted (memory full) while it was read: spans are missing";

/// Formats parts of traces as they come. Only the processes of one trace are held.
#[derive(Debug, Default)]
pub struct TracesWriter {
    is_begun: bool,
    traces: usize,
    /// Number of spans of the trace that is written; 0 between two.
    spans: usize,
    /// Its processes as JSON, by number.
    processes: HashMap<Vec<u8>, usize>,
    missing: Vec<Problem>,
}

impl TracesWriter {
    /// Formats a part.
    #[must_use]
    pub fn part(&mut self, part: &Part) -> Vec<u8> {
        let mut out = Vec::new();
        self.begin(&mut out);
        match part {
            Part::Spans(spans) => spans.iter().for_each(|span| self.span(span, &mut out)),
            Part::EndOfTrace { is_cut } => self.end_trace(*is_cut, &mut out),
            Part::Missing(trace_id) => self.missing.push(Problem {
                code: None,
                msg: NOT_FOUND.to_owned(),
                trace_id: Some(id_text(*trace_id)),
            }),
            // Not of an answer with traces.
            _ => {}
        }
        out
    }

    /// Formats the end of the answer.
    #[must_use]
    pub fn end(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.begin(&mut out);
        out.extend(br#"],"total":0,"limit":0,"offset":0,"errors":"#);
        out.extend(json(&Some(&self.missing).filter(|missing| !missing.is_empty())));
        out.push(b'}');
        out
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.is_begun, true) {
            out.extend(br#"{"data":["#);
        }
    }

    fn span(&mut self, span: &Span, out: &mut Vec<u8>) {
        if self.spans == 0 {
            let comma = if self.traces > 0 { "," } else { "" };
            let head = format!(r#"{comma}{{"traceID":"{}","spans":["#, id_text(span.trace_id));
            out.extend(head.into_bytes());
        } else {
            out.push(b',');
        }
        self.spans += 1;
        let process = self.process(span);
        out.extend(json(&SpanLine::new(span, process)));
    }

    /// The number of the span's process: equal ones share one.
    fn process(&mut self, span: &Span) -> String {
        let process = json(&ProcessLine::of(span));
        let next = self.processes.len() + 1;
        let number = self.processes.entry(process).or_insert(next);
        format!("p{number}")
    }

    fn end_trace(&mut self, is_cut: bool, out: &mut Vec<u8>) {
        out.extend(br#"],"processes":{"#);
        let mut processes: Vec<_> = self.processes.drain().collect();
        processes.sort_unstable_by_key(|(_, number)| *number);
        for (process, number) in processes {
            let comma = if number > 1 { "," } else { "" };
            out.extend(format!(r#"{comma}"p{number}":"#).into_bytes());
            out.extend(process);
        }
        out.extend(br#"},"warnings":"#);
        out.extend(json(&is_cut.then_some([CUT])));
        out.push(b'}');
        self.spans = 0;
        self.traces += 1;
    }
}
