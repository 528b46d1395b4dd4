//! Reports of a relay after it has answered.

use tokio::sync::mpsc;
use trace_model::sentry::Delivery;

/// The outcome of a request that its [`RelayResponse`](crate::RelayResponse) could not report: it was buffered, or the SDK was gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<T> {
    /// The tag of its [`Forward`](crate::Forward).
    pub tag: T,
    /// The outcome; never [`Delivery::Waiting`].
    pub delivery: Delivery,
}

/// The receiver of [`Event`]s. It must be read: a relay whose events are not read stops accepting requests.
#[derive(Debug)]
pub struct Events<T>(pub(crate) mpsc::Receiver<Event<T>>);

impl<T> Events<T> {
    /// Waits for the next event; `None` once the relay has stopped and all events were read. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Event<T>> {
        self.0.recv().await
    }
}
