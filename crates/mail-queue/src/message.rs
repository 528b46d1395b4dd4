//! What is in the queue: one request to send a reset mail.

use std::fmt;
use std::str::FromStr;

use email_address::Options;
use serde_json::{Value, json};

/// The largest body, in bytes, that either side accepts.
pub const MAX_BODY: usize = 16 * 1024;

/// The longest address that SMTP can carry, in bytes (RFC 5321, erratum 1690).
const MAX_ADDRESS: usize = 254;

/// A request to send one person a reset mail: `{"email": "…"}` over HTTP and in the queue; other members are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetRequest {
    /// Who gets the mail.
    pub email: EmailAddress,
}

/// Why a body is no [`ResetRequest`]. The text never quotes the body: there may be an address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More than [`MAX_BODY`].
    #[error("body too large")]
    TooLarge,
    /// Not JSON at all.
    #[error("not JSON")]
    NotJson,
    /// JSON, but without a string called `email`.
    #[error("no email")]
    NoEmail,
    /// An `email` that is none.
    #[error("no valid email")]
    InvalidEmail,
}

impl Malformed {
    /// The value of the attribute `error.type`.
    #[must_use]
    pub fn error_type(self) -> &'static str {
        match self {
            Self::TooLarge => "body_too_large",
            Self::NotJson => "not_json",
            Self::NoEmail => "no_email",
            Self::InvalidEmail => "invalid_email",
        }
    }
}

impl ResetRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// It is not one.
    pub fn from_json(body: &[u8]) -> Result<Self, Malformed> {
        if body.len() > MAX_BODY {
            return Err(Malformed::TooLarge);
        }
        // The parser's own message is dropped: it quotes what it found.
        let body: Value = serde_json::from_slice(body).map_err(|_| Malformed::NotJson)?;
        let email = body.get("email").and_then(Value::as_str).ok_or(Malformed::NoEmail)?;
        Ok(Self { email: email.parse()? })
    }

    /// Writes the body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json!({ "email": self.email.as_str() }).to_string().into_bytes()
    }
}

/// A well-formed address of a person, which must not reach a log, a span or an error: there is no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address itself: for the queue and the mail, nothing else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailAddress(…)")
    }
}

impl FromStr for EmailAddress {
    type Err = Malformed;

    /// Accepts `local@domain`; not a display name, a quoted local part or an IP address, which the standards allow and nobody has.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let options = Options::default().without_display_text().without_domain_literal();
        let plain = text.len() <= MAX_ADDRESS && !text.contains(['"', '\\']);
        if !plain || email_address::EmailAddress::parse_with_options(text, options).is_err() {
            return Err(Malformed::InvalidEmail);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_rubbish_has_its_reason() {
        let large = format!(r#"{{"email":"a@example.org","more":"{}"}}"#, "x".repeat(MAX_BODY));
        let deep = "[".repeat(MAX_BODY);
        for (body, reason) in [
            ("", Malformed::NotJson),
            ("email=a@example.org", Malformed::NotJson),
            (r#"{"email":"a@example.org""#, Malformed::NotJson),
            (&deep, Malformed::NotJson),
            ("[]", Malformed::NoEmail),
            ("{}", Malformed::NoEmail),
            (r#"{"email":null}"#, Malformed::NoEmail),
            (r#"{"email":["a@example.org"]}"#, Malformed::NoEmail),
            (&large, Malformed::TooLarge),
        ] {
            assert_eq!(ResetRequest::from_json(body.as_bytes()), Err(reason), "{body:.40}");
        }
        assert_eq!(ResetRequest::from_json(b"{\"email\":\"\xff\"}"), Err(Malformed::NotJson));
    }

    #[test]
    fn addresses_that_are_none() {
        let long = format!("{}@example.org", "x".repeat(300));
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a b@example.org",
            "a@exa mple.org",
            "a@example.org\r\nBcc: b@example.org",
            "a@b@example.org",
            "Jane <jane@example.org>",
            "\"a b\"@example.org",
            "a@[127.0.0.1]",
            "a@-example.org",
            "a@example..org",
            &long,
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(Malformed::InvalidEmail), "{bad}");
        }
    }

    #[test]
    fn addresses_that_people_have() {
        for good in ["jane@example.org", "jane.doe+reset@mail.example.co.uk", "o'brien@localhost"] {
            assert!(good.parse::<EmailAddress>().is_ok(), "{good}");
        }
    }

    #[test]
    fn an_address_does_not_print_itself() {
        let request = ResetRequest::from_json(br#"{"email":"jane@example.org"}"#);
        assert!(!format!("{request:?}").contains("jane"));
    }

    proptest! {
        #[test]
        fn what_is_accepted_survives_the_queue(email in "\\PC{0,40}(@\\PC{0,20})?") {
            if let Ok(email) = email.parse::<EmailAddress>() {
                let request = ResetRequest { email };
                prop_assert!(!request.email.as_str().contains(char::is_control));
                prop_assert_eq!(ResetRequest::from_json(&request.to_json()), Ok(request));
            }
        }
    }
}
