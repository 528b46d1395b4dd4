//! Configuration and fixed limits.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The only user name: an in-memory broker on loopback has nothing to protect from local clients.
pub(crate) const USER: &str = "guest";
/// The password of [`USER`].
pub(crate) const PASSWORD: &str = "guest";
/// The only virtual host.
pub(crate) const VHOST: &str = "/";

/// The largest frame in bytes, with its 8 bytes of framing; RabbitMQ's default.
pub(crate) const FRAME_MAX: u32 = 131_072;
/// The smallest `frame_max` that AMQP 0-9-1 allows, in bytes.
pub(crate) const FRAME_MIN: u32 = 4096;
/// The highest channel number.
pub(crate) const CHANNEL_MAX: u16 = 255;
/// The proposed heartbeat interval in seconds; the client may choose another.
pub(crate) const HEARTBEAT_SECS: u16 = 60;
/// The maximum number of queues.
pub(crate) const QUEUES_MAX: usize = 1024;
/// The maximum number of consumers per queue.
pub(crate) const CONSUMERS_PER_QUEUE_MAX: usize = 256;
/// The time a client has to close its socket after the AMQP close handshake.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The broker's listen address and limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// A loopback address; port 0 selects a free port.
    pub listen: SocketAddr,
    /// The maximum number of logged-in clients. One more evicts the least recently active idle client, or is rejected when
    /// none is idle.
    pub max_connections: usize,
    /// The maximum number of clients that are logging in. One more evicts the oldest.
    pub max_logins: usize,
    /// The maximum message body size in bytes. A larger one closes its channel with 406 `PRECONDITION_FAILED`.
    pub max_message: u64,
    /// The memory budget of all messages in bytes (ready, unacknowledged and partially received; overhead included). At the limit
    /// a publish is nacked; a channel that is not in confirm mode is closed with 506 `RESOURCE_ERROR`.
    pub max_memory: u64,
    /// The unsent bytes of a connection, in bytes, from which its deliveries pause and its requests wait. One message may
    /// exceed it.
    pub max_unsent: usize,
    /// The maximum time from accept to login.
    pub login_timeout: Duration,
    /// The maximum time from a `basic.publish` to the last byte of its body; after it the connection is closed.
    pub message_timeout: Duration,
    /// The maximum time a write may make no progress; after it the connection is closed.
    pub write_stall_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            max_connections: 64,
            max_logins: 256,
            max_message: 16 << 20,
            max_memory: 256 << 20,
            max_unsent: 4 << 20,
            login_timeout: Duration::from_secs(10),
            message_timeout: Duration::from_secs(30),
            write_stall_timeout: Duration::from_secs(30),
        }
    }
}
