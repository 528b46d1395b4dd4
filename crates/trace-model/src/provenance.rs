//! Provenance of spans and log records: the way, the resource, the scope.

use std::sync::Arc;

use crate::{text, work};

/// The way by which a span arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP, protobuf or JSON.
    OtlpHttp,
    /// Made by the viewer itself: the request that a key fires.
    Viewer,
    /// A Sentry envelope.
    Sentry,
    /// OTLP over HTTP, by the route that Sentry has for it: Sentry gets it as well.
    SentryOtlp,
    /// A file that was saved.
    File,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OtlpGrpc,
        Self::OtlpHttp,
        Self::Viewer,
        Self::Sentry,
        Self::SentryOtlp,
        Self::File,
    ];

    /// The name that `tail --json` prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp-grpc",
            Self::OtlpHttp => "otlp-http",
            Self::Viewer => "viewer",
            Self::Sentry => "sentry",
            Self::SentryOtlp => "sentry-otlp",
            Self::File => "file",
        }
    }

    /// Returns the source with a [name](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// Data shared by all spans of one `ScopeSpans`, or all records of one `ScopeLogs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// `service.name`, cut at [`SERVICE_LENGTH_MAX`] bytes; empty when the resource has none.
    pub service: Arc<str>,
    /// The way by which it arrived.
    pub source: Source,
    /// The OTLP `Resource` message, encoded: one copy for all scopes of a request, however many there are.
    pub resource: Arc<[u8]>,
    /// The OTLP `InstrumentationScope` message, encoded.
    pub scope: Arc<[u8]>,
    /// `ResourceSpans.schema_url` or that of `ResourceLogs`, cut at [`SCHEMA_URL_LENGTH_MAX`] bytes; `None` where it is empty.
    pub resource_schema: Option<Arc<str>>,
    /// `ScopeSpans.schema_url` or that of `ScopeLogs`, cut in the same way.
    pub scope_schema: Option<Arc<str>>,
    /// `host.name` of the resource, cut as the service is.
    pub(crate) host: Option<Arc<str>>,
    /// Hashes of the resource, and of the scope with both schema URLs: computed by the walk, once per message, so that the store never
    /// reads a whole one again.
    pub(crate) resource_hash: u64,
    pub(crate) scope_hash: u64,
}

/// Bytes of the longest distinct service name: it is a part of every key, which trees compare and sort.
pub const SERVICE_LENGTH_MAX: usize = 1_024;

/// The longest schema URL that is kept, in bytes: it is compared once per scope.
pub const SCHEMA_URL_LENGTH_MAX: usize = 1_024;

/// Returns a schema URL as it is kept: cut at [`SCHEMA_URL_LENGTH_MAX`] bytes; `None` for an empty one.
#[must_use]
pub fn schema_url(url: &[u8]) -> Option<Arc<str>> {
    let url = std::str::from_utf8(url).ok().filter(|url| !url.is_empty())?;
    let url = text::cut(url, SCHEMA_URL_LENGTH_MAX);
    work::add(url.len());
    Some(url.into())
}

/// A span or a log record, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'a> {
    /// Resource, scope, and the way by which it arrived.
    pub origin: &'a Provenance,
    /// The OTLP `Span` or `LogRecord` message.
    pub bytes: &'a [u8],
}
