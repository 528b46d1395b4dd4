//! What is in flight.

/// What is in flight: received, or being received, and not yet taken by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct QueueDepth {
    /// Arrivals that wait.
    pub waiting: usize,
    /// How many may wait before senders are asked to retry.
    pub waiting_limit: usize,
    /// Bytes of requests: bodies in all their forms, decoders, and arrivals.
    pub bytes: usize,
    /// How many there may be before senders are asked to retry. A request that needs more on its own is refused for good.
    pub bytes_limit: usize,
    /// Bytes of the buffers of open connections.
    pub connection_bytes: usize,
    /// How many those can be.
    pub connection_bytes_limit: usize,
}
