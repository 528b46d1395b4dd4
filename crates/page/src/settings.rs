//! The page's runtime settings, and the content security policy derived from them.

use http::Uri;
use serde::Serialize;

/// An invalid environment variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct InvalidSetting {
    variable: &'static str,
    problem: &'static str,
}

/// The runtime settings, read by `frontend/src/settings.ts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The API's URL, without a path.
    api_url: String,
    /// The OTLP/HTTP endpoint, without `/v1/traces`.
    otlp_url: String,
    /// The Sentry DSN; empty if Sentry is off.
    sentry_dsn: String,
    /// The environment of spans and events.
    environment: String,
    /// The organization's slug in Sentry, for links to traces; empty for no links.
    sentry_org: String,
    /// A self-hosted Sentry, for the same links; empty for sentry.io.
    sentry_url: String,
    /// The origins the page may connect to.
    #[serde(skip)]
    origins: Vec<String>,
}

impl Settings {
    /// Reads the variables with `lookup`, for example [`std::env::var`]: `API_URL` (`http://127.0.0.1:3000`), `OTLP_HTTP_URL`
    /// (`http://127.0.0.1:4318`), `SENTRY_DSN`, `SENTRY_ENVIRONMENT` (`development`), `SENTRY_ORG` and `SENTRY_URL`.
    ///
    /// # Errors
    /// A variable is not a valid http or https URL.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let text = |variable: &str, usual: &str| {
            let value = lookup(variable).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty()).unwrap_or_else(|| usual.to_owned())
        };
        let mut origins = Vec::new();
        let mut connected = |variable: &'static str, usual: &str| {
            let value = text(variable, usual);
            if !value.is_empty() {
                let origin = origin(variable, &value)?;
                if !origins.contains(&origin) {
                    origins.push(origin);
                }
            }
            Ok(value)
        };
        let api_url = connected("API_URL", "http://127.0.0.1:3000")?;
        let otlp_url = connected("OTLP_HTTP_URL", "http://127.0.0.1:4318")?;
        let sentry_dsn = connected("SENTRY_DSN", "")?;
        let sentry_url = text("SENTRY_URL", "");
        if !sentry_url.is_empty() {
            // Not an allowed origin: the page only links to it.
            origin("SENTRY_URL", &sentry_url)?;
        }
        Ok(Self {
            api_url,
            otlp_url,
            sentry_dsn,
            environment: text("SENTRY_ENVIRONMENT", "development"),
            sentry_org: text("SENTRY_ORG", ""),
            sentry_url,
            origins,
        })
    }

    /// Returns the settings script, which the page loads first.
    pub(crate) fn script(&self) -> String {
        // Cannot fail, with strings only. JSON is JavaScript since ES2019.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("window.SPANFALL_SETTINGS = {json};\n")
    }

    /// Returns the content security policy: scripts, styles and the icon from this server, connections to the configured origins.
    pub(crate) fn content_security_policy(&self) -> String {
        let origins = self.origins.join(" ");
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {origins}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

/// Returns `scheme://host[:port]` of a URL, without the key of a DSN.
fn origin(variable: &'static str, url: &str) -> Result<String, InvalidSetting> {
    let problem = |problem| InvalidSetting { variable, problem };
    let not_url = || problem("is not a valid URL (expected one like http://127.0.0.1:3000)");
    let uri: Uri = url.parse().map_err(|_| not_url())?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
    let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else {
        return Err(not_url());
    };
    let host = authority.as_str().rsplit('@').next().unwrap_or_default();
    // URLs allow more, such as a semicolon, which would start another directive of the policy.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(is_plain) {
        return Err(problem(
            "has an invalid host or port (expected letters, digits, '.', '-', ':', '[' and ']')",
        ));
    }
    Ok(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Settings, InvalidSetting> {
        Settings::from_lookup(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn policy_allows_only_configured_origins() {
        let settings = with(&[
            ("API_URL", "http://127.0.0.1:3000/"),
            ("OTLP_HTTP_URL", "http://localhost:4318"),
            ("SENTRY_DSN", "https://key@o1.ingest.sentry.io/42"),
            ("SENTRY_URL", "https://sentry.example"),
        ])
        .expect("valid");
        let policy = settings.content_security_policy();
        let connect = "connect-src http://127.0.0.1:3000 http://localhost:4318 https://o1.ingest.sentry.io;";
        assert!(policy.contains(connect), "{policy}");
        assert!(!policy.contains("key") && !policy.contains("sentry.example"), "{policy}");
    }

    #[test]
    fn sentry_is_off_by_default() {
        let settings = with(&[("SENTRY_DSN", " "), ("API_URL", "")]).expect("valid");
        assert_eq!((&*settings.sentry_dsn, &*settings.api_url), ("", "http://127.0.0.1:3000"));
    }

    #[test]
    fn invalid_variable_is_named() {
        for (variable, value) in [
            ("API_URL", "127.0.0.1:3000"),
            ("OTLP_HTTP_URL", "ftp://host"),
            ("SENTRY_DSN", "http://key@a;script-src%20*/1"),
            ("SENTRY_DSN", "http://key@*/1"),
            ("SENTRY_URL", "javascript:alert(1)"),
        ] {
            let error = with(&[(variable, value)]).expect_err(value).to_string();
            assert!(error.starts_with(variable), "{error}");
        }
    }

    proptest! {
        #[test]
        fn settings_cannot_add_a_policy_directive(url in ".{0,20}", scheme in "(http|https)") {
            let with_scheme = format!("{scheme}://{url}");
            for value in [url, with_scheme] {
                if let Ok(settings) = with(&[("API_URL", &value)]) {
                    let policy = settings.content_security_policy();
                    prop_assert_eq!(policy.matches(';').count(), 7, "{}", policy);
                    prop_assert!(!policy.contains('*'), "{}", policy);
                }
            }
        }

        #[test]
        fn settings_cannot_escape_their_string(value in ".*") {
            let settings = with(&[("SENTRY_ORG", &value)]).expect("any text is a slug");
            let script = settings.script();
            let json = script.strip_prefix("window.SPANFALL_SETTINGS = ").and_then(|rest| rest.strip_suffix(";\n"));
            let read: serde_json::Value = serde_json::from_str(json.unwrap_or_default()).expect("JSON");
            prop_assert_eq!(read["sentryOrg"].as_str(), Some(value.trim()));
        }
    }
}
