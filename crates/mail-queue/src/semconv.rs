//! OpenTelemetry's semantic conventions for messaging (1.44), as both sides of the queue use them.

use opentelemetry::KeyValue;

use crate::{QUEUE, QueueUrl};

/// What one span does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The API hands it to the broker.
    Publish,
    /// The mailer works on it.
    Process,
    /// The mailer tells the broker that it is done.
    Ack,
    /// The mailer refuses it: to the dead letters.
    Reject,
}

/// The attributes of a span that does `operation` on a message of [`QUEUE`].
#[must_use]
pub fn attributes(operation: Operation, url: &QueueUrl) -> Vec<KeyValue> {
    let (kind, name) = match operation {
        Operation::Publish => ("send", "publish"),
        Operation::Process => ("process", "process"),
        Operation::Ack => ("settle", "ack"),
        Operation::Reject => ("settle", "reject"),
    };
    let mut attributes = vec![
        KeyValue::new("messaging.system", "rabbitmq"),
        KeyValue::new("messaging.destination.name", QUEUE),
        KeyValue::new("messaging.rabbitmq.destination.routing_key", QUEUE),
        KeyValue::new("messaging.operation.type", kind),
        KeyValue::new("messaging.operation.name", name),
        KeyValue::new("server.address", url.host().to_owned()),
        KeyValue::new("server.port", i64::from(url.port())),
    ];
    if matches!(operation, Operation::Publish | Operation::Process) {
        // Its name in older conventions, for the tools that still read that.
        attributes.push(KeyValue::new("messaging.operation", name));
    }
    attributes
}

/// The id of the message, and the size of its body in bytes.
#[must_use]
pub fn message(id: &str, body: usize) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.message.id", id.to_owned()),
        KeyValue::new("messaging.message.body.size", i64::try_from(body).unwrap_or(i64::MAX)),
    ]
}
