//! The contract between the API and the mailer: queues, message format, connection, and confirmed publish.
//!
//! **Invariant:** a message leaves a queue only when it is mailed, or confirmed in another queue.
//!
//! ```text
//! API → email_queue → mailer → sent
//!            ↑           ├────→ email_queue.retry.<delay>, which expires into email_queue
//!            └───────────│───── (mailer redrive)
//!                        └────→ email_queue.dead
//! ```
//!
//! Queues are declared in one place, because a broker rejects different declarations of a queue. **Boundary**: this crate does not
//! consume, and does not depend on HTTP or mail.
//!
//! ```
//! use mail_queue::{Malformed, ResetRequest};
//!
//! let request = ResetRequest::from_json(br#"{"email":"jane@example.org"}"#)?;
//! assert_eq!(ResetRequest::from_json(&request.to_json())?, request);
//! assert_eq!(ResetRequest::from_json(b"{}"), Err(Malformed::NoEmail));
//! # Ok::<(), Malformed>(())
//! ```

#![warn(missing_docs)]

pub use self::address::{DEFAULT_URL, InvalidUrl, QueueUrl, URL_VARIABLE};
pub use self::connection::{Backoff, QueueConnection};
pub use self::message::{BODY_SIZE_MAX, EmailAddress, Malformed, ResetRequest};
pub use self::publish::{PublishError, publish};
pub use self::retry::{DEFAULT_DELAYS, DELAYS_VARIABLE, DelayQueue, DelayQueues, InvalidDelays, RetrySchedule};

mod address;
mod connection;
pub mod headers;
mod message;
mod publish;
mod retry;
pub mod semconv;

/// The durable queue of reset requests.
pub const QUEUE: &str = "email_queue";

/// The durable queue of dead letters: messages that failed permanently or too often. `mailer redrive` puts them back.
pub const DEAD_LETTERS: &str = "email_queue.dead";
