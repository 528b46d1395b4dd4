//! Listening, accepting, and ending.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{Config, HANG_UP, PASSWORD, USER};
use crate::core::{ConnectionId, Core};
use crate::memory::Memory;
use crate::presence::Presences;
use crate::session;

/// Why the broker cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address could be reached from other machines.
    #[error("{0} is not a loopback address, and the embedded broker listens nowhere else: set --listen or BROKER_ADDR")]
    NotLoopback(SocketAddr),
    /// The system refuses the address; most often it is taken.
    #[error("cannot listen on {address} ({source}): set --listen or BROKER_ADDR to another address")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// A broker that listens; [`serve`](Self::serve) makes it answer.
#[derive(Debug)]
pub struct Broker {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) memory: Memory,
    pub(crate) presences: Presences,
    core: Mutex<Core>,
}

impl Shared {
    /// The broker's state, locked. Never held across an await; a session that panicked must not take the others with it.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker {
    /// Takes the address. Clients can connect from here on, and are answered once it [serves](Self::serve).
    ///
    /// # Errors
    /// The address isn't loopback, or cannot be had.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        let address = config.listen;
        if !address.ip().is_loopback() {
            return Err(BindError::NotLoopback(address));
        }
        let listen = |source| BindError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Shared {
            memory: Memory::new(config.max_memory),
            presences: Presences::default(),
            config,
            core: Mutex::default(),
        };
        Ok(Self {
            listener,
            address,
            shared: Arc::new(shared),
        })
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How a client reaches it: `amqp://guest:guest@127.0.0.1:<port>/%2f`
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://{USER}:{PASSWORD}@{}/%2f", self.address)
    }

    /// Serves clients until `shutdown` is done; then closes their connections with 320 `CONNECTION_FORCED` and waits for them,
    /// but not longer than a few seconds.
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
                        // Most often no file descriptor is left: asking again at once would only burn the processor.
                        tracing::warn!(%error, "a connection could not be accepted");
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
        // One for what is still to be written, one for the hang-up. Those that are left then are cut off.
        let _ = tokio::time::timeout(2 * HANG_UP, ending).await;
    }
}

/// Dead-letters messages as they expire; never ends.
async fn expire(shared: &Shared) {
    let earlier = shared.core().expiring.clone();
    loop {
        let now = Instant::now();
        let next = shared.core().expire(now);
        match next {
            // There was more than goes at once.
            Some(at) if at <= now => tokio::task::yield_now().await,
            Some(at) => drop(tokio::time::timeout_at(at.into(), earlier.notified()).await),
            None => earlier.notified().await,
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection failed");
    }
}
