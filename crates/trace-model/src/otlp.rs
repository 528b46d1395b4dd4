//! Batches of spans and log records that are made in this program.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;

use crate::batch::DroppedSpans;
use crate::{Batch, Source};

/// Turns spans that were made in this program into a [`Batch`], by way of the bytes that they would be on a wire.
#[must_use]
pub fn batch(resource_spans: Vec<ResourceSpans>, source: Source) -> (Batch, DroppedSpans) {
    let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    // Messages that prost encodes can be read, unless it is longer than a request may be.
    Batch::traces(body.into(), source).unwrap_or_else(|_| (Batch::empty(), DroppedSpans::default()))
}

/// Turns log records that were made in this program into a [`Batch`], by way of the bytes that they would be on a wire.
#[must_use]
pub fn log_batch(resource_logs: Vec<ResourceLogs>, source: Source) -> Batch {
    let body = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
    // Messages that prost encodes can be read, unless it is longer than a request may be.
    Batch::logs(body.into(), source).unwrap_or_else(|_| Batch::empty())
}
