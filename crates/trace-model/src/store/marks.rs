//! Data of a row in addition to its record: its host, and the events on its bar.

use std::collections::HashMap;
use std::sync::Arc;

use otlp_wire::{Value, fields};

use super::Store;
use super::origins::Kept;
use super::record::RecordId;
use crate::batch::SpanFlags;
use crate::wire::{self, number};
use crate::{EVENT_MARKS, EventMark, RowSpan, sentry, text};

/// Events of a span that are read for its row, at most: a row in view is read for every frame.
const EVENTS_READ: usize = 1_000;

/// Data of a row's span.
#[derive(Default)]
pub(crate) struct Found {
    /// `None` for a span that has not arrived.
    pub(crate) line: Option<RowSpan>,
    pub(crate) events: Vec<EventMark>,
    /// Number of its own links and those of others to it.
    pub(crate) links: usize,
}

/// Numbers for hosts, whose spans share a clock: by `host.name` of the resource, else by the service.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    by_resource: HashMap<u64, u32>,
    by_name: HashMap<(bool, Arc<str>), u32>,
    /// Neighbours mostly share their origin.
    last: Option<(u32, u32)>,
}

impl Hosts {
    pub(super) fn intern(&mut self, number: u32, origin: &Kept) -> u32 {
        if let Some((_, host)) = self.last.filter(|(last, _)| *last == number) {
            return host;
        }
        let by_name = &mut self.by_name;
        let host = *self.by_resource.entry(origin.resource_serial).or_insert_with(|| {
            let host = origin.origin.host.clone();
            let name = host.map_or_else(|| (false, origin.origin.service.clone()), |host| (true, host));
            let next = u32::try_from(by_name.len()).unwrap_or(u32::MAX);
            *by_name.entry(name).or_insert(next)
        });
        self.last = Some((number, host));
        host
    }
}

impl Store {
    /// The events of a span, by time; the first [`EVENT_MARKS`] of those that are read.
    pub(super) fn event_marks(&self, at: RecordId) -> Vec<EventMark> {
        if !self.contents.log.get(at).marks().has(SpanFlags::EVENTS) {
            return Vec::new();
        }
        let events = wire::first_parts(self.contents.log.raw(at), number::SPAN_EVENTS).take(EVENTS_READ);
        let mut marks: Vec<_> = events.map(event_mark).collect();
        marks.sort_by_key(|mark| mark.time_unix_nano);
        marks.truncate(EVENT_MARKS);
        marks
    }
}

fn event_mark(event: &[u8]) -> EventMark {
    let (mut time, mut name) = (0, &[][..]);
    for field in fields(event).take(wire::FIRST_FIELDS) {
        match (field.number, field.value) {
            (1, Value::Fixed64(unix_nano)) => time = unix_nano,
            (2, Value::Bytes(text)) => name = text,
            _ => {}
        }
    }
    EventMark {
        time_unix_nano: time,
        name: text::cut(std::str::from_utf8(name).unwrap_or_default(), 128).into(),
        exception: name == sentry::EXCEPTION.as_bytes(),
    }
}
