//! Publish with publisher confirms.

use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Confirmation};

/// AMQP's `delivery_mode` for persistent messages.
const PERSISTENT: u8 = 2;

/// The reason a publish was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The queue does not exist.
    #[error("no such queue")]
    Unroutable,
    /// The broker rejected the message, most often because its memory is full.
    #[error("rejected by the broker")]
    Rejected,
    /// The connection failed. The message may have arrived.
    #[error("connection to the broker failed: {0}")]
    Lost(#[from] lapin::Error),
}

/// Publishes a persistent message to `queue` and waits for the broker's confirm.
///
/// # Errors
/// The message was not confirmed.
pub async fn publish(channel: &Channel, queue: &str, properties: BasicProperties, body: &[u8]) -> Result<(), PublishError> {
    let options = BasicPublishOptions {
        // An unroutable message is returned instead of being dropped.
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = properties.with_delivery_mode(PERSISTENT);
    // The default exchange routes by queue name.
    let confirmation = channel
        .basic_publish("".into(), queue.into(), options, body, properties)
        .await?;
    match confirmation.await? {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(PublishError::Unroutable),
        Confirmation::Nack(None) | Confirmation::NotRequested => Err(PublishError::Rejected),
    }
}
