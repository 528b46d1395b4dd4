//! Messages of metrics.

use super::common::{KEY_VALUE, RESOURCE_FIELD, SCHEMA_URL, SCOPE_FIELD, attributes};
use super::message::{Field, Kind, Message, many, one};

const AGGREGATION_TEMPORALITY: &[(&str, i32)] = &[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];

/// Fields of data points, where their numbers agree.
const START_TIME: Field = one(2, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64);
const TIME: Field = one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64);
const COUNT: Field = one(4, "count", "count", Kind::Fixed64);
const SUM_OF_VALUES: Field = one(5, "sum", "sum", Kind::Double);
const AS_INT: Field = one(6, "as_int", "asInt", Kind::Sfixed64);

const TEMPORALITY: Field = one(
    2,
    "aggregation_temporality",
    "aggregationTemporality",
    Kind::Enum(AGGREGATION_TEMPORALITY),
);

const fn data_points(of: &'static Message) -> Field {
    many(1, "data_points", "dataPoints", Kind::Message(of))
}

const fn as_double(number: u32) -> Field {
    one(number, "as_double", "asDouble", Kind::Double)
}

const fn exemplars(number: u32) -> Field {
    many(number, "exemplars", "exemplars", Kind::Message(&EXEMPLAR))
}

const fn flags(number: u32) -> Field {
    one(number, "flags", "flags", Kind::Uint32)
}

const fn min(number: u32) -> Field {
    one(number, "min", "min", Kind::Double)
}

const fn max(number: u32) -> Field {
    one(number, "max", "max", Kind::Double)
}

/// Request of metric exporters.
pub static METRICS_REQUEST: Message = Message::new(
    "ExportMetricsServiceRequest",
    &[many(
        1,
        "resource_metrics",
        "resourceMetrics",
        Kind::Message(&RESOURCE_METRICS),
    )],
);

/// `ResourceMetrics`.
pub static RESOURCE_METRICS: Message = Message::new(
    "ResourceMetrics",
    &[
        RESOURCE_FIELD,
        many(2, "scope_metrics", "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
        SCHEMA_URL,
    ],
);

/// `ScopeMetrics`.
pub static SCOPE_METRICS: Message = Message::new(
    "ScopeMetrics",
    &[SCOPE_FIELD, many(2, "metrics", "metrics", Kind::Message(&METRIC)), SCHEMA_URL],
);

/// `Metric`.
pub static METRIC: Message = Message::new(
    "Metric",
    &[
        one(1, "name", "name", Kind::String),
        one(2, "description", "description", Kind::String),
        one(3, "unit", "unit", Kind::String),
        one(5, "gauge", "gauge", Kind::Message(&GAUGE)),
        one(7, "sum", "sum", Kind::Message(&SUM)),
        one(9, "histogram", "histogram", Kind::Message(&HISTOGRAM)),
        one(
            10,
            "exponential_histogram",
            "exponentialHistogram",
            Kind::Message(&EXPONENTIAL_HISTOGRAM),
        ),
        one(11, "summary", "summary", Kind::Message(&SUMMARY)),
        many(12, "metadata", "metadata", Kind::Message(&KEY_VALUE)),
    ],
);

/// `Gauge`.
pub static GAUGE: Message = Message::new("Gauge", &[data_points(&NUMBER_DATA_POINT)]);

/// `Sum`.
pub static SUM: Message = Message::new(
    "Sum",
    &[
        data_points(&NUMBER_DATA_POINT),
        TEMPORALITY,
        one(3, "is_monotonic", "isMonotonic", Kind::Bool),
    ],
);

/// `Histogram`.
pub static HISTOGRAM: Message = Message::new("Histogram", &[data_points(&HISTOGRAM_DATA_POINT), TEMPORALITY]);

/// `ExponentialHistogram`.
pub static EXPONENTIAL_HISTOGRAM: Message = Message::new(
    "ExponentialHistogram",
    &[data_points(&EXPONENTIAL_HISTOGRAM_DATA_POINT), TEMPORALITY],
);

/// `Summary`.
pub static SUMMARY: Message = Message::new("Summary", &[data_points(&SUMMARY_DATA_POINT)]);

/// `NumberDataPoint`.
pub static NUMBER_DATA_POINT: Message = Message::new(
    "NumberDataPoint",
    &[START_TIME, TIME, as_double(4), exemplars(5), AS_INT, attributes(7), flags(8)],
);

/// `HistogramDataPoint`.
pub static HISTOGRAM_DATA_POINT: Message = Message::new(
    "HistogramDataPoint",
    &[
        START_TIME,
        TIME,
        COUNT,
        SUM_OF_VALUES,
        many(6, "bucket_counts", "bucketCounts", Kind::Fixed64),
        many(7, "explicit_bounds", "explicitBounds", Kind::Double),
        exemplars(8),
        attributes(9),
        flags(10),
        min(11),
        max(12),
    ],
);

/// `ExponentialHistogramDataPoint`.
pub static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = Message::new(
    "ExponentialHistogramDataPoint",
    &[
        attributes(1),
        START_TIME,
        TIME,
        COUNT,
        SUM_OF_VALUES,
        one(6, "scale", "scale", Kind::Sint32),
        one(7, "zero_count", "zeroCount", Kind::Fixed64),
        one(8, "positive", "positive", Kind::Message(&BUCKETS)),
        one(9, "negative", "negative", Kind::Message(&BUCKETS)),
        flags(10),
        exemplars(11),
        min(12),
        max(13),
        one(14, "zero_threshold", "zeroThreshold", Kind::Double),
    ],
);

/// `Buckets`.
pub static BUCKETS: Message = Message::new(
    "Buckets",
    &[
        one(1, "offset", "offset", Kind::Sint32),
        many(2, "bucket_counts", "bucketCounts", Kind::Uint64),
    ],
);

/// `SummaryDataPoint`.
pub static SUMMARY_DATA_POINT: Message = Message::new(
    "SummaryDataPoint",
    &[
        START_TIME,
        TIME,
        COUNT,
        SUM_OF_VALUES,
        many(6, "quantile_values", "quantileValues", Kind::Message(&VALUE_AT_QUANTILE)),
        attributes(7),
        flags(8),
    ],
);

/// `ValueAtQuantile`.
pub static VALUE_AT_QUANTILE: Message = Message::new(
    "ValueAtQuantile",
    &[
        one(1, "quantile", "quantile", Kind::Double),
        one(2, "value", "value", Kind::Double),
    ],
);

/// `Exemplar`.
pub static EXEMPLAR: Message = Message::new(
    "Exemplar",
    &[
        one(2, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        as_double(3),
        one(4, "span_id", "spanId", Kind::Id),
        one(5, "trace_id", "traceId", Kind::Id),
        AS_INT,
        many(7, "filtered_attributes", "filteredAttributes", Kind::Message(&KEY_VALUE)),
    ],
);
