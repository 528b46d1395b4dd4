//! The metrics of one request: its bytes, and an index of where the points of each metric lie.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use otlp_wire::{Malformed, RawField, Value as Wire, fields, schema, validate};

use super::identity::{Identity, hash};
use super::{MetricKind, messages};
use crate::batch::ByteRange;
use crate::{Source, walk, work};

/// The metrics of one request.
///
/// Created by [`MetricsBatch::read`], stored by [`crate::Store::add_metrics`].
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsBatch {
    body: Bytes,
    source: Source,
    received_unix_nano: u64,
    points: usize,
    resources: Vec<RawResource>,
    data: Vec<Data>,
    pub(super) cursor: Cursor,
}

/// The points of one metric, as the request has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Data {
    /// Position in [`MetricsBatch::resources`].
    pub(super) resource: u32,
    pub(super) kind: MetricKind,
    name: ByteRange,
    unit: ByteRange,
    points: ByteRange,
}

/// A `Resource` message, hashed where the request is read: it may have megabytes.
#[derive(Clone, Debug, PartialEq)]
struct RawResource {
    piece: ByteRange,
    /// Set instead of the range if the message arrived in several parts.
    joined: Option<Box<[u8]>>,
    hash: u64,
}

/// Position of the next point, and its metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cursor {
    /// Position in [`MetricsBatch::data`].
    pub(super) data: usize,
    /// Bytes of its points that have been read.
    pub(super) read: usize,
    /// The metric, once it is known.
    pub(super) metric: Option<Arc<Identity>>,
}

impl MetricsBatch {
    /// Reads an OTLP `ExportMetricsServiceRequest`.
    ///
    /// # Errors
    /// The bytes are not such a message.
    pub fn read(body: Bytes, source: Source) -> Result<Self, Malformed> {
        if u32::try_from(body.len()).is_err() {
            return Err(Malformed::Truncated);
        }
        validate(&body, &schema::METRICS_REQUEST)?;
        let mut index = Index {
            body: &body,
            points: 0,
            resources: Vec::new(),
            data: Vec::new(),
        };
        for group in messages(&body, 1) {
            index.group(group);
        }
        // Once validated, once indexed.
        work::add(2 * body.len());
        let Index {
            points, resources, data, ..
        } = index;
        Ok(Self {
            body,
            source,
            received_unix_nano: 0,
            points,
            resources,
            data,
            cursor: Cursor::default(),
        })
    }

    /// Sets when it was received, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn received_at(mut self, unix_nano: u64) -> Self {
        self.received_unix_nano = unix_nano;
        self
    }

    /// Number of data points.
    #[must_use]
    pub const fn points(&self) -> usize {
        self.points
    }

    /// Returns the bytes of memory it accounts for while it waits for the store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let joined = self.resources.iter().filter_map(|resource| resource.joined.as_ref());
        self.body.len()
            + self.data.capacity() * size_of::<Data>()
            + self.resources.capacity() * size_of::<RawResource>()
            + joined.map(|bytes| bytes.len()).sum::<usize>()
    }

    /// Returns the way by which it arrived.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// The body, without copying it.
    pub(super) fn body(&self) -> Bytes {
        self.body.clone()
    }

    pub(super) fn data(&self, at: usize) -> Option<Data> {
        self.data.get(at).copied()
    }

    /// The resource of some data, encoded, with its hash.
    pub(super) fn resource(&self, data: Data) -> (&[u8], u64) {
        let Some(resource) = self.resources.get(data.resource as usize) else {
            return (&[], hash::<&[u8]>(&[]));
        };
        let bytes = match &resource.joined {
            Some(joined) => joined,
            None => self.bytes_at(resource.piece),
        };
        (bytes, resource.hash)
    }

    pub(super) fn name(&self, data: Data) -> &str {
        std::str::from_utf8(self.bytes_at(data.name)).unwrap_or_default()
    }

    pub(super) fn unit(&self, data: Data) -> &str {
        std::str::from_utf8(self.bytes_at(data.unit)).unwrap_or_default()
    }

    /// Returns the range of some data's points in the body.
    pub(super) const fn range(data: Data) -> Range<usize> {
        data.points.range()
    }

    fn bytes_at(&self, piece: ByteRange) -> &[u8] {
        self.body.get(piece.range()).unwrap_or_default()
    }
}

/// Indexes a valid request once. Metrics without points have no entry.
struct Index<'a> {
    body: &'a [u8],
    points: usize,
    resources: Vec<RawResource>,
    data: Vec<Data>,
}

impl<'a> Index<'a> {
    fn group(&mut self, group: &'a [u8]) {
        let first = self.data.len();
        let mut resource = walk::Parts::default();
        for field in fields(group) {
            match (field.number, field.value) {
                (1, Wire::Bytes(part)) => resource.add(part),
                (2, Wire::Bytes(scope)) => messages(scope, 2).for_each(|metric| self.metric(metric)),
                _ => {}
            }
        }
        if self.data.len() == first {
            return;
        }
        let bytes = resource.joined();
        let joined = resource.is_joined();
        work::add(bytes.len());
        self.resources.push(RawResource {
            piece: if joined || bytes.is_empty() {
                ByteRange::default()
            } else {
                ByteRange::of(self.body, bytes)
            },
            hash: hash(bytes),
            joined: joined.then(|| bytes.into()),
        });
    }

    fn metric(&mut self, metric: &'a [u8]) {
        let first = self.data.len();
        let (mut name, mut unit) = (ByteRange::default(), ByteRange::default());
        for field in fields(metric) {
            match (field.number, field.value) {
                (1, Wire::Bytes(text)) => name = ByteRange::of(self.body, text),
                (3, Wire::Bytes(text)) => unit = ByteRange::of(self.body, text),
                (number, Wire::Bytes(data)) => self.data_of(number, data),
                _ => {}
            }
        }
        // The name may follow the data that it is the name of.
        for data in &mut self.data[first..] {
            (data.name, data.unit) = (name, unit);
        }
    }

    fn data_of(&mut self, number: u32, data: &'a [u8]) {
        if !matches!(number, 5 | 7 | 9 | 10 | 11) {
            return;
        }
        let (mut points, mut delta, mut monotonic) = (0, false, false);
        for RawField { number, value } in fields(data) {
            match (number, value) {
                (1, Wire::Bytes(_)) => points += 1,
                (2, value) => delta = value == Wire::Varint(1),
                (3, value) => monotonic = matches!(value, Wire::Varint(1..)),
                _ => {}
            }
        }
        if points == 0 {
            return;
        }
        self.points += points;
        self.data.push(Data {
            // It is added at the end of the group; each has at least two bytes of a body of less than 4 GiB.
            resource: u32::try_from(self.resources.len()).unwrap_or(u32::MAX),
            kind: match number {
                5 => MetricKind::Gauge,
                7 => MetricKind::Sum { monotonic, delta },
                9 => MetricKind::Histogram { delta },
                10 => MetricKind::ExponentialHistogram { delta },
                _ => MetricKind::Summary,
            },
            name: ByteRange::default(),
            unit: ByteRange::default(),
            points: ByteRange::of(self.body, data),
        });
    }
}
