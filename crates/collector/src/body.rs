//! Reading a request's body: into one piece of memory that has been used before, within limits of size, time and all that is in
//! memory at once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::coding::{Coding, STEP};
use crate::intake::Intake;
use crate::limits::{BodyLimit, Size};
use crate::pool::Buffer;
use crate::queue::Lease;
use crate::refusal::Refusal;

/// For how many bytes room is made because a sender says that it will send so many. Who lies about it holds no more than that.
const UP_FRONT: usize = 1024 * 1024;
/// How long a sender may be silent in the middle of a body.
const SILENCE: Duration = Duration::from_secs(5);
/// How much of a refused body is read, in bytes.
const SKIPPED: usize = 64 * 1024 * 1024;

/// A body that is here.
#[derive(Debug)]
pub(crate) struct Received {
    /// Inflated, in one piece.
    pub(crate) bytes: Bytes,
    /// The right to the memory that it takes.
    pub(crate) lease: Lease,
    /// When the last byte had come, in nanoseconds since the Unix epoch.
    pub(crate) at_unix_nano: u64,
    pub(crate) limit: BodyLimit,
}

impl Received {
    /// Inflates it, if it is compressed. Works in steps, so that a large one does not keep others from the thread, and draws on the
    /// account before each takes memory.
    pub(crate) async fn inflate(self, coding: Coding, intake: &Intake) -> Result<Self, Refusal> {
        if coding == Coding::Identity {
            return Ok(self);
        }
        let Self {
            bytes,
            mut lease,
            at_unix_nano,
            limit,
        } = self;
        let unreadable = |error| Refusal::malformed(format!("the body cannot be read: {error}"));
        let _turn = intake.decoder().await;
        let compressed = lease.bytes();
        lease.grow(coding.decoder_bytes())?;
        let mut whole = intake.pool().take(0);
        let mut inflated = coding.inflate(&bytes).map_err(unreadable)?;
        loop {
            lease.grow(STEP)?;
            whole.reserve(STEP, limit.whole + STEP)?;
            let more = inflated.step(&mut whole).map_err(unreadable)?;
            lease.shrink(STEP - more);
            if more == 0 {
                break;
            }
            if whole.bytes.len() > limit.whole {
                return Err(too_long(limit.whole, limit));
            }
            if more == STEP {
                tokio::task::yield_now().await;
            }
        }
        drop(inflated);
        drop(bytes);
        lease.shrink(coding.decoder_bytes() + compressed);
        Ok(Self {
            bytes: whole.freeze(),
            lease,
            at_unix_nano,
            limit,
        })
    }
}

/// Reads an HTTP body and inflates it as its headers say.
pub(crate) async fn read(intake: &Intake, headers: &HeaderMap, body: Body, limit: BodyLimit) -> Result<Received, Refusal> {
    let (received, coding) = read_coded(intake, headers, body, limit).await?;
    received.inflate(coding, intake).await
}

/// Reads an HTTP body as it is, with what its headers say of how it is compressed.
pub(crate) async fn read_coded(
    intake: &Intake,
    headers: &HeaderMap,
    body: Body,
    limit: BodyLimit,
) -> Result<(Received, Coding), Refusal> {
    match Coding::of(headers, &CONTENT_ENCODING) {
        Ok(coding) => Ok((read_plain(intake, headers, body, limit).await?, coding)),
        Err(reason) => {
            skip(body).await;
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason))
        }
    }
}

/// Reads an HTTP body as it is.
pub(crate) async fn read_plain(
    intake: &Intake,
    headers: &HeaderMap,
    mut body: Body,
    limit: BodyLimit,
) -> Result<Received, Refusal> {
    let declared = body.size_hint().lower();
    let mut whole = intake
        .pool()
        .take(usize::try_from(declared).map_or(UP_FRONT, |declared| declared.min(UP_FRONT)));
    let mut lease = intake.queue().lease();
    let collected = if declared > limit.sent as u64 {
        Err(too_long(limit.sent, limit))
    } else {
        collect(&mut body, &mut whole, &mut lease, limit).await
    };
    intake.count_bytes(whole.bytes.len());
    if let Err(refusal) = collected {
        // Who waits to be told to go on is told not to.
        if !headers.contains_key(EXPECT) && refusal.status != StatusCode::REQUEST_TIMEOUT {
            drop((whole, lease));
            skip(body).await;
        }
        return Err(refusal);
    }
    Ok(Received {
        bytes: whole.freeze(),
        lease,
        at_unix_nano: now(),
        limit,
    })
}

async fn collect(body: &mut Body, whole: &mut Buffer, lease: &mut Lease, limit: BodyLimit) -> Result<(), Refusal> {
    loop {
        let frame = match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(Refusal::malformed(format!("the body cannot be read: {error}"))),
            Ok(None) => return Ok(()),
            Err(_) => {
                let reason = format!("nothing more of the body came for {} s", SILENCE.as_secs());
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, reason));
            }
        };
        // Trailers say nothing about what was sent.
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit.sent - whole.bytes.len() {
            return Err(too_long(limit.sent, limit));
        }
        lease.grow(data.len())?;
        whole.reserve(data.len(), limit.sent)?;
        whole.bytes.extend_from_slice(&data);
    }
}

/// Reads what nobody wants, up to a limit: a connection that is closed while its sender still writes takes the answer with it.
pub(crate) async fn skip(body: Body) {
    http_server::discard(body, SKIPPED, SILENCE).await;
}

/// `bytes` is the limit that the body exceeds.
pub(crate) fn too_long(bytes: usize, limit: BodyLimit) -> Refusal {
    let reason = format!("the body is longer than {} ({})", Size(bytes), limit.source);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
