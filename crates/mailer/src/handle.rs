//! One delivery, from its headers to its acknowledgement.

use std::time::{Duration, SystemTime};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::BasicNackOptions;
use lapin::types::AMQPValue;
use mail_queue::{DEAD_LETTERS, Malformed, QUEUE, ResetRequest, RetrySchedule, headers, semconv};
use opentelemetry::trace::{FutureExt as _, Link, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use uuid::Uuid;

use crate::compose::compose;
use crate::pass_on::failed;
use crate::{Broker, Composed, Failure, Journal, MailTransport, SendError};

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);

/// The longest message id that becomes a file name.
const MAX_ID: usize = 128;

/// Handles deliveries: holds what they have in common.
pub struct Mailer {
    transport: Box<dyn MailTransport>,
    reset_url: String,
    pub(crate) schedule: RetrySchedule,
    journal: Journal,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail is sent: acknowledge.
    Sent,
    /// It was sent before: acknowledge.
    Duplicate,
    /// This attempt has failed.
    Failed(Failure),
}

impl Mailer {
    /// Sends over `transport` what `journal` does not have yet; links lead to `reset_url`; what fails for the moment is tried again
    /// as `schedule` says.
    #[must_use]
    pub fn new(transport: Box<dyn MailTransport>, reset_url: String, schedule: RetrySchedule, journal: Journal) -> Self {
        Self {
            transport,
            reset_url,
            schedule,
            journal,
        }
    }

    /// The name of its transport.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.transport.name()
    }

    /// Handles one delivery in the trace it came in: sends its mail or passes the message on, and only then acknowledges it.
    pub async fn handle(&self, mut delivery: Delivery, broker: Broker<'_>) {
        // Its later attempts have to know each other.
        if delivery.properties.message_id().is_none() {
            delivery.properties = delivery.properties.with_message_id(fresh_id().into());
        }
        let span = process_span(&delivery, broker);
        let handling = async {
            match self.outcome(&delivery.properties, &delivery.data).await {
                Outcome::Sent | Outcome::Duplicate => broker.acknowledge(&delivery, QUEUE).await,
                Outcome::Failed(failure) => self.settle_failed(&delivery, &failure, broker).await,
            }
        };
        telemetry::isolated(handling.with_context(span.clone())).await;
        span.span().end();
    }

    /// Passes a message whose attempt has failed on to its next attempt or to the dead letters. If that is not confirmed, it
    /// stays in its queue and is redelivered.
    async fn settle_failed(&self, delivery: &Delivery, failure: &Failure, broker: Broker<'_>) {
        let attempt = attempt_of(&delivery.properties);
        fail(failure.error_type(), failure.to_string());
        let delay = self.schedule.after(attempt).filter(|_| failure.is_transient());
        let queue = if let Some(delay) = delay {
            tracing::warn!(reason = %failure, attempt, retry_in = ?delay.delay, "attempt failed; the message will be retried");
            delay.name.as_str()
        } else {
            // An error and not a warning: it also goes to Sentry, on this trace.
            tracing::error!(reason = %failure, attempt, "message moved to the dead letters");
            DEAD_LETTERS
        };
        match broker.pass_on(delivery, queue, &failed(attempt, failure)).await {
            Ok(()) => broker.acknowledge(delivery, QUEUE).await,
            Err(error) => {
                tracing::warn!(queue, %error, "message not passed on; it will be redelivered");
                let requeue = BasicNackOptions {
                    multiple: false,
                    requeue: true,
                };
                // If the channel is gone, the broker requeues it by itself.
                let _ = delivery.nack(requeue).await;
            }
        }
    }

    /// Makes one attempt to send the mail that a message asks for, in spans below the current one.
    pub async fn outcome(&self, properties: &BasicProperties, body: &[u8]) -> Outcome {
        self.send(properties, body).await.unwrap_or_else(Outcome::Failed)
    }

    async fn send(&self, properties: &BasicProperties, body: &[u8]) -> Result<Outcome, Failure> {
        let id = message_id(properties)?;
        let claimed = self.journal.claim(&id).await;
        let claimed = claimed.map_err(|error| SendError::transient(format!("cannot read the journal: {}", error.kind())))?;
        let Some(claim) = claimed else {
            Context::map_current(|cx| cx.span().set_attribute(KeyValue::new("mail.duplicate", true)));
            tracing::info!(message_id = id, "mail sent before; not sent again");
            return Ok(Outcome::Duplicate);
        };
        let mail = self.compose(&id, body)?;
        self.attempt(&mail, attempt_of(properties)).await?;
        if let Err(error) = tokio::task::block_in_place(|| claim.sent()) {
            // The mail is sent, so the message must not be redelivered.
            tracing::error!(%error, message_id = id, "sent mail not recorded in the journal");
        }
        tracing::info!(message_id = id, transport = self.transport.name(), "mail sent");
        Ok(Outcome::Sent)
    }

    #[tracing::instrument(name = "compose mail", skip_all)]
    fn compose(&self, id: &str, body: &[u8]) -> Result<Composed, Malformed> {
        let composed = ResetRequest::from_json(body).and_then(|request| compose(id, &request, &self.reset_url));
        composed.inspect_err(|malformed| fail(malformed.error_type(), malformed.to_string()))
    }

    // The attempt is signed because of the layer, which knows no unsigned numbers and would make a string of it.
    #[tracing::instrument(
        name = "send mail",
        skip_all,
        fields(otel.kind = "client", mail.transport = self.transport.name(), mail.attempt = i64::from(attempt)),
    )]
    async fn attempt(&self, mail: &Composed, attempt: u32) -> Result<(), SendError> {
        let sent = tokio::time::timeout(ATTEMPT, self.transport.send(mail)).await;
        let sent = sent.unwrap_or_else(|_| Err(SendError::transient("no answer in time")));
        sent.inspect_err(|error| fail("transport", error.to_string()))
    }
}

