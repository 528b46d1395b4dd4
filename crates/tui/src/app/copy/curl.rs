//! A `curl` that repeats a request of which a span tells, in a trace of its own.
//!
//! Attributes are those of OpenTelemetry's [HTTP conventions](https://opentelemetry.io/docs/specs/semconv/http/http-spans/), the
//! stable ones and those before them. What logs somebody in is left out: it is not for a clipboard, and not for a shell's history.

use reqwest::Url;
use trace_model::{Span, Value};

/// The new trace.
pub(super) struct Ids {
    /// Not 0.
    pub(super) trace: u128,
    /// Not 0.
    pub(super) span: u64,
}

/// The command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Curl {
    /// For a POSIX shell.
    pub(super) command: String,
    /// The request most likely had a body, and nobody recorded it.
    pub(super) lacks_body: bool,
}

/// The path of the demo's password reset.
const DEMO: &str = "/users/reset-password";

/// Headers that curl or this command sets itself, or that belong to the connection.
const NOT_REPEATED: [&str; 12] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "upgrade",
    "accept-encoding",
    "traceparent",
    "tracestate",
    "sentry-trace",
    "baggage",
];

/// Parts of the names of headers that log somebody in.
const CREDENTIALS: [&str; 8] = [
    "auth", "cookie", "token", "secret", "password", "api-key", "apikey", "session",
];

/// The body of the demo's own request, which is the same each time.
pub(super) fn body_of_demo(span: &Span) -> Option<&'static str> {
    let is_reset = address(span)?.path() == DEMO && method(span)? == "POST";
    is_reset.then_some(r#"{"email":"ada@example.com"}"#)
}

/// `None` for a span that does not tell method and address of a request.
pub(super) fn command(span: &Span, ids: &Ids, body: Option<&str>) -> Option<Curl> {
    let (method, url) = (method(span)?, address(span)?);
    // No pattern in an address is one for curl, and what is answered is shown with its status.
    let mut words = vec!["curl".to_owned(), "-i".to_owned(), "-g".to_owned()];
    match method {
        "GET" => {}
        "HEAD" => words.push("-I".to_owned()),
        method => words.extend(["-X".to_owned(), quoted(method)]),
    }
    words.push(quoted(url.as_str()));
    let mut header = |name: &str, value: &str| words.extend(["-H".to_owned(), quoted(&format!("{name}: {value}"))]);
    let mut has_type = false;
    for (name, value) in headers(span) {
        has_type |= name == "content-type";
        header(name, &value);
    }
    let Ids { trace, span: id } = ids;
    header("traceparent", &format!("00-{trace:032x}-{id:016x}-01"));
    header("sentry-trace", &format!("{trace:032x}-{id:016x}-1"));
    if let Some(body) = body {
        if !has_type {
            header("content-type", "application/json");
        }
        words.extend(["--data".to_owned(), quoted(body)]);
    }
    Some(Curl {
        command: words.join(" "),
        lacks_body: body.is_none() && matches!(method, "POST" | "PUT" | "PATCH"),
    })
}

/// Text or a number of the first of these attributes that there is.
fn said(span: &Span, keys: &[&str]) -> Option<String> {
    let of = |key: &&str| {
        let attribute = span.attributes.iter().rev().find(|attribute| attribute.key == **key)?;
        match &attribute.value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        }
    };
    keys.iter().find_map(of)
}

/// As it is written in a request: nothing that could mean something else.
fn method(span: &Span) -> Option<&str> {
    let keys = ["http.request.method_original", "http.request.method", "http.method"];
    let of = |key: &&str| {
        let attribute = span.attributes.iter().rev().find(|attribute| attribute.key == **key)?;
        match &attribute.value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        }
    };
    let is_method = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    keys.iter().filter_map(of).find(is_method)
}

fn address(span: &Span) -> Option<Url> {
    let full = said(span, &["url.full", "http.url"]);
    let full = full.or_else(|| {
        let scheme = said(span, &["url.scheme", "http.scheme"]).unwrap_or_else(|| "http".to_owned());
        let host = said(span, &["server.address", "http.host", "net.host.name", "net.peer.name"])?;
        // An address of IPv6 alone has more than one colon.
        let host = if host.matches(':').count() > 1 && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host
        };
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let port = said(span, &["server.port", "net.host.port", "net.peer.port"]).filter(|_| !has_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let path = said(span, &["url.path"]);
        let target = match (path, said(span, &["url.query"])) {
            (Some(path), Some(query)) => format!("{path}?{query}"),
            (Some(path), None) => path,
            (None, _) => said(span, &["http.target"])?,
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        Some(format!("{scheme}://{host}{port}{slash}{target}"))
    });
    let mut url = Url::parse(&full?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    // These cannot fail for a URL with a host, which one of HTTP has.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_fragment(None);
    Some(url)
}

/// Recorded headers that may be sent again.
fn headers(span: &Span) -> impl Iterator<Item = (&str, String)> {
    span.attributes.iter().filter_map(|attribute| {
        let name = attribute.key.strip_prefix("http.request.header.")?;
        let is_token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let sent = !name.is_empty() && name.bytes().all(is_token);
        let repeated = !NOT_REPEATED.contains(&name) && !CREDENTIALS.iter().any(|part| name.contains(part));
        let value = match &attribute.value {
            Value::String(text) => text.clone(),
            Value::Array(values) => {
                let text = |value: &Value| match value {
                    Value::String(text) => Some(text.clone()),
                    _ => None,
                };
                values.iter().filter_map(text).collect::<Vec<_>>().join(", ")
            }
            _ => return None,
        };
        (sent && repeated && !value.chars().any(char::is_control)).then_some((name, value))
    })
}

/// One word for a POSIX shell, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
