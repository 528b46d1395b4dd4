//! The way into the queue: a connection that is kept, and a publish that counts only once the broker has confirmed it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lapin::{BasicProperties, Channel};
use mail_queue::{Backoff, Link, PublishError, QUEUE, QueueUrl};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a request waits for the broker, a reconnection in between included.
const PATIENCE: Duration = Duration::from_secs(2);

/// Publishes into the queue. Cheap to clone; the connection ends when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Publisher {
    url: Arc<QueueUrl>,
    channel: watch::Receiver<Option<Channel>>,
}

/// The broker did not take the message, or did not say so in time; in that case it may still arrive.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// Two seconds went by.
    #[error("the queue cannot be reached")]
    Unreachable,
    /// The queue is gone.
    #[error("the broker has no such queue")]
    Unroutable,
    /// The broker said no.
    #[error("the broker refused the message")]
    Refused,
}

impl Unpublished {
    /// The value of the attribute `error.type`.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Unreachable => "queue_unreachable",
            Self::Unroutable => "unroutable",
            Self::Refused => "refused",
        }
    }
}

impl Publisher {
    /// Connects in the background, for as long as there is a publisher, and says on the log whenever the service at `address`
    /// becomes ready or ceases to be. Await the handle at the end: it closes the connection.
    #[must_use]
    pub fn start(url: QueueUrl, address: SocketAddr) -> (Self, JoinHandle<()>) {
        let (sender, channel) = watch::channel(None);
        let url = Arc::new(url);
        let keeper = tokio::spawn(keep_connected(url.clone(), address, sender));
        (Self { url, channel }, keeper)
    }

    /// Whether there is a connection now.
    #[must_use]
    pub fn reachable(&self) -> bool {
        self.channel.borrow().is_some()
    }

    /// The broker it publishes to.
    #[must_use]
    pub fn url(&self) -> &QueueUrl {
        &self.url
    }

    /// Publishes and waits for the broker's confirmation. If the connection is lost meanwhile, it publishes again over the next one:
    /// the same message may then be in the queue twice, under the same message id.
    ///
    /// # Errors
    /// It is not confirmed within 2 seconds.
    pub async fn publish(&self, properties: BasicProperties, body: &[u8]) -> Result<(), Unpublished> {
        let publishing = self.publish_until_confirmed(properties, body);
        tokio::time::timeout(PATIENCE, publishing)
            .await
            .unwrap_or(Err(Unpublished::Unreachable))
    }

    async fn publish_until_confirmed(&self, properties: BasicProperties, body: &[u8]) -> Result<(), Unpublished> {
        let mut channels = self.channel.clone();
        loop {
            let channel = channels
                .wait_for(Option::is_some)
                .await
                .map_err(|_| Unpublished::Unreachable)?
                .clone();
            let Some(channel) = channel else { continue };
            match mail_queue::publish(&channel, QUEUE, properties.clone(), body).await {
                Ok(()) => return Ok(()),
                Err(PublishError::Unroutable) => return Err(Unpublished::Unroutable),
                Err(PublishError::Refused) => return Err(Unpublished::Refused),
                // Its keeper notices as well. Whether this message arrived, nobody knows: it goes again over the next channel.
                Err(PublishError::Lost(error)) => tracing::debug!(%error, "publishing failed"),
            }
            channels.changed().await.map_err(|_| Unpublished::Unreachable)?;
        }
    }
}

/// Ends when nobody wants the channel any more.
async fn keep_connected(url: Arc<QueueUrl>, address: SocketAddr, channel: watch::Sender<Option<Channel>>) {
    let mut backoff = Backoff::default();
    let mut said = None;
    loop {
        match Link::open(&url, "api").await {
            Ok(link) => {
                backoff.reset();
                said = Some(true);
                channel.send_replace(Some(link.channel.clone()));
                tracing::info!(ready = true, %address, broker = %url, "listening, and the queue can be reached");
                tokio::select! {
                    () = link.lost() => {}
                    () = channel.closed() => return link.close().await,
                }
                channel.send_replace(None);
                link.close().await;
            }
            Err(error) if said != Some(false) => {
                said = Some(false);
                tracing::warn!(ready = false, %address, broker = %url, %error, "the queue cannot be reached; trying on");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next_pause()) => {}
            () = channel.closed() => return,
        }
    }
}
