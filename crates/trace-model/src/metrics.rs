//! Metrics, by series, for a screen to plot.
//!
//! A series is what one resource reports under one name with one set of attributes; its points are held in the order of their time,
//! the newest [`POINTS`] of them. A request is validated and indexed once, where it is read; its points are then decoded one by one from
//! its bytes, in parts as large as the caller wants, so that a request of many tiny ones costs neither more memory nor more time than
//! its bytes.

mod batch;
mod identity;
mod point;
mod series;

use std::sync::Arc;

use otlp_wire::{DEPTH, Reader, Value as Wire, fields};

pub use batch::MetricsBatch;
pub use point::{Buckets, ExponentialHistogram, Histogram, Point, PointValue, Summary};
pub use series::{Series, SeriesKey};

use crate::work;
use batch::Data;
use identity::{Identities, Identity};

/// Number of points of a series that are held.
pub const POINTS: usize = 600;
/// Bytes of the largest point that is kept, encoded: decoding one never takes long.
const POINT_BYTES_MAX: usize = 256 * 1024;
/// Divisor of the store's budget that series may take.
const SHARE: usize = 8;
/// Divisor of that for the names and the resource of one metric: a larger one would evict all others.
const IDENTITY_SHARE: usize = 4;

/// Kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// The value now.
    Gauge,
    /// A sum.
    Sum {
        /// True if it only grows, except for restarts.
        monotonic: bool,
        /// True if each point is the sum since the previous one, not since the start.
        delta: bool,
    },
    /// Counts by bucket.
    Histogram {
        /// True if each point counts since the previous one, not since the start.
        delta: bool,
    },
    /// Counts by bucket, whose bounds are powers of a base.
    ExponentialHistogram {
        /// True if each point counts since the previous one, not since the start.
        delta: bool,
    },
    /// Quantiles that the sender computed.
    Summary,
}

/// All known series.
#[derive(Debug, Default)]
pub struct Metrics {
    table: series::Table,
    identities: Identities,
    evicted: u64,
    dropped: u64,
    /// The attributes of the point that is being added.
    attributes: Vec<u8>,
}

impl Metrics {
    /// Returns all series, in no particular order.
    #[must_use]
    pub fn series(&self) -> impl ExactSizeIterator<Item = (&SeriesKey, &Series)> {
        self.table.iter()
    }

    /// Number of points held, of all series.
    #[must_use]
    pub const fn points(&self) -> usize {
        self.table.points()
    }

    /// Number of series evicted because memory was full.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Number of points dropped because they, or what names their metric, are too large to be kept.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the bytes of memory they account for.
    pub(crate) const fn bytes(&self) -> usize {
        self.table.bytes() + self.identities.bytes()
    }

    /// Stores points of a request, within a part of the budget, until about this much work is done; returns true while more are
    /// left.
    pub(crate) fn add_part(&mut self, batch: &mut MetricsBatch, budget: usize, work: u64) -> bool {
        let begun = work::done();
        let body = batch.body();
        if let Some(metric) = batch.cursor.metric.take() {
            // Others may have arrived since the last part.
            batch.cursor.metric = Some(self.identities.canonical(metric));
        }
        let mut previous: Option<(Data, Arc<Identity>)> = None;
        while let Some(data) = batch.data(batch.cursor.data) {
            let metric = match batch.cursor.metric.take() {
                Some(metric) => metric,
                None => self.identify(batch, data, previous.take()),
            };
            let fits = metric.whole_bytes() <= budget / SHARE / IDENTITY_SHARE;
            let raw = body.get(MetricsBatch::range(data)).unwrap_or_default();
            let mut reader = Reader::new(raw.get(batch.cursor.read..).unwrap_or_default(), DEPTH);
            while let Ok(Some(field)) = reader.next_field() {
                let Wire::Bytes(point) = field.value else {
                    work::add(size_of::<u64>());
                    continue;
                };
                work::add(size_of::<u64>() + point.len());
                if field.number == 1 {
                    if fits && point.len() <= POINT_BYTES_MAX {
                        self.add_point(&metric, point, budget / SHARE);
                    } else {
                        self.dropped += 1;
                    }
                }
                if work::done().wrapping_sub(begun) >= work {
                    batch.cursor.read = raw.len() - reader.remaining();
                    batch.cursor.metric = Some(metric);
                    return true;
                }
            }
            let cursor = &mut batch.cursor;
            (cursor.data, cursor.read) = (cursor.data + 1, 0);
            previous = Some((data, metric));
        }
        false
    }

    /// Finds the metric of some data, which shares its resource with the previous one.
    fn identify(&self, batch: &MetricsBatch, data: Data, previous: Option<(Data, Arc<Identity>)>) -> Arc<Identity> {
        let resource = match previous {
            Some((before, metric)) if before.resource == data.resource => metric.resource.clone(),
            _ => {
                let (encoded, hash) = batch.resource(data);
                self.identities.resource(encoded, hash)
            }
        };
        self.identities
            .metric(resource, batch.name(data), batch.unit(data), data.kind)
    }

    fn add_point(&mut self, metric: &Arc<Identity>, raw: &[u8], budget: usize) {
        // Found, decoded, and its attributes sorted.
        work::add(work::VISIT + 2 * raw.len());
        let point = point::decode(metric.kind, raw);
        point::sorted_attributes(metric.kind, raw, &mut self.attributes);
        if self.table.add(metric, &self.attributes, point) {
            self.identities.acquire(metric);
        }
        while self.bytes() > budget {
            let Some(oldest) = self.table.evict_oldest() else { return };
            self.identities.release(&oldest.metric);
            self.evicted += 1;
        }
    }
}

/// The messages (or texts) of one field.
fn messages(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    fields(message).filter_map(move |field| match field.value {
        Wire::Bytes(bytes) if field.number == number => Some(bytes),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
