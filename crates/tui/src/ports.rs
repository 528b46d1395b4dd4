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

/// Binds the collector's ports for a command, of whose other ports some may be taken.
///
/// # Errors
/// Ports cannot be bound: all of them are named, with a command line that works. Or envelopes cannot be forwarded.
pub(crate) async fn bind_with(
    options: &Options,
    sentry_config: &SentryConfig,
    command: &str,
    taken: &[TakenPort],
) -> Result<Collector> {
    let bound = Collector::bind(options.collector()).await;
    let failed = bound.as_ref().err().map_or(&[][..], |error| &error.ports);
    if !failed.is_empty() || !taken.is_empty() {
        let ports = failed.iter().map(ToString::to_string);
        let what: Vec<String> = ports.chain(taken.iter().map(|port| port.what.clone())).collect();
        let settings = taken.iter().map(|port| port.setting.clone());
        let program = ["spanfall", command]
            .into_iter()
            .filter(|word| !word.is_empty())
            .map(str::to_owned);
        let flags = failed.iter().map(|port| format!("{} 0", port.listener.flag()));
        let line: Vec<String> = settings.chain(program).chain(flags).collect();
        return Err(Problem {
            what: what.join("\n"),
            advice: format!("this works: {}", line.join(" ")),
        }
        .into());
    }
    let collector = bound?.allow(options.allowed_host.clone(), options.allowed_origin.clone());
    let Some(target) = sentry_config.relay.clone() else {
        return Ok(collector);
    };
    Ok(collector.relay_to(target).map_err(|error| Problem {
        what: format!("{:#}", Report::new(error)),
        advice: "give --sentry-relay the DSN of the Sentry that envelopes are forwarded to".to_owned(),
    })?)
}

/// Binds the port of the query API, if there is to be one: at `default` where no option says otherwise.
///
/// # Errors
/// The port that an option names cannot be bound.
pub(crate) async fn bind_api(options: &Options, default: Option<Address>) -> Result<Option<Api>> {
    let address = match options.api {
        Some(ApiChoice::Off) => None,
        Some(ApiChoice::On(address)) => Some(Address::Only(address)),
        None => default,
    };
    match address {
        Some(address) => Ok(Some(Api::bind(address).await?)),
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
    bind_with(options, sentry_config, "tail", &[]).await
}
