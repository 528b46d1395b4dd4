//! The queue consumer: sends one reset mail per request.
//!
//! Per message: parse it ([`Malformed`](mail_queue::Malformed) ones become dead letters), compose the mail, send it with a
//! [`MailTransport`], record it in the [`Journal`], and only then acknowledge. A message may be delivered more than once (the mailer was
//! killed, the connection was lost, the API published it twice); if its id is in the journal, no second mail is sent.
//!
//! So each accepted request is mailed **at least once**. Twice only if the mailer is killed, or disconnected from the mail server,
//! between the server's acceptance and the journal: at most [`PREFETCH`] mails per kill, with the same `Message-ID`.
//!
//! The link in a mail is created by the attempt that sends it, so a late mail has a fresh link.
//!
//! A message whose attempt fails temporarily is published to a delay queue (see [`mail_queue::RetrySchedule`]) and returns
//! from there; one that fails permanently (an SMTP reply of 5xx, a malformed message) or too often becomes a dead letter, with the
//! reason in its headers. It is acknowledged once the broker has confirmed that, so it is always in at least one queue. Each attempt is a
//! span of the same trace.
//!
//! It opens no port and makes no authorization decision.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mailer::{FileTransport, Journal, Mailer};
//!
//! let transport = FileTransport::new("out/mail".into())?;
//! let schedule = mail_queue::RetrySchedule::from_env()?;
//! let journal = Journal::open("out/mail/sent.journal".into())?;
//! let mailer = Mailer::new(Box::new(transport), mailer::DEFAULT_RESET_URL.to_owned(), schedule, journal);
//! mailer::consume(&mail_queue::QueueUrl::from_env()?, mailer.into(), std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub use self::compose::{Composed, DEFAULT_RESET_URL};
pub use self::consume::{PREFETCH, consume};
pub use self::failure::Failure;
pub use self::forward::Forwarder;
pub use self::handle::{Mailer, Outcome};
pub use self::journal::{Claim, Journal};
pub use self::redrive::redrive;
pub use self::smtp::SmtpTransport;
pub use self::transport::{FileTransport, MailTransport, SendError};

mod compose;
mod consume;
mod failure;
mod forward;
mod handle;
mod journal;
mod redrive;
mod smtp;
mod transport;
