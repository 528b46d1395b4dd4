//! One data point.

use opentelemetry_proto::tonic::metrics::v1 as proto;
use otlp_wire::{Value as Wire, fields};
use prost::Message;

use super::{MetricKind, messages};

/// One data point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Since when it counts, in nanoseconds since the Unix epoch; 0 where the sender did not say.
    pub start_unix_nano: u64,
    /// What was measured.
    pub value: PointValue,
}

/// Counts of neighbouring buckets.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Buckets {
    /// The number of the first one.
    pub offset: i32,
    /// How many values fell into each.
    pub counts: Vec<u64>,
}

/// What a data point says.
#[derive(Clone, Debug, PartialEq)]
pub enum PointValue {
    /// The sender has nothing to say of this time.
    Nothing,
    /// An integer.
    Int(i64),
    /// A float; not always finite.
    Double(f64),
    /// Counts by bucket.
    Histogram {
        /// Values in all buckets.
        count: u64,
        /// Their sum.
        sum: Option<f64>,
        /// The least of them.
        min: Option<f64>,
        /// The largest of them.
        max: Option<f64>,
        /// The upper bounds of all buckets but the last, which has none.
        bounds: Vec<f64>,
        /// By bucket.
        counts: Vec<u64>,
    },
    /// Counts by bucket, whose bounds are powers of 2^(2^-scale).
    ExponentialHistogram {
        /// Values in all buckets.
        count: u64,
        /// Their sum.
        sum: Option<f64>,
        /// The least of them.
        min: Option<f64>,
        /// The largest of them.
        max: Option<f64>,
        /// How fine the buckets are.
        scale: i32,
        /// Values that count as zero.
        zero_count: u64,
        /// Of the values above zero.
        positive: Buckets,
        /// Of the values below zero.
        negative: Buckets,
    },
    /// Quantiles that the sender computed.
    Summary {
        /// How many values there were.
        count: u64,
        /// Their sum.
        sum: f64,
        /// Quantile (0 to 1) and value.
        quantiles: Vec<(f64, f64)>,
    },
}

impl Point {
    /// Bytes of memory it stands for.
    pub(super) fn bytes(&self) -> usize {
        let numbers = match &self.value {
            PointValue::Nothing | PointValue::Int(_) | PointValue::Double(_) => 0,
            PointValue::Histogram { bounds, counts, .. } => bounds.len() + counts.len(),
            PointValue::ExponentialHistogram { positive, negative, .. } => positive.counts.len() + negative.counts.len(),
            PointValue::Summary { quantiles, .. } => 2 * quantiles.len(),
        };
        size_of::<Self>() + numbers * size_of::<u64>()
    }
}

/// OTLP's flag of a point without a value.
const NO_RECORDED_VALUE: u32 = 1;

/// Decodes a point of the kind of metric with this field number, of which `data` says how it adds up.
pub(super) fn decode(kind: u32, data: &[u8], raw: &[u8]) -> Option<(MetricKind, Point)> {
    let flag = |number| {
        fields(data)
            .filter(|field| field.number == number)
            .last()
            .map(|field| field.value)
    };
    let delta = flag(2) == Some(Wire::Varint(1));
    let monotonic = matches!(flag(3), Some(Wire::Varint(1..)));
    let (kind, point) = match kind {
        5 => (MetricKind::Gauge, number(raw)?),
        7 => (MetricKind::Sum { monotonic, delta }, number(raw)?),
        9 => (MetricKind::Histogram { delta }, histogram(raw)?),
        10 => (MetricKind::ExponentialHistogram { delta }, exponential_histogram(raw)?),
        11 => (MetricKind::Summary, summary(raw)?),
        _ => return None,
    };
    Some((kind, point))
}

/// The point's attributes, encoded, in the order of their bytes.
pub(super) fn sorted_attributes(kind: MetricKind, raw: &[u8]) -> Box<[u8]> {
    let number = match kind {
        MetricKind::Gauge | MetricKind::Sum { .. } | MetricKind::Summary => 7,
        MetricKind::Histogram { .. } => 9,
        MetricKind::ExponentialHistogram { .. } => 1,
    };
    let mut attributes: Vec<&[u8]> = messages(raw, number).collect();
    attributes.sort_unstable();
    let mut encoded = Vec::new();
    for attribute in attributes {
        prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut encoded);
        prost::encoding::encode_varint(attribute.len() as u64, &mut encoded);
        encoded.extend_from_slice(attribute);
    }
    encoded.into()
}

fn number(raw: &[u8]) -> Option<Point> {
    let point = proto::NumberDataPoint::decode(raw).ok()?;
    let value = match point.value {
        Some(proto::number_data_point::Value::AsInt(value)) => PointValue::Int(value),
        Some(proto::number_data_point::Value::AsDouble(value)) => PointValue::Double(value),
        None => PointValue::Nothing,
    };
    Some(at(point.time_unix_nano, point.start_time_unix_nano, point.flags, value))
}

fn histogram(raw: &[u8]) -> Option<Point> {
    let point = proto::HistogramDataPoint::decode(raw).ok()?;
    let value = PointValue::Histogram {
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        bounds: point.explicit_bounds,
        counts: point.bucket_counts,
    };
    Some(at(point.time_unix_nano, point.start_time_unix_nano, point.flags, value))
}

fn exponential_histogram(raw: &[u8]) -> Option<Point> {
    let point = proto::ExponentialHistogramDataPoint::decode(raw).ok()?;
    let buckets = |buckets: Option<proto::exponential_histogram_data_point::Buckets>| {
        let buckets = buckets.unwrap_or_default();
        Buckets {
            offset: buckets.offset,
            counts: buckets.bucket_counts,
        }
    };
    let value = PointValue::ExponentialHistogram {
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        scale: point.scale,
        zero_count: point.zero_count,
        positive: buckets(point.positive),
        negative: buckets(point.negative),
    };
    Some(at(point.time_unix_nano, point.start_time_unix_nano, point.flags, value))
}

fn summary(raw: &[u8]) -> Option<Point> {
    let point = proto::SummaryDataPoint::decode(raw).ok()?;
    let quantiles = point
        .quantile_values
        .iter()
        .map(|quantile| (quantile.quantile, quantile.value));
    let value = PointValue::Summary {
        count: point.count,
        sum: point.sum,
        quantiles: quantiles.collect(),
    };
    Some(at(point.time_unix_nano, point.start_time_unix_nano, point.flags, value))
}

fn at(time_unix_nano: u64, start_unix_nano: u64, flags: u32, value: PointValue) -> Point {
    Point {
        time_unix_nano,
        start_unix_nano,
        value: if flags & NO_RECORDED_VALUE == 0 {
            value
        } else {
            PointValue::Nothing
        },
    }
}
