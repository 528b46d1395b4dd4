//! A connection to the broker with the queues declared, and the backoff between connections.
//!
//! lapin can recover a lost connection, but gives up after some attempts and does not retry the first
//! connect. One loop of "open, use until lost, wait, open again" in each service does both.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

use crate::{DEAD_LETTERS, QUEUE, QueueUrl};

/// The timeout of opening a connection, queues included; a host that drops packets would otherwise block for minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The poll interval for a channel closed by the broker; a lost connection is noticed by its events.
const CHANNEL_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A connection with one channel in confirm mode and the queues declared.
#[derive(Debug)]
pub struct QueueConnection {
    connection: Connection,
    /// The channel for publishing and consuming.
    pub channel: Channel,
}

impl QueueConnection {
    /// Connects and declares [`QUEUE`] and [`DEAD_LETTERS`]. `name` is the connection name shown by the broker.
    ///
    /// # Errors
    /// The broker is unreachable or does not answer within 5 seconds, rejects the login, or has the queue with other properties.
    pub async fn open(url: &QueueUrl, name: &'static str) -> lapin::Result<Self> {
        tokio::time::timeout(CONNECT_TIMEOUT, Self::open_unbounded(url.uri().clone(), name))
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    /// Opens a connection without the timeout. Boxed, so that lapin's state machine is compiled only in this crate.
    fn open_unbounded(uri: AMQPUri, name: &'static str) -> Pin<Box<dyn Future<Output = lapin::Result<Self>> + Send>> {
        Box::pin(async move {
            let properties = ConnectionProperties::default().with_connection_name(name.into());
            let connection = Connection::connect_uri(uri, properties).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            declare(&channel).await?;
            Ok(Self { connection, channel })
        })
    }

    pub(crate) async fn create_channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Waits until the connection or its channel is closed.
    pub async fn lost(&self) {
        let mut events = self.connection.events_listener();
        let mut poll = tokio::time::interval(CHANNEL_POLL_INTERVAL);
        while self.connection.status().connected() && self.channel.status().connected() {
            tokio::select! {
                _ = events.next() => {}
                _ = poll.tick() => {}
            }
        }
    }

    /// Closes the connection, so that the broker requeues unsettled messages at once; waits at most one second.
    pub async fn close(&self) {
        let closing = self.connection.close(200, "OK".into());
        // An error means that the connection is already lost.
        let _ = tokio::time::timeout(Duration::from_secs(1), closing).await;
    }
}

/// Declares the durable queues (RabbitMQ 4 accepts no others); rejected messages are dead-lettered.
async fn declare(channel: &Channel) -> lapin::Result<()> {
    let durable = QueueDeclareOptions::durable();
    channel
        .queue_declare(DEAD_LETTERS.into(), durable, FieldTable::default())
        .await?;
    channel
        .queue_declare(QUEUE.into(), durable, dead_letter_to(DEAD_LETTERS))
        .await?;
    Ok(())
}

/// Returns the arguments of a queue that dead-letters to `queue`.
pub(crate) fn dead_letter_to(queue: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    // The default exchange, which routes by queue name.
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(queue.into()));
    arguments
}

/// The pause between connection attempts: from 100 ms, doubled up to 2 s, each shortened by a jitter of up to 25 %, so that services that
/// lost the same broker do not reconnect simultaneously.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Returns the pause after another failure.
    pub fn next_pause(&mut self) -> Duration {
        let pause = Duration::from_millis(100 << self.failures.min(5)).min(Duration::from_secs(2));
        self.failures = self.failures.saturating_add(1);
        pause.mul_f64(1.0 - fastrand::f64() / 4.0)
    }

    /// Resets the pause after a successful connection.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_to_two_seconds_and_resets() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..40).map(|_| backoff.next_pause()).collect();
        assert!(pauses[0] <= Duration::from_millis(100) && pauses[0] >= Duration::from_millis(75));
        assert!(pauses[39] <= Duration::from_secs(2) && pauses[39] >= Duration::from_millis(1500));
        backoff.reset();
        assert!(backoff.next_pause() <= Duration::from_millis(100));
    }
}
