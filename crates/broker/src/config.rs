//! What can be set, and what is fixed.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The only login: a loopback broker in memory has nothing to protect from those who can reach it.
pub(crate) const USER: &str = "guest";
/// The password of [`USER`].
pub(crate) const PASSWORD: &str = "guest";
/// The only virtual host.
pub(crate) const VHOST: &str = "/";

/// The largest frame in bytes, with its 8 bytes of framing; RabbitMQ's default.
pub(crate) const FRAME_MAX: u32 = 131_072;
/// The smallest `frame_max` a client may ask for, as AMQP 0-9-1 has it.
pub(crate) const FRAME_MIN: u32 = 4096;
/// The highest channel number.
pub(crate) const CHANNEL_MAX: u16 = 255;
/// The heartbeat that is suggested, in seconds; the client has the last word.
pub(crate) const HEARTBEAT: u16 = 60;
/// How many queues there may be.
pub(crate) const MAX_QUEUES: usize = 1024;
/// How many consumers a queue may have.
pub(crate) const MAX_CONSUMERS: usize = 256;
/// How long a connection that was closed properly may take to hang up.
pub(crate) const HANG_UP: Duration = Duration::from_secs(2);

/// Where the broker listens, and its limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// A loopback address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How many clients may be logged in at a time. One more takes the place of the one that has been idle for longest; it is hung up
    /// on when none is idle.
    pub max_connections: usize,
    /// How many clients may be logging in at a time. One more takes the place of the one that has taken longest.
    pub max_logins: usize,
    /// The largest message body, in bytes. A larger one closes its channel with 406 `PRECONDITION_FAILED`.
    pub max_message: u64,
    /// How many bytes all messages together may take (waiting, delivered and being received; bookkeeping included). At the limit
    /// a publish is nacked, or its channel closed with 506 `RESOURCE_ERROR` if it isn't in confirm mode.
    pub max_memory: u64,
    /// How many unsent bytes a connection may have before its consumers get no more and its requests wait. One message may
    /// exceed it.
    pub max_unsent: usize,
    /// How long a client may take to log in.
    pub login_within: Duration,
    /// How long a message may take from its publish to its last byte, before its connection is closed.
    pub content_within: Duration,
    /// How long a client may leave bytes that were sent to it unread before it is hung up on.
    pub read_within: Duration,
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
            login_within: Duration::from_secs(10),
            content_within: Duration::from_secs(30),
            read_within: Duration::from_secs(30),
        }
    }
}
