//! Putting dead letters back into the queue, for a person who has removed the cause.

use futures_util::future::try_join_all;
use lapin::message::Delivery;
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use mail_queue::{DEAD_LETTERS, Link, PublishError, QUEUE, QueueUrl};
use opentelemetry::trace::FutureExt as _;

use crate::Broker;

/// How many are published before the first of them is confirmed.
const BATCH: u32 = 64;

/// Moves the dead letters that are there now back to [`QUEUE`], each in its trace and with all its attempts before it; returns how
/// many. Those that fail again meanwhile stay for another time.
///
/// # Errors
/// The broker cannot be reached or was lost. What was not moved is still a dead letter.
pub async fn redrive(url: &QueueUrl) -> Result<u32, PublishError> {
    let link = Link::open(url, "mailer redrive").await?;
    let passive = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let queue = link
        .channel
        .queue_declare(DEAD_LETTERS.into(), passive, FieldTable::default());
    let mut left = queue.await?.message_count();
    let mut moved = 0;
    while left > 0 {
        let mut batch = Vec::new();
        while batch.len() < left.min(BATCH) as usize {
            let message = link
                .channel
                .basic_get(DEAD_LETTERS.into(), BasicGetOptions::default())
                .await?;
            // Somebody else has taken the rest.
            let Some(message) = message else { break };
            batch.push(message.delivery);
        }
        if batch.is_empty() {
            break;
        }
        let broker = Broker {
            channel: &link.channel,
            url,
        };
        try_join_all(batch.iter().map(|delivery| put_back(delivery, broker))).await?;
        let taken = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        moved += taken;
        left = left.saturating_sub(taken);
    }
    link.close().await;
    Ok(moved)
}

async fn put_back(delivery: &Delivery, broker: Broker<'_>) -> Result<(), PublishError> {
    // The trace that it died in.
    let trace = telemetry::amqp::extract(delivery.properties.headers().as_ref());
    let moving = async {
        broker.pass_on(delivery, QUEUE, &FieldTable::default()).await?;
        broker.acknowledge(delivery, DEAD_LETTERS).await;
        Ok(())
    };
    moving.with_context(trace).await
}
