//! Environment variables of Sentry's API.

use std::fmt;

use reqwest::header::HeaderValue;

use crate::error::SettingsError;
use crate::site::{Site, is_slug};

/// A Sentry auth token. It is a secret: it has no `Display`, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

impl Token {
    /// Creates a token; surrounding whitespace is removed, such as the trailing newline of a file.
    ///
    /// # Errors
    /// The text has characters that an HTTP header cannot have.
    pub fn new(text: &str) -> Result<Self, SettingsError> {
        let invalid = || SettingsError {
            variable: "SENTRY_AUTH_TOKEN",
            problem: "is not a valid token: it contains a space or another invalid character (copy it again)",
        };
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid());
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| invalid())?;
        bearer.set_sensitive(true);
        Ok(Self(bearer))
    }

    /// Returns the `Authorization` header, marked as sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// An organization's Sentry and the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The organization's address: enough to link to its pages.
    pub site: Site,
    /// Token of the API; `None` allows links but no requests.
    pub token: Option<Token>,
}

impl Settings {
    /// Reads the environment; an empty variable counts as unset.
    ///
    /// | variable | value | if unset |
    /// |---|---|---|
    /// | `SENTRY_AUTH_TOKEN` | a token with the scope `org:read` | no requests |
    /// | `SENTRY_ORG` | the organization's slug, as in the address of its pages | `None`, or an error if there is a token |
    /// | `SENTRY_URL` | a self-hosted Sentry, or a region's host (`https://de.sentry.io`) | `https://sentry.io` |
    ///
    /// # Errors
    /// The first invalid variable, or a token without an organization.
    pub fn from_env() -> Result<Option<Self>, SettingsError> {
        // Text that is not Unicode is neither a token nor an address: its replacement characters cause an error that names the
        // variable.
        Self::from_lookup(|variable| Some(std::env::var_os(variable)?.to_string_lossy().into_owned()))
    }

    /// Reads the settings from any source of variables.
    ///
    /// # Errors
    /// See [`Self::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingsError> {
        let value = |variable| {
            let value = lookup(variable).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty())
        };
        let token = value("SENTRY_AUTH_TOKEN").map(|token| Token::new(&token)).transpose()?;
        let Some(organization) = value("SENTRY_ORG") else {
            return match token {
                None => Ok(None),
                Some(_) => Err(SettingsError {
                    variable: "SENTRY_ORG",
                    problem: "is missing: SENTRY_AUTH_TOKEN is set, and traces belong to an organization \
                              (set it to the slug in the address of its pages)",
                }),
            };
        };
        if !is_slug(&organization) {
            return Err(SettingsError {
                variable: "SENTRY_ORG",
                problem: "is not a valid slug: expected letters, digits, - and _, as in the address of the organization's pages",
            });
        }
        let site = Site::new(value("SENTRY_URL").as_deref().unwrap_or("https://sentry.io"), &organization)?;
        if token.is_some() && !site.is_safe_for_token() {
            return Err(SettingsError {
                variable: "SENTRY_URL",
                problem: "is neither https nor on this machine: SENTRY_AUTH_TOKEN would be sent unencrypted (use https)",
            });
        }
        Ok(Some(Self { site, token }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "sntryu_c0ffee";

    fn with(variables: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
        Settings::from_lookup(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn empty_variables_are_unset() {
        let nothing = with(&[("SENTRY_AUTH_TOKEN", " "), ("SENTRY_ORG", ""), ("SENTRY_URL", "")]);
        assert_eq!(nothing, Ok(None));
    }

    #[test]
    fn organization_alone_gives_links() {
        let settings = with(&[("SENTRY_ORG", "acme")]).expect("valid").expect("set");
        assert_eq!(settings.token, None);
        assert_eq!(settings.site.host(), "sentry.io");
    }

    #[test]
    fn invalid_variable_is_named_and_its_value_hidden() {
        let token = ("SENTRY_AUTH_TOKEN", SECRET);
        let org = ("SENTRY_ORG", "acme");
        for (variables, variable) in [
            (&[token][..], "SENTRY_ORG"),
            (&[token, ("SENTRY_ORG", "acme/../x")], "SENTRY_ORG"),
            (&[("SENTRY_AUTH_TOKEN", "sntryu_c0ffee x"), org], "SENTRY_AUTH_TOKEN"),
            (&[("SENTRY_AUTH_TOKEN", "sntryu_c0ffee\u{fffd}"), org], "SENTRY_AUTH_TOKEN"),
            (&[token, org, ("SENTRY_URL", "sentry.example")], "SENTRY_URL"),
            (&[token, org, ("SENTRY_URL", "ftp://sentry.example")], "SENTRY_URL"),
            (&[token, org, ("SENTRY_URL", "http://sentry.example")], "SENTRY_URL"),
            (&[token, org, ("SENTRY_URL", "http://127.0.0.1.sentry.example")], "SENTRY_URL"),
            (
                &[token, org, ("SENTRY_URL", "https://sntryu_c0ffee@sentry.example")],
                "SENTRY_URL",
            ),
        ] {
            let error = with(variables).expect_err("rejected");
            assert_eq!(error.variable, variable, "{variables:?}");
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
        }
    }

    #[test]
    fn token_requires_https_or_loopback() {
        for url in [
            "https://sentry.example",
            "https://sentry.example:9000/",
            "http://127.0.0.1:9000",
            "http://127.8.8.8",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            let settings = with(&[("SENTRY_AUTH_TOKEN", SECRET), ("SENTRY_ORG", "acme"), ("SENTRY_URL", url)]);
            assert!(settings.is_ok_and(|settings| settings.is_some()), "{url}");
        }
    }

    #[test]
    fn links_do_not_require_https() {
        let settings = with(&[("SENTRY_ORG", "acme"), ("SENTRY_URL", "http://sentry.example")]);
        assert!(settings.is_ok_and(|settings| settings.is_some()));
    }

    proptest! {
        #[test]
        fn settings_output_hides_the_token(token in "[!-~]{8,40}", url in "(https://sentry.example|http://a|x)") {
            let settings = with(&[("SENTRY_AUTH_TOKEN", &token), ("SENTRY_ORG", "acme"), ("SENTRY_URL", &url)]);
            let shown = format!("{settings:?} {:?}", Token::new(&token));
            prop_assert!(!shown.contains(&token), "{}", shown);
        }
    }
}
