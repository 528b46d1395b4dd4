//! Queues with the services that send to them and receive from them.
//!
//! Source: [OpenTelemetry's conventions for messaging](https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/)
//! with their former names, and the tags of Brave's instrumentation.

use std::collections::HashMap;
use std::sync::Arc;

use trace_model::{Span, SpanKind, SpanNode, StatusCode, TraceId};

use crate::calls::{Call, duration};
use crate::figures::Counts;
use crate::peer::text;
use crate::{EDGES, Figures};

/// A queue or topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    /// Name of the queue or topic.
    pub name: Arc<str>,
    /// Broker system such as `rabbitmq`; empty if no span names one.
    pub system: Arc<str>,
}

impl Queue {
    /// Returns the queue named by a span.
    pub(crate) fn of(span: &Span) -> Option<Self> {
        const NAMES: [(&str, &str); 7] = [
            ("messaging.destination.name", ""),
            ("messaging.destination", ""),
            ("message_bus.destination", ""),
            ("kafka.topic", "kafka"),
            ("rabbit.queue", "rabbitmq"),
            ("jms.queue", "jms"),
            ("jms.topic", "jms"),
        ];
        let (name, system) = NAMES.iter().find_map(|(key, system)| Some((text(span, key)?, system)))?;
        Some(Self {
            name: name.into(),
            system: text(span, "messaging.system").unwrap_or(system).into(),
        })
    }
}

/// Action of a service on a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueAction {
    /// Sends messages to it.
    Publish,
    /// Receives or processes messages from it.
    Receive,
    /// Acknowledges or rejects messages, or administrates the queue.
    Settle,
}

impl QueueAction {
    /// Returns the action of a span; `None` if it is not a messaging span.
    pub(crate) fn of(kind: SpanKind, span: &Span) -> Option<Self> {
        let keys = ["messaging.operation.type", "messaging.operation"];
        let operation = keys.iter().find_map(|key| text(span, key));
        match (kind, operation) {
            (SpanKind::Producer, _) | (SpanKind::Client, Some("publish" | "send" | "create")) => Some(Self::Publish),
            (SpanKind::Consumer, Some("settle" | "ack")) => Some(Self::Settle),
            (SpanKind::Consumer, _) | (SpanKind::Client, Some("receive" | "process" | "deliver")) => Some(Self::Receive),
            (SpanKind::Client, _) => Some(Self::Settle),
            _ => None,
        }
    }
}

/// All spans of a service with the same action on a queue; each span counts once.
#[derive(Clone, Debug)]
pub struct QueueUse {
    /// `service.name` of the spans.
    pub service: Arc<str>,
    /// Queue or topic.
    pub queue: Queue,
    /// Action of the spans.
    pub action: QueueAction,
    /// Count, latency and errors. [`Figures::queued`] has the queue time of received messages.
    pub figures: Figures,
}

/// Queue uses under construction.
#[derive(Debug, Default)]
pub(crate) struct Counting(HashMap<(Queue, QueueAction, Arc<str>), Counts>);

impl Counting {
    /// Counts the span at an index; `queues` are the queues known to be named by spans of this trace.
    pub(crate) fn add(&mut self, trace_id: TraceId, nodes: &[SpanNode], at: usize, action: QueueAction, queues: &Queues) {
        let node = &nodes[at];
        let Some(queue) = queues.get(&at) else { return };
        // A message that is received and then processed counts once.
        let is_nested = |parent: usize| {
            let outer = &nodes[parent];
            outer.kind == SpanKind::Consumer && outer.key.service == node.key.service && queues.get(&parent) == Some(queue)
        };
        if action == QueueAction::Receive && node.parent.is_some_and(is_nested) {
            return;
        }
        let uses = (queue.clone(), action, node.key.service.clone());
        if self.0.len() >= EDGES && !self.0.contains_key(&uses) {
            return;
        }
        let counts = self.0.entry(uses).or_default();
        counts.add(trace_id, node, duration(node), node.status == StatusCode::Error);
        let call = Call::to(nodes, at).filter(|call| queues.get(&call.caller) == Some(queue));
        if let Some(nano) = call.and_then(|call| call.queued_nano(nodes)) {
            counts.add_queued(nano);
        }
    }

    /// Returns the uses ordered by queue and service.
    pub(crate) fn finish(self) -> Vec<QueueUse> {
        let entry = |((queue, action, service), counts): ((Queue, QueueAction, Arc<str>), Counts)| QueueUse {
            service,
            queue,
            action,
            figures: counts.finish(),
        };
        let mut uses: Vec<_> = self.0.into_iter().map(entry).collect();
        uses.sort_unstable_by(|one, other| {
            let rank = |uses: &QueueUse| (uses.queue.clone(), uses.action, uses.service.clone());
            rank(one).cmp(&rank(other))
        });
        uses
    }
}

/// Queues named by the spans of one trace, by index.
pub(crate) type Queues = HashMap<usize, Queue>;
