//! Records held until the end of all files, when their traces are known: Zipkin spans, which are reported in parts, and spans
//! with a 64-bit trace id, which may be the short form of a 128-bit id.
//!
//! Source: [Zipkin's B3 propagation](https://github.com/openzipkin/b3-propagation#traceid-1): the short form is the lower half of
//! the long one.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use otlp_wire::{Value, fields};
use trace_model::TraceId;

use crate::resource_scope::ResourceScope;
use crate::zipkin::{self, Part};

/// Field number of `Span.links`.
const LINKS_FIELD: u32 = 13;
/// Maximum number of remembered trace ids; short forms of further ids are not recognized.
const TRACE_IDS_MAX: usize = 1 << 20;

/// A span or a log record in protobuf.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) is_log: bool,
    pub(crate) origin: ResourceScope,
    pub(crate) bytes: Vec<u8>,
    trace_id: TraceId,
}

impl Record {
    pub(crate) fn span(trace_id: TraceId, origin: &ResourceScope, bytes: Vec<u8>) -> Self {
        let origin = origin.clone();
        Self {
            is_log: false,
            origin,
            bytes,
            trace_id,
        }
    }

    pub(crate) fn log(trace_id: TraceId, origin: &ResourceScope, bytes: Vec<u8>) -> Self {
        let origin = origin.clone();
        Self {
            is_log: true,
            origin,
            bytes,
            trace_id,
        }
    }

    /// Moves the record to another trace, with its links to spans of its own trace: the ids have equal lengths, so they are
    /// overwritten in place.
    fn move_to(&mut self, trace_id: TraceId) {
        let number = if self.is_log { 9 } else { 1 };
        let start = self.bytes.as_ptr().addr();
        let place = |id: &[u8]| (id.len() == TraceId::BYTES).then(|| id.as_ptr().addr() - start);
        let mut places: Vec<usize> = Vec::new();
        for field in fields(&self.bytes) {
            match (field.number, field.value) {
                (of_record, Value::Bytes(id)) if of_record == number => places.extend(place(id)),
                (LINKS_FIELD, Value::Bytes(link)) if !self.is_log => {
                    places.extend(fields(link).filter_map(|field| match field.value {
                        Value::Bytes(id) if field.number == 1 && id == self.trace_id.as_bytes() => place(id),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        for at in places {
            self.bytes[at..at + TraceId::BYTES].copy_from_slice(trace_id.as_bytes());
        }
        self.trace_id = trace_id;
    }
}

/// The 128-bit trace ids that share a lower half.
#[derive(Clone, Copy, Debug)]
enum Long {
    One(TraceId),
    Several,
}

/// Held records and known trace ids.
#[derive(Debug, Default)]
pub(crate) struct Held {
    records: Vec<Record>,
    zipkin: Vec<Part>,
    bytes: usize,
    /// 128-bit ids by lower half.
    long: HashMap<u64, Long>,
    last: Option<TraceId>,
    /// Short ids that were released unchanged, because no long form was known.
    apart: HashSet<u64>,
    /// Short ids with a warning.
    warned: HashSet<u64>,
}

/// Released records, trace by trace.
#[derive(Debug)]
pub(crate) struct Released {
    records: std::vec::IntoIter<Record>,
    zipkin: zipkin::Traces,
    pub(crate) warnings: Vec<String>,
}

impl Iterator for Released {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.records.next().or_else(|| {
            let (trace_id, origin, span) = self.zipkin.next()?;
            Some(Record::span(trace_id, &origin, span))
        })
    }
}

impl Held {
    /// Records an id; returns true if its spans must be held.
    pub(crate) fn waits(&mut self, trace_id: TraceId) -> bool {
        if self.last == Some(trace_id) {
            return false;
        }
        let (upper, lower) = halves(trace_id);
        if upper == 0 {
            return true;
        }
        self.last = Some(trace_id);
        let is_full = self.long.len() >= TRACE_IDS_MAX;
        match self.long.entry(lower) {
            Entry::Occupied(mut known) => {
                if matches!(known.get(), Long::One(one) if *one != trace_id) {
                    known.insert(Long::Several);
                }
            }
            Entry::Vacant(free) if !is_full => {
                free.insert(Long::One(trace_id));
            }
            Entry::Vacant(_) => {}
        }
        false
    }

    /// Holds a record; returns the memory of all held records in bytes.
    pub(crate) fn add(&mut self, record: Record) -> usize {
        self.bytes += record.bytes.capacity() + size_of::<Record>();
        self.records.push(record);
        self.bytes
    }

    /// Holds a part of a Zipkin span; returns the memory of all held records in bytes.
    pub(crate) fn add_zipkin(&mut self, part: Part) -> usize {
        self.waits(part.trace_id);
        self.bytes += part.bytes();
        self.zipkin.push(part);
        self.bytes
    }

    /// Releases all records, each in its trace as far as known.
    pub(crate) fn release(&mut self) -> Released {
        let (mut records, mut zipkin) = (std::mem::take(&mut self.records), std::mem::take(&mut self.zipkin));
        self.bytes = 0;
        let mut warnings = Vec::new();
        for record in &mut records {
            let trace_id = self.whole(record.trace_id, &mut warnings);
            if trace_id != record.trace_id {
                record.move_to(trace_id);
            }
        }
        for part in &mut zipkin {
            part.trace_id = self.whole(part.trace_id, &mut warnings);
        }
        Released {
            records: records.into_iter(),
            zipkin: zipkin::Traces::new(zipkin),
            warnings,
        }
    }

    /// Returns the full id of a trace.
    fn whole(&mut self, trace_id: TraceId, warnings: &mut Vec<String>) -> TraceId {
        let (upper, lower) = halves(trace_id);
        if upper != 0 {
            return trace_id;
        }
        let why = match self.long.get(&lower) {
            None => {
                if self.apart.len() < TRACE_IDS_MAX {
                    self.apart.insert(lower);
                }
                return trace_id;
            }
            Some(Long::One(one)) if !self.apart.contains(&lower) => return *one,
            Some(Long::One(_)) => "its 128-bit form arrived too late",
            Some(Long::Several) => "several 128-bit ids have this suffix",
        };
        if self.warned.len() < TRACE_IDS_MAX && self.warned.insert(lower) {
            warnings.push(format!("trace {lower:016x} not merged: {why}"));
        }
        trace_id
    }
}

fn halves(trace_id: TraceId) -> (u64, u64) {
    let number = u128::from_be_bytes(*trace_id.as_bytes());
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let lower = number as u64;
    ((number >> 64) as u64, lower)
}
