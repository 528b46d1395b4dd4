//! Content types: the encodings of OTLP, by the header that names them.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

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
        let media_type = media_type(headers)?;
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

/// Returns true for gRPC with protobuf: `application/grpc`, with or without `+proto`. `application/grpc-web` is another protocol.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let media_type = media_type(headers).unwrap_or_default();
    ["application/grpc", "application/grpc+proto"]
        .into_iter()
        .any(|known| known.eq_ignore_ascii_case(media_type))
}

/// Returns the content type without its parameters.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    content_type.split(';').next().map(str::trim)
}
