//! Who is called, as the calling span names it.
//!
//! Source: [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/): `service.peer.name`, `db.*`, `messaging.*`,
//! `server.*`, with the names that those had before.

use trace_model::{CallTarget, Span, Value};

/// What a calling span says of the one that it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A service, by the name that it goes by.
    Service(String),
    /// A database: which kind, and which one of it.
    Database(String),
    /// A broker: which kind, and which of its queues or topics.
    Broker(String),
    /// A host, by its name or address.
    Host(String),
}

impl Peer {
    /// What a span says; `None` for one that says nothing.
    pub(crate) fn of(span: &Span) -> Option<Self> {
        let text = |keys: &[&str]| keys.iter().find_map(|key| text(span, key));
        let part = |whole: String, part: Option<&str>| match part {
            Some(part) => format!("{whole} {part}"),
            None => whole,
        };
        if let Some(service) = text(&["service.peer.name", "peer.service"]) {
            return Some(Self::Service(service.to_owned()));
        }
        if let Some(system) = text(&["db.system.name", "db.system", "db.type"]) {
            let name = text(&["db.namespace", "db.name", "db.instance", "db.redis.database_index"]);
            return Some(Self::Database(part(system.to_owned(), name)));
        }
        if let Some(system) = text(&["messaging.system"]) {
            let destination = text(&[
                "messaging.destination.name",
                "messaging.destination",
                "message_bus.destination",
            ]);
            return Some(Self::Broker(part(system.to_owned(), destination)));
        }
        let host = text(&[
            "server.address",
            "net.peer.name",
            "net.sock.peer.name",
            "http.host",
            "peer.hostname",
        ]);
        let host = host.or_else(|| Some(CallTarget::of_url(text(&["url.full", "http.url"])?)?.host));
        let host = host.or_else(|| text(&["network.peer.address", "net.sock.peer.addr", "net.peer.ip", "peer.address"]));
        host.map(|host| Self::Host(host.to_owned()))
    }

    /// The name alone.
    pub(crate) fn name(&self) -> &str {
        let (Self::Service(name) | Self::Database(name) | Self::Broker(name) | Self::Host(name)) = self;
        name
    }

    /// Whether it can only be this service: `mailer`, `mailer:8080`, or its name within a cluster, as `mailer.default.svc`. That a public
    /// host's name begins so says nothing.
    pub(crate) fn names(&self, service: &str) -> bool {
        match self {
            Self::Service(name) => name == service,
            Self::Host(host) => is_host_of(service, host),
            Self::Database(_) | Self::Broker(_) => false,
        }
    }
}

fn is_host_of(service: &str, host: &str) -> bool {
    let host = host.split(':').next().unwrap_or(host);
    let mut labels = host.split('.');
    let is_first = !service.is_empty() && labels.next() == Some(service);
    is_first && (labels.clone().next().is_none() || labels.any(|label| matches!(label, "svc" | "local" | "internal")))
}

pub(crate) fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match &attribute.value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
