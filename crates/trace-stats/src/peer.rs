//! Called peers, as named by client spans.
//!
//! Source: [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/): `service.peer.name`, `db.*`,
//! `messaging.*`, `server.*`, `url.*` and `rpc.service`, with their former names and those of Sentry and `OpenTracing`.

use trace_model::{CallTarget, Span, Value};

/// A peer identified by the attributes of a client span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A service, by its logical name.
    Service(String),
    /// A database: its system and name.
    Database(String),
    /// A broker: its system, and the queue or topic.
    Broker(String),
    /// A host, by name or address.
    Host(String),
}

impl Peer {
    /// Returns the peer of a span; `None` without such attributes.
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
        let urls = ["url.full", "http.url", "url", "uri", "http.uri"];
        let host = host.or_else(|| Some(CallTarget::of_url(text(&urls)?)?.host));
        let addresses = [
            "network.peer.address",
            "net.sock.peer.addr",
            "net.peer.ip",
            "peer.address",
            "peer.ipv4",
            "peer.ipv6",
        ];
        let host = host.or_else(|| text(&addresses)).map(|host| Self::Host(host.to_owned()));
        // Clients of gRPC and AWS that give no address.
        host.or_else(|| text(&["rpc.service"]).map(|service| Self::Service(service.to_owned())))
    }

    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        let (Self::Service(name) | Self::Database(name) | Self::Broker(name) | Self::Host(name)) = self;
        name
    }

    /// Returns true if it must be this service: `mailer`, `mailer:8080`, or a cluster name such as `mailer.default.svc`. The
    /// prefix of a public host name proves nothing.
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
