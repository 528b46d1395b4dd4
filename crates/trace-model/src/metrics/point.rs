//! One data point, read from its bytes in one pass: exemplars and other parts are skipped, whatever their number.

use otlp_wire::{RawField, Reader, Value as Wire, fields};

use super::{MetricKind, messages};

/// Value at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Start of the interval in nanoseconds since the Unix epoch; 0 if the sender gave none.
    pub start_unix_nano: u64,
    /// The measured value.
    pub value: PointValue,
}

/// Value of a data point.
#[derive(Clone, Debug, PartialEq)]
pub enum PointValue {
    /// The sender has no value for this time.
    Nothing,
    /// An integer.
    Int(i64),
    /// A float; not always finite.
    Double(f64),
    /// Counts by bucket.
    Histogram(Box<Histogram>),
    /// Counts by bucket, whose bounds are powers of 2^(2^-scale).
    ExponentialHistogram(Box<ExponentialHistogram>),
    /// Quantiles that the sender computed.
    Summary(Box<Summary>),
}

/// Counts by bucket.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Histogram {
    /// Number of values in all buckets.
    pub count: u64,
    /// Sum of the values.
    pub sum: Option<f64>,
    /// The least of them.
    pub min: Option<f64>,
    /// The largest of them.
    pub max: Option<f64>,
    /// The upper bounds of all buckets but the last, which has none.
    pub bounds: Vec<f64>,
    /// Counts by bucket.
    pub counts: Vec<u64>,
}

/// Counts by bucket, whose bounds are powers of 2^(2^-scale).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ExponentialHistogram {
    /// Number of values in all buckets.
    pub count: u64,
    /// Sum of the values.
    pub sum: Option<f64>,
    /// The least of them.
    pub min: Option<f64>,
    /// The largest of them.
    pub max: Option<f64>,
    /// Resolution of the buckets: the larger, the finer.
    pub scale: i32,
    /// Number of values that count as zero.
    pub zero_count: u64,
    /// Buckets of the values above zero.
    pub positive: Buckets,
    /// Buckets of the values below zero.
    pub negative: Buckets,
}

/// Counts of neighboring buckets.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Buckets {
    /// The number of the first one.
    pub offset: i32,
    /// Number of values in each.
    pub counts: Vec<u64>,
}

/// Quantiles that the sender computed.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Summary {
    /// Number of values.
    pub count: u64,
    /// Sum of the values.
    pub sum: f64,
    /// Quantile (0 to 1) and value.
    pub quantiles: Vec<(f64, f64)>,
}

impl Point {
    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        let (fixed, numbers) = match &self.value {
            PointValue::Nothing | PointValue::Int(_) | PointValue::Double(_) => (0, 0),
            PointValue::Histogram(value) => (size_of::<Histogram>(), value.bounds.capacity() + value.counts.capacity()),
            PointValue::ExponentialHistogram(value) => (
                size_of::<ExponentialHistogram>(),
                value.positive.counts.capacity() + value.negative.counts.capacity(),
            ),
            PointValue::Summary(value) => (size_of::<Summary>(), 2 * value.quantiles.capacity()),
        };
        // A node of the tree is half full at least.
        2 * size_of::<(u64, Self)>() + fixed + numbers * size_of::<u64>()
    }
}

/// OTLP's flag of a point without a value.
const NO_RECORDED_VALUE: u64 = 1;

/// Reads a point of this kind of metric from a valid message.
pub(super) fn decode(kind: MetricKind, raw: &[u8]) -> Point {
    let mut point = Point {
        time_unix_nano: 0,
        start_unix_nano: 0,
        value: match kind {
            MetricKind::Gauge | MetricKind::Sum { .. } => PointValue::Nothing,
            MetricKind::Histogram { .. } => PointValue::Histogram(Box::default()),
            MetricKind::ExponentialHistogram { .. } => PointValue::ExponentialHistogram(Box::default()),
            MetricKind::Summary => PointValue::Summary(Box::default()),
        },
    };
    let flags_number = match kind {
        MetricKind::Gauge | MetricKind::Sum { .. } | MetricKind::Summary => 8,
        MetricKind::Histogram { .. } | MetricKind::ExponentialHistogram { .. } => 10,
    };
    let mut flags = 0;
    for field in fields(raw) {
        match (field.number, field.value) {
            (2, Wire::Fixed64(time)) => point.start_unix_nano = time,
            (3, Wire::Fixed64(time)) => point.time_unix_nano = time,
            (number, Wire::Varint(bits)) if number == flags_number => flags = bits,
            _ => match &mut point.value {
                PointValue::Histogram(value) => value.read(field),
                PointValue::ExponentialHistogram(value) => value.read(field),
                PointValue::Summary(value) => value.read(field),
                value => value.read(field),
            },
        }
    }
    if flags & NO_RECORDED_VALUE != 0 {
        point.value = PointValue::Nothing;
    }
    point
}

