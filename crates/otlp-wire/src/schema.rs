//! OTLP's messages as a table.
//!
//! Source: [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto) 1.10, `common/v1`, `resource/v1`, `trace/v1`,
//! `logs/v1`, `metrics/v1` and `collector/*/v1`. A test compares it with what prost generates from the same files.

/// Type of a field.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are protobuf's")]
pub enum Kind {
    String,
    Bytes,
    /// Bytes in hexadecimal in OTLP's JSON: trace and span ids.
    Id,
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    /// An enumeration with its names.
    Enum(&'static [(&'static str, i32)]),
    Message(&'static Message),
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Number on the wire.
    pub number: u32,
    /// Name in the schema (`start_time_unix_nano`).
    pub name: &'static str,
    /// Name in JSON (`startTimeUnixNano`).
    pub json_name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// True if the field is repeated. Numbers may then be packed.
    pub repeated: bool,
}

/// A message: its fields by number.
#[derive(Debug)]
pub struct Message {
    /// Name in the schema.
    pub name: &'static str,
    /// Fields in order of number.
    pub fields: &'static [Field],
    /// By field number, its index in `fields` plus one; 0 for a number without a field.
    positions: [u8; NUMBERS],
}

/// Upper bound of field numbers, exclusive.
const NUMBERS: usize = 24;

impl Message {
    #[expect(clippy::cast_possible_truncation, reason = "a message has less than 24 fields")]
    const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        let mut positions = [0; NUMBERS];
        let mut at = 0;
        while at < fields.len() {
            positions[fields[at].number as usize] = at as u8 + 1;
            at += 1;
        }
        Self { name, fields, positions }
    }

    /// Returns the field with this number.
    #[must_use]
    #[inline]
    pub fn field(&self, number: u32) -> Option<&'static Field> {
        let position = *self.positions.get(number as usize)?;
        self.fields.get(usize::from(position).wrapping_sub(1))
    }

    /// Returns the field with this name in JSON or in the schema.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.json_name == name || field.name == name)
    }
}

const fn one(number: u32, name: &'static str, json_name: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        json_name,
        kind,
        repeated: false,
    }
}

const fn many(number: u32, name: &'static str, json_name: &'static str, kind: Kind) -> Field {
    Field {
        repeated: true,
        ..one(number, name, json_name, kind)
    }
}

const SPAN_KIND: &[(&str, i32)] = &[
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];

