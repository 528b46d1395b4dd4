//! Recognition of credentials.
//!
//! Names and shapes are guesses. They err on the side of leaving out: each omitted part is named, but a shell's history
//! keeps a credential.

use std::borrow::Cow;

use url::Url;

/// Replacement of a credential.
pub(super) const REDACTED: &str = "REDACTED";

/// Parts of the names of parameters that hold credentials.
const PARTS: [&str; 25] = [
    "assertion",
    "auth",
    "bearer",
    "code",
    "cookie",
    "cred",
    "csrf",
    "hash",
    "hmac",
    "jwt",
    "key",
    "nonce",
    "otp",
    "pass",
    "pwd",
    "reset",
    "saml",
    "secret",
    "sess",
    "sig",
    "ticket",
    "token",
    "verif",
    "webhook",
    "xsrf",
];
/// Whole names of such parameters.
const NAMES: [&str; 4] = ["pin", "sid", "state", "tk"];
/// Prefixes of known kinds of keys: GitHub's, GitLab's, Slack's, Stripe's, AWS's, Google's, Sentry's.
const PREFIXES: [&str; 14] = [
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xox",
    "sk_",
    "rk_",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "sntrys_",
    "sntryu_",
];

/// Redacts likely credentials in an address; adds each part to `left_out`.
pub(super) fn redact(url: &mut Url, mut left_out: impl FnMut(String)) {
    if !url.username().is_empty() || url.password().is_some() {
        left_out("user and password".to_owned());
    }
    // These cannot fail for a URL with a host, which one of HTTP has.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.fragment().is_some() {
        left_out("fragment".to_owned());
        url.set_fragment(None);
    }
    let path: Vec<_> = url.path().split('/').map(|segment| part(url, segment)).collect();
    if path.iter().any(|segment| matches!(segment, Cow::Owned(_))) {
        left_out("a part of the path".to_owned());
        let path = path.join("/");
        url.set_path(&path);
    }
    let Some(query) = url.query() else { return };
    let mut pieces = Vec::new();
    for piece in query.split('&') {
        let redacted = parameter(url, piece);
        if let Cow::Owned(_) = redacted {
            left_out(match piece.split_once('=') {
                Some((name, _)) if !is_secret(name) => format!("parameter {name}"),
                _ => "parameter".to_owned(),
            });
        }
        pieces.push(redacted);
    }
    if pieces.iter().any(|piece| matches!(piece, Cow::Owned(_))) {
        let query = pieces.join("&");
        url.set_query(Some(&query));
    }
}

/// Redacts a line of text: queries, users and fragments of addresses, values of parameters and headers that name a credential, and words with
/// the shape of one.
#[must_use]
pub fn redacted(line: &str) -> String {
    let mut is_next_secret = false;
    let mut word = |word: &str| {
        let scheme = ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        let is_header = word
            .strip_suffix(':')
            .is_some_and(|name| HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header)));
        let hidden = std::mem::replace(&mut is_next_secret, scheme || is_header) && !scheme && !word.is_empty();
        if hidden { REDACTED.to_owned() } else { redacted_word(word) }
    };
    line.split(' ').map(&mut word).collect::<Vec<_>>().join(" ")
}

/// Headers whose value is a credential.
const HEADERS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
];

fn redacted_word(word: &str) -> String {
    let (path, query) = match word.split_once('?') {
        Some((path, query)) if path.contains('/') && !query.is_empty() && !query.starts_with('…') => (path, "?…"),
        _ => (word, ""),
    };
    if let Ok(mut url) = Url::parse(path)
        && url.has_host()
    {
        let mut is_changed = false;
        redact(&mut url, |_| is_changed = true);
        let path = if is_changed { url.as_str() } else { path };
        return format!("{path}{query}");
    }
    if let Some((name, value)) = path.split_once('=')
        && !value.is_empty()
        && !name.contains('/')
        && names_secret(name)
    {
        return format!("{name}={REDACTED}");
    }
    let segments = path
        .split('/')
        .map(|segment| if is_secret(segment) { REDACTED } else { segment });
    segments.collect::<Vec<_>>().join("/") + query
}

