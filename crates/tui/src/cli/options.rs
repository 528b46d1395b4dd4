//! Options of all commands.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use collector::{AllowedHost, AllowedOrigin};
use view::ThemeKind;

use super::{BodySize, COLLECTOR, ListenOptions, Size, VIEWER, listen};

/// Options of all commands.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The addresses of the listeners.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// Answer queries in Jaeger's API on this address or local port, or `off` [default: 127.0.0.1:16686, or a free port if that is in
    /// use; for files off]
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "ADDR")]
    pub api: Option<ApiChoice>,
    /// Accept web pages of this origin, in addition to local ones: `https://app.example`, `http://dev.example:*` (any port) or `null`;
    /// repeatable
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "ORIGIN")]
    pub allowed_origin: Vec<AllowedOrigin>,
    /// Accept requests with this `Host`, in addition to local names: `viewer.example`; repeatable
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "HOST")]
    pub allowed_host: Vec<AllowedHost>,
    /// Forward envelopes, unmodified, to the Sentry of this DSN; without a value to that of `SENTRY_DSN`
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "DSN", num_args = 0..=1, default_missing_value = "", hide_default_value = true)]
    pub sentry_relay: Option<String>,
    /// With `SENTRY_DSN` set, let the demo's services send to Sentry directly
    #[arg(long, global = true, help_heading = COLLECTOR, conflicts_with = "sentry_relay")]
    pub no_sentry_relay: bool,
    /// Keep at most this much in memory (bytes, or with KiB, MiB or GiB, at least 1MiB), then evict the least recently active traces
    /// [default: 256MiB; for files half of the available memory]
    #[arg(long, global = true, value_name = "SIZE")]
    pub max_memory: Option<Size>,
    /// Accept OTLP requests up to this size after decompression, at most 1GiB; memory for requests in flight grows with it
    #[arg(long, global = true, help_heading = COLLECTOR, value_name = "SIZE", default_value = "64MiB")]
    pub max_body: BodySize,
    /// Show client spans of exports to this viewer, which are hidden and counted by default
    #[arg(long, global = true, help_heading = COLLECTOR)]
    pub show_uploads: bool,
    /// Read keys, colors and limits of warnings from this TOML file [default: spanfall/config.toml in the user's configuration directory]
    #[arg(long, global = true, help_heading = VIEWER, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use these colors: auto, dark, light, ansi-dark, ansi-light (16 colors) or none [default: auto]
    #[arg(long, global = true, help_heading = VIEWER, value_name = "NAME")]
    pub theme: Option<ThemeChoice>,
    /// Leave the mouse to the terminal, for selecting text
    #[arg(long, global = true, help_heading = VIEWER)]
    pub no_mouse: bool,
    /// Write the viewer's own log to this file [default: spanfall.log in the user's state directory]
    #[arg(long, global = true, help_heading = VIEWER, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

/// Default of `--max-memory`, in bytes.
const MEMORY: usize = 256 << 20;

impl Options {
    /// Memory for received data, in bytes.
    #[must_use]
    pub fn max_memory(&self) -> usize {
        self.max_memory.map_or(MEMORY, |size| size.0)
    }

    /// Memory for files, in bytes. Larger by default: files are opened to see all of them.
    #[must_use]
    pub fn max_memory_of_files(&self) -> usize {
        self.max_memory.map_or_else(crate::memory::half_of_available, |size| size.0)
    }

    /// The collector's configuration.
    #[must_use]
    pub fn collector(&self) -> collector::Config {
        collector::Config {
            addresses: self.listen.0,
            max_body: self.max_body.0.0,
            show_uploads: self.show_uploads,
        }
    }
}

/// Address of the query API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiChoice {
    /// On this address.
    On(SocketAddr),
    /// Nowhere.
    Off,
}

impl FromStr for ApiChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            text => listen::address(text).map(Self::On),
        }
    }
}

/// A theme, or `None` to detect one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThemeChoice(pub Option<ThemeKind>);

impl FromStr for ThemeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            Ok(Self(None))
        } else {
            text.parse().map(|kind| Self(Some(kind)))
        }
    }
}
