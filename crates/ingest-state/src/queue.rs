//! Requests in flight.

/// Requests and memory in flight: received, or being received, and not yet in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct QueueDepth {
    /// Arrivals in the queue.
    pub waiting: usize,
    /// Arrivals in the queue from which on senders are told to retry.
    pub waiting_limit: usize,
    /// Bytes of requests: bodies in all their forms, decoders, and arrivals.
    pub bytes: usize,
    /// Bytes from which on senders are told to retry. A request that alone needs more is rejected for good.
    pub bytes_limit: usize,
    /// Bytes of the buffers of open connections.
    pub connection_bytes: usize,
    /// Bytes that these buffers can take at most.
    pub connection_bytes_limit: usize,
}
