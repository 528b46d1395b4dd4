//! What the API and the mailer agree on: the queues between them, what is in them, a connection, and a publish that is confirmed.
//!
//! ```text
//! API → email_queue → mailer → sent
//!            ↑           ├────→ email_queue.retry.<delay>, after which it goes back to email_queue
//!            └───────────│───── (mailer redrive)
//!                        └────→ email_queue.dead
//! ```
//!
//! Declared in one place, since a broker refuses a queue that two programs declare differently. It does not consume, and knows
//! nothing of HTTP or of mail.
//!
//! ```
//! use mail_queue::{Malformed, ResetRequest};
//!
//! let request = ResetRequest::from_json(br#"{"email":"jane@example.org"}"#)?;
//! assert_eq!(ResetRequest::from_json(&request.to_json())?, request);
//! assert_eq!(ResetRequest::from_json(b"{}"), Err(Malformed::NoEmail));
//! # Ok::<(), Malformed>(())
//! ```

pub use self::address::{DEFAULT_URL, InvalidUrl, QueueUrl, URL_VARIABLE};
pub use self::connection::{Backoff, Link};
pub use self::message::{EmailAddress, MAX_BODY, Malformed, ResetRequest};
pub use self::publish::{PublishError, publish};
pub use self::retry::{DEFAULT_DELAYS, DELAYS_VARIABLE, DelayQueue, DelayQueues, InvalidDelays, RetrySchedule};

mod address;
mod connection;
pub mod headers;
mod message;
mod publish;
mod retry;
pub mod semconv;

/// The durable queue of requests to send a mail.
pub const QUEUE: &str = "email_queue";

/// The durable queue that keeps what the mailer could not send, for a person to look at; `mailer redrive` puts it back.
pub const DEAD_LETTERS: &str = "email_queue.dead";
