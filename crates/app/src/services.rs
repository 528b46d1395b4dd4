//! The demo's processes, as the header shows them.

use std::collections::BTreeMap;

/// The API's process.
pub const API: &str = "api";
/// The mailer's process.
pub const MAILER: &str = "mailer";
/// The embedded broker's process.
pub const BROKER: &str = "broker";
/// The process that serves the page.
pub const PAGE: &str = "page";

/// State of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Started, and has not said that it is ready.
    Starting,
    /// Does its work; `address` is where it listens, if it does.
    Ready {
        /// `host:port` or a URL.
        address: Option<String>,
    },
    /// Runs, but says that it cannot do its work now.
    NotReady,
    /// Is not there, and nothing waits for it.
    Absent {
        /// Reason, and what to do about it.
        why: &'static str,
    },
    /// Ended, and is started again in a moment.
    Exited {
        /// Exit status, as the system reports it.
        status: String,
    },
}

/// All processes with their states, in the order in which they were started.
#[derive(Debug, Default)]
pub struct Services {
    order: Vec<&'static str>,
    states: BTreeMap<&'static str, ServiceState>,
}

impl Services {
    /// Notes how a process is.
    pub fn set(&mut self, service: &'static str, state: ServiceState) {
        if self.states.insert(service, state).is_none() {
            self.order.push(service);
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &ServiceState)> {
        self.order
            .iter()
            .filter_map(|service| self.states.get_key_value(service))
            .map(|(service, state)| (*service, state))
    }

    /// Returns true if there are processes and all of them are ready.
    #[must_use]
    pub fn all_ready(&self) -> bool {
        let ready = |state: &ServiceState| matches!(state, ServiceState::Ready { .. } | ServiceState::Absent { .. });
        !self.states.is_empty() && self.states.values().all(ready)
    }

    /// Returns the state of a process; `None` when it has not been started.
    #[must_use]
    pub fn state(&self, service: &str) -> Option<&ServiceState> {
        self.states.get(service)
    }

    /// Returns the address of a process, once it is ready.
    #[must_use]
    pub fn address(&self, service: &str) -> Option<&str> {
        match self.states.get(service)? {
            ServiceState::Ready { address } => address.as_deref(),
            _ => None,
        }
    }
}
