//! Ends and suspends the program.

use eyre::{Context, Result};
use tokio::sync::oneshot;

use super::hangup::Hangup;
use super::suspend::Suspension;
use super::watchdog::Watchdog;

/// Requests to end the program, which are heard from before the terminal is taken over: what ends it later gives it back.
pub(super) struct Ending {
    pub(super) requested: oneshot::Receiver<()>,
    pub(super) hangup: Hangup,
    pub(super) suspension: Suspension,
    pub(super) watchdog: Watchdog,
}

impl Ending {
    pub(super) fn listen() -> Result<Self> {
        let shutdown = lifecycle::Shutdown::listen().and_then(lifecycle::Shutdown::or_hangup);
        let shutdown = shutdown.wrap_err("signals cannot be received")?;
        let suspension = Suspension::listen().wrap_err("signals cannot be received")?;
        let watchdog = Watchdog::start().wrap_err("no thread can be started")?;
        let hangup = Hangup::listen().wrap_err("no thread can be started")?;
        let (sender, requested) = oneshot::channel();
        // A task, so that the watchdog hears of it whatever the event loop does.
        let asked = watchdog.asked();
        tokio::spawn(async move {
            shutdown.requested().await;
            asked.set();
            let _ = sender.send(());
        });
        Ok(Self {
            requested,
            hangup,
            suspension,
            watchdog,
        })
    }
}
