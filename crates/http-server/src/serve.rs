//! Accepting connections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::connection::Service;
use crate::pool::Pool;
use crate::{Access, App, Limits, NEW_CONNECTIONS};

/// The pause when the process has no file descriptor left for another connection, or no connection can be evicted.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener and what it answers, not running yet.
pub struct Server {
    listener: TcpListener,
    access: Access,
    app: App,
    limits: Limits,
    on_connections: Box<dyn Fn(usize) + Send + Sync>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// A server with the default limits. Requests that `access` denies never reach the app's routes.
    #[must_use]
    pub fn new(listener: TcpListener, access: Access, app: App) -> Self {
        Self {
            listener,
            access,
            app,
            limits: Limits::default(),
            on_connections: Box::new(|_| {}),
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Calls `report` with the number of open connections whenever it changes.
    #[must_use]
    pub fn on_connections(self, report: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self {
            on_connections: Box::new(report),
            ..self
        }
    }

    /// Serves until `shutdown` resolves; then stops listening and waits for the requests in flight. Dropping the future ends all
    /// connections at once.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let Self {
            listener,
            access,
            app,
            limits,
            on_connections,
        } = self;
        let (stop, stopped) = watch::channel(false);
        let mut accepting = Accepting {
            service: Arc::new(Service::new(access, app, limits)),
            pool: Pool::new(limits.connections),
            next: None,
            stopped,
        };
        accepting.run(&listener, &on_connections, shutdown).await;
        stop.send_replace(true);
        drop(listener);
        accepting.pool.drain().await;
        on_connections(0);
    }
}

struct Accepting {
    service: Arc<Service>,
    pool: Pool,
    /// A connection that is accepted and waits until there are fewer without a place. Others wait in the kernel.
    next: Option<TcpStream>,
    stopped: watch::Receiver<bool>,
}

impl Accepting {
    async fn run(
        &mut self,
        listener: &TcpListener,
        on_connections: &(dyn Fn(usize) + Send + Sync),
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut reported = 0;
        loop {
            self.serve_next();
            let open = self.pool.len();
            if std::mem::replace(&mut reported, open) != open {
                on_connections(open);
            }
            let waits = self.next.is_some();
            tokio::select! {
                () = &mut shutdown => return,
                () = self.pool.ended() => {}
                accepted = listener.accept(), if !waits => match accepted {
                    Ok((stream, _)) => self.next = Some(stream),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        self.pool.evict();
                        sleep(PAUSE).await;
                    }
                },
                // Those without a permit may not have been polled yet.
                () = sleep(PAUSE), if waits => {}
            }
        }
    }

    /// Serves the connection that waits, unless too many have no place; then one of those is evicted.
    fn serve_next(&mut self) {
        if self.pool.unplaced() >= NEW_CONNECTIONS {
            if self.next.is_some() {
                self.pool.evict_unplaced();
            }
            return;
        }
        let Some(stream) = self.next.take() else { return };
        let (service, stopped) = (self.service.clone(), self.stopped.clone());
        self.pool.spawn(|activity| service.serve(stream, activity, stopped));
    }
}
