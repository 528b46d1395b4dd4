//! Addresses for servers that cannot select and report a free port.

use std::fs::read_to_string;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The lowest port that is returned: above those that programs of the workspace listen on by default.
const LOWEST: u16 = 10_000;

/// The first ephemeral port if the system does not tell: Linux's default.
const FIRST_EPHEMERAL: u16 = 32_768;

/// The number of ports that are tried.
const ATTEMPTS: usize = 1000;

/// Returns a loopback address where nothing listens, a different one at each call.
///
/// The system does not assign its port to a connection or to a listener on port 0, as it does with one that such a listener has just
/// given back: other tests would then take it before the server does. Only where the system may assign nearly all ports it is such a one.
///
/// # Errors
/// No port is free.
pub fn unused_address() -> io::Result<SocketAddr> {
    // Tests of other processes start elsewhere.
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(()) >> 1));
    let ports = LOWEST..first_ephemeral();
    if ports.len() < ATTEMPTS {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr();
    }
    let mut result = Err(io::ErrorKind::AddrNotAvailable.into());
    for _ in 0..ATTEMPTS {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed) % ports.len() as u64;
        let address = (Ipv4Addr::LOCALHOST, ports.start + u16::try_from(offset).unwrap_or_default()).into();
        result = TcpListener::bind(address).map(|_| address);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn first_ephemeral() -> u16 {
    let range = read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range
        .split_whitespace()
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or(FIRST_EPHEMERAL)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_differ_and_are_never_assigned_by_the_system() {
        let addresses: HashSet<_> = (0..100).map(|_| unused_address().unwrap()).collect();
        assert_eq!(addresses.len(), 100);
        let first = first_ephemeral();
        let is_assigned = |address: &SocketAddr| !(LOWEST..first).contains(&address.port());
        let may_be_assigned = usize::from(first) < usize::from(LOWEST) + ATTEMPTS;
        assert!(may_be_assigned || !addresses.iter().any(is_assigned), "{addresses:?}");
        let assigned = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(assigned.local_addr().unwrap().port() >= first);
    }
}