// A field that occurs several times is what it was last, as protobuf has it; one that is repeated has the numbers of all.

impl PointValue {
    fn read(&mut self, field: RawField<'_>) {
        match (field.number, field.value) {
            (4, Wire::Fixed64(bits)) => *self = Self::Double(f64::from_bits(bits)),
            (6, Wire::Fixed64(bits)) => *self = Self::Int(bits.cast_signed()),
            _ => {}
        }
    }
}

impl Histogram {
    fn read(&mut self, field: RawField<'_>) {
        match (field.number, field.value) {
            (4, Wire::Fixed64(count)) => self.count = count,
            (5, Wire::Fixed64(bits)) => self.sum = Some(f64::from_bits(bits)),
            (6, value) => fixed(value, &mut self.counts, |bits| bits),
            (7, value) => fixed(value, &mut self.bounds, f64::from_bits),
            (11, Wire::Fixed64(bits)) => self.min = Some(f64::from_bits(bits)),
            (12, Wire::Fixed64(bits)) => self.max = Some(f64::from_bits(bits)),
            _ => {}
        }
    }
}

impl ExponentialHistogram {
    fn read(&mut self, field: RawField<'_>) {
        match (field.number, field.value) {
            (4, Wire::Fixed64(count)) => self.count = count,
            (5, Wire::Fixed64(bits)) => self.sum = Some(f64::from_bits(bits)),
            (6, Wire::Varint(bits)) => self.scale = zigzag(bits),
            (7, Wire::Fixed64(count)) => self.zero_count = count,
            (8, Wire::Bytes(buckets)) => self.positive.read(buckets),
            (9, Wire::Bytes(buckets)) => self.negative.read(buckets),
            (12, Wire::Fixed64(bits)) => self.min = Some(f64::from_bits(bits)),
            (13, Wire::Fixed64(bits)) => self.max = Some(f64::from_bits(bits)),
            _ => {}
        }
    }
}

impl Buckets {
    fn read(&mut self, message: &[u8]) {
        for field in fields(message) {
            match (field.number, field.value) {
                (1, Wire::Varint(bits)) => self.offset = zigzag(bits),
                (2, Wire::Varint(count)) => self.counts.push(count),
                (2, Wire::Bytes(packed)) => {
                    let mut packed = Reader::new(packed, 0);
                    while let Ok(count) = packed.varint() {
                        self.counts.push(count);
                    }
                }
                _ => {}
            }
        }
    }
}

impl Summary {
    fn read(&mut self, field: RawField<'_>) {
        match (field.number, field.value) {
            (4, Wire::Fixed64(count)) => self.count = count,
            (5, Wire::Fixed64(bits)) => self.sum = f64::from_bits(bits),
            (6, Wire::Bytes(message)) => {
                let mut quantile = (0.0, 0.0);
                for field in fields(message) {
                    match (field.number, field.value) {
                        (1, Wire::Fixed64(bits)) => quantile.0 = f64::from_bits(bits),
                        (2, Wire::Fixed64(bits)) => quantile.1 = f64::from_bits(bits),
                        _ => {}
                    }
                }
                self.quantiles.push(quantile);
            }
            _ => {}
        }
    }
}

/// Appends numbers of 64 bits, packed or one by one.
fn fixed<T>(value: Wire<'_>, numbers: &mut Vec<T>, of: impl Fn(u64) -> T) {
    match value {
        Wire::Fixed64(bits) => numbers.push(of(bits)),
        Wire::Bytes(packed) => {
            let (packed, _) = packed.as_chunks::<8>();
            numbers.extend(packed.iter().map(|bytes| of(u64::from_le_bytes(*bytes))));
        }
        _ => {}
    }
}

/// Protobuf's `sint32`.
#[expect(clippy::cast_possible_truncation, reason = "protobuf cuts a number to the bits of its type")]
const fn zigzag(bits: u64) -> i32 {
    (bits as u32 >> 1).cast_signed() ^ -((bits & 1) as i32)
}

/// Writes the point's attributes, encoded, in the order of their bytes.
pub(super) fn sorted_attributes(kind: MetricKind, raw: &[u8], encoded: &mut Vec<u8>) {
    let number = match kind {
        MetricKind::Gauge | MetricKind::Sum { .. } | MetricKind::Summary => 7,
        MetricKind::Histogram { .. } => 9,
        MetricKind::ExponentialHistogram { .. } => 1,
    };
    let mut attributes: Vec<&[u8]> = messages(raw, number).collect();
    attributes.sort_unstable();
    encoded.clear();
    for attribute in attributes {
        prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, encoded);
        prost::encoding::encode_varint(attribute.len() as u64, encoded);
        encoded.extend_from_slice(attribute);
    }
}
