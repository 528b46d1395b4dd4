//! Messages of metrics.

use super::{INSTRUMENTATION_SCOPE, KEY_VALUE, Kind, Message, RESOURCE, many, one};

const AGGREGATION_TEMPORALITY: &[(&str, i32)] = &[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];

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
        one(1, "resource", "resource", Kind::Message(&RESOURCE)),
        many(2, "scope_metrics", "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
        one(3, "schema_url", "schemaUrl", Kind::String),
    ],
);

/// `ScopeMetrics`.
pub static SCOPE_METRICS: Message = Message::new(
    "ScopeMetrics",
    &[
        one(1, "scope", "scope", Kind::Message(&INSTRUMENTATION_SCOPE)),
        many(2, "metrics", "metrics", Kind::Message(&METRIC)),
        one(3, "schema_url", "schemaUrl", Kind::String),
    ],
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
pub static GAUGE: Message = Message::new(
    "Gauge",
    &[many(1, "data_points", "dataPoints", Kind::Message(&NUMBER_DATA_POINT))],
);

/// `Sum`.
pub static SUM: Message = Message::new(
    "Sum",
    &[
        many(1, "data_points", "dataPoints", Kind::Message(&NUMBER_DATA_POINT)),
        one(
            2,
            "aggregation_temporality",
            "aggregationTemporality",
            Kind::Enum(AGGREGATION_TEMPORALITY),
        ),
        one(3, "is_monotonic", "isMonotonic", Kind::Bool),
    ],
);

/// `Histogram`.
pub static HISTOGRAM: Message = Message::new(
    "Histogram",
    &[
        many(1, "data_points", "dataPoints", Kind::Message(&HISTOGRAM_DATA_POINT)),
        one(
            2,
            "aggregation_temporality",
            "aggregationTemporality",
            Kind::Enum(AGGREGATION_TEMPORALITY),
        ),
    ],
);

/// `ExponentialHistogram`.
pub static EXPONENTIAL_HISTOGRAM: Message = Message::new(
    "ExponentialHistogram",
    &[
        many(
            1,
            "data_points",
            "dataPoints",
            Kind::Message(&EXPONENTIAL_HISTOGRAM_DATA_POINT),
        ),
        one(
            2,
            "aggregation_temporality",
            "aggregationTemporality",
            Kind::Enum(AGGREGATION_TEMPORALITY),
        ),
    ],
);

/// `Summary`.
pub static SUMMARY: Message = Message::new(
    "Summary",
    &[many(1, "data_points", "dataPoints", Kind::Message(&SUMMARY_DATA_POINT))],
);

/// `NumberDataPoint`.
pub static NUMBER_DATA_POINT: Message = Message::new(
    "NumberDataPoint",
    &[
        one(2, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(4, "as_double", "asDouble", Kind::Double),
        many(5, "exemplars", "exemplars", Kind::Message(&EXEMPLAR)),
        one(6, "as_int", "asInt", Kind::Sfixed64),
        many(7, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(8, "flags", "flags", Kind::Uint32),
    ],
);

/// `HistogramDataPoint`.
pub static HISTOGRAM_DATA_POINT: Message = Message::new(
    "HistogramDataPoint",
    &[
        one(2, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(4, "count", "count", Kind::Fixed64),
        one(5, "sum", "sum", Kind::Double),
        many(6, "bucket_counts", "bucketCounts", Kind::Fixed64),
        many(7, "explicit_bounds", "explicitBounds", Kind::Double),
        many(8, "exemplars", "exemplars", Kind::Message(&EXEMPLAR)),
        many(9, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(10, "flags", "flags", Kind::Uint32),
        one(11, "min", "min", Kind::Double),
        one(12, "max", "max", Kind::Double),
    ],
);

/// `ExponentialHistogramDataPoint`.
pub static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = Message::new(
    "ExponentialHistogramDataPoint",
    &[
        many(1, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(2, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(4, "count", "count", Kind::Fixed64),
        one(5, "sum", "sum", Kind::Double),
        one(6, "scale", "scale", Kind::Sint32),
        one(7, "zero_count", "zeroCount", Kind::Fixed64),
        one(8, "positive", "positive", Kind::Message(&BUCKETS)),
        one(9, "negative", "negative", Kind::Message(&BUCKETS)),
        one(10, "flags", "flags", Kind::Uint32),
        many(11, "exemplars", "exemplars", Kind::Message(&EXEMPLAR)),
        one(12, "min", "min", Kind::Double),
        one(13, "max", "max", Kind::Double),
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
        one(2, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(4, "count", "count", Kind::Fixed64),
        one(5, "sum", "sum", Kind::Double),
        many(6, "quantile_values", "quantileValues", Kind::Message(&VALUE_AT_QUANTILE)),
        many(7, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(8, "flags", "flags", Kind::Uint32),
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
        one(3, "as_double", "asDouble", Kind::Double),
        one(4, "span_id", "spanId", Kind::Id),
        one(5, "trace_id", "traceId", Kind::Id),
        one(6, "as_int", "asInt", Kind::Sfixed64),
        many(7, "filtered_attributes", "filteredAttributes", Kind::Message(&KEY_VALUE)),
    ],
);
