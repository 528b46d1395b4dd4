//! Reading a request's body, inflated, within a limit.

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::refusal::Refusal;

/// The longest body, in bytes after decompression. Exporters send a few hundred KiB at a time.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

/// Reads the whole body. What is compressed was made a stream of inflated bytes before, so the limit holds for a bomb as well.
pub(crate) async fn read(body: Body) -> Result<Bytes, Refusal> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let reason = format!("the body has more than {LIMIT} bytes (uncompressed)");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason))
        }
        Err(error) => Err(Refusal::malformed(format!("the body cannot be read: {error}"))),
    }
}
