//! Who is called, as the calling span names it.
//!
//! Source: [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/): `service.peer.name`, `db.*`, `messaging.*`,
//! `server.*`, with the names that those had before.

use trace_model::{Span, Value};

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
        let host = host.or_else(|| text(&["url.full", "http.url"]).and_then(host_of));
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

/// The host of an absolute URL, without user and port; `None` where there is none.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    Some(host).filter(|host| !host.is_empty())
}

fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match &attribute.value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn host_of_url_has_no_user_and_no_port() {
        for (url, host) in [
            ("http://shop:8080/cart?x=1", Some("shop")),
            ("https://user:secret@shop.example/a@b", Some("shop.example")),
            ("http://[::1]:8080/", Some("::1")),
            ("http://shop?x", Some("shop")),
            ("/cart", None),
            ("http:///cart", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
