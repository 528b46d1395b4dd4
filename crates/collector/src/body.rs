//! Reading a request's body: into one piece of memory that has been used before, within limits of size, time and all that is in
//! memory at once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::coding::{self, Coding};
use crate::intake::Intake;
use crate::pool::Buffer;
use crate::queue::Lease;
use crate::refusal::Refusal;

/// The longest body, in bytes, as sent and after decompression. Exporters send a few hundred KiB at a time.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;
/// For how many bytes room is made because a sender says that it will send so many. Who lies about it holds no more than that.
const UP_FRONT: usize = 1024 * 1024;
/// How long a sender may be silent in the middle of a body.
const SILENCE: Duration = Duration::from_secs(5);

/// A body that is here.
#[derive(Debug)]
pub(crate) struct Received {
    /// Inflated, in one piece.
    pub(crate) bytes: Bytes,
    /// The right to the memory that it takes.
    pub(crate) lease: Lease,
    /// When the last byte had come, in nanoseconds since the Unix epoch.
    pub(crate) at_unix_nano: u64,
}

impl Received {
    /// Inflates it, if it is compressed. Works in steps, so that a large one does not keep others from the thread.
    pub(crate) async fn inflate(self, coding: Coding, intake: &Intake) -> Result<Self, Refusal> {
        if coding == Coding::Identity {
            return Ok(self);
        }
        let unreadable = |error| Refusal::malformed(format!("the body cannot be read: {error}"));
        let mut lease = intake.queue().lease();
        let mut whole = intake.pool().take(self.bytes.len());
        let mut inflated = coding.inflate(&self.bytes).map_err(unreadable)?;
        loop {
            let more = coding::step(&mut *inflated, &mut whole).map_err(unreadable)?;
            if more == 0 {
                break;
            }
            if whole.bytes.len() > LIMIT {
                return Err(too_long());
            }
            lease.grow(more)?;
            if more == coding::STEP {
                tokio::task::yield_now().await;
            }
        }
        drop(inflated);
        Ok(Self {
            bytes: whole.freeze(),
            lease,
            at_unix_nano: self.at_unix_nano,
        })
    }
}

/// Reads an HTTP body and inflates it as its headers say.
pub(crate) async fn read(intake: &Intake, headers: &HeaderMap, body: Body) -> Result<Received, Refusal> {
    let (received, coding) = read_coded(intake, headers, body).await?;
    received.inflate(coding, intake).await
}

/// Reads an HTTP body as it is, with what its headers say of how it is compressed.
pub(crate) async fn read_coded(intake: &Intake, headers: &HeaderMap, body: Body) -> Result<(Received, Coding), Refusal> {
    match Coding::of(headers, &CONTENT_ENCODING) {
        Ok(coding) => Ok((read_plain(intake, headers, body).await?, coding)),
        Err(reason) => {
            skip(body).await;
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason))
        }
    }
}

/// Reads an HTTP body as it is.
pub(crate) async fn read_plain(intake: &Intake, headers: &HeaderMap, mut body: Body) -> Result<Received, Refusal> {
    let declared = body.size_hint().lower();
    let mut whole = intake
        .pool()
        .take(usize::try_from(declared).map_or(UP_FRONT, |declared| declared.min(UP_FRONT)));
    let mut lease = intake.queue().lease();
    let collected = if declared > LIMIT as u64 {
        Err(too_long())
    } else {
        collect(&mut body, &mut whole, &mut lease).await
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
    })
}

async fn collect(body: &mut Body, whole: &mut Buffer, lease: &mut Lease) -> Result<(), Refusal> {
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
        if data.len() > LIMIT - whole.bytes.len() {
            return Err(too_long());
        }
        lease.grow(data.len())?;
        whole.bytes.extend_from_slice(&data);
    }
}

/// Reads what nobody wants, up to a limit: a connection that is closed while its sender still writes takes the answer with it.
pub(crate) async fn skip(body: Body) {
    http_server::discard(body, LIMIT, SILENCE).await;
}

fn too_long() -> Refusal {
    let reason = format!("the body has more than {LIMIT} bytes (uncompressed)");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
