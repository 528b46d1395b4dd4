//! The service at the other end of the queue: takes one request after the other and sends its reset mail.
//!
//! Per message: read it ([`Malformed`](mail_queue::Malformed) ones go to the dead letters), compose the mail, hand it to a
//! [`MailTransport`], record it in the [`Journal`], and only then acknowledge. A message may come more than once (the mailer was
//! killed, the connection was lost, the API published it twice); one whose id is in the journal sends no second mail.
//!
//! So each accepted request is mailed **at least once**. Twice only where the mailer is killed, or cut off from the mail server,
//! between the server's acceptance and the journal: at most [`PREFETCH`] mails per kill, with the same `Message-ID`.
//!
//! The link in a mail is made at the attempt that sends it, so one that is sent an hour late is as valid as any.
//!
//! A message whose attempt fails for the moment is published to a delay queue (see [`mail_queue::RetrySchedule`]) and comes back
//! from there; one that fails for good (an SMTP reply of 5xx, a malformed message) or too often goes to the dead letters, with the
//! reason in its headers. It is acknowledged once the broker has confirmed that, so at no moment it is in no queue. Each attempt is a
//! span of the same trace.
//!
//! It does not listen, and it never decides who may reset what.
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
pub use self::handle::{Mailer, Outcome};
pub use self::journal::{Claim, Journal};
pub use self::pass_on::Broker;
pub use self::redrive::redrive;
pub use self::smtp::SmtpTransport;
pub use self::transport::{FileTransport, MailTransport, SendError};

mod compose;
mod consume;
mod failure;
mod handle;
mod journal;
mod pass_on;
mod redrive;
mod smtp;
mod transport;
