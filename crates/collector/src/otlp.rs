//! OTLP, over gRPC and over HTTP.
//!
//! Source: [the OTLP specification](https://opentelemetry.io/docs/specs/otlp/).

pub(crate) mod grpc;
pub(crate) mod http;
pub(crate) mod status;

use ::http::HeaderMap;
use ::http::header::CONTENT_TYPE;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};

use crate::signal::PartialSuccess;

/// Encoding of OTLP/HTTP messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Binary protobuf.
    Protobuf,
    /// The JSON mapping of protobuf, with ids in hexadecimal.
    Json,
}

impl Encoding {
    /// Reads the content type; `None` when it is neither.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        [Self::Protobuf, Self::Json]
            .into_iter()
            .find(|encoding| encoding.content_type().eq_ignore_ascii_case(media_type))
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

fn trace_response(partial: Option<PartialSuccess>) -> ExportTraceServiceResponse {
    ExportTraceServiceResponse {
        partial_success: partial.map(|partial| ExportTracePartialSuccess {
            rejected_spans: partial.rejected.try_into().unwrap_or(i64::MAX),
            error_message: partial.reason,
        }),
    }
}
