//! `google.rpc.Status`, in which both OTLP protocols give the reason of a rejection.
//!
//! Source: [status.proto](https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto) and `error_details.proto`
//! next to it. Three messages of a few fields: not worth a dependency.

use prost::Message;
use tonic::Code;

use crate::content_type::Encoding;

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Duration>,
}

#[derive(Clone, PartialEq, Message)]
struct Duration {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

/// Encodes the body of a rejection over HTTP.
pub(crate) fn encode(encoding: Encoding, code: Code, message: &str) -> Vec<u8> {
    match encoding {
        Encoding::Json => serde_json::json!({ "code": i32::from(code), "message": message })
            .to_string()
            .into_bytes(),
        Encoding::Protobuf => status(code, message, Vec::new()).encode_to_vec(),
    }
}

/// Encodes the value of `grpc-status-details-bin` with the time of the retry.
pub(crate) fn retry_details(code: Code, message: &str, seconds: u64) -> Vec<u8> {
    let retry_delay = Duration {
        seconds: seconds.try_into().unwrap_or(i64::MAX),
    };
    let info = Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: RetryInfo {
            retry_delay: Some(retry_delay),
        }
        .encode_to_vec(),
    };
    status(code, message, vec![info]).encode_to_vec()
}

fn status(code: Code, message: &str, details: Vec<Any>) -> Status {
    Status {
        code: code.into(),
        message: message.to_owned(),
        details,
    }
}
