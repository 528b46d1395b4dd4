//! Each listener's behavior: the collector's part of [the table of listeners](ingest_state::Listener::entry).

use axum::Router;
use http_server::Limits;
use sentry_relay::Relay;
use trace_model::Source;

use crate::intake::Intake;
use crate::own_uploads::Takes;
use crate::{Addresses, Listener, otlp, sentry};

/// Parts of the routes.
pub(crate) struct Serving {
    pub(crate) intake: Intake,
    pub(crate) addresses: Addresses,
    pub(crate) relay: Option<Relay<sentry::Spans>>,
}

/// Returns the routes of a listener.
pub(crate) fn routes(listener: Listener, serving: &Serving) -> Router {
    let Serving {
        intake,
        addresses,
        relay,
    } = serving;
    match listener {
        Listener::OtlpGrpc => otlp::grpc::routes(intake.at(listener, Source::OtlpGrpc), addresses[Listener::OtlpHttp]),
        Listener::OtlpHttp => otlp::http::routes(&intake.at(listener, Source::OtlpHttp), addresses[Listener::OtlpGrpc]),
        Listener::Sentry => sentry::routes(intake.at(listener, Source::SentryOtlp), relay.clone()),
    }
}

/// Returns which paths of a listener take spans: client spans of requests to these are own uploads.
pub(crate) fn takes(listener: Listener) -> Takes {
    match listener {
        Listener::OtlpGrpc => otlp::grpc::takes,
        Listener::OtlpHttp => otlp::http::takes,
        Listener::Sentry => sentry::takes,
    }
}

/// Returns the limits of a listener. Half of the buffer costs a tenth of the whole program's speed, the double gains hardly anything.
///
/// A gRPC sender has one connection for all that it sends. A window that is smaller than its batches costs a tenth of the speed too.
pub(crate) const fn limits(listener: Listener) -> Limits {
    match listener {
        Listener::OtlpGrpc => Limits {
            connections: 80,
            requests: 64,
            read_buffer: 128 * 1024,
            window: 256 * 1024,
        },
        Listener::OtlpHttp | Listener::Sentry => Limits {
            connections: 128,
            requests: 96,
            read_buffer: 128 * 1024,
            window: 64 * 1024,
        },
    }
}
