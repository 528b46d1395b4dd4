//! The attributes that identify a span or tell the status of its call.

use super::call_status::{CallStatus, Code, StatusKey};
use super::{ATTRIBUTES_MAX, prefix};
use crate::wire::{AnyValue, KeyValue, Leaf, first_parts, number};

macro_rules! keys {
    ($($(#[$about:meta])* $key:ident: [$($name:literal),+],)+) => {
        /// An attribute by its meaning.
        #[derive(Clone, Copy)]
        pub(super) enum Key {
            $($(#[$about])* $key,)+
        }

        impl Key {
            /// The names of each, those of the newest conventions first. Of several in one span the first counts.
            const NAMES: &[&[&str]] = &[$(&[$($name),+],)+];
        }
    };
}

// Names are those of OpenTelemetry's conventions of either generation, which Sentry's span data has as well; of OpenTracing and
// Zipkin; and of libraries that have their own.
keys! {
    Method: ["http.request.method", "http.method", "method"],
    /// A path without its parameters.
    Route: ["http.route", "url.template"],
    Path: ["url.path", "http.target", "http.path", "request.path", "path"],
    Url: ["url.full", "http.url", "url", "uri", "http.uri"],
    Host: [
        "server.address", "net.peer.name", "http.host", "peer.hostname", "peer.address", "network.peer.address", "net.peer.ip",
        "peer.ipv4"
    ],
    RpcSystem: ["rpc.system.name", "rpc.system"],
    RpcService: ["rpc.service"],
    RpcMethod: ["rpc.method"],
    DbSystem: ["db.system.name", "db.system", "db.type"],
    DbName: ["db.namespace", "db.name", "db.instance"],
    DbOperation: ["db.operation.name", "db.operation"],
    /// A statement's operation and tables.
    Summary: ["db.query.summary"],
    Statement: ["db.query.text", "db.statement", "sql.query"],
    Collection: [
        "db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table", "db.elasticsearch.path_parts.index",
        "db.operation.parameter.index"
    ],
    Cached: ["cache.key"],
    QueueTemplate: ["messaging.destination.template"],
    Queue: ["messaging.destination.name", "messaging.destination", "message_bus.destination"],
    Routing: ["messaging.rabbitmq.destination.routing_key", "messaging.rabbitmq.routing_key"],
    MessagingSystem: ["messaging.system"],
    /// Table, bucket, queue or function of a request to AWS.
    AwsResource: ["aws.dynamodb.table_names", "aws.s3.bucket", "aws.sqs.queue.url", "aws.queue_url", "aws.sns.topic.arn", "aws.lambda.invoked_arn"],
    Tool: ["gen_ai.tool.name", "mcp.tool.name", "ai.toolCall.name", "tool.name"],
    Resource: ["mcp.resource.uri", "gen_ai.prompt.name", "mcp.prompt.name"],
    Model: [
        "gen_ai.request.model", "gen_ai.response.model", "llm.request.model", "ai.model.id", "llm.model_name",
        "embedding.model_name"
    ],
    Agent: ["gen_ai.agent.name"],
    GraphQl: ["graphql.operation.name", "graphql.field.path", "graphql.field.name"],
    Document: ["graphql.document", "graphql.source"],
    Template: ["jinja2.template_name", "template.name", "view.name"],
    Function: ["faas.invoked_name", "faas.name"],
    Peer: ["service.peer.name", "peer.service"],
    /// Clicked element.
    Element: ["target_xpath"],
    /// Name that a library gives the span in an attribute.
    OwnName: ["resource.name", "name"],
}

/// Attributes that describe a span.
pub(super) struct Facts<'a> {
    texts: [Option<&'a str>; Key::NAMES.len()],
    codes: [Option<Code<'a>>; StatusKey::ALL.len()],
}

impl<'a> Facts<'a> {
    pub(super) fn read(raw: &'a [u8]) -> Self {
        let mut facts = Self {
            texts: [None; Key::NAMES.len()],
            codes: [None; StatusKey::ALL.len()],
        };
        // The place among the names that each text was found by.
        let mut spellings = [usize::MAX; Key::NAMES.len()];
        for attribute in first_parts(raw, number::SPAN_ATTRIBUTES).take(ATTRIBUTES_MAX) {
            facts.see(attribute, &mut spellings);
        }
        facts
    }

    fn see(&mut self, attribute: &'a [u8], spellings: &mut [usize]) {
        let Some((key, value)) = KeyValue::borrowed(attribute) else {
            return;
        };
        let named = |names: &&[&str]| names.iter().position(|name| name.as_bytes() == key);
        if let Some((at, spelling)) = Key::NAMES
            .iter()
            .enumerate()
            .find_map(|(at, names)| Some((at, named(names)?)))
        {
            if spelling < spellings[at]
                && let Some(text) = text(value)
            {
                (self.texts[at], spellings[at]) = (Some(text), spelling);
            }
        } else if let Some(at) = StatusKey::ALL.iter().position(|status| status.names().contains(&key)) {
            self.codes[at] = self.codes[at].or_else(|| Code::read(value));
        }
    }

    pub(super) const fn get(&self, key: Key) -> Option<&'a str> {
        self.texts[key as usize]
    }

    pub(super) fn status(&self) -> Option<CallStatus> {
        // The most specific one first: gRPC is spoken over HTTP.
        let mut all = StatusKey::ALL.iter().zip(&self.codes);
        all.find_map(|(key, code)| key.status(code.as_ref()?))
    }
}

/// Returns the text of a value, or the first one of a list; `None` if it is empty.
fn text(value: &[u8]) -> Option<&str> {
    let text = match AnyValue::read(value) {
        AnyValue::Leaf(Leaf::Text(text)) => text,
        AnyValue::Array(list) => match list.iter().next().map(AnyValue::read)? {
            AnyValue::Leaf(Leaf::Text(text)) => text,
            _ => return None,
        },
        _ => return None,
    };
    prefix(text).map(str::trim).filter(|text| !text.is_empty())
}
