//! A `curl` that repeats a request of which a span tells, in a trace of its own.
//!
//! Attributes are those of OpenTelemetry's [HTTP conventions](https://opentelemetry.io/docs/specs/semconv/http/http-spans/), the
//! stable ones and those before them. Credentials are left out: they are not for a clipboard, and not for a shell's history. Headers
//! are those of a list; of the address what looks like a credential is redacted ([`secrets`]).

mod secrets;

pub use secrets::redacted;
mod shell;

use trace_model::{Span, Value};
use url::Url;

use crate::text::is_printable;

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
    /// One line for sh, bash, zsh and fish.
    pub(super) command: String,
    /// The request most likely had a body, which is not recorded.
    pub(super) lacks_body: bool,
    /// Parts of the request that are not in the command: credentials, possible ones, and what cannot be quoted.
    pub(super) left_out: Vec<String>,
}

/// Reason for the lack of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCurl {
    /// The span does not tell method and address of a request.
    NotARequest,
    /// A part of the request cannot be quoted for a shell.
    Unquotable,
}

/// The path of the demo's password reset.
const DEMO: &str = "/users/reset-password";

/// Headers that are repeated: those that say what is asked for and by what, not by whom.
const REPEATED: [&str; 9] = [
    "accept",
    "accept-language",
    "cache-control",
    "content-language",
    "content-type",
    "pragma",
    "range",
    "user-agent",
    "x-requested-with",
];

/// Headers that curl or this command sets itself, or that belong to the connection: nothing is lost without them.
const OF_THE_CONNECTION: [&str; 12] = [
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

/// A header's longest value, in bytes: a shell's line has an end.
const VALUE_MAX: usize = 1_024;

/// The body of the demo's own request, which is the same each time.
pub(super) fn body_of_demo(span: &Span) -> Option<&'static str> {
    let is_reset = address(span)?.path() == DEMO && method(span)? == "POST";
    is_reset.then_some(r#"{"email":"ada@example.com"}"#)
}

/// # Errors
/// The span has no request, or one that cannot be quoted.
pub(super) fn command(span: &Span, ids: &Ids, body: Option<&str>) -> Result<Curl, NoCurl> {
    let method = method(span).ok_or(NoCurl::NotARequest)?;
    let mut url = address(span).ok_or(NoCurl::NotARequest)?;
    let mut left_out = Vec::new();
    secrets::redact(&mut url, |what| left_out.push(what));
    // No pattern in an address is one for curl, and what is answered is shown with its status.
    let mut words = vec!["curl".to_owned(), "-i".to_owned(), "-g".to_owned()];
    match method {
        "GET" => {}
        "HEAD" => words.push("-I".to_owned()),
        method => words.extend(["-X".to_owned(), method.to_owned()]),
    }
    words.push(url.to_string());
    let mut header = |name: &str, value: &str| words.extend(["-H".to_owned(), format!("{name}: {value}")]);
    let mut has_type = false;
    for (name, value) in headers(span) {
        match value {
            Some(value) => {
                has_type |= name == "content-type";
                header(name, &value);
            }
            None => left_out.push(format!("header {name}")),
        }
    }
    let Ids { trace, span: id } = ids;
    header("traceparent", &format!("00-{trace:032x}-{id:016x}-01"));
    header("sentry-trace", &format!("{trace:032x}-{id:016x}-1"));
    if let Some(body) = body {
        if !has_type {
            header("content-type", "application/json");
        }
        words.extend(["--data".to_owned(), body.to_owned()]);
    }
    let quoted: Option<Vec<_>> = words.iter().map(|word| shell::quoted(word)).collect();
    Ok(Curl {
        command: quoted.ok_or(NoCurl::Unquotable)?.join(" "),
        lacks_body: body.is_none() && matches!(method, "POST" | "PUT" | "PATCH"),
        left_out,
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
    let url = Url::parse(&full?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Recorded headers, each with its value if it is repeated.
fn headers(span: &Span) -> impl Iterator<Item = (&str, Option<String>)> {
    span.attributes.iter().filter_map(|attribute| {
        let name = attribute.key.strip_prefix("http.request.header.")?;
        let is_token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let is_name = !name.is_empty() && name.len() <= 64 && name.bytes().all(is_token);
        if !is_name || OF_THE_CONNECTION.contains(&name) {
            return None;
        }
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
        let is_repeated = REPEATED.contains(&name)
            && value.len() <= VALUE_MAX
            && value.chars().all(is_printable)
            && !value.split([' ', ',', ';', '=', '(', ')']).any(secrets::is_secret);
        Some((name, is_repeated.then_some(value)))
    })
}

#[cfg(test)]
mod tests;
