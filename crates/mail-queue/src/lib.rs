//! What the API and the mailer agree on: the queue between them, what is in it, and how a connection to it is had.
//!
//! Declared in one place, since a broker refuses a queue that two programs declare differently. It neither publishes nor
//! consumes, and knows nothing of HTTP or of mail.
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

mod address;
mod connection;
mod message;
pub mod semconv;

/// The durable queue of requests to send a mail.
pub const QUEUE: &str = "email_queue";

/// The durable queue that keeps what the mailer refused, or could not send, for a person to look at.
pub const DEAD_LETTERS: &str = "email_queue.dead";
