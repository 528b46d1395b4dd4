//! Limits of a relay.

use std::time::Duration;

use crate::attempt::ProgressTimeout;
use crate::backoff::Backoff;

/// The bounds of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Envelopes that may be buffered while Sentry is unreachable.
    pub waiting: usize,
    /// Memory of the buffer, in bytes; requests in flight may use as much again.
    pub waiting_bytes: usize,
    /// Concurrent requests.
    pub concurrent: usize,
    /// Time that an SDK waits for Sentry's response, and time that an attempt may take without progress.
    pub deadline: Duration,
    /// Bytes per second of the slowest supported uplink. The buffers of a connection may take that long to drain, so an attempt
    /// gets this much more time for each byte accepted.
    pub min_upload_rate: usize,
    /// Failed tries while Sentry responds to other requests before an envelope is dropped. An outage uses up none.
    pub tries: u32,
    /// Delays between attempts while Sentry is unreachable.
    pub backoff: Backoff,
    /// Delay between two buffered envelopes: Sentry asks for it, because a burst may look like abuse.
    pub pause: Duration,
    /// Time limit of the last attempts at shutdown.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    /// 1,000 envelopes, 16 MiB, 8 requests, 5 s, 32 KiB/s, 5 tries, [`Backoff::default`], 100 ms, 2 s.
    fn default() -> Self {
        Self {
            waiting: 1000,
            waiting_bytes: 16 * 1024 * 1024,
            concurrent: 8,
            deadline: Duration::from_secs(5),
            min_upload_rate: 32 * 1024,
            tries: 5,
            backoff: Backoff::default(),
            pause: Duration::from_millis(100),
            shutdown_timeout: Duration::from_secs(2),
        }
    }
}

impl Limits {
    pub(crate) const fn progress_timeout(&self) -> ProgressTimeout {
        ProgressTimeout {
            deadline: self.deadline,
            min_upload_rate: self.min_upload_rate,
        }
    }
}
