//! The subject of a span with a generic name, and the status of its call.
//!
//! Instrumentation names spans alike in thousands: `GET`, `SELECT`, `publish`. The difference is in attributes: those of
//! [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/), of either generation, which Sentry's
//! span data has as well, and those of the Vercel AI SDK and `OpenInference`.

mod call_status;
mod generic;

use std::borrow::Cow;

pub use call_status::{CallStatus, StatusClass};
use call_status::{Code, StatusKey};

use crate::call_target::without_query;
use crate::filter::wire::{AnyValue, KeyValue, Leaf, number, parts};
use crate::mask::mask;
use crate::sentry::cut;
use crate::{CallTarget, SpanKind};

/// Attributes read: as many as OpenTelemetry's SDKs keep.
const ATTRIBUTES_MAX: usize = 128;
/// Bytes of the text.
const TEXT_LENGTH_MAX: usize = 200;
/// Bytes of a value that are read: this is done for each row of each frame.
const READ_MAX: usize = 4_096;

/// Subject of a span.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SpanSubject {
    /// The subject if the name does not tell it: a route or path, the first words of a statement without literals, a peer, a
    /// queue, an RPC method, a tool or a model; else empty. Parts of the sender's text.
    pub text: Box<str>,
    /// Status of its call, in its protocol's terms.
    pub status: Option<CallStatus>,
}

/// Attributes by meaning, each with its present and former names. Of several spellings in one span the first counts.
const KEYS: [&[&str]; Key::Peer as usize + 1] = [
    &["http.request.method", "http.method"],
    &["http.route", "url.template"],
    &["url.path", "http.target"],
    &["url.full", "http.url", "url"],
    &[
        "server.address",
        "net.peer.name",
        "http.host",
        "network.peer.address",
        "net.peer.ip",
    ],
    &["rpc.service"],
    &["rpc.method"],
    &["rpc.system.name", "rpc.system"],
    &["db.system.name", "db.system"],
    &["db.namespace", "db.name"],
    &["db.query.summary"],
    &["db.query.text", "db.statement"],
    &[
        "db.collection.name",
        "db.sql.table",
        "db.mongodb.collection",
        "db.cassandra.table",
    ],
    &["messaging.destination.template"],
    &["messaging.destination.name", "messaging.destination"],
    &["messaging.rabbitmq.destination.routing_key", "messaging.rabbitmq.routing_key"],
    &["messaging.system"],
    &["gen_ai.tool.name", "mcp.tool.name", "ai.toolCall.name", "tool.name"],
    &[
        "gen_ai.request.model",
        "gen_ai.response.model",
        "ai.model.id",
        "llm.model_name",
    ],
    &["gen_ai.agent.name"],
    &["graphql.operation.name"],
    &["service.peer.name", "peer.service"],
];

/// The place in [`KEYS`].
#[derive(Clone, Copy)]
enum Key {
    Method,
    Route,
    Path,
    Url,
    Host,
    RpcService,
    RpcMethod,
    RpcSystem,
    DbSystem,
    DbName,
    Summary,
    Statement,
    Collection,
    QueueTemplate,
    Queue,
    Routing,
    MessagingSystem,
    Tool,
    Model,
    Agent,
    GraphQl,
    Peer,
}

/// Detail of the texts of one name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// A text for each span.
    Span,
    /// A text for each operation: a route rather than a path, a template rather than a statement.
    Operation,
}

impl SpanSubject {
    /// Reads it from a span's OTLP bytes, as the row of one span shows it.
    pub(crate) fn of_span(name: &str, kind: SpanKind, raw: &[u8]) -> Self {
        let facts = Facts::read(raw);
        Self {
            text: facts.text(name, kind, Detail::Span).into(),
            status: facts.status(),
        }
    }

    /// Returns true if a span's bytes may add to its name.
    pub(crate) fn may_add_to(name: &str) -> bool {
        generic::may_be_generic(name)
    }

    /// Returns the subject that all spans of an operation share; empty if the name tells it or there is none.
    pub(crate) fn of_operation(name: &str, kind: SpanKind, raw: &[u8]) -> Box<str> {
        Facts::read(raw).text(name, kind, Detail::Operation).into()
    }
}

