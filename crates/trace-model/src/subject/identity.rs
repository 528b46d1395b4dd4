//! Identity of a span: the first of its attributes that its name does not have.

use std::borrow::Cow;
use std::net::IpAddr;

use super::facts::{Facts, Key};
use super::{Detail, TEXT_LENGTH_MAX, generic};
use crate::call_target::without_query;
use crate::mask::{Quotes, mask_path, mask_with};
use crate::text::cut;
use crate::{CallTarget, SpanKind};

/// Names of RabbitMQ's default exchange, whose messages go to the queue that the routing key names.
const DEFAULT_EXCHANGES: [&str; 5] = ["<default>", "(default)", "default", "amq.default", "(AMQP default)"];
/// Databases whose statements are a command and a key.
const KEY_VALUE: [&str; 4] = ["redis", "valkey", "memcached", "keydb"];
/// Databases that write texts in double quotes.
const DOUBLE_QUOTED: [&str; 6] = ["mysql", "mariadb", "clickhouse", "sqlite", "spanner", "bigquery"];

impl<'a> Facts<'a> {
    /// Returns the addition to a name; empty if none is needed.
    pub(super) fn text(&self, name: &str, kind: SpanKind, detail: Detail) -> String {
        let is_aws = self.get(Key::RpcSystem) == Some("aws-api");
        let is_own = |word: &str| {
            let own = [Key::Method, Key::RpcSystem, Key::DbSystem, Key::DbName, Key::MessagingSystem];
            let aws = [Key::RpcService, Key::RpcMethod].into_iter().filter(|_| is_aws);
            own.into_iter().chain(aws).filter_map(|key| self.get(key)).any(|text| {
                text.split(|c: char| !c.is_alphanumeric())
                    .any(|part| part.eq_ignore_ascii_case(word))
            })
        };
        if !generic::is_generic(name, is_own) {
            return String::new();
        }
        let sources = [
            Self::model,
            Self::graphql,
            Self::aws,
            Self::rpc,
            Self::route_of_server,
            Self::database,
            Self::cache,
            Self::queue,
            Self::route,
            Self::path,
            Self::other,
            Self::peer,
        ];
        let of = Asked { name, kind, detail };
        let mut texts = sources.into_iter().filter_map(|source| source(self, of));
        let addition = texts.find_map(|text| {
            let rest = generic::without_repetition(name, cut(&text, TEXT_LENGTH_MAX).trim());
            (!rest.is_empty()).then(|| rest.to_owned())
        });
        addition.unwrap_or_default()
    }

