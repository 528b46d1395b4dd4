//! Reading a request's body: into one piece of memory that has been used before, within limits of size, time and all that is in
//! memory at once.

use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame};
use tokio::time::error::Elapsed;

use crate::Listener;
use crate::admission::{Admission, Admitted, LARGE, LARGE_INFLATED, ROOM_WAIT};
use crate::budget::{MemoryBudget, Reservation};
use crate::content_encoding::{ContentEncoding, STEP};
use crate::health::Recorder;
use crate::limits::{BodyLimit, Size};
use crate::pool::{Buffer, Pool};
use crate::rejection::Rejection;

/// Pause after which a sender in the middle of a body is given up.
const SILENCE: Duration = Duration::from_secs(5);
/// Bytes of a rejected body that are read.
const SKIPPED: usize = 64 * 1024 * 1024;

/// Reads bodies at one listener, within the memory of all.
#[derive(Clone, Debug)]
pub(crate) struct BodyReader {
    listener: Listener,
    budget: MemoryBudget,
    pool: Pool,
    admission: Admission,
    recorder: Recorder,
}

impl BodyReader {
    pub(crate) fn new(listener: Listener, budget: MemoryBudget, admission: Admission, recorder: Recorder) -> Self {
        Self {
            listener,
            budget,
            pool: Pool::default(),
            admission,
            recorder,
        }
    }

    /// The same for requests to another listener.
    pub(crate) fn at(&self, listener: Listener) -> Self {
        Self {
            listener,
            ..self.clone()
        }
    }

    pub(crate) const fn budget(&self) -> &MemoryBudget {
        &self.budget
    }

    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) const fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Counts the received bytes of a body that is about to be accepted or rejected.
    fn count_bytes(&self, bytes: usize) {
        self.recorder
            .record_quietly(|health| health.listeners[self.listener].received_bytes += bytes as u64);
    }
}

/// A body that is here.
#[derive(Debug)]
pub(crate) struct Received {
    /// Inflated, in one piece.
    pub(crate) bytes: Bytes,
    /// The right to the memory that it takes.
    pub(crate) reservation: Reservation,
    /// Time of the last byte in nanoseconds since the Unix epoch.
    pub(crate) at_unix_nano: u64,
    pub(crate) limit: BodyLimit,
    pub(crate) admitted: Admitted,
}

impl Received {
    /// Inflates it, if it is compressed. Works in steps, so that a large one does not keep others from the thread, and draws on the
    /// account before each takes memory.
    pub(crate) async fn inflate(self, coding: ContentEncoding, reader: &BodyReader) -> Result<Self, Rejection> {
        if coding == ContentEncoding::Identity {
            return Ok(self);
        }
        let Self {
            bytes,
            mut reservation,
            at_unix_nano,
            limit,
            mut admitted,
        } = self;
        let compressed = reservation.bytes();
        let mut whole = None;
        if bytes.len() <= LARGE && !admitted.has_turn() {
            let _decoder = reader.admission().decoder().await;
            let limits = Limits {
                most: LARGE_INFLATED,
                wait: Duration::ZERO,
            };
            whole = inflated(coding, &bytes, &mut reservation, limit, limits, reader).await?;
        }
        if whole.is_none() {
            reader.admission().turn(&mut admitted).await?;
            let limits = Limits {
                most: usize::MAX,
                wait: admitted.room_wait(),
            };
            whole = inflated(coding, &bytes, &mut reservation, limit, limits, reader).await?;
        }
        drop(bytes);
        reservation.shrink(compressed);
        Ok(Self {
            bytes: whole.map(Buffer::freeze).unwrap_or_default(),
            reservation,
            at_unix_nano,
            limit,
            admitted,
        })
    }
}

/// Limits of a decompression in addition to the limit of the request.
#[derive(Clone, Copy)]
struct Limits {
    /// Bytes after which it stops.
    most: usize,
    /// Time that it may wait for memory.
    wait: Duration,
}

/// Returns `None`, and gives back what it has drawn, where there is more than `limits` has.
async fn inflated(
    coding: ContentEncoding,
    bytes: &Bytes,
    reservation: &mut Reservation,
    limit: BodyLimit,
    limits: Limits,
    reader: &BodyReader,
) -> Result<Option<Buffer>, Rejection> {
    let unreadable = |error| Rejection::malformed(format!("the body cannot be read: {error}"));
    let decoder = coding.decoder_bytes();
    reservation.grow_within(decoder, limits.wait).await?;
    let mut whole = reader.pool().take(0);
    let mut inflated = coding.inflate(bytes).map_err(unreadable)?;
    loop {
        reservation.grow_within(STEP, limits.wait).await?;
        whole.reserve(STEP, limit.whole + STEP)?;
        let more = inflated.step(&mut whole).map_err(unreadable)?;
        reservation.shrink(STEP - more);
        if more == 0 {
            break;
        }
        if whole.bytes.len() > limit.whole {
            return Err(too_long(limit.whole, limit));
        }
        if whole.bytes.len() > limits.most {
            reservation.shrink(decoder + whole.bytes.len());
            return Ok(None);
        }
        if more == STEP {
            tokio::task::yield_now().await;
        }
    }
    reservation.shrink(decoder);
    Ok(Some(whole))
}

