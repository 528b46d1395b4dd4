//! Upload progress: a request body that reports each part accepted by the connection.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

/// Bytes per part: small compared with the buffers of a connection, so that a slow uplink sends one within about a second.
const PART_BYTES: usize = 16 * 1024;

/// A body that is read in parts of [`PART_BYTES`] bytes. Its length is known, so it is sent with a `Content-Length` like the original.
#[derive(Debug)]
pub(super) struct WatchedBody {
    rest: Bytes,
    taken: watch::Sender<usize>,
}

impl WatchedBody {
    /// Returns the body, and the number of bytes that the connection has accepted so far.
    pub(super) fn new(bytes: Bytes) -> (Self, watch::Receiver<usize>) {
        let (taken, progress) = watch::channel(0);
        (Self { rest: bytes, taken }, progress)
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PART_BYTES);
        let part = self.rest.split_to(length);
        self.taken.send_modify(|taken| *taken += length);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
