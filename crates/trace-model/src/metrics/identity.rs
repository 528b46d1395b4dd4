//! Identity of a metric, stored once however many series it has.
//!
//! Resources and names may have megabytes. So each is hashed once per request, copied once while it is in use, and compared by
//! address after that.

use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, LazyLock};

use super::MetricKind;
use crate::gradual_table::GradualTable;
use crate::hash::State;
use crate::{walk, work};

/// The hasher of the process: a request is hashed before it reaches the store.
static HASHER: LazyLock<State> = LazyLock::new(State::default);

pub(super) fn hash<T: Hash>(value: T) -> u64 {
    HASHER.hash_one(value)
}

/// A sender.
#[derive(Debug, PartialEq)]
pub(super) struct Resource {
    hash: u64,
    /// `service.name`; empty without one.
    pub(super) service: Box<str>,
    /// The OTLP `Resource` message.
    encoded: Box<[u8]>,
}

impl Resource {
    fn new(encoded: &[u8], hash: u64) -> Self {
        work::add(2 * encoded.len());
        Self {
            hash,
            service: walk::service_name(encoded).into(),
            encoded: encoded.into(),
        }
    }
}

/// A metric of a resource.
#[derive(Debug, PartialEq)]
pub(super) struct Identity {
    hash: u64,
    pub(super) resource: Arc<Resource>,
    pub(super) name: Box<str>,
    pub(super) unit: Box<str>,
    pub(super) kind: MetricKind,
}

/// A value that is kept once.
trait Shared {
    fn hash(&self) -> u64;
    /// Returns the bytes of memory it accounts for, without shared parts.
    fn bytes(&self) -> usize;
}

impl Shared for Resource {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.service.len() + self.encoded.len()
    }
}

impl Shared for Identity {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.unit.len()
    }
}

impl Identity {
    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }

    /// Bytes that it takes together with its resource.
    pub(super) fn whole_bytes(&self) -> usize {
        Shared::bytes(self) + Shared::bytes(&*self.resource)
    }
}

/// Values in use, with the number of their users.
#[derive(Debug)]
struct Pool<T> {
    values: GradualTable<(Arc<T>, usize)>,
    bytes: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            values: GradualTable::default(),
            bytes: 0,
        }
    }
}

/// Bytes of an entry in addition to its value.
const ENTRY: usize = 2 * size_of::<(Arc<()>, usize)>();

impl<T: Shared> Pool<T> {
    fn find(&self, hash: u64, is_it: impl Fn(&Arc<T>) -> bool) -> Option<Arc<T>> {
        let is_it = |(known, _): &(Arc<T>, usize)| known.hash() == hash && is_it(known);
        self.values.find(hash, is_it).map(|(known, _)| known.clone())
    }

    /// Adds a user; true for the first one. No other value in use may be equal to this one.
    fn acquire(&mut self, value: &Arc<T>) -> bool {
        let is_it = |(known, _): &(Arc<T>, usize)| Arc::ptr_eq(known, value);
        if let Some((_, users)) = self.values.find_mut(value.hash(), is_it) {
            *users += 1;
            return false;
        }
        self.bytes += value.bytes() + ENTRY;
        self.values
            .insert_unique(value.hash(), (value.clone(), 1), |(known, _)| known.hash());
        true
    }

    /// Removes a user; true for the last one.
    fn release(&mut self, value: &Arc<T>) -> bool {
        let is_it = |(known, _): &(Arc<T>, usize)| Arc::ptr_eq(known, value);
        let Some((_, users)) = self.values.find_mut(value.hash(), is_it) else {
            return false;
        };
        *users -= 1;
        if *users > 0 {
            return false;
        }
        self.values.remove(value.hash(), is_it, |(known, _)| known.hash());
        self.bytes -= value.bytes() + ENTRY;
        true
    }
}

/// The metrics that have series, and their resources.
#[derive(Debug, Default)]
pub(super) struct Identities {
    resources: Pool<Resource>,
    metrics: Pool<Identity>,
}

impl Identities {
    pub(super) const fn bytes(&self) -> usize {
        self.resources.bytes + self.metrics.bytes
    }

    /// The resource with these bytes: the one in use, or a copy.
    pub(super) fn resource(&self, encoded: &[u8], hash: u64) -> Arc<Resource> {
        work::add(work::VISIT + encoded.len());
        let known = self.resources.find(hash, |known| *known.encoded == *encoded);
        known.unwrap_or_else(|| Arc::new(Resource::new(encoded, hash)))
    }

    /// The metric of this name: the one in use, or a copy.
    pub(super) fn metric(&self, resource: Arc<Resource>, name: &str, unit: &str, kind: MetricKind) -> Arc<Identity> {
        let hash = hash((resource.hash, name, unit, kind));
        work::add(work::VISIT + 2 * (name.len() + unit.len()));
        let is_it = |known: &Arc<Identity>| {
            Arc::ptr_eq(&known.resource, &resource) && *known.name == *name && *known.unit == *unit && known.kind == kind
        };
        let known = self.metrics.find(hash, is_it);
        known.unwrap_or_else(|| {
            Arc::new(Identity {
                hash,
                name: name.into(),
                unit: unit.into(),
                kind,
                resource,
            })
        })
    }

    /// The metric in use that is equal to this one; this one if none is.
    pub(super) fn canonical(&self, metric: Arc<Identity>) -> Arc<Identity> {
        if self.metrics.find(metric.hash, |known| Arc::ptr_eq(known, &metric)).is_some() {
            return metric;
        }
        let is_it = |known: &Arc<Resource>| Arc::ptr_eq(known, &metric.resource) || known.encoded == metric.resource.encoded;
        match self.resources.find(metric.resource.hash, is_it) {
            Some(resource) => self.metric(resource, &metric.name, &metric.unit, metric.kind),
            None => metric,
        }
    }

    /// Adds a series of a metric.
    pub(super) fn acquire(&mut self, metric: &Arc<Identity>) {
        if self.metrics.acquire(metric) {
            self.resources.acquire(&metric.resource);
        }
    }

    /// Removes a series of a metric.
    pub(super) fn release(&mut self, metric: &Arc<Identity>) {
        if self.metrics.release(metric) {
            self.resources.release(&metric.resource);
        }
    }
}
