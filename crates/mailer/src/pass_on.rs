//! Putting a message into another queue: to wait for its next attempt, to the dead letters, or back from there.

use std::time::{SystemTime, UNIX_EPOCH};

use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use mail_queue::{Backoff, PublishError, QueueUrl, headers, semconv};
use opentelemetry::trace::{FutureExt as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, global};

use crate::Failure;
use crate::handle::fail;

/// Where messages are consumed and published.
#[derive(Clone, Copy, Debug)]
pub struct Broker<'a> {
    /// In confirm mode.
    pub channel: &'a Channel,
    /// For the attributes of spans.
    pub url: &'a QueueUrl,
}

impl Broker<'_> {
    /// Publishes a message anew to `queue` with `more` headers, in a producer span below the current one, whose context it carries:
    /// so the wait in that queue is drawn. Returns once the broker has confirmed it; while the broker refuses it (its memory is
    /// full), it is tried again.
    ///
    /// # Errors
    /// The connection is lost, and whether the message has arrived is unknown.
    pub(crate) async fn pass_on(&self, delivery: &Delivery, queue: &str, more: &FieldTable) -> Result<(), PublishError> {
        let mut attributes = semconv::attributes(semconv::Operation::Publish, queue, self.url);
        if let Some(id) = delivery.properties.message_id() {
            attributes.extend(semconv::message(id.as_str(), delivery.data.len()));
        }
        let builder = SpanBuilder::from_name(format!("publish {queue}"))
            .with_kind(SpanKind::Producer)
            .with_attributes(attributes);
        // It ends when its context is dropped.
        let span = Context::current_with_span(global::tracer("mailer").build(builder));
        let publishing = async {
            let published = self.publish(delivery, queue, more).await;
            published.inspect_err(|error| fail("not_published", error.to_string()))
        };
        publishing.with_context(span).await
    }

    async fn publish(&self, delivery: &Delivery, queue: &str, more: &FieldTable) -> Result<(), PublishError> {
        let mut backoff = Backoff::default();
        loop {
            let properties = properties(&delivery.properties, more);
            match mail_queue::publish(self.channel, queue, properties, &delivery.data).await {
                Err(error @ PublishError::Refused) => {
                    tracing::warn!(queue, %error, "message not passed on; trying again");
                    tokio::time::sleep(backoff.next_pause()).await;
                }
                // Somebody has deleted it. The next connection declares it again.
                Err(PublishError::Unroutable) => {
                    let _ = self.channel.close(200, "a queue is missing".into()).await;
                    return Err(PublishError::Unroutable);
                }
                published => return published,
            }
        }
    }

    /// Acknowledges a delivery, in a span. If that cannot be told to the broker any more, the message is redelivered.
    pub(crate) async fn acknowledge(&self, delivery: &Delivery, queue: &str) {
        let builder = SpanBuilder::from_name(format!("ack {queue}"))
            .with_kind(SpanKind::Client)
            .with_attributes(semconv::attributes(semconv::Operation::Ack, queue, self.url));
        let span = Context::current_with_span(global::tracer("mailer").build(builder));
        let settling = async {
            // `Ok(false)` means that the channel it came over is gone.
            if !delivery.ack(BasicAckOptions::default()).await.unwrap_or(false) {
                fail(
                    "connection_lost",
                    "connection lost; the message will be redelivered".to_owned(),
                );
                tracing::warn!("connection lost before the message was acknowledged; it will be redelivered");
            }
        };
        settling.with_context(span).await;
    }
}

/// What a message says about its latest attempt.
pub(crate) fn failed(attempt: u32, failure: &Failure) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert(headers::ATTEMPTS.into(), AMQPValue::LongLongInt(attempt.into()));
    table.insert(headers::REASON.into(), AMQPValue::LongString(failure.to_string().into()));
    if let Some(code) = failure.smtp_code() {
        table.insert(headers::SMTP_CODE.into(), AMQPValue::LongLongInt(code.into()));
    }
    table
}

/// The properties of a message that is published anew. An expiration or a user id are the earlier publisher's affair and would be
/// the broker's reason to drop or refuse it.
fn properties(before: &BasicProperties, more: &FieldTable) -> BasicProperties {
    let now = SystemTime::now();
    let mut table = headers::passed_on(before.headers().as_ref());
    for (name, value) in more {
        table.insert(name.clone(), value.clone());
    }
    telemetry::amqp::inject(&Context::current(), &mut table);
    table.insert(
        semconv::PUBLISHED_MS.into(),
        AMQPValue::LongLongInt(semconv::published_ms(now)),
    );
    let mut properties = BasicProperties::default()
        .with_headers(table)
        .with_timestamp(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    if let Some(id) = before.message_id() {
        properties = properties.with_message_id(id.clone());
    }
    if let Some(content_type) = before.content_type() {
        properties = properties.with_content_type(content_type.clone());
    }
    if let Some(app) = before.app_id() {
        properties = properties.with_app_id(app.clone());
    }
    properties
}
