//! Accepting connections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::connection::Service;
use crate::pool::Pool;
use crate::{Access, App, Limits};

/// How long a connection waits for a place while all others are busy, before it gets a spare one.
const PLACE_WAIT: Duration = Duration::from_secs(1);
/// How many spare connections there are, on which requests are only told that there are too many.
const SPARE: usize = 64;
/// How long such a connection may take.
const SPARE_TIME: Duration = Duration::from_secs(2);
/// The pause when the process has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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

    /// Serves until `shutdown` resolves; then stops listening and waits for the requests under way. Dropping the future ends all
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
        let service = Service::new(access, app, limits);
        let mut accepting = Accepting {
            spare_service: Arc::new(service.spare()),
            service: Arc::new(service),
            pool: Pool::new(limits.connections),
            spare: Pool::new(SPARE),
            next: None,
            full_since: None,
            stopped,
        };
        accepting.run(&listener, &on_connections, shutdown).await;
        stop.send_replace(true);
        drop(listener);
        let Accepting { pool, spare, .. } = accepting;
        drop(spare);
        pool.drain().await;
        on_connections(0);
    }
}

struct Accepting {
    service: Arc<Service>,
    pool: Pool,
    spare_service: Arc<Service>,
    spare: Pool,
    /// A connection that is accepted and waits for a place. Others wait in the kernel.
    next: Option<TcpStream>,
    /// Since when there has been no place, and no idle connection to evict.
    full_since: Option<Instant>,
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
            self.place();
            let open = self.pool.len() + self.spare.len();
            if std::mem::replace(&mut reported, open) != open {
                on_connections(open);
            }
            let waits = self.next.is_some();
            let patience = self.full_since.map(|since| since + PLACE_WAIT);
            let idle = self.pool.idle();
            tokio::select! {
                () = &mut shutdown => return,
                () = self.pool.ended() => self.full_since = None,
                () = self.spare.ended() => {}
                () = idle, if waits => {}
                accepted = listener.accept(), if !waits => match accepted {
                    Ok((stream, _)) => self.next = Some(stream),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        self.pool.evict();
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                () = sleep_until(patience.unwrap_or_else(Instant::now)), if waits && patience.is_some() => {}
            }
        }
    }

    /// Finds a place for the connection that waits for one: in the pool, in the pool as soon as an idle connection has gone, or among
    /// the spare ones.
    fn place(&mut self) {
        let Some(stream) = self.next.take() else { return };
        let stopped = self.stopped.clone();
        if self.pool.has_room() {
            let service = self.service.clone();
            self.pool.spawn(|activity| service.serve(stream, activity, stopped));
            return;
        }
        if self.pool.evict() {
            self.full_since = None;
        } else {
            let since = *self.full_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= PLACE_WAIT {
                if self.spare.has_room() {
                    let service = self.spare_service.clone();
                    self.spare.spawn(|activity| async move {
                        let _ = timeout(SPARE_TIME, service.serve(stream, activity, stopped)).await;
                    });
                    return;
                }
                self.spare.evict();
            }
        }
        self.next = Some(stream);
    }
}
