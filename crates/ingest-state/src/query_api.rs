//! The query API, as far as a screen shows it.

use std::net::SocketAddr;

/// Address of the query API, and counts of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryApi {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// Requests that were answered.
    pub answered: u64,
    /// Invalid requests, and those for what is not stored.
    pub rejected: u64,
    /// Requests that were told to retry.
    pub throttled: u64,
    /// Requests of pages of other origins, or to other hosts.
    pub denied: u64,
}

impl QueryApi {
    /// Returns the state before the first request.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            answered: 0,
            rejected: 0,
            throttled: 0,
            denied: 0,
        }
    }
}
