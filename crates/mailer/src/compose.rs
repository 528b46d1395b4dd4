//! Mail composition.

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use mail_queue::{Malformed, ResetRequest};
use uuid::Uuid;

/// The default URL of the reset page; `?token=…` is appended.
pub const DEFAULT_RESET_URL: &str = "http://127.0.0.1:3001/reset-password";

const SENDER: (&str, &str) = ("Spanfall demo", "no-reply@spanfall.invalid");

/// A composed mail. It holds an address and a token: no `Debug`, and only transports may read it.
pub struct Composed {
    /// The id of the queue message: safe as a file name, equal for redeliveries.
    pub id: String,
    /// The mail with its headers.
    pub mail: Message,
}

/// Composes the mail for `request`, with a fresh link.
///
/// # Errors
/// The address is not a valid mailbox, although it looks like one.
pub(crate) fn compose(id: &str, request: &ResetRequest, reset_url: &str) -> Result<Composed, Malformed> {
    let invalid = |_| Malformed::InvalidEmail;
    let recipient = request.email.as_str().parse().map_err(invalid)?;
    let sender = SENDER.1.parse().map_err(invalid)?;
    // From the system's random numbers: a guessed token would reset the password.
    let token = Uuid::new_v4().simple();
    let text = format!(
        "Hello,\r\n\r\n\
         we received a request to reset the password of your account. To choose a new password, open\r\n\r\n\
         {reset_url}?token={token}\r\n\r\n\
         If you did not request this, you can ignore this mail.\r\n"
    );
    let mail = Message::builder()
        .from(Mailbox::new(Some(SENDER.0.to_owned()), sender))
        .to(Mailbox::new(None, recipient))
        .subject("Reset your password")
        // Equal for redeliveries, so that a mailbox can remove duplicates.
        .message_id(Some(format!("<{id}@spanfall.invalid>")))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        // Cannot fail otherwise: the builder requires only a sender and a recipient.
        .map_err(|_| Malformed::InvalidEmail)?;
    Ok(Composed { id: id.to_owned(), mail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_has_instructions_and_a_unique_link() {
        let request = ResetRequest {
            email: "jane@example.org".parse().expect("valid"),
        };
        let links: Vec<String> = (0..2)
            .map(|_| {
                let composed = compose("m1", &request, "http://here/reset").unwrap();
                let mail = String::from_utf8(composed.mail.formatted()).unwrap();
                for part in [
                    "To: jane@example.org",
                    "Subject: Reset your password",
                    "Message-ID: <m1@spanfall.invalid>",
                ] {
                    assert!(mail.contains(part), "{part} in {mail}");
                }
                let link = mail.lines().find(|line| line.starts_with("http://here/reset?token="));
                link.expect("a link").to_owned()
            })
            .collect();
        assert_ne!(links[0], links[1]);
    }
}
