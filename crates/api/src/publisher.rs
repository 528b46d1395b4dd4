//! The publisher: keeps a connection to the broker and publishes with confirms.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lapin::{BasicProperties, Channel};
use mail_queue::{Backoff, PublishError, QUEUE, QueueConnection, QueueUrl};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The timeout of a publish, including reconnects.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(2);

/// Publishes to the queue. Cheap to clone; the connection is closed when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Publisher {
    url: Arc<QueueUrl>,
    channel: watch::Receiver<Option<Channel>>,
}

/// The reason a message was not confirmed; after a timeout it may still arrive.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// No confirm within two seconds.
    #[error("broker unreachable")]
    Unreachable,
    /// The queue does not exist.
    #[error("queue does not exist")]
    Unroutable,
    /// The broker rejected the message.
    #[error("message rejected by the broker")]
    Rejected,
}

impl EnqueueError {
    /// Returns the value of the attribute `error.type`.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Unreachable => "queue_unreachable",
            Self::Unroutable => "unroutable",
            Self::Rejected => "rejected",
        }
    }
}

impl Publisher {
    /// Connects in the background as long as a publisher exists, and logs each change of readiness of the service at
    /// `address`. Await the handle at shutdown: it closes the connection.
    #[must_use]
    pub fn start(url: QueueUrl, address: SocketAddr) -> (Self, JoinHandle<()>) {
        let (sender, channel) = watch::channel(None);
        let url = Arc::new(url);
        let connection_task = tokio::spawn(keep_connected(url.clone(), address, sender));
        (Self { url, channel }, connection_task)
    }

    /// Returns `true` while connected.
    #[must_use]
    pub fn reachable(&self) -> bool {
        self.channel.borrow().is_some()
    }

    /// Returns the broker's URL.
    #[must_use]
    pub fn url(&self) -> &QueueUrl {
        &self.url
    }

    /// Publishes and waits for the broker's confirm. If the connection is lost in the meantime, it publishes again over the next one:
    /// the same message may then be in the queue twice, under the same message id.
    ///
    /// # Errors
    /// The message is not confirmed within 2 seconds.
    pub async fn publish(&self, properties: BasicProperties, body: &[u8]) -> Result<(), EnqueueError> {
        let publishing = self.publish_until_confirmed(properties, body);
        tokio::time::timeout(PUBLISH_TIMEOUT, publishing)
            .await
            .unwrap_or(Err(EnqueueError::Unreachable))
    }

    async fn publish_until_confirmed(&self, properties: BasicProperties, body: &[u8]) -> Result<(), EnqueueError> {
        let mut channels = self.channel.clone();
        loop {
            let channel = channels
                .wait_for(Option::is_some)
                .await
                .map_err(|_| EnqueueError::Unreachable)?
                .clone();
            let Some(channel) = channel else { continue };
            match mail_queue::publish(&channel, QUEUE, properties.clone(), body).await {
                Ok(()) => return Ok(()),
                Err(PublishError::Unroutable) => return Err(EnqueueError::Unroutable),
                Err(PublishError::Rejected) => return Err(EnqueueError::Rejected),
                // The connection task reconnects. The message may have arrived, but is published again over the next channel.
                Err(PublishError::Lost(error)) => tracing::debug!(%error, "publishing failed"),
            }
            channels.changed().await.map_err(|_| EnqueueError::Unreachable)?;
        }
    }
}

/// Reconnects until all publishers are dropped.
async fn keep_connected(url: Arc<QueueUrl>, address: SocketAddr, channel: watch::Sender<Option<Channel>>) {
    let mut backoff = Backoff::default();
    let mut logged_ready = None;
    loop {
        match QueueConnection::open(&url, "api").await {
            Ok(connection) => {
                backoff.reset();
                logged_ready = Some(true);
                channel.send_replace(Some(connection.channel.clone()));
                tracing::info!(ready = true, %address, broker = %url, "listening; connected to the broker");
                tokio::select! {
                    () = connection.lost() => {}
                    () = channel.closed() => return connection.close().await,
                }
                channel.send_replace(None);
                connection.close().await;
            }
            Err(error) if logged_ready != Some(false) => {
                logged_ready = Some(false);
                tracing::warn!(ready = false, %address, broker = %url, %error, "cannot connect to the broker; retrying");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next_pause()) => {}
            () = channel.closed() => return,
        }
    }
}
