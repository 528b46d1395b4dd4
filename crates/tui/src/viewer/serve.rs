//! `spanfall serve`: the viewer without a screen. What arrives is stored, and queries are answered.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;

use collector::{Addresses, Collector};
use eyre::{Context, Result};
use query_api::{Address, Api};
use trace_model::Store;

use super::inbox::Inbox;
use super::{answer, answering, log, stop_answering};
use crate::cli::Options;
use crate::config::Config;
use crate::sentry_config::SentryConfig;
use crate::{ports, tail};
use app::{App, Mode};

/// Stores what arrives and answers queries until it is asked to end.
///
/// # Errors
/// Something is missing or taken at the start.
pub async fn serve(options: &Options) -> Result<()> {
    let config = Config::read(options.config.as_deref())?;
    let mut headless = Headless::bind(options, "serve", Some(Address::Default)).await?;
    headless.store.set_repeated_limits(config.repeated);
    log::to_file(options.log_file.as_deref())?;
    let end = lifecycle::Shutdown::listen().wrap_err("signals cannot be received")?;
    Box::pin(headless.run(options, end.requested())).await;
    Ok(())
}

/// A viewer without a screen, whose ports are bound.
pub struct Headless {
    collector: Collector,
    api: Option<Api>,
    store: Store,
    /// True if other commands can find it.
    is_found: bool,
}

impl Headless {
    /// Binds the ports for a command; that of the query API at `api` where no option says otherwise.
    ///
    /// # Errors
    /// Something is missing or taken.
    pub async fn bind(options: &Options, command: &str, api: Option<Address>) -> Result<Self> {
        let sentry_config = SentryConfig::read(options, Mode::Viewer)?;
        let (collector, api) = ports::bind_with(options, &sentry_config, &[], api).await?;
        let mut store = Store::new(options.max_memory());
        store.expect_sentry(sentry_config.expectation(Mode::Viewer));
        Ok(Self {
            collector,
            api,
            store,
            is_found: command == "serve",
        })
    }

    /// Returns the address of the query API.
    #[must_use]
    pub fn api(&self) -> Option<SocketAddr> {
        self.api.as_ref().map(Api::address)
    }

    /// Prints the addresses, then stores what arrives and answers queries until `end`.
    pub async fn run(self, options: &Options, end: impl Future<Output = ()>) {
        let Self {
            collector,
            api,
            store,
            is_found,
        } = self;
        let addresses = collector.addresses();
        let listening = listening(addresses, api.as_ref());
        // The state of a screen that is not drawn: it ingests in the same slices.
        let mut app = App::new(store, Mode::Viewer, addresses, fastrand::Rng::new());
        let (arrivals, health, server) = collector.serve();
        let (mut queries, _, api) = answering(api, options, is_found, Some((addresses, health.clone())));
        let mut inbox = Inbox::new(arrivals, health.queue().bytes_limit, queries.feed());
        // The parent process reads it: all listeners are bound.
        let _ = writeln!(io::stderr(), "spanfall: {listening}");
        let mut end = pin!(end);
        let mut reporting = pin!(tail::report(health));
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                () = &mut reporting => {}
                () = queries.wait() => {}
                () = inbox.wait(false) => {
                    inbox.arrived(&mut app);
                    // Arrivals may never end.
                    answer(&mut queries, &app.store);
                }
                () = tokio::task::yield_now(), if queries.is_answering() => answer(&mut queries, &app.store),
            }
        }
        // Streams end with it, too.
        drop((queries, inbox));
        server.shutdown().await;
        stop_answering(api).await;
    }
}

fn listening(addresses: Addresses, api: Option<&Api>) -> String {
    match api {
        Some(api) => format!("{}, query API on {}", tail::listening(addresses), api.address()),
        None => tail::listening(addresses),
    }
}
