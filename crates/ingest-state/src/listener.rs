//! Listeners and their addresses.

use std::fmt;
use std::net::SocketAddr;

/// A listener of the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listener {
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP.
    OtlpHttp,
    /// Sentry envelopes.
    Sentry,
}

impl Listener {
    /// Every listener, in the order of the header.
    pub const ALL: [Self; 3] = [Self::OtlpGrpc, Self::OtlpHttp, Self::Sentry];

    /// The command-line flag that moves it.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "--otlp-grpc",
            Self::OtlpHttp => "--otlp-http",
            Self::Sentry => "--sentry",
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtlpGrpc => "OTLP/gRPC",
            Self::OtlpHttp => "OTLP/HTTP",
            Self::Sentry => "Sentry",
        })
    }
}

/// Bound addresses of the listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// OTLP over gRPC.
    pub otlp_grpc: SocketAddr,
    /// OTLP over HTTP.
    pub otlp_http: SocketAddr,
    /// Sentry envelopes.
    pub sentry: SocketAddr,
}
