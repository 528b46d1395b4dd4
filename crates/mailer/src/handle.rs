//! One delivery, from its headers to its acknowledgement.

use std::time::{Duration, SystemTime};

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use lapin::types::AMQPValue;
use mail_queue::{Backoff, Malformed, QueueUrl, ResetRequest, semconv};
use opentelemetry::trace::{FutureExt as _, Link, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use uuid::Uuid;

use crate::compose::compose;
use crate::{Composed, MailTransport, SendError};

/// How often a mail is handed to its transport before the message goes to the dead letters.
const ATTEMPTS: u32 = 3;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);

/// The longest message id that becomes a file name.
const MAX_ID: usize = 128;

/// Handles deliveries: holds what they have in common.
pub struct Mailer {
    transport: Box<dyn MailTransport>,
    reset_url: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail is sent: acknowledge.
    Sent,
    /// To the dead letters, for this reason.
    Refused(Refusal),
}

/// Why a message goes to the dead letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It can never be handled.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// A message that comes twice could not be told from two messages.
    #[error("unusable message id")]
    MessageId,
    /// The transport would not take the mail.
    #[error("mail not sent: {0}")]
    Transport(#[from] SendError),
}

impl Refusal {
    /// The value of the attribute `error.type`.
    fn error_type(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.error_type(),
            Self::MessageId => "message_id",
            Self::Transport(_) => "transport",
        }
    }
}

impl Mailer {
    /// Sends over `transport`; links lead to `reset_url`.
    #[must_use]
    pub fn new(transport: Box<dyn MailTransport>, reset_url: String) -> Self {
        Self { transport, reset_url }
    }

    /// The name of its transport.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.transport.name()
    }

    /// Handles one delivery in the trace it came in, and settles it.
    pub async fn handle(&self, delivery: Delivery, url: &QueueUrl) {
        let span = process_span(&delivery, url);
        let handling = async {
            let outcome = self.outcome(&delivery.properties, &delivery.data).await;
            if let Outcome::Refused(refusal) = &outcome {
                fail(refusal.error_type(), refusal.to_string());
                // An error and not a warning: it also goes to Sentry, on this trace.
                tracing::error!(reason = %refusal, "message refused; it goes to the dead letters");
            }
            settle(&delivery, &outcome, url).await;
        };
        telemetry::isolated(handling.with_context(span.clone())).await;
        span.span().end();
    }

    /// Sends the mail a message asks for, in spans below the current one.
    pub async fn outcome(&self, properties: &BasicProperties, body: &[u8]) -> Outcome {
        match self.send(properties, body).await {
            Ok(()) => Outcome::Sent,
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    async fn send(&self, properties: &BasicProperties, body: &[u8]) -> Result<(), Refusal> {
        let id = message_id(properties)?;
        let mail = self.compose(&id, body)?;
        let mut backoff = Backoff::default();
        for attempt in 1.. {
            match self.attempt(&mail, attempt).await {
                Ok(()) => break,
                Err(error) if error.transient && attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "mail not sent; trying again");
                    tokio::time::sleep(backoff.next_pause()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        tracing::info!(message_id = id, transport = self.transport.name(), "mail sent");
        Ok(())
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
        let sent = sent.unwrap_or_else(|_| {
            Err(SendError {
                reason: "no answer in time".to_owned(),
                transient: true,
            })
        });
        sent.inspect_err(|error| fail("transport", error.to_string()))
    }
}

/// Acknowledges or refuses, in a span. If that cannot be told to the broker any more, the message comes again.
async fn settle(delivery: &Delivery, outcome: &Outcome, url: &QueueUrl) {
    let (operation, name) = match outcome {
        Outcome::Sent => (semconv::Operation::Ack, "ack email_queue"),
        Outcome::Refused(_) => (semconv::Operation::Reject, "reject email_queue"),
    };
    let builder = SpanBuilder::from_name(name)
        .with_kind(SpanKind::Client)
        .with_attributes(semconv::attributes(operation, url));
    // It ends when its context is dropped.
    let span = Context::current_with_span(global::tracer("mailer").build(builder));
    let settling = async {
        let settled = match outcome {
            Outcome::Sent => delivery.ack(BasicAckOptions::default()).await,
            // Not back into the queue: its dead-letter exchange takes it.
            Outcome::Refused(_) => delivery.reject(BasicRejectOptions { requeue: false }).await,
        };
        // `Ok(false)` means that the channel it came over is gone.
        if !settled.unwrap_or(false) {
            fail(
                "connection_lost",
                "the connection was lost; the message will come again".to_owned(),
            );
            tracing::warn!("the connection was lost before the message was settled; it will come again");
        }
    };
    settling.with_context(span).await;
}

/// The span of the whole handling: the producer's child, and linked to it.
fn process_span(delivery: &Delivery, url: &QueueUrl) -> Context {
    let parent = telemetry::amqp::extract(delivery.properties.headers().as_ref());
    let producer = parent.span().span_context().clone();
    let mut attributes = semconv::attributes(semconv::Operation::Process, url);
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
fn fail(error_type: &'static str, description: String) {
    Context::map_current(|cx| {
        cx.span().set_attribute(KeyValue::new("error.type", error_type));
        cx.span().set_status(Status::error(description));
    });
}

/// The id under which a message is the same when it comes again. One without an id gets a new one each time.
fn message_id(properties: &BasicProperties) -> Result<String, Refusal> {
    let Some(id) = properties.message_id() else {
        return Ok(Uuid::new_v4().simple().to_string());
    };
    let id = id.as_str();
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(safe) {
        return Err(Refusal::MessageId);
    }
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests;
