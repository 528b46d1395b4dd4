//! `spanfall serve`: the viewer without a screen. What arrives is stored, and queries are answered.

use std::io::{self, Write};
use std::pin::pin;

use eyre::{Context, Result};
use query_api::Address;
use trace_model::Store;

use super::inbox::Inbox;
use super::{answer, answering, log, stop_answering};
use crate::cli::Options;
use crate::outward::Outward;
use crate::{ports, tail};
use app::{App, Mode};

/// Stores what arrives and answers queries until it is asked to end.
///
/// # Errors
/// Something is missing or taken at the start.
pub async fn serve(options: &Options) -> Result<()> {
    let outward = Outward::read(options, Mode::Viewer)?;
    let collector = ports::bind_with(options, &outward, "serve", &[]).await?;
    let api = ports::bind_api(options, Some(Address::Default)).await?;
    log::to_file(options.log_file.as_deref())?;
    let end = lifecycle::Shutdown::listen().wrap_err("signals cannot be received")?;
    let addresses = collector.addresses();
    // The line is read by whoever started it: it says that all is bound.
    let listening = match &api {
        Some(api) => format!("{}, query API on {}", tail::listening(addresses), api.address()),
        None => tail::listening(addresses),
    };
    let mut store = Store::new(options.max_memory());
    store.expect_sentry(outward.expectation(Mode::Viewer));
    // The state of a screen that nobody sees: it ingests in the same slices.
    let mut app = App::new(store, Mode::Viewer, addresses, fastrand::Rng::new());
    let (arrivals, health, server) = collector.serve();
    let (mut queries, api) = answering(api, options);
    let mut inbox = Inbox::new(arrivals, health.queue().bytes_limit);
    let _ = writeln!(io::stderr(), "spanfall: {listening}");
    let mut end = pin!(end.requested());
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
    drop(queries);
    server.shutdown().await;
    stop_answering(api).await;
    Ok(())
}
