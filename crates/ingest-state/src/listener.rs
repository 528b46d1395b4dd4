//! The table of listeners: one entry says all that is the same for each of them.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::{Index, IndexMut};

/// Protocol of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP over gRPC or HTTP.
    Otlp,
    /// Sentry's ingestion API.
    Sentry,
}

/// An entry of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Name on screens and in errors.
    pub name: &'static str,
    /// The same for little room.
    pub short_name: &'static str,
    /// Command-line option that sets the address, without dashes.
    pub option: &'static str,
    /// Help of that option.
    pub help: &'static str,
    /// Default port, on 127.0.0.1.
    pub port: u16,
    /// Protocol: decides which counts apply, and how a rejection is worded.
    pub protocol: Protocol,
    /// True if web pages can send here: then requests are answered with the CORS headers that permit it to pages that
    /// pass the check of `Origin`, which all listeners have.
    pub web_pages: bool,
}

/// Declares the listeners: the enum, the list of all, and the table entry of each. A listener without an entry does not compile.
macro_rules! listeners {
    ($($(#[$doc:meta])* $listener:ident: $entry:expr,)*) => {
        /// A listener of the collector.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Listener {
            $($(#[$doc])* $listener,)*
        }

        impl Listener {
            /// All listeners, in the order in which they are bound and listed.
            pub const ALL: [Self; [$(stringify!($listener)),*].len()] = [$(Self::$listener),*];

            /// Returns the table entry.
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$listener => const { &$entry },)*
                }
            }
        }
    };
}

listeners! {
    /// OTLP over gRPC.
    OtlpGrpc: Entry {
        name: "OTLP/gRPC",
        short_name: "gRPC",
        option: "otlp-grpc",
        help: "Listen for OTLP/gRPC on this address or local port; port 0 picks a free one",
        port: 4317,
        protocol: Protocol::Otlp,
        web_pages: false,
    },
    /// OTLP over HTTP, protobuf or JSON.
    OtlpHttp: Entry {
        name: "OTLP/HTTP",
        short_name: "HTTP",
        option: "otlp-http",
        help: "Listen for OTLP/HTTP (protobuf or JSON) on this address or local port",
        port: 4318,
        protocol: Protocol::Otlp,
        web_pages: true,
    },
    /// Sentry envelopes, and Sentry's own OTLP route.
    Sentry: Entry {
        name: "Sentry",
        short_name: "Sentry",
        option: "sentry",
        help: "Listen for Sentry envelopes and Sentry's OTLP route on this address or local port",
        port: 8969,
        protocol: Protocol::Sentry,
        web_pages: true,
    },
}

impl Listener {
    /// Returns the protocol.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        self.entry().protocol
    }

    /// Returns the command-line flag that sets the address, with dashes.
    #[must_use]
    pub fn flag(self) -> String {
        format!("--{}", self.entry().option)
    }

    /// Returns the default address.
    #[must_use]
    pub const fn default_address(self) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), self.entry().port)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().name)
    }
}

/// One value for each listener.
///
/// ```
/// use ingest_state::{Addresses, Listener};
///
/// let addresses = Addresses::from_fn(Listener::default_address);
/// assert_eq!(addresses[Listener::OtlpHttp].port(), 4318);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PerListener<T>([T; Listener::ALL.len()]);

impl<T> PerListener<T> {
    /// Computes the value of each.
    pub fn from_fn(value: impl FnMut(Listener) -> T) -> Self {
        Self(Listener::ALL.map(value))
    }

    /// Iterates in the order of [`Listener::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Listener, &T)> {
        Listener::ALL.into_iter().zip(&self.0)
    }
}

impl<T> Index<Listener> for PerListener<T> {
    type Output = T;

    fn index(&self, listener: Listener) -> &T {
        &self.0[listener as usize]
    }
}

impl<T> IndexMut<Listener> for PerListener<T> {
    fn index_mut(&mut self, listener: Listener) -> &mut T {
        &mut self.0[listener as usize]
    }
}

/// The address of each listener.
pub type Addresses = PerListener<SocketAddr>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_have_names_options_and_ports_of_their_own() {
        for (at, listener) in Listener::ALL.into_iter().enumerate() {
            assert_eq!(listener as usize, at);
            let entry = listener.entry();
            let same = |other: &&Listener| {
                let other = other.entry();
                other.name == entry.name || other.option == entry.option || other.port == entry.port
            };
            assert_eq!(Listener::ALL.iter().filter(same).count(), 1, "{listener}");
            assert!(!entry.help.is_empty() && entry.option.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        }
    }

    #[test]
    fn values_of_listeners_are_told_apart() {
        let mut values = PerListener::from_fn(|listener| listener.entry().port);
        values[Listener::Sentry] = 1;
        let values: Vec<_> = values.iter().map(|(listener, port)| (listener.to_string(), *port)).collect();
        let expected = [("OTLP/gRPC", 4317), ("OTLP/HTTP", 4318), ("Sentry", 1)];
        assert_eq!(values, expected.map(|(name, port)| (name.to_owned(), port)));
    }
}
