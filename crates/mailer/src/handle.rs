//! Handling of one delivery, from its headers to its acknowledgement.

use std::time::{Duration, SystemTime};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::BasicNackOptions;
use lapin::types::AMQPValue;
use mail_queue::{DEAD_LETTERS, Malformed, QUEUE, ResetRequest, RetrySchedule, headers, semconv};
use opentelemetry::trace::{FutureExt as _, Link, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use uuid::Uuid;

use crate::compose::compose;
use crate::failure::fail_span;
use crate::forward::failed;
use crate::{Composed, Failure, Forwarder, Journal, MailTransport, SendError};

/// The maximum duration of one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The maximum length of a message id, which becomes a file name.
const MESSAGE_ID_LEN_MAX: usize = 128;

/// The delivery handler, shared by all deliveries.
pub struct Mailer {
    transport: Box<dyn MailTransport>,
    reset_url: String,
    pub(crate) schedule: RetrySchedule,
    journal: Journal,
}

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Sent; the message is acknowledged.
    Sent,
    /// Sent by an earlier attempt; the message is acknowledged.
    Duplicate,
    /// The attempt failed.
    Failed(Failure),
}

impl Mailer {
    /// Creates a handler that sends over `transport` unless the id is in `journal`; links lead to `reset_url`; temporary failures are retried
    /// by `schedule`.
    #[must_use]
    pub fn new(transport: Box<dyn MailTransport>, reset_url: String, schedule: RetrySchedule, journal: Journal) -> Self {
        Self {
            transport,
            reset_url,
            schedule,
            journal,
        }
    }

    /// Returns the name of the transport.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.transport.name()
    }

    /// Handles one delivery in its trace: sends the mail or forwards the message, and only then acknowledges it.
    pub async fn handle(&self, mut delivery: Delivery, forwarder: Forwarder<'_>) {
        // Later attempts must share an id.
        if delivery.properties.message_id().is_none() {
            delivery.properties = delivery.properties.with_message_id(fresh_id().into());
        }
        let span = consumer_span("handleSentMailMessage", QUEUE, &delivery, forwarder);
        let handling = async {
            match self.outcome(&delivery.properties, &delivery.data).await {
                Outcome::Sent | Outcome::Duplicate => forwarder.acknowledge(&delivery, QUEUE).await,
                Outcome::Failed(failure) => self.settle_failed(&delivery, &failure, forwarder).await,
            }
        };
        telemetry::with_sentry_hub(handling.with_context(span.clone())).await;
        span.span().end();
    }

    /// Forwards a failed message to its delay queue or to the dead letters. If that is not confirmed, it
    /// stays in its queue and is redelivered.
    async fn settle_failed(&self, delivery: &Delivery, failure: &Failure, forwarder: Forwarder<'_>) {
        let attempt = attempt_of(&delivery.properties);
        fail_span(failure.error_type(), failure.to_string());
        let delay = self.schedule.after(attempt).filter(|_| failure.is_transient());
        let queue = if let Some(delay) = delay {
            tracing::warn!(reason = %failure, attempt, retry_in = ?delay.delay, "attempt failed; retrying later");
            delay.name.as_str()
        } else {
            // An error, not a warning: it is also sent to Sentry, on this trace.
            tracing::error!(reason = %failure, attempt, "message moved to the dead letters");
            DEAD_LETTERS
        };
        match forwarder.forward(delivery, queue, &failed(attempt, failure)).await {
            Ok(()) => forwarder.acknowledge(delivery, QUEUE).await,
            Err(error) => {
                tracing::warn!(queue, %error, "cannot forward message; it will be redelivered");
                let requeue = BasicNackOptions {
                    multiple: false,
                    requeue: true,
                };
                // If the channel is closed, the broker has requeued it.
                let _ = delivery.nack(requeue).await;
            }
        }
    }

    /// Makes one attempt to send the mail of a message, in child spans of the current one.
    pub async fn outcome(&self, properties: &BasicProperties, body: &[u8]) -> Outcome {
        self.send(properties, body).await.unwrap_or_else(Outcome::Failed)
    }

    async fn send(&self, properties: &BasicProperties, body: &[u8]) -> Result<Outcome, Failure> {
        let id = message_id(properties)?;
        let claimed = self.journal.claim(&id).await;
        let claimed = claimed.map_err(|error| SendError::transient(format!("cannot read the journal: {}", error.kind())))?;
        let Some(claim) = claimed else {
            Context::map_current(|cx| cx.span().set_attribute(KeyValue::new("mail.duplicate", true)));
            tracing::info!(message_id = id, "duplicate message: mail already sent");
            return Ok(Outcome::Duplicate);
        };
        let mail = self.compose(&id, body)?;
        self.attempt(&mail, attempt_of(properties)).await?;
        if let Err(error) = tokio::task::block_in_place(|| claim.sent()) {
            // The mail is sent, so the message must still be acknowledged.
            tracing::error!(%error, message_id = id, "cannot record sent mail in the journal");
        }
        tracing::info!(message_id = id, transport = self.transport.name(), "mail sent");
        Ok(Outcome::Sent)
    }

    #[tracing::instrument(name = "compose mail", skip_all)]
    fn compose(&self, id: &str, body: &[u8]) -> Result<Composed, Malformed> {
        let composed = ResetRequest::from_json(body).and_then(|request| compose(id, &request, &self.reset_url));
        composed.inspect_err(|malformed| fail_span(malformed.error_type(), malformed.to_string()))
    }

    // Signed, because the layer exports unsigned numbers as strings.
    #[tracing::instrument(
        name = "send mail",
        skip_all,
        fields(otel.kind = "client", mail.transport = self.transport.name(), mail.attempt = i64::from(attempt)),
    )]
    async fn attempt(&self, mail: &Composed, attempt: u32) -> Result<(), SendError> {
        let sent = tokio::time::timeout(ATTEMPT_TIMEOUT, self.transport.send(mail)).await;
        let sent = sent.unwrap_or_else(|_| Err(SendError::transient("timed out")));
        sent.inspect_err(|error| fail_span("transport", error.to_string()))
    }
}

