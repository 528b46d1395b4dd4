//! Redrive: putting dead letters back into the queue after the cause is fixed.

use futures_util::future::try_join_all;
use lapin::message::Delivery;
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use mail_queue::{DEAD_LETTERS, PublishError, QUEUE, QueueConnection, QueueUrl};
use opentelemetry::trace::{FutureExt as _, TraceContextExt as _};

use crate::Forwarder;
use crate::handle::consumer_span;

/// The maximum number of unconfirmed publishes.
const PUBLISH_BATCH_MAX: u32 = 64;

/// Moves the current dead letters back to [`QUEUE`], each in its trace and with a fresh retry schedule; returns their
/// number. Those that fail again in the meantime are not moved twice.
///
/// # Errors
/// The connection failed. The remaining messages are still dead letters.
pub async fn redrive(url: &QueueUrl) -> Result<u32, PublishError> {
    let connection = QueueConnection::open(url, "mailer redrive").await?;
    let passive = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let queue = connection
        .channel
        .queue_declare(DEAD_LETTERS.into(), passive, FieldTable::default());
    let mut left = queue.await?.message_count();
    let mut moved = 0;
    while left > 0 {
        let mut batch = Vec::new();
        while batch.len() < left.min(PUBLISH_BATCH_MAX) as usize {
            let message = connection
                .channel
                .basic_get(DEAD_LETTERS.into(), BasicGetOptions::default())
                .await?;
            // Another consumer took the rest.
            let Some(message) = message else { break };
            batch.push(message.delivery);
        }
        if batch.is_empty() {
            break;
        }
        let forwarder = Forwarder {
            channel: &connection.channel,
            url,
        };
        try_join_all(batch.iter().map(|delivery| put_back(delivery, forwarder))).await?;
        let taken = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        moved += taken;
        left = left.saturating_sub(taken);
    }
    connection.close().await;
    Ok(moved)
}

async fn put_back(delivery: &Delivery, forwarder: Forwarder<'_>) -> Result<(), PublishError> {
    // In the trace of the failed attempt. Without a consumer the trace would not show that the message was in a queue meanwhile.
    let span = consumer_span("redrive", DEAD_LETTERS, delivery, forwarder);
    let moving = async {
        forwarder.forward(delivery, QUEUE, &FieldTable::default()).await?;
        forwarder.acknowledge(delivery, DEAD_LETTERS).await;
        Ok(())
    };
    let moved = moving.with_context(span.clone()).await;
    span.span().end();
    moved
}
