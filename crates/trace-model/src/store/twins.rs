//! Records of the same span, and spans with the same id.
//!
//! A record is a retry of another when they are equal in trace, id, service, start, name and kind. Of these the one with the
//! later end is kept. An open record, without an end, is completed by any record with its trace, id, service and start, since
//! frameworks rename a span once its route is known. Every other record is another span: two sides of a call that a service makes
//! to itself share an id in Zipkin's model, and so do all runs of a program whose random state is seeded or forked.
//!
//! So of one id, service and start there is either one open record or any number of ended ones, in any order of arrival. Records
//! that share id and service are marked, and are in a sorted map of their own: a span with a unique id costs nothing, and 30,000
//! spans with one id are found as fast as any.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use hashbrown::HashMap;

use super::record::{At, Record, Slot};
use super::{Contents, Store};
use crate::batch::SpanHead;
use crate::{SpanId, hash};

/// A stored record with the id of a new one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Here {
    Nothing,
    /// The same span.
    Same(At),
    /// A different span's record, with its id and service.
    Other(At),
}

/// Identity of an ended span among others with its id and service; sorted by start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    start_unix_nano: u64,
    /// [`Contents::twin`]: whatever number a name has, the order is the same.
    twin: u64,
    kind: u8,
    name: u32,
}

impl Identity {
    /// Returns the range of all identities with this start.
    const fn starting_at(start_unix_nano: u64) -> RangeInclusive<Self> {
        let first = Self {
            start_unix_nano,
            twin: 0,
            kind: 0,
            name: 0,
        };
        let last = Self {
            start_unix_nano,
            twin: u64::MAX,
            kind: u8::MAX,
            name: u32::MAX,
        };
        first..=last
    }
}

/// Spans of one service with one id.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// The called ones, by kind: work for a call is below that side.
    called: BTreeMap<Identity, At>,
    others: BTreeMap<Identity, At>,
    /// All of them by [`Contents::twin`], which keys contain.
    by_number: HashMap<u64, At>,
}

impl Twins {
    /// About how many bytes of memory one of them takes.
    pub(super) const BYTES: usize = 2 * size_of::<(Identity, At)>() + 2 * size_of::<(u64, At)>();

    fn side(&mut self, called: bool) -> &mut BTreeMap<Identity, At> {
        if called { &mut self.called } else { &mut self.others }
    }

    fn insert(&mut self, called: bool, identity: Identity, at: At) {
        self.side(called).insert(identity, at);
        self.by_number.insert(identity.twin, at);
    }

    fn remove(&mut self, called: bool, identity: &Identity) {
        self.side(called).remove(identity);
        self.by_number.remove(&identity.twin);
    }

    /// The first one, of those that were called if there are any.
    fn first(&self) -> Option<At> {
        self.called.values().next().or_else(|| self.others.values().next()).copied()
    }

    /// Any one with this start.
    fn starting_at(&self, start_unix_nano: u64) -> Option<At> {
        let range = || Identity::starting_at(start_unix_nano);
        let mut all = self.others.range(range()).chain(self.called.range(range()));
        all.next().map(|(_, at)| *at)
    }
}

impl Contents {
    /// Returns a span's number among others of its service with its id, by start, kind and name; never 0.
    pub(super) fn twin(&self, record: &Record) -> u64 {
        self.twin_of(record.start_unix_nano, record.kind() as u8, record.name)
    }

    fn twin_of(&self, start_unix_nano: u64, kind: u8, name: u32) -> u64 {
        let name = hash::fixed(self.names.get(name).as_bytes(), kind.into());
        hash::fixed(&start_unix_nano.to_le_bytes(), name).max(1)
    }

    fn identity(&self, record: &Record) -> Identity {
        Identity {
            start_unix_nano: record.start_unix_nano,
            twin: self.twin(record),
            kind: record.kind() as u8,
            name: record.name,
        }
    }

    /// The number of a record's service.
    pub(super) fn service_number(&self, record: &Record) -> u32 {
        self.origins.kept(record.origin).service
    }
}

impl Store {
    /// Returns, of the spans with the id and service of one that was found, the one with this [number](Contents::twin); the
    /// [first one](Store::first_twin_of) by default.
    pub(super) fn twin_of(&self, slot: Slot, found: At, twin: u64) -> Option<At> {
        let Some(twins) = self.twins(slot, found) else {
            return Some(found);
        };
        if twin == 0 {
            twins.first()
        } else {
            twins.by_number.get(&twin).copied()
        }
    }

    /// Returns, of the spans with the id and service of one that was found, the first called one, or else the first one.
    pub(super) fn first_twin_of(&self, slot: Slot, found: At) -> At {
        let twins = self.twins(slot, found);
        twins.and_then(Twins::first).unwrap_or(found)
    }

    /// Returns, of the spans with the id and service of one that was found, the one that a new record belongs to, whose name has
    /// a number.
    pub(super) fn same_span(&self, slot: Slot, found: At, head: &SpanHead, name: u32) -> Here {
        let log = &self.contents.log;
        let Some(twins) = self.twins(slot, found) else {
            let first = log.get(found);
            let is_alike = first.name == name && first.kind() == head.kind;
            let may_be_open = first.in_flight() || head.end_unix_nano == 0;
            let same = first.start_unix_nano == head.start_unix_nano && (is_alike || may_be_open);
            return if same { Here::Same(found) } else { Here::Other(found) };
        };
        let with_start = twins.starting_at(head.start_unix_nano);
        let Some(one) = with_start else { return Here::Other(found) };
        if head.end_unix_nano == 0 || log.get(one).in_flight() {
            return Here::Same(one);
        }
        let identity = Identity {
            start_unix_nano: head.start_unix_nano,
            twin: self.contents.twin_of(head.start_unix_nano, head.kind as u8, name),
            kind: head.kind as u8,
            name,
        };
        let side = if head.kind.receives() { &twins.called } else { &twins.others };
        side.get(&identity).map_or(Here::Other(found), |at| Here::Same(*at))
    }

    /// A record of an id and service that another span has.
    pub(super) fn add_twin(&mut self, at: At) {
        let record = *self.contents.log.get(at);
        let Some(key) = self.twins_key(&record) else { return };
        let identity = self.contents.identity(&record);
        let slot = record.trace;
        self.change_rare(slot, |rare| {
            rare.twin_count += 1;
            let twins = rare.twins.entry(key).or_default();
            twins.insert(record.kind().receives(), identity, at);
        });
    }

    /// A twin's record has another place now, or another one has its place.
    pub(super) fn moved_twin(&mut self, before: &Record, to: At) {
        let Some(key) = self.twins_key(before) else { return };
        let after = *self.contents.log.get(to);
        let (old, new) = (self.contents.identity(before), self.contents.identity(&after));
        let rare = self.traces[before.trace].rare.as_mut();
        if let Some(twins) = rare.and_then(|rare| rare.twins.get_mut(&key)) {
            twins.remove(before.kind().receives(), &old);
            twins.insert(after.kind().receives(), new, to);
        }
    }

    /// The spans with the id and the service of one of them; `None` when it is the only one.
    fn twins(&self, slot: Slot, one: At) -> Option<&Twins> {
        let record = self.contents.log.get(one);
        if !record.is_twin() {
            return None;
        }
        self.traces[slot].rare.as_ref()?.twins.get(&self.twins_key(record)?)
    }

    fn twins_key(&self, record: &Record) -> Option<(SpanId, u32)> {
        Some((record.span_id()?, self.contents.service_number(record)))
    }
}
