//! OpenTelemetry's semantic conventions for messaging (1.44), shared by both sides of the queue.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;

use crate::QueueUrl;

/// The header with the publish time in milliseconds since the Unix epoch, a 64-bit integer.
///
/// AMQP's `timestamp` has a resolution of seconds. The name is that of RabbitMQ's message timestamp plugin.
pub const PUBLISHED_MS: &str = "timestamp_in_ms";

/// The messaging operation of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagingOperation {
    /// Publishing, by the API or for a later attempt by the mailer.
    Publish,
    /// Processing by the mailer.
    Process,
    /// Acknowledging by the mailer.
    Ack,
}

/// Returns the attributes of a span for `operation` on a message of `queue`.
#[must_use]
pub fn attributes(operation: MessagingOperation, queue: &str, url: &QueueUrl) -> Vec<KeyValue> {
    let (kind, name) = match operation {
        MessagingOperation::Publish => ("send", "publish"),
        MessagingOperation::Process => ("process", "process"),
        MessagingOperation::Ack => ("settle", "ack"),
    };
    let mut attributes = vec![
        KeyValue::new("messaging.system", "rabbitmq"),
        KeyValue::new("messaging.destination.name", queue.to_owned()),
        KeyValue::new("messaging.rabbitmq.destination.routing_key", queue.to_owned()),
        KeyValue::new("messaging.operation.type", kind),
        KeyValue::new("messaging.operation.name", name),
        KeyValue::new("server.address", url.host().to_owned()),
        KeyValue::new("server.port", i64::from(url.port())),
    ];
    if matches!(operation, MessagingOperation::Publish | MessagingOperation::Process) {
        // The attribute of older conventions, for tools that still read it.
        attributes.push(KeyValue::new("messaging.operation", name));
    }
    attributes
}

/// Returns the attributes for the message id and the body size in bytes.
#[must_use]
pub fn message(id: &str, body: usize) -> [KeyValue; 2] {
    [
        KeyValue::new("messaging.message.id", id.to_owned()),
        KeyValue::new("messaging.message.body.size", i64::try_from(body).unwrap_or(i64::MAX)),
    ]
}

/// Returns the value of [`PUBLISHED_MS`] for a message published at `now`.
#[must_use]
pub fn published_ms(now: SystemTime) -> i64 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

/// Returns the latency of a message published at `published` ([`PUBLISHED_MS`]) in milliseconds: an attribute
/// of Sentry's conventions, which its Queues screen charts. `None` if clock skew makes it negative.
#[must_use]
pub fn receive_latency(published: i64, received: SystemTime) -> Option<KeyValue> {
    let published = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(published).ok()?))?;
    let latency = received.duration_since(published).ok()?.as_millis();
    Some(KeyValue::new(
        "messaging.message.receive.latency",
        i64::try_from(latency).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_absent_if_negative() {
        let at = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        let latency = |published, received| receive_latency(published, at(received)).map(|attribute| attribute.value);
        assert_eq!(latency(1_000, 1_250), Some(250.into()));
        assert_eq!(latency(1_000, 1_000), Some(0.into()));
        for nonsense in [1_001, i64::MAX, -1, i64::MIN] {
            assert_eq!(latency(nonsense, 1_000), None, "{nonsense}");
        }
    }
}
