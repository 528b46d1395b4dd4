//! OpenTelemetry's semantic conventions for messaging (1.44), as both sides of the queue use them.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;

use crate::QueueUrl;

/// The header that says when a message was published, in milliseconds since 1970, as a 64-bit number.
///
/// AMQP's own `timestamp` counts whole seconds. It has the name that RabbitMQ's message timestamp plugin gives it.
pub const PUBLISHED_MS: &str = "timestamp_in_ms";

/// What one span does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The API hands it to the broker, or the mailer does for a later attempt.
    Publish,
    /// The mailer works on it.
    Process,
    /// The mailer tells the broker that it is done.
    Ack,
}

/// The attributes of a span that does `operation` on a message of `queue`.
#[must_use]
pub fn attributes(operation: Operation, queue: &str, url: &QueueUrl) -> Vec<KeyValue> {
    let (kind, name) = match operation {
        Operation::Publish => ("send", "publish"),
        Operation::Process => ("process", "process"),
        Operation::Ack => ("settle", "ack"),
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

/// The value of [`PUBLISHED_MS`] for a message that is published at `now`.
#[must_use]
pub fn published_ms(now: SystemTime) -> i64 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

/// How long a message that was published at `published` ([`PUBLISHED_MS`]) has waited for its consumer, in milliseconds: an attribute
/// of Sentry's conventions, which its Queues screen charts. `None` when the clocks of the two do not agree.
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
    fn latency_is_what_passed_or_nothing() {
        let at = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        let latency = |published, received| receive_latency(published, at(received)).map(|attribute| attribute.value);
        assert_eq!(latency(1_000, 1_250), Some(250.into()));
        assert_eq!(latency(1_000, 1_000), Some(0.into()));
        for nonsense in [1_001, i64::MAX, -1, i64::MIN] {
            assert_eq!(latency(nonsense, 1_000), None, "{nonsense}");
        }
    }
}