const STATUS_CODE: &[(&str, i32)] = &[("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)];

const SEVERITY_NUMBER: &[(&str, i32)] = &[
    ("SEVERITY_NUMBER_UNSPECIFIED", 0),
    ("SEVERITY_NUMBER_TRACE", 1),
    ("SEVERITY_NUMBER_TRACE2", 2),
    ("SEVERITY_NUMBER_TRACE3", 3),
    ("SEVERITY_NUMBER_TRACE4", 4),
    ("SEVERITY_NUMBER_DEBUG", 5),
    ("SEVERITY_NUMBER_DEBUG2", 6),
    ("SEVERITY_NUMBER_DEBUG3", 7),
    ("SEVERITY_NUMBER_DEBUG4", 8),
    ("SEVERITY_NUMBER_INFO", 9),
    ("SEVERITY_NUMBER_INFO2", 10),
    ("SEVERITY_NUMBER_INFO3", 11),
    ("SEVERITY_NUMBER_INFO4", 12),
    ("SEVERITY_NUMBER_WARN", 13),
    ("SEVERITY_NUMBER_WARN2", 14),
    ("SEVERITY_NUMBER_WARN3", 15),
    ("SEVERITY_NUMBER_WARN4", 16),
    ("SEVERITY_NUMBER_ERROR", 17),
    ("SEVERITY_NUMBER_ERROR2", 18),
    ("SEVERITY_NUMBER_ERROR3", 19),
    ("SEVERITY_NUMBER_ERROR4", 20),
    ("SEVERITY_NUMBER_FATAL", 21),
    ("SEVERITY_NUMBER_FATAL2", 22),
    ("SEVERITY_NUMBER_FATAL3", 23),
    ("SEVERITY_NUMBER_FATAL4", 24),
];

const AGGREGATION_TEMPORALITY: &[(&str, i32)] = &[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];

/// Request of trace exporters.
pub static TRACES_REQUEST: Message = Message::new(
    "ExportTraceServiceRequest",
    &[many(1, "resource_spans", "resourceSpans", Kind::Message(&RESOURCE_SPANS))],
);

/// `ResourceSpans`.
pub static RESOURCE_SPANS: Message = Message::new(
    "ResourceSpans",
    &[
        one(1, "resource", "resource", Kind::Message(&RESOURCE)),
        many(2, "scope_spans", "scopeSpans", Kind::Message(&SCOPE_SPANS)),
        one(3, "schema_url", "schemaUrl", Kind::String),
    ],
);

/// `ScopeSpans`.
pub static SCOPE_SPANS: Message = Message::new(
    "ScopeSpans",
    &[
        one(1, "scope", "scope", Kind::Message(&INSTRUMENTATION_SCOPE)),
        many(2, "spans", "spans", Kind::Message(&SPAN)),
        one(3, "schema_url", "schemaUrl", Kind::String),
    ],
);

/// `Span`.
pub static SPAN: Message = Message::new(
    "Span",
    &[
        one(1, "trace_id", "traceId", Kind::Id),
        one(2, "span_id", "spanId", Kind::Id),
        one(3, "trace_state", "traceState", Kind::String),
        one(4, "parent_span_id", "parentSpanId", Kind::Id),
        one(5, "name", "name", Kind::String),
        one(6, "kind", "kind", Kind::Enum(SPAN_KIND)),
        one(7, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(8, "end_time_unix_nano", "endTimeUnixNano", Kind::Fixed64),
        many(9, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(10, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        many(11, "events", "events", Kind::Message(&SPAN_EVENT)),
        one(12, "dropped_events_count", "droppedEventsCount", Kind::Uint32),
        many(13, "links", "links", Kind::Message(&SPAN_LINK)),
        one(14, "dropped_links_count", "droppedLinksCount", Kind::Uint32),
        one(15, "status", "status", Kind::Message(&STATUS)),
        one(16, "flags", "flags", Kind::Fixed32),
    ],
);

/// `Event`.
pub static SPAN_EVENT: Message = Message::new(
    "Event",
    &[
        one(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(2, "name", "name", Kind::String),
        many(3, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(4, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `Link`.
pub static SPAN_LINK: Message = Message::new(
    "Link",
    &[
        one(1, "trace_id", "traceId", Kind::Id),
        one(2, "span_id", "spanId", Kind::Id),
        one(3, "trace_state", "traceState", Kind::String),
        many(4, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(5, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        one(6, "flags", "flags", Kind::Fixed32),
    ],
);

/// `Status`.
pub static STATUS: Message = Message::new(
    "Status",
    &[
        one(2, "message", "message", Kind::String),
        one(3, "code", "code", Kind::Enum(STATUS_CODE)),
    ],
);

/// `Resource`.
pub static RESOURCE: Message = Message::new(
    "Resource",
    &[
        many(1, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(2, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        many(3, "entity_refs", "entityRefs", Kind::Message(&ENTITY_REF)),
    ],
);

/// `EntityRef`.
pub static ENTITY_REF: Message = Message::new(
    "EntityRef",
    &[
        one(1, "schema_url", "schemaUrl", Kind::String),
        one(2, "type", "type", Kind::String),
        many(3, "id_keys", "idKeys", Kind::String),
        many(4, "description_keys", "descriptionKeys", Kind::String),
    ],
);

/// `InstrumentationScope`.
pub static INSTRUMENTATION_SCOPE: Message = Message::new(
    "InstrumentationScope",
    &[
        one(1, "name", "name", Kind::String),
        one(2, "version", "version", Kind::String),
        many(3, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(4, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `KeyValue`.
pub static KEY_VALUE: Message = Message::new(
    "KeyValue",
    &[
        one(1, "key", "key", Kind::String),
        one(2, "value", "value", Kind::Message(&ANY_VALUE)),
        one(3, "key_strindex", "keyStrindex", Kind::Int32),
    ],
);

/// `AnyValue`.
pub static ANY_VALUE: Message = Message::new(
    "AnyValue",
    &[
        one(1, "string_value", "stringValue", Kind::String),
        one(2, "bool_value", "boolValue", Kind::Bool),
        one(3, "int_value", "intValue", Kind::Int64),
        one(4, "double_value", "doubleValue", Kind::Double),
        one(5, "array_value", "arrayValue", Kind::Message(&ARRAY_VALUE)),
        one(6, "kvlist_value", "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
        one(7, "bytes_value", "bytesValue", Kind::Bytes),
        one(8, "string_value_strindex", "stringValueStrindex", Kind::Int32),
    ],
);

/// `ArrayValue`.
pub static ARRAY_VALUE: Message = Message::new("ArrayValue", &[many(1, "values", "values", Kind::Message(&ANY_VALUE))]);

/// `KeyValueList`.
pub static KEY_VALUE_LIST: Message = Message::new("KeyValueList", &[many(1, "values", "values", Kind::Message(&KEY_VALUE))]);

/// Request of log exporters.
pub static LOGS_REQUEST: Message = Message::new(
    "ExportLogsServiceRequest",
    &[many(1, "resource_logs", "resourceLogs", Kind::Message(&RESOURCE_LOGS))],
);

/// `ResourceLogs`.
pub static RESOURCE_LOGS: Message = Message::new(
    "ResourceLogs",
    &[
        one(1, "resource", "resource", Kind::Message(&RESOURCE)),
        many(2, "scope_logs", "scopeLogs", Kind::Message(&SCOPE_LOGS)),
        one(3, "schema_url", "schemaUrl", Kind::String),
    ],
);

/// `ScopeLogs`.
pub static SCOPE_LOGS: Message = Message::new(
    "ScopeLogs",
    &[
        one(1, "scope", "scope", Kind::Message(&INSTRUMENTATION_SCOPE)),
        many(2, "log_records", "logRecords", Kind::Message(&LOG_RECORD)),
        one(3, "schema_url", "schemaUrl", Kind::String),
    ],
);

/// `LogRecord`.
pub static LOG_RECORD: Message = Message::new(
    "LogRecord",
    &[
        one(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(2, "severity_number", "severityNumber", Kind::Enum(SEVERITY_NUMBER)),
        one(3, "severity_text", "severityText", Kind::String),
        one(5, "body", "body", Kind::Message(&ANY_VALUE)),
        many(6, "attributes", "attributes", Kind::Message(&KEY_VALUE)),
        one(7, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        one(8, "flags", "flags", Kind::Fixed32),
        one(9, "trace_id", "traceId", Kind::Id),
        one(10, "span_id", "spanId", Kind::Id),
        one(11, "observed_time_unix_nano", "observedTimeUnixNano", Kind::Fixed64),
        one(12, "event_name", "eventName", Kind::String),
    ],
);

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
