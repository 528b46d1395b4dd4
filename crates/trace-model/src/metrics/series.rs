//! Series by what names them, in the order of their last point.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::{self, Identity};
use super::{MetricKind, POINTS, Point};
use crate::gradual_table::GradualTable;
use crate::{Attribute, decode, work};

/// Key of a series.
#[derive(Clone, Debug)]
pub struct SeriesKey {
    pub(super) metric: Arc<Identity>,
    /// Encoded one after the other in the order of their bytes: senders write them in any order.
    attributes: Box<[u8]>,
}

impl SeriesKey {
    /// `service.name`; empty without one.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.metric.resource.service
    }

    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metric.name
    }

    /// The metric's unit in UCUM (`ms`, `By`); often empty.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.metric.unit
    }

    /// The metric's kind.
    #[must_use]
    pub fn kind(&self) -> MetricKind {
        self.metric.kind
    }

    /// Returns the attributes that tell it apart from other series of the metric.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        decode::decode_attributes(&self.attributes)
    }
}

/// The points of a series.
#[derive(Debug, Default)]
pub struct Series {
    /// Points by time, so that their order of arrival neither matters nor costs.
    points: BTreeMap<u64, Point>,
    /// Bytes of all points.
    bytes: usize,
}

impl Series {
    /// The points, oldest first.
    #[must_use]
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> + ExactSizeIterator {
        self.points.values()
    }

    /// Adds a point; one of a time that is already there is a retry. Only the newest [`POINTS`] stay.
    fn add(&mut self, point: Point) {
        let is_full = self.points.len() == POINTS;
        if is_full
            && self
                .points
                .first_key_value()
                .is_some_and(|(oldest, _)| point.time_unix_nano < *oldest)
            || self.points.contains_key(&point.time_unix_nano)
        {
            return;
        }
        if is_full && let Some((_, oldest)) = self.points.pop_first() {
            self.bytes -= oldest.bytes();
        }
        self.bytes += point.bytes();
        self.points.insert(point.time_unix_nano, point);
    }
}

/// No slot.
const NONE: usize = usize::MAX;

#[derive(Debug)]
struct Entry {
    key: SeriesKey,
    hash: u64,
    series: Series,
    /// The neighbors by last point.
    older: usize,
    newer: usize,
}

/// Bytes of a series in addition to its attributes and its points.
const PLACE: usize = size_of::<Option<Entry>>() + 4 * size_of::<usize>();

impl Entry {
    fn bytes(&self) -> usize {
        PLACE + self.key.attributes.len() + self.series.bytes
    }
}

/// All series. Adding a point and evicting a series cost the same however many there are.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    by_key: GradualTable<usize>,
    oldest: usize,
    newest: usize,
    points: usize,
    bytes: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: GradualTable::default(),
            oldest: NONE,
            newest: NONE,
            points: 0,
            bytes: 0,
        }
    }
}

impl Table {
    pub(super) const fn points(&self) -> usize {
        self.points
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&SeriesKey, &Series)> {
        self.by_key.iter().map(|slot| {
            let entry = self.entry(*slot);
            (&entry.key, &entry.series)
        })
    }

    /// Adds a point to the series of these attributes; true if the series is new.
    pub(super) fn add(&mut self, metric: &Arc<Identity>, attributes: &[u8], point: Point) -> bool {
        work::add(work::VISIT + 2 * attributes.len());
        let hash = identity::hash((metric.hash(), attributes));
        let slots = &self.slots;
        let is_it = |slot: &usize| {
            let key = slots[*slot].as_ref().map(|entry| &entry.key);
            key.is_some_and(|key| Arc::ptr_eq(&key.metric, metric) && *key.attributes == *attributes)
        };
        let known = self.by_key.find(hash, is_it).copied();
        let slot = match known {
            Some(slot) => slot,
            None => self.insert(metric, attributes, hash),
        };
        self.unlink(slot);
        self.link_newest(slot);
        let entry = self.entry_mut(slot);
        let (points, bytes) = (entry.series.points.len(), entry.series.bytes);
        entry.series.add(point);
        let (more_points, more_bytes) = (entry.series.points.len() - points, entry.series.bytes);
        self.points += more_points;
        self.bytes = self.bytes + more_bytes - bytes;
        known.is_none()
    }

    fn insert(&mut self, metric: &Arc<Identity>, attributes: &[u8], hash: u64) -> usize {
        let entry = Entry {
            key: SeriesKey {
                metric: metric.clone(),
                attributes: attributes.into(),
            },
            hash,
            series: Series::default(),
            older: NONE,
            newer: NONE,
        };
        self.bytes += entry.bytes();
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[slot] = Some(entry);
        let slots = &self.slots;
        let hash_of = |slot: &usize| slots[*slot].as_ref().map_or(0, |entry| entry.hash);
        self.by_key.insert_unique(hash, slot, hash_of);
        self.link_newest(slot);
        slot
    }

    /// Removes the series that has been without a point for longest.
    pub(super) fn evict_oldest(&mut self) -> Option<SeriesKey> {
        let slot = self.oldest;
        if slot == NONE {
            return None;
        }
        self.unlink(slot);
        let entry = self.slots[slot].take()?;
        let slots = &self.slots;
        let hash_of = |slot: &usize| slots[*slot].as_ref().map_or(0, |entry| entry.hash);
        self.by_key.remove(entry.hash, |known| *known == slot, hash_of);
        self.free.push(slot);
        self.points -= entry.series.points.len();
        self.bytes -= entry.bytes();
        work::add(entry.bytes());
        Some(entry.key)
    }

    fn link_newest(&mut self, slot: usize) {
        let before = std::mem::replace(&mut self.newest, slot);
        let entry = self.entry_mut(slot);
        (entry.older, entry.newer) = (before, NONE);
        match before {
            NONE => self.oldest = slot,
            before => self.entry_mut(before).newer = slot,
        }
    }

    fn unlink(&mut self, slot: usize) {
        let entry = self.entry(slot);
        let (older, newer) = (entry.older, entry.newer);
        match older {
            NONE => self.oldest = newer,
            older => self.entry_mut(older).newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.entry_mut(newer).older = older,
        }
    }

    #[expect(clippy::expect_used, reason = "a slot in use has an entry, as with any index")]
    fn entry(&self, slot: usize) -> &Entry {
        self.slots[slot].as_ref().expect("an entry")
    }

    #[expect(clippy::expect_used, reason = "a slot in use has an entry, as with any index")]
    fn entry_mut(&mut self, slot: usize) -> &mut Entry {
        self.slots[slot].as_mut().expect("an entry")
    }
}
