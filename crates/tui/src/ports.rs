//! Binding of the ports before anything else starts. A taken port is reported at once, with a command line that works.

use collector::{Collector, bind_failure};
use eyre::{Report, Result};
use query_api::{Address, Api, PORT};
use std::net::{Ipv4Addr, TcpListener};

use crate::cli::{ApiChoice, Options};
use crate::problem::Problem;
use crate::sentry_config::SentryConfig;
use app::Notice;

/// A port of the demo's services that another program has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TakenPort {
    /// Listener and error.
    what: String,
    /// A setting that moves it, `VARIABLE=address`.
    setting: String,
}

impl TakenPort {
    /// Checks that a service can bind its address, which a variable may have set; `None` if it can.
    pub(crate) fn check(service: &str, variable: &str, address: &str) -> Option<Self> {
        // Bound for a moment only: no connection is made, so the port is free again at once.
        let error = TcpListener::bind(address).err()?;
        Some(Self {
            what: format!(
                "cannot bind the demo's {service} to {address}: {} (set {variable})",
                bind_failure(&error)
            ),
            setting: format!("{variable}=127.0.0.1:{}", free_port()),
        })
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    bound.and_then(|bound| bound.local_addr()).map_or(0, |address| address.port())
}

/// Binds the collector's ports and that of the query API: at `api` where no option says otherwise. Some of the command's other ports may be
/// taken.
///
/// # Errors
/// Ports cannot be bound: all of them are named, with a command line that works. Or envelopes cannot be forwarded.
pub(crate) async fn bind_with(
    options: &Options,
    sentry_config: &SentryConfig,
    taken: &[TakenPort],
    api: Option<Address>,
) -> Result<(Collector, Option<Api>)> {
    let address = api_address(options, api);
    // The default gives way to the collector's ports, a chosen one must not, or the proposed command line might take it twice.
    let chosen = match address {
        Some(Address::Only(_)) => Some(bind_at(address).await),
        Some(Address::Default) | None => None,
    };
    let bound = Collector::bind(options.collector()).await;
    let api = match chosen {
        Some(bound) => bound,
        None => bind_at(address).await,
    };
    let failed = bound.as_ref().err().map_or(&[][..], |error| &error.ports);
    let failed = failed.iter().map(|port| (port.to_string(), port.listener.flag()));
    let failed: Vec<_> = failed.chain(api.as_ref().err().map(failure_of_api)).collect();
    if !failed.is_empty() || !taken.is_empty() {
        return Err(problem(failed, taken).into());
    }
    let collector = bound?.allow(options.allowed_host.clone(), options.allowed_origin.clone());
    let Some(target) = sentry_config.relay.clone() else {
        return Ok((collector, api?));
    };
    let relaying = collector.relay_to(target).map_err(|error| Problem {
        what: format!("{:#}", Report::new(error)),
        advice: "give --sentry-relay the DSN of the Sentry that envelopes are forwarded to".to_owned(),
    })?;
    Ok((relaying, api?))
}

/// Describes ports that cannot be bound, each an error with its flag, and names a command line that works.
fn problem(failed: Vec<(String, String)>, taken: &[TakenPort]) -> Problem {
    let (mut what, flags): (Vec<_>, Vec<_>) = failed.into_iter().unzip();
    what.extend(taken.iter().map(|port| port.what.clone()));
    let settings = taken.iter().map(|port| port.setting.clone()).collect();
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    Problem {
        what: what.join("\n"),
        advice: format!("this works: {}", working_command(settings, arguments, &flags)),
    }
}

fn failure_of_api(error: &query_api::BindError) -> (String, String) {
    (error.to_string(), "--api".to_owned())
}

/// Returns the user's command line with free ports for these flags.
fn working_command(settings: Vec<String>, arguments: impl Iterator<Item = String>, flags: &[String]) -> String {
    let mut line = settings;
    line.push("spanfall".to_owned());
    let mut missing: Vec<&String> = flags.iter().collect();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let name = argument.split_once('=').map_or(&*argument, |(name, _)| name);
        if !flags.iter().any(|flag| flag == name) {
            line.push(quoted(&argument));
            continue;
        }
        if name == argument {
            // Its value.
            arguments.next();
        }
        line.push(format!("{name} 0"));
        missing.retain(|flag| *flag != name);
    }
    line.extend(missing.into_iter().map(|flag| format!("{flag} 0")));
    line.join(" ")
}

/// Returns an argument as a POSIX shell reads it.
fn quoted(argument: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_=:,./@%+".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

/// Binds the port of the query API, if there is to be one: at `default` where no option says otherwise.
///
/// # Errors
/// The port that an option names cannot be bound.
pub(crate) async fn bind_api(options: &Options, default: Option<Address>) -> Result<Option<Api>> {
    let bound = bind_at(api_address(options, default)).await;
    Ok(bound.map_err(|error| problem(vec![failure_of_api(&error)], &[]))?)
}

/// Returns where the query API is to listen, if it is.
const fn api_address(options: &Options, default: Option<Address>) -> Option<Address> {
    match options.api {
        Some(ApiChoice::Off) => None,
        Some(ApiChoice::On(address)) => Some(Address::Only(address)),
        None => default,
    }
}

async fn bind_at(address: Option<Address>) -> Result<Option<Api>, query_api::BindError> {
    match address {
        Some(address) => Api::bind(address).await.map(Some),
        None => Ok(None),
    }
}

/// Says where the query API is, if that is not where it is looked for.
pub(crate) fn api_notice(api: &Api) -> Option<Notice> {
    api.is_moved().then(|| Notice {
        text: format!("query API on {}: port {PORT} is in use", api.address()),
        error: false,
    })
}

/// Binds the collector's ports for `tail`.
///
/// # Errors
/// Ports cannot be bound: all of them are named, with a command line that works. Or envelopes cannot be forwarded.
pub async fn bind(options: &Options, sentry_config: &SentryConfig) -> Result<Collector> {
    let (collector, _) = bind_with(options, sentry_config, &[], None).await?;
    Ok(collector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_command_keeps_all_other_options() {
        let command = |line: &str, flags: &[&str]| {
            let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
            working_command(Vec::new(), line.split(' ').map(str::to_owned), &flags)
        };
        for (line, flags, expected) in [
            (
                "tail --max-memory 1GiB --json",
                &["--sentry"][..],
                "spanfall tail --max-memory 1GiB --json --sentry 0",
            ),
            (
                "--otlp-grpc 1 tail --otlp-http=2",
                &["--otlp-grpc", "--otlp-http"],
                "spanfall --otlp-grpc 0 tail --otlp-http 0",
            ),
            (
                "demo --allowed-origin http://dev.example:*",
                &["--sentry"],
                "spanfall demo --allowed-origin 'http://dev.example:*' --sentry 0",
            ),
            ("demo --otlp-http 0", &[], "spanfall demo --otlp-http 0"),
        ] {
            assert_eq!(command(line, flags), expected);
        }
        assert_eq!((quoted(""), quoted("it's")), ("''".to_owned(), r"'it'\''s'".to_owned()));
    }
}
