//! OTLP, over gRPC and over HTTP.
//!
//! Source: [the OTLP specification](https://opentelemetry.io/docs/specs/otlp/).

pub(crate) mod grpc;
pub(crate) mod http;

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};

use crate::signal::PartialSuccess;

fn trace_response(partial: Option<PartialSuccess>) -> ExportTraceServiceResponse {
    ExportTraceServiceResponse {
        partial_success: partial.map(|partial| ExportTracePartialSuccess {
            rejected_spans: partial.rejected.try_into().unwrap_or(i64::MAX),
            error_message: partial.reason,
        }),
    }
}