/// Starts the span of what is done with a message of `queue`: a child of the producer span, and linked to it.
pub(crate) fn consumer_span(name: &'static str, queue: &str, delivery: &Delivery, forwarder: Forwarder<'_>) -> Context {
    let parent = telemetry::amqp::extract(delivery.properties.headers().as_ref());
    let producer = parent.span().span_context().clone();
    let mut attributes = semconv::attributes(semconv::MessagingOperation::Process, queue, forwarder.url);
    // Only a valid id: any client can publish arbitrary text there.
    if let Ok(id) = message_id(&delivery.properties) {
        attributes.extend(semconv::message(&id, delivery.data.len()));
    }
    attributes.push(KeyValue::new("messaging.rabbitmq.redelivered", delivery.redelivered));
    attributes.extend(published(&delivery.properties).and_then(|at| semconv::receive_latency(at, SystemTime::now())));
    let mut builder = SpanBuilder::from_name(name)
        .with_kind(SpanKind::Consumer)
        .with_attributes(attributes);
    if producer.is_valid() {
        builder = builder.with_links(vec![Link::new(producer, Vec::new(), 0)]);
    }
    let tracer = global::tracer("mailer");
    let span = tracer.build_with_context(builder, &parent);
    parent.with_span(span)
}

/// Returns the publish time in milliseconds since the Unix epoch, if the producer set it.
fn published(properties: &BasicProperties) -> Option<i64> {
    match properties.headers().as_ref()?.inner().get(semconv::PUBLISHED_MS)? {
        AMQPValue::LongLongInt(at) => Some(*at),
        _ => None,
    }
}

/// Returns the number of this attempt, starting at 1.
fn attempt_of(properties: &BasicProperties) -> u32 {
    headers::attempts(properties.headers().as_ref()).saturating_add(1)
}

/// Returns the message id, which is equal for redeliveries.
fn message_id(properties: &BasicProperties) -> Result<String, Failure> {
    let Some(id) = properties.message_id() else {
        return Ok(fresh_id());
    };
    let id = id.as_str();
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if id.is_empty() || id.len() > MESSAGE_ID_LEN_MAX || !id.bytes().all(safe) {
        return Err(Failure::MessageId);
    }
    Ok(id.to_owned())
}

fn fresh_id() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests;
