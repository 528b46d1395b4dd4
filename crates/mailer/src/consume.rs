//! Taking messages from the queue, for as long as there is a broker, and again when there is one again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use mail_queue::{Backoff, DelayQueues, Link, QUEUE, QueueUrl, RetrySchedule};
use tokio::task::JoinSet;

use crate::{Broker, Mailer};

/// How many messages are in hand at once; the broker sends no more until one of them is settled.
pub const PREFETCH: u16 = 8;

/// How long the messages in hand may take once the end is asked for. Those that take longer come again.
const DRAIN: Duration = Duration::from_secs(5);

/// How long declaring and subscribing may take once there is a connection.
const OPENING: Duration = Duration::from_secs(30);

/// Handles messages until `end` comes, then finishes those in hand. Says on the log when it becomes ready or ceases to be.
pub async fn consume(url: &QueueUrl, mailer: Arc<Mailer>, end: impl Future<Output = ()>) {
    let mut end = std::pin::pin!(end);
    let mut backoff = Backoff::default();
    let mut said = None;
    loop {
        match open(url, &mailer.schedule).await {
            Ok((link, delays, mut consumer)) => {
                backoff.reset();
                said = Some(true);
                let transport = mailer.transport();
                tracing::info!(ready = true, broker = %url, transport, delay_queues = ?delays, "waiting for messages");
                let mut in_hand = JoinSet::new();
                let ended = tokio::select! {
                    () = take(&mut consumer, &mut in_hand, &mailer, (&link.channel, url)) => false,
                    () = link.lost() => false,
                    () = &mut end => true,
                };
                finish(&link, &consumer, in_hand, ended).await;
                if ended {
                    return;
                }
            }
            Err(error) if said != Some(false) => {
                said = Some(false);
                tracing::warn!(ready = false, broker = %url, %error, "the queue cannot be reached; trying on");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next_pause()) => {}
            () = &mut end => return,
        }
    }
}

/// Opens a connection and declares what the mailer needs besides the queues that the API knows too.
async fn open(url: &QueueUrl, schedule: &RetrySchedule) -> lapin::Result<(Link, DelayQueues, Consumer)> {
    let link = Link::open(url, "mailer").await?;
    let opening = async {
        let delays = schedule.declare(&link).await?;
        link.channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let consumer = link
            .channel
            .basic_consume(QUEUE.into(), "mailer".into(), options, FieldTable::default())
            .await?;
        Ok((delays, consumer))
    };
    // A quorum queue elects its leader first; a busy broker takes its time for each.
    let opened = tokio::time::timeout(OPENING, opening)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
    match opened {
        Ok((delays, consumer)) => Ok((link, delays, consumer)),
        Err(error) => {
            link.close().await;
            Err(error)
        }
    }
}

/// Starts on each message as it comes; returns when no more can come. The prefetch bounds how many are in hand.
async fn take(consumer: &mut Consumer, in_hand: &mut JoinSet<()>, mailer: &Arc<Mailer>, (channel, url): (&Channel, &QueueUrl)) {
    while let Some(Ok(delivery)) = consumer.next().await {
        let (mailer, channel, url) = (mailer.clone(), channel.clone(), url.clone());
        in_hand.spawn(async move {
            let broker = Broker {
                channel: &channel,
                url: &url,
            };
            mailer.handle(delivery, broker).await;
        });
        while let Some(handled) = in_hand.try_join_next() {
            report(handled);
        }
    }
}

/// Lets the messages in hand come to their end. `asked`: by us, so the broker must send no more meanwhile.
async fn finish(link: &Link, consumer: &Consumer, mut in_hand: JoinSet<()>, asked: bool) {
    while let Some(handled) = in_hand.try_join_next() {
        report(handled);
    }
    if asked {
        tracing::info!(ready = false, in_hand = in_hand.len(), "ending");
        let cancel = link.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        // If it cannot be told, the connection is gone, and no more messages come either.
        let _ = tokio::time::timeout(Duration::from_secs(1), cancel).await;
    }
    let draining = async {
        while let Some(handled) = in_hand.join_next().await {
            report(handled);
        }
    };
    if tokio::time::timeout(DRAIN, draining).await.is_err() {
        tracing::warn!(in_hand = in_hand.len(), "messages left unfinished; they will come again");
        in_hand.shutdown().await;
    }
    link.close().await;
}

/// A bug in handling one message must not end the others: that message stays unsettled and comes again with the next connection.
fn report(handled: Result<(), tokio::task::JoinError>) {
    if let Err(error) = handled {
        tracing::error!(%error, "handling a message failed");
    }
}