/// The span of the whole handling: the producer's child, and linked to it.
fn process_span(delivery: &Delivery, broker: Broker<'_>) -> Context {
    let parent = telemetry::amqp::extract(delivery.properties.headers().as_ref());
    let producer = parent.span().span_context().clone();
    let mut attributes = semconv::attributes(semconv::Operation::Process, QUEUE, broker.url);
    // Only an id we would use: anybody can publish, and who knows what they put there.
    if let Ok(id) = message_id(&delivery.properties) {
        attributes.extend(semconv::message(&id, delivery.data.len()));
    }
    attributes.push(KeyValue::new("messaging.rabbitmq.redelivered", delivery.redelivered));
    attributes.extend(published(&delivery.properties).and_then(|at| semconv::receive_latency(at, SystemTime::now())));
    let mut builder = SpanBuilder::from_name("handleSentMailMessage")
        .with_kind(SpanKind::Consumer)
        .with_attributes(attributes);
    if producer.is_valid() {
        builder = builder.with_links(vec![Link::new(producer, Vec::new(), 0)]);
    }
    let tracer = global::tracer("mailer");
    let span = tracer.build_with_context(builder, &parent);
    parent.with_span(span)
}

/// When the message was published, in milliseconds since 1970, if its producer says so.
fn published(properties: &BasicProperties) -> Option<i64> {
    match properties.headers().as_ref()?.inner().get(semconv::PUBLISHED_MS)? {
        AMQPValue::LongLongInt(at) => Some(*at),
        _ => None,
    }
}

/// Marks the current span as failed, whoever made it.
pub(crate) fn fail(error_type: &'static str, description: String) {
    Context::map_current(|cx| {
        cx.span().set_attribute(KeyValue::new("error.type", error_type));
        cx.span().set_status(Status::error(description));
    });
}

/// Which attempt this is, counted from 1.
fn attempt_of(properties: &BasicProperties) -> u32 {
    headers::attempts(properties.headers().as_ref()).saturating_add(1)
}

/// The id under which a message is the same when it is redelivered.
fn message_id(properties: &BasicProperties) -> Result<String, Failure> {
    let Some(id) = properties.message_id() else {
        return Ok(fresh_id());
    };
    let id = id.as_str();
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(safe) {
        return Err(Failure::MessageId);
    }
    Ok(id.to_owned())
}

fn fresh_id() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests;
