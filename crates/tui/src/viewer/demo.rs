//! The demo of the viewer, if it runs.

use eyre::{Context, Result};
use tokio::sync::mpsc;

use crate::demo::{DemoEvent, Requests, Setup, Supervisor};

/// The demo's processes and the way to their API.
pub(super) struct Demo {
    pub(super) running: Option<(Supervisor, Requests)>,
    pub(super) events: mpsc::Receiver<DemoEvent>,
}

impl Demo {
    pub(super) fn none() -> Self {
        // Without a sender this would be ready all the time; the loop checks `running` first.
        Self {
            running: None,
            events: mpsc::channel(1).1,
        }
    }

    pub(super) fn start(setup: &Setup) -> Result<Self> {
        let (supervisor, sender, events) = Supervisor::start(setup);
        let requests = Requests::new(sender).wrap_err("the HTTP client cannot be set up")?;
        Ok(Self {
            running: Some((supervisor, requests)),
            events,
        })
    }

    pub(super) async fn shutdown(self) {
        drop(self.events);
        if let Some((supervisor, _)) = self.running {
            supervisor.shutdown().await;
        }
    }
}
