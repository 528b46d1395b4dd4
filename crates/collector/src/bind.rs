//! Binding the ports, before anything starts.

use std::io;
use std::net::SocketAddr;

use http_server::{Access, AllowedOrigin, Host};
use ingest_state::{Addresses, Listener};
use sentry_relay::{Limits, Relay, StartError, Target};
use tokio::net::TcpListener;

use crate::limits::BODY_DEFAULT;
use crate::sentry::SentryRelay;

/// Addresses and limits; port 0 chooses a free port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address of each listener.
    pub addresses: Addresses,
    /// Bytes of an OTLP request, as sent and after decompression; at most [`crate::BODY_MAX`]. The in-flight account is sized for
    /// it. Envelopes have Sentry's own limits.
    pub max_body: usize,
    /// True if client spans of requests to these listeners, as instrumented exporters record them, are passed on too.
    pub show_uploads: bool,
}

impl Default for Config {
    /// Returns the default ports of OpenTelemetry's SDKs and of Spotlight on 127.0.0.1, and [`crate::BODY_DEFAULT`].
    fn default() -> Self {
        Self {
            addresses: Addresses::from_fn(Listener::default_address),
            max_body: BODY_DEFAULT,
            show_uploads: false,
        }
    }
}

/// The ports that could not be bound: all of them, so that one run is enough to learn which. At least one.
#[derive(Debug, thiserror::Error)]
#[error("{}", lines(.ports))]
pub struct BindError {
    /// Errors in the order in which ports are bound.
    pub ports: Vec<PortError>,
}

/// A port that could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot bind {listener} to {address}: {} (set {})", bind_failure(.source), listener.flag())]
pub struct PortError {
    /// Listener of the address.
    pub listener: Listener,
    /// Configured address.
    pub address: SocketAddr,
    /// Cause.
    pub source: io::Error,
}

fn lines(ports: &[PortError]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Describes why an address cannot be bound, without the system's error number.
#[must_use]
pub fn bind_failure(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "not an address of this machine".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Bound ports that do not answer yet.
#[derive(Debug)]
pub struct Collector {
    pub(crate) sockets: Vec<(Listener, TcpListener)>,
    pub(crate) access: Access,
    pub(crate) relay: Option<SentryRelay>,
    pub(crate) max_body: usize,
    pub(crate) show_uploads: bool,
    addresses: Addresses,
}

impl Collector {
    /// Binds the ports of all listeners; nothing answers on them before [`Collector::serve`].
    ///
    /// # Errors
    /// A port is taken, or an address is not a loopback one.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        let (mut sockets, mut ports) = (Vec::new(), Vec::new());
        let mut addresses = config.addresses;
        for listener in Listener::ALL {
            match bind(listener, config.addresses[listener]).await {
                Ok((socket, at)) => {
                    addresses[listener] = at;
                    sockets.push((listener, socket));
                }
                Err(error) => ports.push(error),
            }
        }
        if !ports.is_empty() {
            return Err(BindError { ports });
        }
        Ok(Self {
            sockets,
            access: Access::local(Vec::new(), Vec::new()),
            relay: None,
            max_body: config.max_body,
            show_uploads: config.show_uploads,
            addresses,
        })
    }

    /// Returns the bound addresses; port 0 has become a real one.
    #[must_use]
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Accepts requests to these hosts and from pages of these origins in addition to local ones.
    #[must_use]
    pub fn allow(self, hosts: Vec<Host>, origins: Vec<AllowedOrigin>) -> Self {
        let access = Access::local(hosts, origins);
        Self { access, ..self }
    }

    /// Forwards envelopes to a real Sentry, and passes its responses back. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// It would hand them to itself, or TLS cannot be set up.
    pub fn relay_to(mut self, target: Target) -> Result<Self, StartError> {
        let (relay, events) = Relay::start(target, &[self.addresses[Listener::Sentry]], Limits::default())?;
        self.relay = Some(SentryRelay { relay, events });
        Ok(self)
    }
}

async fn bind(listener: Listener, address: SocketAddr) -> Result<(TcpListener, SocketAddr), PortError> {
    let failed = |source| PortError {
        listener,
        address,
        source,
    };
    if !address.ip().is_loopback() {
        let reason = "it listens on loopback only (127.0.0.1 or [::1])";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, reason)));
    }
    let bound = TcpListener::bind(address).await.map_err(failed)?;
    let at = bound.local_addr().map_err(failed)?;
    Ok((bound, at))
}
