//! Forwarding a message to another queue: a delay queue, the dead letters, or back.

use std::time::{SystemTime, UNIX_EPOCH};

use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use mail_queue::{Backoff, PublishError, QueueUrl, headers, semconv};
use opentelemetry::trace::{FutureExt as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, global};

use crate::Failure;
use crate::failure::fail_span;

/// The channel and broker of a delivery, for forwarding and acknowledging.
#[derive(Clone, Copy, Debug)]
pub struct Forwarder<'a> {
    /// A channel in confirm mode.
    pub channel: &'a Channel,
    /// The broker's URL, for span attributes.
    pub url: &'a QueueUrl,
}

impl Forwarder<'_> {
    /// Publishes a message to `queue` with `more` headers, in a producer span below the current one, whose context it carries,
    /// so that the time in that queue is part of the trace. Returns once the broker has confirmed it; while the broker rejects it (its memory is
    /// full), publishing is retried.
    ///
    /// # Errors
    /// The connection is lost, and it is unknown if the message arrived.
    pub(crate) async fn forward(&self, delivery: &Delivery, queue: &str, more: &FieldTable) -> Result<(), PublishError> {
        let mut attributes = semconv::attributes(semconv::MessagingOperation::Publish, queue, self.url);
        if let Some(id) = delivery.properties.message_id() {
            attributes.extend(semconv::message(id.as_str(), delivery.data.len()));
        }
        let builder = SpanBuilder::from_name(format!("publish {queue}"))
            .with_kind(SpanKind::Producer)
            .with_attributes(attributes);
        // The span ends when its context is dropped.
        let span = Context::current_with_span(global::tracer("mailer").build(builder));
        let publishing = async {
            let published = self.publish(delivery, queue, more).await;
            published.inspect_err(|error| fail_span("not_published", error.to_string()))
        };
        publishing.with_context(span).await
    }

    async fn publish(&self, delivery: &Delivery, queue: &str, more: &FieldTable) -> Result<(), PublishError> {
        let mut backoff = Backoff::default();
        loop {
            let properties = properties(&delivery.properties, more);
            match mail_queue::publish(self.channel, queue, properties, &delivery.data).await {
                Err(error @ PublishError::Rejected) => {
                    tracing::warn!(queue, %error, "cannot forward message; retrying");
                    tokio::time::sleep(backoff.next_pause()).await;
                }
                // The queue was deleted. The next connection declares it again.
                Err(PublishError::Unroutable) => {
                    let _ = self.channel.close(200, "queue does not exist".into()).await;
                    return Err(PublishError::Unroutable);
                }
                published => return published,
            }
        }
    }

    /// Acknowledges a delivery, in a span. If the connection is lost before, the message is redelivered.
    pub(crate) async fn acknowledge(&self, delivery: &Delivery, queue: &str) {
        let builder = SpanBuilder::from_name(format!("ack {queue}"))
            .with_kind(SpanKind::Client)
            .with_attributes(semconv::attributes(semconv::MessagingOperation::Ack, queue, self.url));
        let span = Context::current_with_span(global::tracer("mailer").build(builder));
        let settling = async {
            // `Ok(false)` means that its channel is closed.
            if !delivery.ack(BasicAckOptions::default()).await.unwrap_or(false) {
                fail_span(
                    "connection_lost",
                    "connection lost; the message will be redelivered".to_owned(),
                );
                tracing::warn!("connection lost before the acknowledgement; the message will be redelivered");
            }
        };
        settling.with_context(span).await;
    }
}

/// Returns the headers that describe a failed attempt.
pub(crate) fn failed(attempt: u32, failure: &Failure) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert(headers::ATTEMPTS.into(), AMQPValue::LongLongInt(attempt.into()));
    table.insert(headers::REASON.into(), AMQPValue::LongString(failure.to_string().into()));
    if let Some(code) = failure.smtp_code() {
        table.insert(headers::SMTP_CODE.into(), AMQPValue::LongLongInt(code.into()));
    }
    table
}

/// Returns the properties of a forwarded message. Expiration and user id are not copied, since the broker
/// would drop or reject the message because of them.
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
