//! Metrics, by series, for a screen to plot.
//!
//! A series is what one service reports under one name with one set of attributes; its points are held in the order of their time,
//! the newest [`POINTS`] of them. Points are decoded one by one from the request's bytes, so that a request of many tiny ones costs no
//! more memory than its points do.

mod point;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use otlp_wire::{Malformed, RawField, Value as Wire, fields, schema, validate};

pub use point::{Buckets, Point, PointValue};

use crate::walk::service_name;
use crate::{Attribute, Source, otlp};

/// How many points of a series are held.
pub const POINTS: usize = 600;
/// Which part of the store's budget series may take.
const SHARE: usize = 8;

/// What kind of metric a series is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// The value now.
    Gauge,
    /// A sum.
    Sum {
        /// Whether it only grows, but for restarts.
        monotonic: bool,
        /// Whether each point is the sum since the one before, not since the start.
        delta: bool,
    },
    /// Counts by bucket.
    Histogram {
        /// Whether each point counts since the one before, not since the start.
        delta: bool,
    },
    /// Counts by bucket, whose bounds are powers of a base.
    ExponentialHistogram {
        /// Whether each point counts since the one before, not since the start.
        delta: bool,
    },
    /// Quantiles that the sender computed.
    Summary,
}

/// What names a series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// `service.name`; empty when there is none.
    pub service: Arc<str>,
    /// The metric's name.
    pub name: Arc<str>,
    /// The metric's unit, in UCUM (`ms`, `By`); often empty.
    pub unit: Arc<str>,
    /// What kind of metric it is.
    pub kind: MetricKind,
    /// The resource, encoded.
    resource: Arc<[u8]>,
    /// The attributes, encoded one after the other in the order of their bytes: senders write them in any order.
    attributes: Box<[u8]>,
}

impl SeriesKey {
    /// What tells it apart from other series of the metric.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        otlp::decode_attributes(&self.attributes)
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.service.len() + self.name.len() + self.unit.len() + self.resource.len() + self.attributes.len()
    }
}

/// The points of a series.
#[derive(Debug, Default)]
pub struct Series {
    /// By time, which is each one's own.
    points: VecDeque<Point>,
    updated: u64,
    bytes: usize,
}

impl Series {
    /// The points, oldest first.
    #[must_use]
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> + ExactSizeIterator {
        self.points.iter()
    }

    /// Adds a point at its place; one of a time that is there already is a retry.
    fn add(&mut self, point: Point) {
        let at = self
            .points
            .partition_point(|known| known.time_unix_nano < point.time_unix_nano);
        if self
            .points
            .get(at)
            .is_some_and(|known| known.time_unix_nano == point.time_unix_nano)
        {
            return;
        }
        if self.points.len() == POINTS {
            if at == 0 {
                return;
            }
            self.points.pop_front().iter().for_each(|oldest| self.bytes -= oldest.bytes());
            self.bytes += point.bytes();
            self.points.insert(at - 1, point);
        } else {
            self.bytes += point.bytes();
            self.points.insert(at, point);
        }
    }
}

/// The metrics of one request, with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsBatch {
    body: Bytes,
    source: Source,
    received_unix_nano: u64,
    points: usize,
}

impl MetricsBatch {
    /// Reads an OTLP `ExportMetricsServiceRequest`.
    ///
    /// # Errors
    /// The bytes are no such message.
    pub fn read(body: Bytes, source: Source) -> Result<Self, Malformed> {
        validate(&body, &schema::METRICS_REQUEST)?;
        let mut points = 0;
        for_each_metric(&body, |_, metric| {
            points += data_of(metric).map(|(_, data)| messages(data, 1).count()).sum::<usize>();
        });
        Ok(Self {
            body,
            source,
            received_unix_nano: 0,
            points,
        })
    }

    /// Says when it was received, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn received_at(mut self, unix_nano: u64) -> Self {
        self.received_unix_nano = unix_nano;
        self
    }

    /// How many data points there are.
    #[must_use]
    pub const fn points(&self) -> usize {
        self.points
    }

    /// Bytes of memory it stands for while it waits for the store.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.body.len()
    }

    /// How it came here.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }
}

