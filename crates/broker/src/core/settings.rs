//! Queue declaration settings.

use std::time::Duration;

use amq_protocol::protocol::AMQPSoftError;
use amq_protocol::protocol::queue::Declare;
use amq_protocol::types::{AMQPValue, FieldTable, ShortString};

use crate::exception::Exception;

/// The maximum TTL in milliseconds; RabbitMQ's limit.
const TTL_MAX_MS: u64 = u32::MAX as u64;

/// The properties of a queue; a second declaration with others is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    durable: bool,
    pub(super) dead_letter: Option<DeadLetter>,
    /// The time to live of its messages.
    pub(super) ttl: Option<Duration>,
}

/// The dead-letter target; the default exchange routes to the queue named by the routing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeadLetter {
    /// `None` for the message's own routing key.
    pub(super) routing_key: Option<ShortString>,
}

impl Settings {
    pub(crate) fn of(declare: &Declare) -> Result<Self, Exception> {
        if declare.queue.as_str().is_empty() {
            return Err(Exception::not_implemented("server-named queues"));
        }
        if declare.queue.as_str().starts_with("amq.") {
            return Err(Exception::channel(
                &AMQPSoftError::ACCESSREFUSED,
                "queue names with the prefix 'amq.' are reserved",
            ));
        }
        if declare.exclusive || declare.auto_delete {
            return Err(Exception::not_implemented("exclusive and auto-delete queues"));
        }
        let mut settings = Self {
            durable: declare.durable,
            dead_letter: None,
            ttl: None,
        };
        settings.read(&declare.arguments)?;
        Ok(settings)
    }

    /// Parses the arguments. Unknown ones are rejected, because ignoring them would change the behavior the client relies on.
    fn read(&mut self, arguments: &FieldTable) -> Result<(), Exception> {
        let (mut exchange, mut routing_key) = (false, None);
        for (key, value) in arguments {
            match (key.as_str(), value) {
                ("x-queue-type", AMQPValue::LongString(kind)) if kind.as_bytes() == b"classic" => {}
                ("x-message-ttl", value) => self.ttl = Some(ttl(value)?),
                ("x-dead-letter-exchange", AMQPValue::LongString(name)) if name.is_empty() => exchange = true,
                ("x-dead-letter-routing-key", AMQPValue::LongString(name)) => {
                    let name = str::from_utf8(name.as_bytes())
                        .ok()
                        .and_then(|name| ShortString::try_new(name).ok());
                    let invalid = || Exception::precondition("x-dead-letter-routing-key is not a valid routing key");
                    routing_key = Some(name.ok_or_else(invalid)?);
                }
                (key, _) => return Err(Exception::unsupported_argument(key)),
            }
        }
        if routing_key.is_some() && !exchange {
            return Err(Exception::precondition(
                "x-dead-letter-routing-key requires x-dead-letter-exchange",
            ));
        }
        self.dead_letter = exchange.then_some(DeadLetter { routing_key });
        Ok(())
    }
}

/// Parses an integer of any width, in milliseconds: equal numbers of different widths are the same argument.
fn ttl(value: &AMQPValue) -> Result<Duration, Exception> {
    let millis = match *value {
        AMQPValue::ShortShortInt(n) => i64::from(n).try_into().ok(),
        AMQPValue::ShortShortUInt(n) => Some(n.into()),
        AMQPValue::ShortInt(n) => i64::from(n).try_into().ok(),
        AMQPValue::ShortUInt(n) => Some(n.into()),
        AMQPValue::LongInt(n) => i64::from(n).try_into().ok(),
        AMQPValue::LongUInt(n) => Some(n.into()),
        AMQPValue::LongLongInt(n) => n.try_into().ok(),
        _ => None,
    };
    millis
        .filter(|millis| *millis <= TTL_MAX_MS)
        .map(Duration::from_millis)
        .ok_or_else(|| Exception::precondition(format_args!("x-message-ttl must be an integer from 0 to {TTL_MAX_MS}")))
}
