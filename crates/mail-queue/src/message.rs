//! The message format: one request to send a reset mail.

use std::fmt;
use std::str::FromStr;

use email_address::Options;
use serde_json::{Value, json};

/// The maximum body size that both sides accept, in bytes.
pub const BODY_SIZE_MAX: usize = 16 * 1024;

/// The maximum length of an address in SMTP, in bytes (RFC 5321, erratum 1690).
const ADDRESS_LEN_MAX: usize = 254;

/// A request to send a reset mail: `{"email": "…"}` over HTTP and in the queue; other members are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetRequest {
    /// The recipient.
    pub email: EmailAddress,
}

/// The reason a body is not a valid [`ResetRequest`]. The text never quotes the body, which may contain an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More than [`BODY_SIZE_MAX`].
    #[error("body too large")]
    TooLarge,
    /// Invalid JSON.
    #[error("not JSON")]
    NotJson,
    /// No string member `email`.
    #[error("missing email")]
    NoEmail,
    /// The `email` is not a valid address.
    #[error("invalid email")]
    InvalidEmail,
}

impl Malformed {
    /// Returns the value of the attribute `error.type`.
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
    /// Parses a body.
    ///
    /// # Errors
    /// The body is malformed.
    pub fn from_json(body: &[u8]) -> Result<Self, Malformed> {
        if body.len() > BODY_SIZE_MAX {
            return Err(Malformed::TooLarge);
        }
        // The parser's message is dropped, because it quotes the input.
        let body: Value = serde_json::from_slice(body).map_err(|_| Malformed::NotJson)?;
        let email = body.get("email").and_then(Value::as_str).ok_or(Malformed::NoEmail)?;
        Ok(Self { email: email.parse()? })
    }

    /// Serializes the body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json!({ "email": self.email.as_str() }).to_string().into_bytes()
    }
}

/// A valid email address. It must not reach a log, a span or an error: it has no `Display`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Returns the address, for the queue and the mail only.
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

    /// Parses `local@domain`; rejects display names, quoted local parts and IP addresses, which are standard but unused.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let options = Options::default().without_display_text().without_domain_literal();
        let plain = text.len() <= ADDRESS_LEN_MAX && !text.contains(['"', '\\']);
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
    fn malformed_bodies_are_told_apart() {
        let large = format!(r#"{{"email":"a@example.org","more":"{}"}}"#, "x".repeat(BODY_SIZE_MAX));
        let deep = "[".repeat(BODY_SIZE_MAX);
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
    fn invalid_addresses_are_rejected() {
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
    fn common_addresses_are_accepted() {
        for good in ["jane@example.org", "jane.doe+reset@mail.example.co.uk", "o'brien@localhost"] {
            assert!(good.parse::<EmailAddress>().is_ok(), "{good}");
        }
    }

    #[test]
    fn address_is_hidden_in_debug_output() {
        let request = ResetRequest::from_json(br#"{"email":"jane@example.org"}"#);
        assert!(!format!("{request:?}").contains("jane"));
    }

    proptest! {
        #[test]
        fn accepted_request_survives_the_queue(email in "\\PC{0,40}(@\\PC{0,20})?") {
            if let Ok(email) = email.parse::<EmailAddress>() {
                let request = ResetRequest { email };
                prop_assert!(!request.email.as_str().contains(char::is_control));
                prop_assert_eq!(ResetRequest::from_json(&request.to_json()), Ok(request));
            }
        }
    }
}