/// All series that the viewer knows.
#[derive(Debug, Default)]
pub struct Metrics {
    series: HashMap<Arc<SeriesKey>, Series>,
    /// Longest without a point first.
    by_update: BTreeMap<u64, Arc<SeriesKey>>,
    bytes: usize,
    clock: u64,
    evicted: u64,
}

/// What a series costs besides its key and its points: two places in tables.
const PLACES: usize = size_of::<(Arc<SeriesKey>, Series)>() + 4 * size_of::<usize>();

impl Metrics {
    /// All series, in no particular order.
    #[must_use]
    pub fn series(&self) -> impl ExactSizeIterator<Item = (&SeriesKey, &Series)> {
        self.series.iter().map(|(key, series)| (&**key, series))
    }

    /// Points held, of all series.
    #[must_use]
    pub fn points(&self) -> usize {
        self.series.values().map(|series| series.points.len()).sum()
    }

    /// Series that left because there was no room left for them.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Bytes of memory they stand for.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes all points of a request, within a part of the budget.
    pub(crate) fn add(&mut self, batch: &MetricsBatch, budget: usize) {
        for_each_metric(&batch.body, |origin, metric| {
            for (kind, data) in data_of(metric) {
                for point in messages(data, 1) {
                    self.add_point(origin, metric, kind, point, data);
                    self.make_room(budget / SHARE);
                }
            }
        });
    }

    fn add_point(&mut self, origin: &Origin, metric: &[u8], kind: u32, raw: &[u8], data: &[u8]) {
        let Some((kind, point)) = point::decode(kind, data, raw) else {
            return;
        };
        let key = SeriesKey {
            service: origin.service.clone(),
            name: text(metric, 1).into(),
            unit: text(metric, 3).into(),
            kind,
            resource: origin.resource.clone(),
            attributes: point::sorted_attributes(kind, raw),
        };
        self.clock += 1;
        let key = match self.series.get_key_value(&key) {
            Some((known, series)) => {
                self.by_update.remove(&series.updated);
                known.clone()
            }
            None => Arc::new(key),
        };
        let series = self.series.entry(key.clone()).or_insert_with(|| {
            self.bytes += key.bytes() + PLACES;
            Series::default()
        });
        let before = series.bytes;
        series.add(point);
        series.updated = self.clock;
        self.bytes = self.bytes + series.bytes - before;
        self.by_update.insert(self.clock, key);
    }

    fn make_room(&mut self, budget: usize) {
        while self.bytes > budget {
            let Some((_, key)) = self.by_update.pop_first() else { return };
            if let Some(series) = self.series.remove(&key) {
                self.bytes -= key.bytes() + PLACES + series.bytes;
                self.evicted += 1;
            }
        }
    }
}

/// What all metrics of a resource share.
struct Origin {
    service: Arc<str>,
    resource: Arc<[u8]>,
}

/// Goes through the metrics of a valid request.
fn for_each_metric(request: &[u8], mut see: impl FnMut(&Origin, &[u8])) {
    for group in messages(request, 1) {
        let resource: Vec<u8> = messages(group, 1).flatten().copied().collect();
        let origin = Origin {
            service: service_name(&resource).into(),
            resource: resource.into(),
        };
        for metric in messages(group, 2).flat_map(|scope| messages(scope, 2)) {
            see(&origin, metric);
        }
    }
}

/// A metric's data, with the number that says of which kind it is.
fn data_of(metric: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    fields(metric).filter_map(|field| match field {
        RawField {
            number: number @ (5 | 7 | 9 | 10 | 11),
            value: Wire::Bytes(data),
        } => Some((number, data)),
        _ => None,
    })
}

/// The messages (or texts) of one field.
fn messages(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    fields(message).filter_map(move |field| match field.value {
        Wire::Bytes(bytes) if field.number == number => Some(bytes),
        _ => None,
    })
}

fn text(message: &[u8], number: u32) -> &str {
    let last = messages(message, number).last().unwrap_or_default();
    std::str::from_utf8(last).unwrap_or_default()
}

#[cfg(test)]
mod tests;