/// A segment of a path.
fn part<'a>(url: &Url, segment: &'a str) -> Cow<'a, str> {
    let (_, text) = decoded(url, segment);
    if has_secret(url, segment) || text.split([';', ',', ':']).any(is_secret) {
        Cow::Owned(REDACTED.to_owned())
    } else {
        Cow::Borrowed(segment)
    }
}

/// `name=value`, or either.
fn parameter<'a>(url: &Url, piece: &'a str) -> Cow<'a, str> {
    let Some((name, value)) = piece.split_once('=') else {
        return part(url, piece);
    };
    let (_, text) = decoded(url, value);
    let is_secret = !value.is_empty() && (names_secret(&decoded(url, name).1) || is_secret(&text) || has_secret(url, value));
    if is_secret || self::is_secret(name) {
        let name = if self::is_secret(name) { REDACTED } else { name };
        Cow::Owned(format!("{name}={REDACTED}"))
    } else {
        Cow::Borrowed(piece)
    }
}

/// Returns true if an address, a form or several values within one value hold a credential.
fn has_secret(url: &Url, value: &str) -> bool {
    let mut value = value.to_owned();
    // As often as it may have been encoded.
    for _ in 0..3 {
        value.retain(|c| c != '"');
        let mut pairs = value.split(['?', '#', '&', ';', ',', ' ', '{', '}']);
        let found = pairs.any(|pair| match pair.split_once(['=', ':']) {
            Some((name, value)) => {
                !value.is_empty() && (names_secret(name) || is_secret(value)) || value.split('/').any(is_secret)
            }
            None => is_secret(pair),
        });
        if found {
            return true;
        }
        let (changed, text) = decoded(url, &value);
        if !changed {
            return false;
        }
        value = text;
    }
    // A harmless value is never encoded that often.
    true
}

/// Returns true if decoding changes a text, and the decoded text.
fn decoded(url: &Url, text: &str) -> (bool, String) {
    let mut one = url.clone();
    one.set_query(Some(&text.replace('&', "%26").replace('=', "%3D")));
    let decoded = one
        .query_pairs()
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned());
    (decoded != text, decoded)
}

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part)) || NAMES.contains(&name.as_str())
}

/// Returns true if a text has the shape of a credential: a JSON Web Token, long hexadecimal, or letters and digits as only a random
/// generator mixes them.
pub(super) fn is_secret(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\''));
    if text.len() >= 16 && (text.starts_with("eyJ") || PREFIXES.iter().any(|prefix| text.starts_with(prefix))) {
        return true;
    }
    let is_random = |run: &str| {
        let count = |is: fn(&u8) -> bool| run.bytes().filter(is).count();
        let (upper, lower, digits) = (
            count(u8::is_ascii_uppercase),
            count(u8::is_ascii_lowercase),
            count(u8::is_ascii_digit),
        );
        let is_hexadecimal = run.len() >= 32 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_mixed = run.len() >= 20 && upper > 0 && lower > 0 && digits > 0;
        let is_of_one_case = run.len() >= 16 && upper + lower > 0 && digits >= 4 && (upper == 0 || lower == 0);
        is_hexadecimal || is_mixed || is_of_one_case && !is_number_with_unit(run)
    };
    // Base64 of both alphabets; words and UUIDs are written with dashes, so a run ends there unless it is long in all.
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let is_base64_url = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '.' | '~');
    text.split(|c| !is_base64(c)).flat_map(|run| run.split('/')).any(is_random)
        || text.split(|c| !is_base64_url(c)).any(|run| {
            let has_cases =
                run.bytes().any(|byte| byte.is_ascii_uppercase()) && run.bytes().any(|byte| byte.is_ascii_lowercase());
            has_cases && run.len() >= 24 && run.bytes().filter(u8::is_ascii_digit).count() >= 3
        })
}

