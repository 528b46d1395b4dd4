//! Binding the port, before anything starts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

/// The port of Jaeger's query API.
pub const PORT: u16 = 16686;

/// Address to bind to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Address {
    /// [`PORT`] on 127.0.0.1, or a free port where that is taken.
    #[default]
    Default,
    /// This address and no other; port 0 takes a free one.
    Only(SocketAddr),
}

/// The address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot bind the query API to {address}: {reason} (set --api)")]
pub struct BindError {
    /// Bound address.
    pub address: SocketAddr,
    reason: String,
}

/// A bound port that does not answer yet.
#[derive(Debug)]
pub struct Api {
    pub(crate) listener: TcpListener,
    address: SocketAddr,
    is_moved: bool,
}

impl Api {
    /// Binds the port; nothing answers on it before [`Api::serve`].
    ///
    /// # Errors
    /// The address is taken, or not a loopback one.
    pub async fn bind(address: Address) -> Result<Self, BindError> {
        let default = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
        let (wanted, free) = match address {
            Address::Default => (default, Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))),
            Address::Only(address) => (address, None),
        };
        let failed = |reason: String| BindError { address: wanted, reason };
        if !wanted.ip().is_loopback() {
            return Err(failed("it listens on loopback only (127.0.0.1 or [::1])".to_owned()));
        }
        let (listener, is_moved) = match (TcpListener::bind(wanted).await, free) {
            (Ok(listener), _) => (listener, false),
            (Err(error), Some(free)) if error.kind() == io::ErrorKind::AddrInUse => {
                (TcpListener::bind(free).await.map_err(|error| failed(reason(&error)))?, true)
            }
            (Err(error), _) => return Err(failed(reason(&error))),
        };
        let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            listener,
            address,
            is_moved,
        })
    }

    /// Returns where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns true if the default port was taken, so that it listens on a free one.
    #[must_use]
    pub const fn is_moved(&self) -> bool {
        self.is_moved
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "not an address of this machine".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