    fn plain(&self, key: Key) -> Option<Cow<'a, str>> {
        self.get(key).map(Cow::Borrowed)
    }

    /// The tool, the agent or the model. A chat names its agent as well, so that only an agent's own span is known by it.
    fn model(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        let is_agents = of.name.to_ascii_lowercase().contains("agent");
        let resource = || self.get(Key::Resource).map(|text| of.path(text));
        self.plain(Key::Tool)
            .or_else(resource)
            .or_else(|| self.plain(Key::Agent).filter(|_| is_agents))
            .or_else(|| self.plain(Key::Model))
            .or_else(|| self.plain(Key::Agent))
    }

    fn graphql(&self, _: Asked<'_>) -> Option<Cow<'a, str>> {
        let document = || self.get(Key::Document).map(|text| masked(text, Quotes::Values));
        self.plain(Key::GraphQl).or_else(document)
    }

    fn aws(&self, _: Asked<'_>) -> Option<Cow<'a, str>> {
        // Of a URL or an ARN the last part is the name.
        let resource = self.get(Key::AwsResource)?;
        resource.rsplit(['/', ':']).next().map(Cow::Borrowed)
    }

    fn rpc(&self, _: Asked<'_>) -> Option<Cow<'a, str>> {
        match (self.get(Key::RpcService), self.get(Key::RpcMethod)) {
            // Newer conventions have both in the method.
            (None, Some(method)) => Some(method.trim_start_matches('/').into()),
            (Some(_), Some(method)) if method.contains('/') => Some(method.trim_start_matches('/').into()),
            (Some(service), Some(method)) => Some(format!("{service}/{method}").into()),
            (service, None) => service.map(Cow::Borrowed),
        }
    }

    /// Some servers put the statement of a request on its own span.
    fn route_of_server(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        self.route(of).filter(|_| of.kind == SpanKind::Server)
    }

    fn route(&self, _: Asked<'_>) -> Option<Cow<'a, str>> {
        self.plain(Key::Route)
    }

    fn database(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        let system = self.get(Key::DbSystem).unwrap_or_default();
        let collection = self.get(Key::Collection);
        let statement = self.get(Key::Statement).map(without_comments).filter(|text| !text.is_empty());
        let is_document = statement.is_some_and(|statement| statement.starts_with(['{', '[']));
        let operation = || {
            let operation = self.get(Key::DbOperation);
            let parts = [operation, collection].into_iter().flatten();
            Some(parts.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
        };
        // For a document the collection is more useful than the first words.
        let summary = self.get(Key::Summary).or_else(|| collection.filter(|_| is_document));
        if let Some(summary) = summary {
            return Some(summary.into());
        }
        let Some(statement) = statement else {
            return operation().map(Cow::Owned);
        };
        if KEY_VALUE.contains(&system) && of.detail == Detail::Operation {
            return Some(command(statement).into());
        }
        let is_double_quoted = is_document || DOUBLE_QUOTED.contains(&system);
        let quotes = if is_double_quoted { Quotes::Values } else { Quotes::Names };
        let masked = masked(statement, quotes);
        // What has nothing but placeholders says less than the operation.
        let has_words = masked.chars().any(char::is_alphanumeric);
        if has_words {
            Some(masked)
        } else {
            operation().map(Cow::Owned)
        }
    }

    fn cache(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        let key = self.get(Key::Cached)?;
        Some(match of.detail {
            Detail::Span => key.into(),
            Detail::Operation => key_prefix(key).into(),
        })
    }

    fn queue(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        let queue = self.get(Key::Queue).filter(|queue| !DEFAULT_EXCHANGES.contains(queue));
        let queue = queue.or_else(|| self.get(Key::Routing));
        match (of.detail, self.get(Key::QueueTemplate)) {
            (Detail::Operation, Some(template)) => Some(template.into()),
            (Detail::Operation, None) => queue.map(|queue| match queue.strip_prefix("amq.gen-") {
                Some(_) => "amq.gen-?".into(),
                None => of.path(queue),
            }),
            (Detail::Span, _) => queue.map(Cow::Borrowed),
        }
    }

    /// The path of a request, of a client's with the host.
    fn path(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
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
        let path = of.path(cut(path, TEXT_LENGTH_MAX));
        let host = self.get(Key::Host).or_else(|| target.map(|target| target.host));
        match host.filter(|_| of.kind.sends()).and_then(|host| of.host(host)) {
            Some(host) => Some(format!("{host}{path}").into()),
            None => Some(path).filter(|path| !path.is_empty()),
        }
    }

    fn other(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        let element = || self.get(Key::Element).map(|text| masked(text, Quotes::Values));
        self.plain(Key::Template)
            .or_else(|| self.plain(Key::Function))
            .or_else(element)
            .or_else(|| self.get(Key::OwnName).map(|text| of.path(text)))
    }

    fn peer(&self, of: Asked<'_>) -> Option<Cow<'a, str>> {
        let is_called = !of.kind.receives();
        let host = || self.get(Key::Host).filter(|_| is_called).and_then(|host| of.host(host));
        self.plain(Key::Peer)
            .or_else(|| host().map(Cow::Borrowed))
            .or_else(|| self.plain(Key::DbName))
    }
}

/// Span whose identity is looked for, and its detail.
#[derive(Clone, Copy)]
struct Asked<'n> {
    name: &'n str,
    kind: SpanKind,
    detail: Detail,
}

impl Asked<'_> {
    /// Returns a path, or what is like one: without ids for an operation.
    fn path(self, path: &str) -> Cow<'_, str> {
        match self.detail {
            Detail::Span => path.into(),
            Detail::Operation => mask_path(path),
        }
    }

    /// Returns a host. An operation is not told by addresses, which change with each start.
    fn host(self, host: &str) -> Option<&str> {
        let host = cut(host, TEXT_LENGTH_MAX);
        let address = host.trim_matches(['[', ']']);
        let address = address.rsplit_once(':').map_or(address, |(start, port)| {
            let is_port = !start.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit());
            if is_port { start } else { address }
        });
        let is_address = address.parse::<IpAddr>().is_ok();
        (self.detail == Detail::Span || !is_address).then_some(host)
    }
}

fn masked(text: &str, quotes: Quotes) -> Cow<'static, str> {
    let mut masked = Vec::with_capacity(text.len());
    mask_with(text.as_bytes(), quotes, |byte| masked.push(byte));
    let mut masked = String::from_utf8_lossy(&masked).into_owned();
    // An INSERT of one row and of a hundred are one statement.
    for rows in ["(?), (?)", "(?),(?)"] {
        while masked.contains(rows) {
            masked = masked.replace(rows, "(?)");
        }
    }
    masked.into()
}

/// Returns a command with the first part of its key.
fn command(statement: &str) -> String {
    let mut words = statement.split_ascii_whitespace();
    let command = words.next().unwrap_or_default();
    match words.next() {
        Some(key) => format!("{command} {}", key_prefix(key)),
        None => command.to_owned(),
    }
}

/// Returns a key without what follows its first separator, and without ids.
fn key_prefix(key: &str) -> String {
    match key.split_once([':', '/', '|']) {
        Some((prefix, _)) => format!("{}{}?", mask_path(prefix), &key[prefix.len()..=prefix.len()]),
        None => mask_path(key).into_owned(),
    }
}

/// Returns a statement without the comments before it, by which libraries carry a trace context or a name.
fn without_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    loop {
        let after = match rest.get(..2) {
            Some("/*") => rest.split_once("*/").map(|(_, after)| after),
            Some("--") => rest.split_once('\n').map(|(_, after)| after),
            _ => return rest,
        };
        match after {
            Some(after) => rest = after.trim_start(),
            None => return rest,
        }
    }
}

/// Returns a name without ids and literals if it is a request with its path, a path or a statement; `None` if it has none.
pub(crate) fn operation_name(name: &str) -> Option<String> {
    let is_plain = |byte: u8| !byte.is_ascii_digit() && !matches!(byte, b'?' | b'@' | b'%' | b'\'' | b'#');
    if name.bytes().all(is_plain) {
        return None;
    }
    let target = |text: &str| {
        let path = text
            .find("://")
            .map_or(Some(0), |at| text[at + 3..].find('/').map(|path| at + 3 + path));
        let path = without_query(text).len().min(path.unwrap_or(text.len()));
        format!("{}{}", &text[..path], mask_path(&without_query(text)[path..]))
    };
    let is_target = |text: &str| text.starts_with('/') || text.contains("://");
    let masked = match name.split_once(' ') {
        Some((method, text)) if is_target(text) && !text.contains(' ') => format!("{method} {}", target(text)),
        None if is_target(name) => target(name),
        _ if generic::begins_statement(name) => masked(name, Quotes::Names).into_owned(),
        _ => return None,
    };
    (masked != name).then_some(masked)
}
