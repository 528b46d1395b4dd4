//! The consumer loop, which reconnects when the broker is lost.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use mail_queue::{Backoff, DelayQueues, QUEUE, QueueConnection, QueueUrl, RetrySchedule};
use tokio::task::JoinSet;

use crate::{Forwarder, Mailer};

/// The prefetch: the maximum number of unsettled messages per consumer.
pub const PREFETCH: u16 = 8;

/// The time for in-flight messages at shutdown. Slower ones are redelivered.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The time for declaring the queues and subscribing.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Handles messages until `end` completes, then drains those in flight. Logs each change of readiness.
pub async fn consume(url: &QueueUrl, mailer: Arc<Mailer>, end: impl Future<Output = ()>) {
    let mut end = std::pin::pin!(end);
    let mut backoff = Backoff::default();
    let mut said = None;
    loop {
        match open(url, &mailer.schedule).await {
            Ok((connection, delays, mut consumer)) => {
                backoff.reset();
                said = Some(true);
                let transport = mailer.transport();
                tracing::info!(ready = true, broker = %url, transport, delay_queues = ?delays, "waiting for messages");
                let mut in_hand = JoinSet::new();
                let ended = tokio::select! {
                    () = take(&mut consumer, &mut in_hand, &mailer, (&connection.channel, url)) => false,
                    () = connection.lost() => false,
                    () = &mut end => true,
                };
                finish(&connection, &consumer, in_hand, ended).await;
                if ended {
                    return;
                }
            }
            Err(error) if said != Some(false) => {
                said = Some(false);
                tracing::warn!(ready = false, broker = %url, %error, "cannot connect to the broker; retrying");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next_pause()) => {}
            () = &mut end => return,
        }
    }
}

/// Opens a connection, declares the delay queues and subscribes.
async fn open(url: &QueueUrl, schedule: &RetrySchedule) -> lapin::Result<(QueueConnection, DelayQueues, Consumer)> {
    let connection = QueueConnection::open(url, "mailer").await?;
    let opening = async {
        let delays = schedule.declare(&connection).await?;
        connection.channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let consumer = connection
            .channel
            .basic_consume(QUEUE.into(), "mailer".into(), options, FieldTable::default())
            .await?;
        Ok((delays, consumer))
    };
    // Each quorum queue elects a leader first, which takes long on a busy broker.
    let opened = tokio::time::timeout(SUBSCRIBE_TIMEOUT, opening)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
    match opened {
        Ok((delays, consumer)) => Ok((connection, delays, consumer)),
        Err(error) => {
            connection.close().await;
            Err(error)
        }
    }
}

/// Spawns a handler per message; returns when the consumer ends. The prefetch bounds the number in flight.
async fn take(consumer: &mut Consumer, in_hand: &mut JoinSet<()>, mailer: &Arc<Mailer>, (channel, url): (&Channel, &QueueUrl)) {
    while let Some(Ok(delivery)) = consumer.next().await {
        let (mailer, channel, url) = (mailer.clone(), channel.clone(), url.clone());
        in_hand.spawn(async move {
            let forwarder = Forwarder {
                channel: &channel,
                url: &url,
            };
            mailer.handle(delivery, forwarder).await;
        });
        while let Some(handled) = in_hand.try_join_next() {
            report(handled);
        }
    }
}

/// Drains the messages in flight. `asked`: the shutdown is ours, so the consumer is canceled first.
async fn finish(connection: &QueueConnection, consumer: &Consumer, mut in_hand: JoinSet<()>, asked: bool) {
    while let Some(handled) = in_hand.try_join_next() {
        report(handled);
    }
    if asked {
        tracing::info!(ready = false, in_hand = in_hand.len(), "shutting down");
        let cancel = connection.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        // If the cancel fails, the connection is lost and no more messages arrive either.
        let _ = tokio::time::timeout(Duration::from_secs(1), cancel).await;
    }
    let draining = async {
        while let Some(handled) = in_hand.join_next().await {
            report(handled);
        }
    };
    if tokio::time::timeout(DRAIN_TIMEOUT, draining).await.is_err() {
        tracing::warn!(
            in_hand = in_hand.len(),
            "shutdown timed out; unfinished messages will be redelivered"
        );
        in_hand.shutdown().await;
    }
    connection.close().await;
}

/// Logs a panic of a handler. The other handlers continue; the message stays unsettled and is redelivered on the next connection.
fn report(handled: Result<(), tokio::task::JoinError>) {
    if let Err(error) = handled {
        tracing::error!(%error, "message handler failed");
    }
}