/// Such as `1700000000000000ms`.
fn is_number_with_unit(run: &str) -> bool {
    let unit = run.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() <= 3 && !unit.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(url: &str) -> (String, Vec<String>) {
        let mut url: Url = url.parse().unwrap();
        let mut left_out = Vec::new();
        redact(&mut url, |what| left_out.push(what));
        (url.into(), left_out)
    }

    #[test]
    fn addresses_without_credentials_stay_as_they_are() {
        for url in [
            "http://here.example/users/42/orders?page=2&sort=-created_at&q=caf%C3%A9+au%20lait&empty=&flag",
            "http://here.example/a/550e8400-e29b-41d4-a716-446655440000?id=550e8400-e29b-41d4-a716-446655440000",
            "http://here.example/how-to-make-2-pies-in-30-minutes?from=2026-01-02T03:04:05Z&t=1700000000000000000",
            "http://here.example/handleSentMailMessage?filter=service:api+duration:%3E50ms&next=/users/7?page=2",
        ] {
            assert_eq!(redacted(url), (url.to_owned(), vec![]));
        }
    }

    #[test]
    fn credentials_in_lines_of_text_are_redacted() {
        for (line, expected) in [
            ("GET /a?token=1&b=2 HTTP", "GET /a?… HTTP"),
            ("https://x.example/?q  ok", "https://x.example/?…  ok"),
            (
                "SELECT * FROM a WHERE b = ? AND c IN (?,?)",
                "SELECT * FROM a WHERE b = ? AND c IN (?,?)",
            ),
            ("why? /a?", "why? /a?"),
            ("/a?…: text", "/a?…: text"),
            ("GET http://ada:pw@db.example/x#top", "GET http://db.example/x"),
            ("401: Authorization: Bearer abc", "401: Authorization: Bearer REDACTED"),
            ("sent Cookie: a=b, failed", "sent Cookie: REDACTED failed"),
            ("password=hunter2 is wrong", "password=REDACTED is wrong"),
            ("/reset/4fK9sQ2LmX8vB1nZ7cYt", "/reset/REDACTED"),
            ("timeout after 1700000000000000ms", "timeout after 1700000000000000ms"),
        ] {
            assert_eq!(super::redacted(line), expected);
        }
    }

    #[test]
    fn parameters_are_redacted_by_name() {
        for name in [
            "token",
            "access_token",
            "refreshToken",
            "api_key",
            "apikey",
            "client_secret",
            "sig",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "password",
            "passwd",
            "pwd",
            "code",
            "AUTH",
            "jsessionid",
            "PHPSESSID",
            "_csrf",
            "XSRF",
            "bearer",
            "sid",
            "%74oken",
            "user%5Bpassword%5D",
        ] {
            let (url, left_out) = redacted(&format!("http://here.example/a?page=2&{name}=x&b"));
            assert_eq!(url, format!("http://here.example/a?page=2&{name}=REDACTED&b"));
            assert_eq!(left_out, [format!("parameter {name}")]);
        }
    }

    #[test]
    fn credentials_are_redacted_by_shape() {
        for secret in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88",
            "dGhpcyBpcyBhIHNlY3JldCB0b2tlbjE=",
            "dGhpcyBpcyBhIHNlY3JldCB0b2tlbjE%3D",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "sk-proj-Abc123Def456Ghi789Jkl012",
            "AKIAIOSFODNN7EXA1234",
            "AKIAIOSFODNNEXAMPLEA",
            "k3j2h4kj2h34kj2h34kj2h3",
            "https%3A%2F%2Fother.example%2F%3Faccess_token%3Dabc",
            "https%253A%252F%252Fother.example%252F%253Ftoken%253Dabc",
            "%7B%22token%22%3A%22abc%22%7D",
        ] {
            let (url, left_out) = redacted(&format!("http://here.example/a?b=1&c={secret}"));
            assert_eq!(url, "http://here.example/a?b=1&c=REDACTED", "{secret}");
            assert_eq!(left_out, ["parameter c"]);
            let (url, _) = redacted(&format!("http://here.example/a?{secret}"));
            assert!(!url.contains(secret), "{url}");
            let (url, left_out) = redacted(&format!("http://here.example/reset/{secret}/go"));
            assert_eq!(url, "http://here.example/reset/REDACTED/go");
            assert_eq!(left_out, ["a part of the path"]);
        }
    }

    #[test]
    fn user_and_fragment_are_left_out() {
        let (url, left_out) = redacted("https://me:secret@here.example/a;jsessionid=1?b#access_token=x");
        assert_eq!(url, "https://here.example/REDACTED?b");
        assert_eq!(left_out, ["user and password", "fragment", "a part of the path"]);
    }
}
