//! Queries about the stored traces: their listener, and answers between other work.

use std::time::{Duration, Instant};

use collector::{Addresses, Health};
use query_api::{Api, Fire, Fires, Nonce, Queries, Running};
use trace_model::Store;

use super::{READ_WORK, listeners};
use crate::cli::Options;
use crate::runtime::{self, Registration};

/// Time slice of answering queries between two checks for input.
const ANSWER_QUERIES: Duration = Duration::from_millis(2);

/// The listener for queries, and the file by which commands find it.
pub(super) struct Answering {
    running: Running,
    _registration: Option<Registration>,
}

/// Starts the listener for queries, if there is one. Commands find it if `is_found`.
pub(super) fn answering(
    api: Option<Api>,
    options: &Options,
    is_found: bool,
    listening: Option<(Addresses, Health)>,
) -> (Queries, Option<Fires>, Option<Answering>) {
    match api {
        Some(api) => {
            let address = api.address();
            let nonce = is_found.then(Nonce::generate).flatten();
            let (queries, fires, running) = api.serve(options.allowed_host.clone(), nonce.clone(), move || {
                listeners::state(listening.as_ref())
            });
            // Without the file commands do not find this viewer; everything else works.
            let registered = nonce.map(|nonce| runtime::register(&runtime::directory(), address, &nonce));
            let registration = match registered {
                Some(Ok(registration)) => Some(registration),
                Some(Err(error)) => {
                    tracing::warn!(%error, "commands cannot find this viewer");
                    None
                }
                None => None,
            };
            let answering = Answering {
                running,
                _registration: registration,
            };
            (queries, Some(fires), Some(answering))
        }
        None => (Queries::none(), None, None),
    }
}

pub(super) async fn stop_answering(api: Option<Answering>) {
    if let Some(api) = api {
        api.running.shutdown().await;
    }
}

/// Answers queries for a bounded time.
pub(super) fn answer(queries: &mut Queries, store: &Store) {
    let started = Instant::now();
    while queries.is_answering() && started.elapsed() < ANSWER_QUERIES {
        queries.step(store, READ_WORK);
    }
}

/// Waits for a command that fires a request of the demo, for ever without a demo.
pub(super) async fn fired(fires: &mut Option<Fires>) -> Fire {
    match fires {
        Some(fires) => fires.next().await,
        None => std::future::pending().await,
    }
}
