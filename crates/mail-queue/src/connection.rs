//! A connection to the broker, with the queues declared.
//!
//! lapin can recover a lost connection by itself, but gives up after some attempts and does nothing about a broker that was not
//! there at the start. One loop of "open, use until it ends, wait, open again" in each service does both.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};

use crate::{DEAD_LETTERS, QUEUE, QueueUrl};

/// How long opening may take, over all; a host that swallows packets would otherwise hold us for minutes.
const OPENING: Duration = Duration::from_secs(5);

/// A dead connection is noticed at once from its events; a channel that the broker closed alone is noticed by looking.
const LOOK: Duration = Duration::from_millis(500);

/// A connection with one channel in confirm mode, the queues declared on it.
#[derive(Debug)]
pub struct Link {
    connection: Connection,
    /// The channel to publish or consume on.
    pub channel: Channel,
}

impl Link {
    /// Connects and declares [`QUEUE`] and [`DEAD_LETTERS`]. `name` is what the broker shows for the connection.
    ///
    /// # Errors
    /// The broker cannot be reached, refuses us, or has the queue with other properties; none within 5 seconds is an error, too.
    pub async fn open(url: &QueueUrl, name: &'static str) -> lapin::Result<Self> {
        tokio::time::timeout(OPENING, Self::open_unbounded(url.uri().clone(), name))
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }

    /// Boxed, so that all of lapin's protocol is compiled here: an `async fn` is compiled by each crate that awaits it.
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

    /// Waits until the connection or its channel is of no more use.
    pub async fn lost(&self) {
        let mut events = self.connection.events_listener();
        let mut look = tokio::time::interval(LOOK);
        while self.connection.status().connected() && self.channel.status().connected() {
            tokio::select! {
                _ = events.next() => {}
                _ = look.tick() => {}
            }
        }
    }

    /// Says good-bye to the broker, so that it gives unsettled messages to others at once; waits a second at most.
    pub async fn close(&self) {
        let closing = self.connection.close(200, "OK".into());
        // A connection that is gone already needs no good-bye.
        let _ = tokio::time::timeout(Duration::from_secs(1), closing).await;
    }
}

/// Declares the queues: durable (version 4 of the broker accepts no others), what a consumer rejects goes to the dead letters.
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

/// The arguments of a queue whose dead letters go to the queue of that name.
pub(crate) fn dead_letter_to(queue: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    // The default exchange, which routes by the queue's name.
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(queue.into()));
    arguments
}

/// How long to wait before the next attempt: from 100 ms, doubled up to 2 s, each with up to a quarter off, so that services that
/// lost the same broker do not all come back in the same instant.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure.
    pub fn next_pause(&mut self) -> Duration {
        let pause = Duration::from_millis(100 << self.failures.min(5)).min(Duration::from_secs(2));
        self.failures = self.failures.saturating_add(1);
        pause.mul_f64(1.0 - fastrand::f64() / 4.0)
    }

    /// It worked: the next failure is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_two_seconds_and_start_over() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..40).map(|_| backoff.next_pause()).collect();
        assert!(pauses[0] <= Duration::from_millis(100) && pauses[0] >= Duration::from_millis(75));
        assert!(pauses[39] <= Duration::from_secs(2) && pauses[39] >= Duration::from_millis(1500));
        backoff.reset();
        assert!(backoff.next_pause() <= Duration::from_millis(100));
    }
}
