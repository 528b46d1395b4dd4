//! Bind, accept and shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{CLOSE_TIMEOUT, Config, PASSWORD, USER};
use crate::core::ConnectionId;
use crate::session;
use crate::shared::Shared;

/// An error of [`Broker::bind`].
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is reachable from other machines.
    #[error("cannot bind the broker to {0}: only loopback addresses are allowed (set --listen or BROKER_ADDR)")]
    NotLoopback(SocketAddr),
    /// The system call failed; most often the address is in use.
    #[error("cannot bind the broker to {address}: {source} (set --listen or BROKER_ADDR)")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
}

/// A bound broker; [`serve`](Self::serve) runs it.
#[derive(Debug)]
pub struct Broker {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Broker {
    /// Binds the address. Clients can connect from here on, and are answered once it [serves](Self::serve).
    ///
    /// # Errors
    /// The address is not loopback, or cannot be bound.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        let address = config.listen;
        if !address.ip().is_loopback() {
            return Err(BindError::NotLoopback(address));
        }
        let listen = |source| BindError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self {
            listener,
            address,
            shared: Arc::new(Shared::new(config)),
        })
    }

    /// Returns the bound address, with the assigned port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL for clients: `amqp://guest:guest@127.0.0.1:<port>/%2f`
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://{USER}:{PASSWORD}@{}/%2f", self.address)
    }

    /// Serves clients until `shutdown` completes; then closes their connections with 320 `CONNECTION_FORCED` and waits for them,
    /// at most a few seconds.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, shared, .. } = self;
        let (stop, stopped) = watch::channel(false);
        let mut sessions = JoinSet::new();
        let mut last = 0;
        tokio::pin!(shutdown);
        let expiring = expire(&shared);
        tokio::pin!(expiring);
        loop {
            let stream = tokio::select! {
                () = &mut shutdown => break,
                () = &mut expiring => continue,
                Some(ended) = sessions.join_next() => {
                    report(ended);
                    continue;
                }
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Most often file descriptors are exhausted: an immediate retry would only burn CPU.
                        tracing::warn!(%error, "cannot accept connection");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            last += 1;
            let mut stopped = stopped.clone();
            let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            sessions.spawn(session::serve(ConnectionId(last), stream, shared.clone(), stop));
        }
        drop(listener);
        let _ = stop.send(true);
        let ending = async {
            while let Some(ended) = sessions.join_next().await {
                report(ended);
            }
        };
        // One timeout for pending output, one for the client's disconnect. Remaining connections are aborted.
        let _ = tokio::time::timeout(2 * CLOSE_TIMEOUT, ending).await;
    }
}

/// Dead-letters messages as they expire; never returns.
async fn expire(shared: &Shared) {
    let earlier = shared.core().expiring.clone();
    loop {
        let now = Instant::now();
        let next = shared.core().expire(now);
        match next {
            // More than one batch had expired.
            Some(at) if at <= now => tokio::task::yield_now().await,
            Some(at) => drop(tokio::time::timeout_at(at.into(), earlier.notified()).await),
            None => earlier.notified().await,
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "connection task failed");
    }
}
