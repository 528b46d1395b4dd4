//! How far an upload has come: a request body that reports each part that the connection took.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

/// Bytes per part: few next to what a connection buffers, so that each is a step that a slow uplink makes in a second or so.
const PART: usize = 16 * 1024;

/// A body that is read in parts of [`PART`] bytes. Its length is known, so it is sent with a `Content-Length`, as it came.
#[derive(Debug)]
pub(super) struct WatchedBody {
    rest: Bytes,
    taken: watch::Sender<usize>,
}

impl WatchedBody {
    /// The body, and how many of its bytes the connection took so far.
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
        let length = self.rest.len().min(PART);
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
