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

use super::record::{Record, RecordId, Slot};
use super::{Contents, Store};
use crate::batch::SpanHeader;
use crate::{SpanId, hash};

/// A stored record with the id of a new one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Existing {
    None,
    /// The same span.
    Same(RecordId),
    /// A different span's record, with its id and service.
    Conflict(RecordId),
}

/// Identity of an ended span among others with its id and service; sorted by start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    start_unix_nano: u64,
    /// [`Contents::duplicate`]: whatever number a name has, the order is the same.
    duplicate: u64,
    kind: u8,
    name: u32,
}

impl Identity {
    /// Returns the range of all identities with this start.
    const fn starting_at(start_unix_nano: u64) -> RangeInclusive<Self> {
        let first = Self {
            start_unix_nano,
            duplicate: 0,
            kind: 0,
            name: 0,
        };
        let last = Self {
            start_unix_nano,
            duplicate: u64::MAX,
            kind: u8::MAX,
            name: u32::MAX,
        };
        first..=last
    }
}

/// Spans of one service with one id.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// The called ones, by kind: work for a call is below that side.
    called: BTreeMap<Identity, RecordId>,
    others: BTreeMap<Identity, RecordId>,
    /// All of them by [`Contents::duplicate`], which keys contain.
    by_number: HashMap<u64, RecordId>,
}

impl Duplicates {
    /// About how many bytes of memory one of them takes.
    pub(super) const BYTES: usize = 2 * size_of::<(Identity, RecordId)>() + 2 * size_of::<(u64, RecordId)>();

    fn side(&mut self, called: bool) -> &mut BTreeMap<Identity, RecordId> {
        if called { &mut self.called } else { &mut self.others }
    }

    fn insert(&mut self, called: bool, identity: Identity, at: RecordId) {
        self.side(called).insert(identity, at);
        self.by_number.insert(identity.duplicate, at);
    }

    fn remove(&mut self, called: bool, identity: &Identity) {
        self.side(called).remove(identity);
        self.by_number.remove(&identity.duplicate);
    }

    /// The first one, of those that were called if there are any.
    fn first(&self) -> Option<RecordId> {
        self.called.values().next().or_else(|| self.others.values().next()).copied()
    }

    /// Any one with this start.
    fn starting_at(&self, start_unix_nano: u64) -> Option<RecordId> {
        let range = || Identity::starting_at(start_unix_nano);
        let mut all = self.others.range(range()).chain(self.called.range(range()));
        all.next().map(|(_, at)| *at)
    }
}

impl Contents {
    /// Returns a span's number among others of its service with its id, by start, kind and name; never 0.
    pub(super) fn duplicate(&self, record: &Record) -> u64 {
        self.duplicate_of(record.start_unix_nano, record.kind() as u8, record.name)
    }

    fn duplicate_of(&self, start_unix_nano: u64, kind: u8, name: u32) -> u64 {
        let name = hash::fixed(self.names.get(name).as_bytes(), kind.into());
        hash::fixed(&start_unix_nano.to_le_bytes(), name).max(1)
    }

    fn identity(&self, record: &Record) -> Identity {
        Identity {
            start_unix_nano: record.start_unix_nano,
            duplicate: self.duplicate(record),
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
    /// Returns, of the spans with the id and service of one that was found, the one with this [number](Contents::duplicate); the
    /// [first one](Store::first_duplicate_of) by default.
    pub(super) fn duplicate_of(&self, slot: Slot, found: RecordId, duplicate: u64) -> Option<RecordId> {
        let Some(duplicates) = self.duplicates(slot, found) else {
            return Some(found);
        };
        if duplicate == 0 {
            duplicates.first()
        } else {
            duplicates.by_number.get(&duplicate).copied()
        }
    }

    /// Returns, of the spans with the id and service of one that was found, the first called one, or else the first one.
    pub(super) fn first_duplicate_of(&self, slot: Slot, found: RecordId) -> RecordId {
        let duplicates = self.duplicates(slot, found);
        duplicates.and_then(Duplicates::first).unwrap_or(found)
    }

    /// Returns, of the spans with the id and service of one that was found, the one that a new record belongs to, whose name has
    /// a number.
    pub(super) fn same_span(&self, slot: Slot, found: RecordId, head: &SpanHeader, name: u32) -> Existing {
        let log = &self.contents.log;
        let Some(duplicates) = self.duplicates(slot, found) else {
            let first = log.get(found);
            let is_alike = first.name == name && first.kind() == head.kind;
            let may_be_open = first.in_flight() || head.end_unix_nano == 0;
            let same = first.start_unix_nano == head.start_unix_nano && (is_alike || may_be_open);
            return if same {
                Existing::Same(found)
            } else {
                Existing::Conflict(found)
            };
        };
        let with_start = duplicates.starting_at(head.start_unix_nano);
        let Some(one) = with_start else {
            return Existing::Conflict(found);
        };
        if head.end_unix_nano == 0 || log.get(one).in_flight() {
            return Existing::Same(one);
        }
        let identity = Identity {
            start_unix_nano: head.start_unix_nano,
            duplicate: self.contents.duplicate_of(head.start_unix_nano, head.kind as u8, name),
            kind: head.kind as u8,
            name,
        };
        let side = if head.kind.receives() {
            &duplicates.called
        } else {
            &duplicates.others
        };
        side.get(&identity)
            .map_or(Existing::Conflict(found), |at| Existing::Same(*at))
    }

    /// A record of an id and service that another span has.
    pub(super) fn add_duplicate(&mut self, at: RecordId) {
        let record = *self.contents.log.get(at);
        let Some(key) = self.duplicates_key(&record) else { return };
        let identity = self.contents.identity(&record);
        let slot = record.trace;
        self.change_rare(slot, |rare| {
            rare.duplicate_count += 1;
            let duplicates = rare.duplicates.entry(key).or_default();
            duplicates.insert(record.kind().receives(), identity, at);
        });
    }

    /// A duplicate's record has another place now, or another one has its place.
    pub(super) fn relocate_duplicate(&mut self, before: &Record, to: RecordId) {
        let Some(key) = self.duplicates_key(before) else { return };
        let after = *self.contents.log.get(to);
        let (old, new) = (self.contents.identity(before), self.contents.identity(&after));
        let rare = self.traces[before.trace].rare.as_mut();
        if let Some(duplicates) = rare.and_then(|rare| rare.duplicates.get_mut(&key)) {
            duplicates.remove(before.kind().receives(), &old);
            duplicates.insert(after.kind().receives(), new, to);
        }
    }

    /// The spans with the id and the service of one of them; `None` when it is the only one.
    fn duplicates(&self, slot: Slot, one: RecordId) -> Option<&Duplicates> {
        let record = self.contents.log.get(one);
        if !record.is_duplicate() {
            return None;
        }
        self.traces[slot].rare.as_ref()?.duplicates.get(&self.duplicates_key(record)?)
    }

    fn duplicates_key(&self, record: &Record) -> Option<(SpanId, u32)> {
        Some((record.span_id()?, self.contents.service_number(record)))
    }
}
