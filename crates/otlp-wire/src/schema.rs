//! OTLP's messages as a table.
//!
//! Source: [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto) 1.10, `common/v1`, `resource/v1`, `trace/v1`,
//! `logs/v1`, `metrics/v1` and `collector/*/v1`. A test compares it with what prost generates from the same files.

mod common;
mod logs;
mod message;
mod metrics;
mod traces;

pub use common::{ANY_VALUE, ARRAY_VALUE, ENTITY_REF, INSTRUMENTATION_SCOPE, KEY_VALUE, KEY_VALUE_LIST, RESOURCE};
pub use logs::{LOG_RECORD, LOGS_REQUEST, RESOURCE_LOGS, SCOPE_LOGS};
pub use message::{Field, Kind, Message};
pub use metrics::{
    BUCKETS, EXEMPLAR, EXPONENTIAL_HISTOGRAM, EXPONENTIAL_HISTOGRAM_DATA_POINT, GAUGE, HISTOGRAM, HISTOGRAM_DATA_POINT, METRIC,
    METRICS_REQUEST, NUMBER_DATA_POINT, RESOURCE_METRICS, SCOPE_METRICS, SUM, SUMMARY, SUMMARY_DATA_POINT, VALUE_AT_QUANTILE,
};
pub use traces::{RESOURCE_SPANS, SCOPE_SPANS, SPAN, SPAN_EVENT, SPAN_LINK, STATUS, TRACES_REQUEST};
