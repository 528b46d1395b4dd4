//! Bodies: of requests that are discarded, and of responses in flight.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};

/// Reads up to `limit` bytes of a body that is not wanted, until nothing came for as long as `silence`: a connection that is closed
/// while its client still writes takes the answer with it.
pub async fn discard(mut body: Body, limit: usize, silence: Duration) {
    let mut left = limit;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(silence, body.frame()).await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// A response body that holds a value until it has been sent or dropped.
#[derive(Debug)]
pub(crate) struct Holding<T> {
    pub(crate) body: Body,
    pub(crate) _held: T,
}

impl<T: Unpin> hyper::body::Body for Holding<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
