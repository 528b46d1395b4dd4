//! Requests to the routes: the state of their handlers, the body, and the sender's key.

use axum::body::Body;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Uri};
use sentry_relay::Relay;

use super::forward::Spans;
use crate::Listener;
use crate::body::{self, Received};
use crate::budget::Reservation;
use crate::intake::Intake;
use crate::limits::BodyLimit;
use crate::rejection::Rejection;

/// Header in which SDKs send their name and their DSN's key.
const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");

/// State of the handlers.
#[derive(Clone)]
pub(super) struct AppState {
    pub(super) intake: Intake,
    /// The relay to Sentry, if enabled.
    pub(super) relay: Option<Relay<Spans>>,
}

impl AppState {
    /// Counts what this viewer could not take, though Sentry gets it.
    pub(super) fn count_throttled(&self, rejection: &Rejection) {
        self.intake.recorder().record(|health| {
            health.listeners[Listener::Sentry].throttled += 1;
            health.remember(Listener::Sentry, &rejection.reason);
        });
    }
}

/// A received body, and its bytes as sent if they are forwarded.
pub(super) struct RawBody {
    pub(super) received: Received,
    pub(super) as_sent: Bytes,
    /// The right to the memory of both until Sentry has answered.
    pub(super) reservation: Reservation,
}

impl RawBody {
    pub(super) async fn receive(state: &AppState, headers: &HeaderMap, body: Body, limit: BodyLimit) -> Result<Self, Rejection> {
        let (mut coded, coding) = body::read_coded(state.intake.bodies(), headers, body, limit).await?;
        let (mut as_sent, mut reservation) = (Bytes::new(), state.intake.budget().reservation());
        if state.relay.is_some() {
            as_sent = coded.bytes.clone();
            reservation = coded.reservation.split(as_sent.len());
        }
        let mut received = coded.inflate(coding, state.intake.bodies()).await?;
        if state.relay.is_some() {
            reservation.absorb(received.reservation.split(usize::MAX));
        }
        Ok(Self {
            received,
            as_sent,
            reservation,
        })
    }
}

/// The public key of the sender's DSN: in a header, or where a browser may not set one in the query.
pub(super) fn public_key<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(AUTH).or_else(|| headers.get(AUTHORIZATION));
    let header = header.and_then(|value| value.to_str().ok()?.split_once(' '));
    let header = header.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("sentry"));
    let in_header = header.into_iter().flat_map(|(_, pairs)| pairs.split(','));
    let in_query = uri.query().into_iter().flat_map(|query| query.split('&'));
    in_header
        .chain(in_query)
        .find_map(|part| part.trim().strip_prefix("sentry_key="))
}
