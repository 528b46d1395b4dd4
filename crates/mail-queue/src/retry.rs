//! Retries: a message whose mail could not be sent waits in a delay queue and returns.
//!
//! One durable queue per delay, named after it, whose `x-message-ttl` routes its messages back to [`QUEUE`]. (With one queue and a
//! TTL per message, a long delay would block the short ones behind it.) [`QUEUE`] itself keeps its arguments:
//! a broker rejects a second declaration with others.

use std::str::FromStr;
use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ErrorKind};

use crate::connection::dead_letter_to;
use crate::{QUEUE, QueueConnection};

/// The environment variable with the delays.
pub const DELAYS_VARIABLE: &str = "MAIL_RETRY_DELAYS";

/// The default delays, an hour in total: enough for a restart or a migration of the mail server.
pub const DEFAULT_DELAYS: &str = "10s,20s,30s,1m,3m,10m,15m,30m";

/// The maximum number of delays.
const DELAYS_MAX: usize = 32;

/// The maximum delay.
const DELAY_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The delays between attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule(Vec<DelayQueue>);

/// A delay queue, in which a message waits for its next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelayQueue {
    /// The queue name, `email_queue.retry.<delay>`.
    pub name: String,
    /// The time to live of its messages.
    pub delay: Duration,
}

/// The kind of the delay queues, which decides if a message can be lost on its way back to [`QUEUE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayQueues {
    /// Quorum queues with at-least-once dead-lettering (RabbitMQ 3.10 and newer): a message is removed once [`QUEUE`] has it.
    Quorum,
    /// Classic queues, for other brokers: a message is lost if the broker is killed while moving it.
    Classic,
}

/// An invalid [`DELAYS_VARIABLE`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{DELAYS_VARIABLE}: invalid delay '{0}' (expected up to {DELAYS_MAX} delays of 1ms to 24h like {DEFAULT_DELAYS})")]
pub struct InvalidDelays(String);

impl RetrySchedule {
    /// Parses [`DELAYS_VARIABLE`], or [`DEFAULT_DELAYS`] if it is unset.
    ///
    /// # Errors
    /// The variable is not a list of delays.
    pub fn from_env() -> Result<Self, InvalidDelays> {
        match std::env::var(DELAYS_VARIABLE) {
            Ok(delays) if !delays.trim().is_empty() => delays.parse(),
            Err(std::env::VarError::NotUnicode(_)) => Err(InvalidDelays("(not UTF-8)".to_owned())),
            _ => Ok(Self::default()),
        }
    }

    /// Returns the delay queue after failed attempt number `attempt`, counted from 1; `None` after the last one.
    #[must_use]
    pub fn after(&self, attempt: u32) -> Option<&DelayQueue> {
        let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
        self.0.get(index)
    }

    /// Declares the delay queues: as quorum queues if the broker supports them, otherwise as classic ones.
    ///
    /// # Errors
    /// The broker rejects both kinds, or the connection is lost.
    pub async fn declare(&self, connection: &QueueConnection) -> lapin::Result<DelayQueues> {
        // A rejected declaration closes its channel.
        let trial = connection.create_channel().await?;
        let declared = self.declare_as(&trial, DelayQueues::Quorum).await;
        let _ = trial.close(200, "OK".into()).await;
        match declared {
            Err(error) if is_precondition_failed(&error) => {
                self.declare_as(&connection.channel, DelayQueues::Classic).await?;
                Ok(DelayQueues::Classic)
            }
            declared => declared.map(|()| DelayQueues::Quorum),
        }
    }

    async fn declare_as(&self, channel: &Channel, kind: DelayQueues) -> lapin::Result<()> {
        for queue in &self.0 {
            let name = queue.name.as_str().into();
            channel
                .queue_declare(name, QueueDeclareOptions::durable(), queue.arguments(kind))
                .await?;
        }
        Ok(())
    }
}

impl DelayQueue {
    fn arguments(&self, kind: DelayQueues) -> FieldTable {
        let mut arguments = dead_letter_to(QUEUE);
        let millis = i64::try_from(self.delay.as_millis()).unwrap_or(i64::MAX);
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(millis));
        if kind == DelayQueues::Quorum {
            for (key, value) in [
                ("x-queue-type", "quorum"),
                ("x-dead-letter-strategy", "at-least-once"),
                // At-least-once requires a queue that never drops its oldest message; without a length limit no publish is rejected.
                ("x-overflow", "reject-publish"),
            ] {
                arguments.insert(key.into(), AMQPValue::LongString(value.into()));
            }
        }
        arguments
    }
}

/// Returns `true` if the declaration itself was rejected: an unknown argument, or a queue that exists with others.
fn is_precondition_failed(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else {
        return false;
    };
    *error.kind() == AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED)
}

impl Default for RetrySchedule {
    fn default() -> Self {
        DEFAULT_DELAYS.parse().unwrap_or(Self(Vec::new()))
    }
}

impl FromStr for RetrySchedule {
    type Err = InvalidDelays;

    /// Parses comma-separated delays: a number and one of `ms`, `s`, `m` and `h`.
    fn from_str(text: &str) -> Result<Self, InvalidDelays> {
        let queues: Vec<_> = text.split(',').map(|delay| delay.trim().parse()).collect::<Result<_, _>>()?;
        if queues.len() > DELAYS_MAX {
            return Err(InvalidDelays(format!("{} delays", queues.len())));
        }
        Ok(Self(queues))
    }
}

impl FromStr for DelayQueue {
    type Err = InvalidDelays;

    fn from_str(text: &str) -> Result<Self, InvalidDelays> {
        let invalid = || InvalidDelays(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(invalid()),
        };
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let delay = Duration::from_millis(number.saturating_mul(millis));
        if delay.is_zero() || delay > DELAY_MAX {
            return Err(invalid());
        }
        Ok(Self {
            name: format!("{QUEUE}.retry.{text}"),
            delay,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_delays_grow_to_an_hour_in_total() {
        let RetrySchedule(queues) = RetrySchedule::default();
        assert!(queues.is_sorted_by(|one, next| one.delay < next.delay));
        assert_eq!(
            queues.iter().map(|queue| queue.delay).sum::<Duration>(),
            Duration::from_secs(3600)
        );
    }

    #[test]
    fn schedule_names_the_queue_after_each_attempt() {
        let schedule: RetrySchedule = "200ms, 10s,1h".parse().unwrap();
        let after = |attempt| {
            schedule
                .after(attempt)
                .map(|queue| (queue.name.as_str(), queue.delay.as_millis()))
        };
        assert_eq!(after(1), Some(("email_queue.retry.200ms", 200)));
        assert_eq!(after(2), Some(("email_queue.retry.10s", 10_000)));
        assert_eq!(after(3), Some(("email_queue.retry.1h", 3_600_000)));
        for none in [0, 4, u32::MAX] {
            assert_eq!(after(none), None, "{none}");
        }
    }

    #[test]
    fn invalid_delays_are_named() {
        for bad in [
            "",
            "10",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "25h",
            "10s,,1m",
            "10s;1m",
            "99999999999999999999s",
            "1d",
        ] {
            let error = bad.parse::<RetrySchedule>().expect_err(bad).to_string();
            assert!(
                error.contains(DELAYS_VARIABLE) && error.contains("like 10s"),
                "{bad}: {error}"
            );
        }
        assert!(["1s"; 33].join(",").parse::<RetrySchedule>().is_err());
    }
}
