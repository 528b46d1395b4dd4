//! Putting a message into a queue in a way that counts only once the broker has confirmed it.

use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Confirmation};

/// Persistent, as AMQP's `delivery_mode`.
const PERSISTENT: u8 = 2;

/// The broker did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no queue of that name.
    #[error("no such queue")]
    Unroutable,
    /// The broker refused it: most often it is out of memory.
    #[error("refused by the broker")]
    Refused,
    /// The connection failed. The message may have arrived all the same.
    #[error("connection lost: {0}")]
    Lost(#[from] lapin::Error),
}

/// Publishes a persistent message to the queue of that name and waits until the broker has confirmed it.
///
/// # Errors
/// The broker did not take it, or did not say so.
pub async fn publish(channel: &Channel, queue: &str, properties: BasicProperties, body: &[u8]) -> Result<(), PublishError> {
    let options = BasicPublishOptions {
        // A message without a queue comes back instead of being dropped.
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = properties.with_delivery_mode(PERSISTENT);
    // The default exchange routes by the queue's name.
    let confirmation = channel
        .basic_publish("".into(), queue.into(), options, body, properties)
        .await?;
    match confirmation.await? {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(PublishError::Unroutable),
        Confirmation::Nack(None) | Confirmation::NotRequested => Err(PublishError::Refused),
    }
}
