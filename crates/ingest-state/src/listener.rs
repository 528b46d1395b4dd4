//! The listeners, and where they listen.

use std::fmt;
use std::net::SocketAddr;

/// One of the three doors.
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
    /// All of them.
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

/// Where it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// For OTLP over gRPC.
    pub otlp_grpc: SocketAddr,
    /// For OTLP over HTTP.
    pub otlp_http: SocketAddr,
    /// For Sentry envelopes.
    pub sentry: SocketAddr,
}
