//! What a row tells of a span besides its record: its host, and the events on its bar.

use std::collections::HashMap;

use otlp_wire::{Value, fields};

use super::Store;
use super::record::At;
use super::search::candidate;
use crate::analysis::{EVENT_MARKS, EventMark};
use crate::batch::{Marks, Origin};
use crate::{Filter, Line, SpanKey, TraceId, otlp, sentry};

/// What a row says of its span.
#[derive(Default)]
pub(crate) struct Found {
    /// `None` for a span that has not arrived.
    pub(crate) line: Option<Line>,
    pub(crate) events: Vec<EventMark>,
    /// Its own links and those of others to it.
    pub(crate) links: usize,
}

/// Numbers for hosts, whose spans share a clock: by `host.name` of the resource, else by the service.
#[derive(Default)]
pub(super) struct Hosts {
    by_origin: HashMap<u32, u32>,
    by_name: HashMap<(bool, String), u32>,
    /// Neighbours mostly share their origin.
    last: Option<(u32, u32)>,
}

impl Hosts {
    pub(super) fn number(&mut self, number: u32, origin: &Origin) -> u32 {
        if let Some((_, host)) = self.last.filter(|(last, _)| *last == number) {
            return host;
        }
        let by_name = &mut self.by_name;
        let host = *self.by_origin.entry(number).or_insert_with(|| {
            let named = host_name(origin);
            let name = named.map_or_else(|| (false, origin.service.to_string()), |name| (true, name));
            let next = u32::try_from(by_name.len()).unwrap_or(u32::MAX);
            *by_name.entry(name).or_insert(next)
        });
        self.last = Some((number, host));
        host
    }
}

fn host_name(origin: &Origin) -> Option<String> {
    let attributes = otlp::decode_attributes(&origin.resource);
    attributes.into_iter().find_map(|attribute| match attribute.value {
        crate::Value::String(name) if attribute.key == "host.name" && !name.is_empty() => Some(name),
        _ => None,
    })
}

impl Store {
    /// The spans of one trace that a filter matches, in no particular order. It looks at all of them: for one trace that is on the
    /// screen, when somebody has asked.
    #[must_use]
    pub fn matches(&self, trace_id: TraceId, filter: &Filter) -> Vec<SpanKey> {
        let Some(slot) = self.find_trace(trace_id) else {
            return Vec::new();
        };
        let trace = &self.traces[slot];
        let all = self.contents.records(trace.spans).chain(self.contents.records(trace.sentry));
        let rows = all.filter(|at| self.contents.log.get(*at).is_row());
        let matching = rows.filter(|at| candidate(&self.contents, trace, *at).is_some_and(|it| filter.matches(&it)));
        matching
            .filter_map(|at| self.contents.key(self.contents.log.get(at)))
            .collect()
    }

    /// The events of a span, by time; the first [`EVENT_MARKS`].
    pub(super) fn event_marks(&self, at: At) -> Vec<EventMark> {
        if !self.contents.log.get(at).marks().has(Marks::EVENTS) {
            return Vec::new();
        }
        let mut marks: Vec<_> = fields(self.contents.log.raw(at))
            .filter_map(|field| match field.value {
                Value::Bytes(event) if field.number == 11 => Some(event_mark(event)),
                _ => None,
            })
            .collect();
        marks.sort_by_key(|mark| mark.time_unix_nano);
        marks.truncate(EVENT_MARKS);
        marks
    }
}

fn event_mark(event: &[u8]) -> EventMark {
    let (mut time, mut name) = (0, &[][..]);
    for field in fields(event) {
        match (field.number, field.value) {
            (1, Value::Fixed64(unix_nano)) => time = unix_nano,
            (2, Value::Bytes(text)) => name = text,
            _ => {}
        }
    }
    EventMark {
        time_unix_nano: time,
        name: sentry::cut(std::str::from_utf8(name).unwrap_or_default(), 128).into(),
        exception: name == sentry::EXCEPTION.as_bytes(),
    }
}
