//! The mail itself.

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use mail_queue::{Malformed, ResetRequest};
use uuid::Uuid;

/// The page that the link in the mail opens, to which `?token=…` is added.
pub const DEFAULT_RESET_URL: &str = "http://127.0.0.1:3001/reset-password";

const SENDER: (&str, &str) = ("Spanfall demo", "no-reply@spanfall.invalid");

/// A mail ready to be sent. It holds an address and a token: no `Debug`, it goes to a transport and nowhere else.
pub struct Composed {
    /// The id of the message that asked for it: safe as a file name, the same whenever that message comes.
    pub id: String,
    /// The mail.
    pub mail: Message,
}

/// Writes the mail that `request` asks for, with a link of its own.
///
/// # Errors
/// The address is one that mail cannot be sent to, although it looks like one.
pub(crate) fn compose(id: &str, request: &ResetRequest, reset_url: &str) -> Result<Composed, Malformed> {
    let invalid = |_| Malformed::InvalidEmail;
    let recipient = request.email.as_str().parse().map_err(invalid)?;
    let sender = SENDER.1.parse().map_err(invalid)?;
    // From the system's random numbers: whoever guesses it resets the password.
    let token = Uuid::new_v4().simple();
    let text = format!(
        "Hello,\r\n\r\n\
         somebody, most likely you, asked to reset the password of your account. To choose a new one, open\r\n\r\n\
         {reset_url}?token={token}\r\n\r\n\
         If it wasn't you, there is nothing you need to do.\r\n"
    );
    let mail = Message::builder()
        .from(Mailbox::new(Some(SENDER.0.to_owned()), sender))
        .to(Mailbox::new(None, recipient))
        .subject("Reset your password")
        // The same for a redelivered message, so that a mailbox can tell.
        .message_id(Some(format!("<{id}@spanfall.invalid>")))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        // Nothing else can be wrong with it: a sender and a recipient are all that the builder asks for.
        .map_err(|_| Malformed::InvalidEmail)?;
    Ok(Composed { id: id.to_owned(), mail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_what_to_do_and_has_a_link_of_its_own() {
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
