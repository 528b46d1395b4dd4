//! Spans of the requests that bring spans here.
//!
//! A program whose HTTP client is instrumented records its exporter's requests too, each often a trace of its own. They describe
//! the program's telemetry, not the program, and each export creates another one.

use http_server::{Access, Host};
use trace_model::{Batch, CallTarget};

use crate::{Addresses, Listener, PerListener};

/// Returns true if a path accepts spans.
pub(crate) type Takes = fn(&str) -> bool;

/// Recognizes client spans of requests to this collector: to a host that passes here, at the port of a listener, and to a path that this
/// listener takes data by.
#[derive(Debug)]
pub(crate) struct OwnUploads {
    /// Each listener's port, and which of its paths take data.
    listeners: PerListener<(u16, Takes)>,
    access: Access,
}

impl OwnUploads {
    /// `takes` returns which paths of a listener accept spans.
    pub(crate) fn new(at: Addresses, takes: fn(Listener) -> Takes, access: Access) -> Self {
        Self {
            listeners: PerListener::from_fn(|listener| (at[listener].port(), takes(listener))),
            access,
        }
    }

    /// Hides them, and returns how many.
    pub(crate) fn hide(&self, batch: &mut Batch) -> usize {
        let is_port = |port| self.listeners.iter().any(|(_, (known, _))| *known == port);
        batch.hide_spans(|span| span.call_target(is_port).is_some_and(|target| self.is_target(&target)))
    }

    fn is_target(&self, target: &CallTarget<'_>) -> bool {
        let is_taken = |(_, (port, takes)): (_, &(u16, Takes))| target.port == Some(*port) && takes(&target.path);
        // Compared last, since it allocates.
        let is_here = || target.host.parse::<Host>().is_ok_and(|host| self.access.allows_host(&host));
        self.listeners.iter().any(is_taken) && is_here()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listeners::takes;

    fn is_upload(url: &str) -> bool {
        let at = Addresses::from_fn(Listener::default_address);
        let hosts = vec!["viewer.example".parse().expect("a host")];
        let uploads = OwnUploads::new(at, takes, Access::local(hosts, Vec::new()));
        let target = CallTarget::of_url(url).expect("an absolute URL");
        uploads.is_target(&target)
    }

    #[test]
    fn own_uploads_are_known_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "localhost",
            "LocalHost",
            "otel.localhost",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "host.docker.internal",
            "key:secret@127.0.0.1",
            "viewer.example",
        ] {
            for rest in [
                "4317/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                "4317/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                "4317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                "4318/v1/traces",
                "4318/v1/traces/",
                "4318/v1/logs",
                "4318/v1/metrics?timeout=1",
                "8969/stream",
                "8969/stream/",
                "8969/api/1/envelope/?sentry_key=spanfall",
                "8969/api/1/envelope",
                "8969/api/42/store/",
                "8969/prefix/api/1/envelope/",
                "8969/api/1/integration/otlp/v1/traces",
                "8969/api/1/integration/otlp/v1/logs/",
            ] {
                let url = format!("http://{host}:{rest}");
                assert!(is_upload(&url), "{url}");
            }
        }
    }

    #[test]
    fn own_uploads_are_not_other_requests() {
        for url in [
            "http://127.0.0.1:8080/v1/traces",
            "http://127.0.0.1/v1/traces",
            "http://collector.example:4318/v1/traces",
            "http://10.0.0.1:4318/v1/traces",
            "http://localhost.example:4318/v1/traces",
            "http://127.0.0.1:4318/",
            "http://127.0.0.1:4318/v1/traces/42",
            "http://127.0.0.1:4318/api/1/envelope/",
            "http://127.0.0.1:4317/v1/traces",
            "http://127.0.0.1:4317/shop.Cart/Export",
            "http://127.0.0.1:8969/v1/traces",
            "http://127.0.0.1:8969/api/1/users/",
            "http://127.0.0.1:8969/api/envelope/",
            "http://127.0.0.1:8969/streams",
            "http://127.0.0.1:8969/shop/stream",
            "https://o1.ingest.sentry.io/api/1/envelope/",
        ] {
            assert!(!is_upload(url), "{url}");
        }
    }
}
