//! The service at the other end of the queue: takes one request after the other and sends its reset mail.
//!
//! Per message: read it ([`Malformed`](mail_queue::Malformed) ones go to the dead letters), compose the mail, hand it to a
//! [`MailTransport`], and only then acknowledge. A message may come more than once (the mailer was killed, the connection was
//! lost, the API published it twice), so a transport must make the same mail of the same message id, once.
//!
//! A transport that fails for the moment is tried three times within a second or two, in the same delivery, and then the message
//! goes to the dead letters: putting it back into the queue would spin, and would hide the attempts from the trace.
//!
//! It does not listen, and it never decides who may reset what.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mailer::{FileTransport, Mailer};
//!
//! let transport = FileTransport::new("out/mail".into())?;
//! let mailer = Mailer::new(Box::new(transport), mailer::DEFAULT_RESET_URL.to_owned());
//! mailer::consume(&mail_queue::QueueUrl::from_env()?, mailer.into(), std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub use self::compose::{Composed, DEFAULT_RESET_URL};
pub use self::consume::{PREFETCH, consume};
pub use self::handle::{Mailer, Outcome};
pub use self::transport::{FileTransport, MailTransport, SendError, SmtpTransport};

mod compose;
mod consume;
mod handle;
mod transport;