/// Reads an HTTP body and decompresses it by its headers.
pub(crate) async fn read(reader: &BodyReader, headers: &HeaderMap, body: Body, limit: BodyLimit) -> Result<Received, Rejection> {
    let (received, coding) = read_coded(reader, headers, body, limit).await?;
    received.inflate(coding, reader).await
}

/// Reads an HTTP body without decompressing it, and its encoding from its headers.
pub(crate) async fn read_coded(
    reader: &BodyReader,
    headers: &HeaderMap,
    body: Body,
    limit: BodyLimit,
) -> Result<(Received, ContentEncoding), Rejection> {
    match ContentEncoding::of(headers, &CONTENT_ENCODING) {
        Ok(coding) => Ok((read_plain(reader, headers, body, limit, |_| None).await?, coding)),
        Err(reason) => {
            skip(body).await;
            Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason))
        }
    }
}

/// Reads the length of a body from its first bytes.
type Announced = fn(&[u8]) -> Option<usize>;

/// Reads an HTTP body as it is.
pub(crate) async fn read_plain(
    reader: &BodyReader,
    headers: &HeaderMap,
    mut body: Body,
    limit: BodyLimit,
    announced: Announced,
) -> Result<Received, Rejection> {
    let declared = body.size_hint().lower();
    let mut receiving = Receiving {
        reader,
        limit,
        whole: None,
        reservation: reader.budget().reservation(),
        admitted: Admitted::default(),
    };
    let collected = if declared > limit.sent as u64 {
        Err(too_long(limit.sent, limit))
    } else {
        let declared = usize::try_from(declared).unwrap_or(usize::MAX);
        receiving.collect(&mut body, declared, announced).await
    };
    let Receiving {
        whole,
        reservation,
        admitted,
        ..
    } = receiving;
    reader.count_bytes(whole.as_ref().map_or(0, |whole| whole.bytes.len()));
    if let Err(rejection) = collected {
        // A client that waits for `100 Continue` gets the rejection instead.
        if !headers.contains_key(EXPECT) && rejection.status != StatusCode::REQUEST_TIMEOUT {
            drop((whole, reservation, admitted));
            skip(body).await;
        }
        return Err(rejection);
    }
    Ok(Received {
        bytes: whole.map(Buffer::freeze).unwrap_or_default(),
        reservation,
        at_unix_nano: now(),
        limit,
        admitted,
    })
}

/// A body on its way.
struct Receiving<'a> {
    reader: &'a BodyReader,
    limit: BodyLimit,
    /// `None` until it is admitted.
    whole: Option<Buffer>,
    reservation: Reservation,
    admitted: Admitted,
}

impl Receiving<'_> {
    /// Waits for admission before anything is read where the length is known, and otherwise once the body turns out to be large.
    async fn collect(&mut self, body: &mut Body, declared: usize, announced: Announced) -> Result<(), Rejection> {
        let (admission, limit) = (self.reader.admission(), self.limit);
        admission.body(declared, &mut self.admitted).await?;
        // A sender with a wrong length holds no more than that.
        let whole = self.whole.insert(self.reader.pool().take(declared.min(LARGE)));
        loop {
            let frame = match next_frame(body).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return Err(Rejection::malformed(format!("the body cannot be read: {error}"))),
                Ok(None) => return Ok(()),
                Err(_) => {
                    let reason = format!("no more of the body was received for {} s", SILENCE.as_secs());
                    return Err(Rejection::new(StatusCode::REQUEST_TIMEOUT, reason));
                }
            };
            // Trailers do not describe the body.
            let Ok(data) = frame.into_data() else { continue };
            if data.len() > limit.sent - whole.bytes.len() {
                return Err(too_long(limit.sent, limit));
            }
            if whole.bytes.len() + data.len() > LARGE {
                let bytes = announced(&whole.bytes).unwrap_or(limit.sent);
                admission.body(bytes.max(LARGE + 1), &mut self.admitted).await?;
                self.reservation.grow_within(data.len(), ROOM_WAIT).await?;
            } else {
                self.reservation.grow(data.len())?;
            }
            whole.reserve(data.len(), limit.sent)?;
            whole.bytes.extend_from_slice(&data);
        }
    }
}

/// Waits for the next frame, not for long. Mostly it is there, which takes no timer.
async fn next_frame(body: &mut Body) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, Elapsed> {
    let mut frame = body.frame();
    match std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut frame).poll(cx))).await {
        Poll::Ready(frame) => Ok(frame),
        Poll::Pending => tokio::time::timeout(SILENCE, frame).await,
    }
}

/// Discards a body, up to a limit: closing a connection while its sender still writes would lose the response.
pub(crate) async fn skip(body: Body) {
    http_server::discard(body, SKIPPED, SILENCE).await;
}

/// `bytes` is the limit that the body exceeds.
pub(crate) fn too_long(bytes: usize, limit: BodyLimit) -> Rejection {
    // As sent, a gRPC message has its prefix, too.
    let reason = format!("the body is longer than {} ({})", Size(bytes.min(limit.whole)), limit.source);
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A runtime without timers panics where one is made.
    #[test]
    fn frame_that_is_here_takes_no_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut body = Body::from("spans");
            let frame = next_frame(&mut body)
                .await
                .expect("in time")
                .expect("a frame")
                .expect("no error");
            assert_eq!(frame.into_data().expect("no trailers"), "spans");
            assert!(next_frame(&mut body).await.expect("in time").is_none());
        });
    }
}