/// Attributes that describe a span's subject.
#[derive(Default)]
struct Facts<'a> {
    texts: [Option<&'a str>; KEYS.len()],
    codes: [Option<Code<'a>>; StatusKey::ALL.len()],
}

impl<'a> Facts<'a> {
    fn read(raw: &'a [u8]) -> Self {
        let mut facts = Self::default();
        for attribute in parts(raw, number::SPAN_ATTRIBUTES).take(ATTRIBUTES_MAX) {
            facts.see(attribute);
        }
        facts
    }

    fn see(&mut self, attribute: &'a [u8]) {
        let Some((key, value)) = KeyValue::borrowed(attribute) else {
            return;
        };
        if let Some(at) = KEYS.iter().position(|names| names.iter().any(|name| name.as_bytes() == key)) {
            if let AnyValue::Leaf(Leaf::Text(text)) = AnyValue::read(value)
                && self.texts[at].is_none()
            {
                self.texts[at] = prefix(text).filter(|text| !text.is_empty());
            }
        } else if let Some(at) = StatusKey::ALL.iter().position(|status| status.names().contains(&key)) {
            self.codes[at] = self.codes[at].or_else(|| Code::read(value));
        }
    }

    const fn get(&self, key: Key) -> Option<&'a str> {
        self.texts[key as usize]
    }

    fn status(&self) -> Option<CallStatus> {
        // The most specific one first: gRPC is spoken over HTTP.
        let mut all = StatusKey::ALL.iter().zip(&self.codes);
        all.find_map(|(key, code)| key.status(code.as_ref()?))
    }

    /// Returns the addition to a name; empty if none is needed.
    fn text(&self, name: &str, kind: SpanKind, detail: Detail) -> String {
        let is_own = |word: &str| {
            let own = [Key::Method, Key::RpcSystem, Key::DbSystem, Key::DbName, Key::MessagingSystem];
            own.into_iter().filter_map(|key| self.get(key)).any(|text| {
                text.split(|c: char| !c.is_alphanumeric())
                    .any(|part| part.eq_ignore_ascii_case(word))
            })
        };
        if !generic::is_generic(name, is_own) {
            return String::new();
        }
        let identity = self.identity(kind, detail).unwrap_or_default();
        let identity = generic::without_repetition(name, cut(&identity, TEXT_LENGTH_MAX).trim());
        identity.to_owned()
    }

    fn identity(&self, kind: SpanKind, detail: Detail) -> Option<Cow<'a, str>> {
        let plain = |key| self.get(key).map(Cow::Borrowed);
        plain(Key::Tool)
            .or_else(|| plain(Key::Agent))
            .or_else(|| plain(Key::Model))
            .or_else(|| plain(Key::GraphQl))
            .or_else(|| self.rpc())
            // Some servers put the statement of a request on its own span.
            .or_else(|| plain(Key::Route).filter(|_| kind == SpanKind::Server))
            .or_else(|| self.database())
            .or_else(|| self.queue(detail))
            .or_else(|| plain(Key::Route))
            .or_else(|| self.path(kind, detail))
            .or_else(|| plain(Key::Peer))
            .or_else(|| plain(Key::Host).filter(|_| kind.sends()))
    }

    fn rpc(&self) -> Option<Cow<'a, str>> {
        match (self.get(Key::RpcService), self.get(Key::RpcMethod)) {
            // Newer conventions have both in the method.
            (None, Some(method)) => Some(method.trim_start_matches('/').into()),
            (Some(_), Some(method)) if method.contains('/') => Some(method.trim_start_matches('/').into()),
            (Some(service), Some(method)) => Some(format!("{service}/{method}").into()),
            (service, None) => service.map(Cow::Borrowed),
        }
    }

    fn database(&self) -> Option<Cow<'a, str>> {
        let collection = self.get(Key::Collection);
        let statement = self.get(Key::Statement).map(without_comments).filter(|text| !text.is_empty());
        let summary = self.get(Key::Summary).or_else(|| {
            // For a document the collection is more useful than the first words.
            collection.filter(|_| statement.is_none_or(|statement| statement.starts_with(['{', '['])))
        });
        summary.map(Cow::Borrowed).or_else(|| {
            let statement = statement?;
            let mut masked = Vec::with_capacity(statement.len());
            mask(statement.as_bytes(), |byte| masked.push(byte));
            Some(String::from_utf8_lossy(&masked).into_owned().into())
        })
    }

    fn queue(&self, detail: Detail) -> Option<Cow<'a, str>> {
        let template = self.get(Key::QueueTemplate).filter(|_| detail == Detail::Operation);
        let queue = template.or_else(|| self.get(Key::Queue)).or_else(|| self.get(Key::Routing));
        queue.map(Cow::Borrowed)
    }

    /// The path of a request, of a client's with the host.
    fn path(&self, kind: SpanKind, detail: Detail) -> Option<Cow<'a, str>> {
        let url = self.get(Key::Url);
        let target = url.and_then(CallTarget::of_url);
        let path = match (self.get(Key::Path), &target) {
            (Some(path), _) => without_query(path),
            (None, Some(target)) => match &target.path {
                Cow::Borrowed(path) => path,
                Cow::Owned(_) => "",
            },
            (None, None) => without_query(url?),
        };
        let path = cut(path, TEXT_LENGTH_MAX);
        let path = if detail == Detail::Operation {
            let mut masked = Vec::with_capacity(path.len());
            mask(path.as_bytes(), |byte| masked.push(byte));
            String::from_utf8_lossy(&masked).into_owned().into()
        } else {
            Cow::Borrowed(path)
        };
        let host = self.get(Key::Host).or_else(|| target.map(|target| target.host));
        match host.filter(|_| kind.sends()) {
            Some(host) => Some(format!("{}{path}", cut(host, TEXT_LENGTH_MAX)).into()),
            None => Some(path).filter(|path| !path.is_empty()),
        }
    }
}

/// Returns the start of a text, as much as is read of it.
fn prefix(bytes: &[u8]) -> Option<&str> {
    let read = bytes.get(..READ_MAX).unwrap_or(bytes);
    let valid = match std::str::from_utf8(read) {
        // The last character is cut.
        Err(error) if error.error_len().is_none() && read.len() < bytes.len() => {
            std::str::from_utf8(&read[..error.valid_up_to()])
        }
        read => read,
    };
    valid.ok()
}

/// A statement without the comments before it, by which libraries carry a trace context.
fn without_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    while let Some((_, after)) = rest.strip_prefix("/*").and_then(|comment| comment.split_once("*/")) {
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests;
