//! The options that set where to listen, made from the table of listeners.

use std::net::{Ipv4Addr, SocketAddr};

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use collector::{Addresses, Listener};

use super::COLLECTOR;

/// The address of each listener.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions(pub Addresses);

impl Args for ListenOptions {
    fn augment_args(command: Command) -> Command {
        command.args(Listener::ALL.map(|listener| {
            let entry = listener.entry();
            Arg::new(entry.option)
                .long(entry.option)
                .help(entry.help)
                .help_heading(COLLECTOR)
                .value_name("ADDR")
                .value_parser(address)
                .default_value(listener.default_address().to_string())
                .global(true)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ListenOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut addresses = Addresses::from_fn(Listener::default_address);
        for listener in Listener::ALL {
            let set = matches.get_one(listener.entry().option);
            addresses[listener] = *set.ok_or_else(|| Error::new(ErrorKind::MissingRequiredArgument))?;
        }
        Ok(Self(addresses))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Parses where to listen: `127.0.0.1:4317`, `[::1]:4317`, `localhost:4317`, `:4317` or `4317`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = match text.rsplit_once(':') {
        Some((host, port)) if host.is_empty() || host.eq_ignore_ascii_case("localhost") => port,
        _ => text,
    };
    let of_this_machine = port.parse().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    of_this_machine
        .or_else(|_| text.parse())
        .map_err(|_| "not an address to listen on: use 4317, localhost:4317 or 127.0.0.1:4317".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_as_people_write_them() {
        for text in ["4317", ":4317", "localhost:4317", "LocalHost:4317", "127.0.0.1:4317"] {
            assert_eq!(address(text), Ok(Listener::OtlpGrpc.default_address()), "{text}");
        }
        assert_eq!(address("[::1]:0"), Ok("[::1]:0".parse().expect("an address")));
        for text in ["", "localhost", "127.0.0.1", "65536", ":-1", "example.org:80", "::1"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
