//! Converts an envelope for the store.

use super::sink::{ItemReader, ParsedEnvelope, RequestMeta, Sink};
use super::{check_in, client_report, event, log, session, span, trace_metric, transaction};
use crate::envelope::{Envelope, Item};
use crate::limits::ENVELOPE_READING_MAX;

/// Approximate bytes of an object while it is read: a span is the largest.
const OBJECT_BYTES: usize = 512;
/// Bytes of any other value: its name, the value, and as much again while a list of them grows.
const VALUE_BYTES: usize = 160;
/// Copies of a text in memory: its content, what is derived from it (a title, a stack trace), and the encoded form.
const TEXT_COPIES: usize = 4;

/// Reads what is understood of an envelope. Of a bad item the good parts are taken, of a bad span the others.
#[must_use]
pub fn read(envelope: &Envelope, meta: RequestMeta<'_>) -> ParsedEnvelope {
    let plan = Selection::of(envelope);
    let mut sink = Sink::new(envelope, meta);
    for item in plan.too_many {
        sink.reject(format!("an item of type {} is more than is read at once", item.item_type));
    }
    // A report has the sender of the other items.
    let (reports, others): (Vec<_>, Vec<_>) = plan.items.into_iter().partition(|(kind, _)| *kind == Kind::ClientReport);
    for (kind, item) in others.into_iter().chain(reports) {
        sink.item(item, kind.reader());
    }
    sink.finish()
}

/// Returns the bytes that reading it takes in addition to the envelope, at most.
pub(crate) fn memory(envelope: &Envelope) -> usize {
    Selection::of(envelope).bytes
}

/// Kinds of items that are read; all others are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Transaction,
    Span,
    Event,
    Log,
    TraceMetric,
    CheckIn,
    Session,
    Sessions,
    ClientReport,
}

impl Kind {
    fn of(item_type: &str) -> Option<Self> {
        Some(match item_type {
            "transaction" => Self::Transaction,
            "span" => Self::Span,
            "event" => Self::Event,
            "log" => Self::Log,
            "trace_metric" => Self::TraceMetric,
            "check_in" => Self::CheckIn,
            "session" => Self::Session,
            "sessions" => Self::Sessions,
            "client_report" => Self::ClientReport,
            _ => return None,
        })
    }

    fn reader(self) -> ItemReader {
        match self {
            Self::Transaction => transaction::item,
            Self::Span => span::item,
            Self::Event => event::item,
            Self::Log => log::item,
            Self::TraceMetric => trace_metric::item,
            Self::CheckIn => check_in::item,
            Self::Session => session::update,
            Self::Sessions => session::aggregates,
            Self::ClientReport => client_report::item,
        }
    }
}

/// Items of an envelope to read, within the bounds.
struct Selection<'a> {
    items: Vec<(Kind, &'a Item)>,
    too_many: Vec<&'a Item>,
    bytes: usize,
}

impl<'a> Selection<'a> {
    fn of(envelope: &'a Envelope) -> Self {
        let (mut items, mut too_many) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        for item in &envelope.items {
            let Some(kind) = Kind::of(&item.item_type) else { continue };
            let more = cost(&item.payload);
            if bytes + more <= ENVELOPE_READING_MAX {
                bytes += more;
                items.push((kind, item));
            } else {
                too_many.push(item);
            }
        }
        Self { items, too_many, bytes }
    }
}

/// Returns the bytes that reading a JSON document takes; more where texts contain punctuation.
fn cost(document: &[u8]) -> usize {
    let values = document.iter().map(|byte| match byte {
        b'{' => OBJECT_BYTES,
        b',' | b'[' => VALUE_BYTES,
        _ => 0,
    });
    OBJECT_BYTES + document.len() * TEXT_COPIES + values.sum::<usize>()
}

#[cfg(test)]
mod tests;
