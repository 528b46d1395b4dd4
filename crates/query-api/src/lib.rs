//! The listener that answers queries: Jaeger's query API over the running viewer's store, and what the commands of `spanfall` call.
//!
//! **Invariant:** a client never delays the owner of the store. **Boundary:** it knows no format.
//!
//! It is a thin layer. A request becomes a [`query::Evaluation`], which is sent to the owner of the store ([`Queries`]) for each part of
//! the answer and comes back with it. So the store has one owner, a query that is read slowly costs the owner nothing, and a client that
//! goes away takes its evaluation with it. Clients that follow what arrives read a bounded [`Feed`], which the owner fills and never waits
//! for.
//!
//! It listens on loopback only, with the access rule of every listener (`http_server::Access`). What changes something ([`Fire`]) is a POST
//! with a header that a form cannot send, and no page of another origin can read an answer, as CORS is off.
//!
//! ```no_run
//! # async fn example() -> Result<(), query_api::BindError> {
//! use query_api::{Address, Api};
//! use trace_model::Store;
//!
//! let api = Api::bind(Address::Default).await?;
//! println!("http://{}/api/services", api.address());
//! let (mut queries, _fires, _server) = api.serve(Vec::new(), None, query::Listeners::default);
//! let store = Store::new(1 << 20);
//! loop {
//!     queries.wait().await;
//!     while queries.is_answering() {
//!         queries.step(&store, 1 << 18);
//!     }
//! }
//! # }
//! ```

mod bind;
mod body;
mod counts;
mod feed;
mod fire;
mod identity;
mod jaeger;
mod own;
mod queue;
mod stream;

use std::time::Duration;

use axum::Router;
use http::StatusCode;
use http_server::{Access, App, Host, Server};
use query::Listeners;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::counts::Counts;

pub use self::bind::{Address, Api, BindError, PORT};
pub use self::feed::Feed;
pub use self::fire::{Fire, Fires, HEADER as FIRE_HEADER};
pub use self::identity::Nonce;
pub use self::queue::Queries;

/// Time in which answers in progress may finish after shutdown was requested.
const FINISH: Duration = Duration::from_secs(1);

/// The running listener. Dropping it ends it at once.
#[derive(Debug)]
#[must_use = "dropping it ends the listener"]
pub struct Running {
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Running {
    /// Stops listening and lets answers in progress finish, for at most a second.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(FINISH, &mut self.serving).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Api {
    /// Starts to answer requests to local hosts and to these, and proves to know a nonce. `listeners` returns the state of ingest. Must be
    /// called within a Tokio runtime.
    pub fn serve(
        self,
        hosts: Vec<Host>,
        nonce: Option<Nonce>,
        listeners: impl Fn() -> Listeners + Send + Sync + 'static,
    ) -> (Queries, Fires, Running) {
        let (fire_routes, fires) = fire::routes();
        let (feed, followers) = feed::new();
        let counts = Counts::new(self.address());
        let (sender, queries) = queue::new(feed, counts.clone());
        let routes = jaeger::routes(sender.clone())
            .merge(own::routes(sender, nonce, listeners))
            .merge(stream::routes(followers))
            .merge(fire_routes);
        let routes = routes.fallback(|| async { (StatusCode::NOT_FOUND, "not found: see docs/api.md\n") });
        let overloaded = Router::new().fallback(|| async { jaeger::overloaded() });
        let app = App::new(counts.by_status(routes))
            .overloaded(counts.by_status(overloaded))
            .map_denied(|denied| counts.denied(denied));
        let server = Server::new(self.listener, Access::local(hosts, Vec::new()), app);
        let (stop, mut stopped) = watch::channel(false);
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            server.run(stopped).await;
        });
        (queries, fires, Running { stop, serving })
    }
}
