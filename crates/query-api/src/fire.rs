//! Requests of the demo that a client fires. The only route that changes something.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use trace_model::TraceId;

use crate::own::{Problem, json};

/// Requests on their way to the owner of the demo.
const WAITING_MAX: usize = 8;
/// The header that a request needs. Forms cannot send it, and pages of other origins only after a preflight request, which is denied.
pub const HEADER: &str = "spanfall-request";

/// A request of the demo to be fired.
#[derive(Debug)]
pub struct Fire {
    /// False for one that the API must reject.
    pub valid: bool,
    answer: oneshot::Sender<Result<TraceId, String>>,
}

impl Fire {
    /// Tells the client the id of its trace, or the reason for the lack of one.
    pub fn answer(self, fired: Result<TraceId, String>) {
        let _ = self.answer.send(fired);
    }
}

/// The demo's end. Dropping it means that no demo is running.
#[derive(Debug)]
pub struct Fires(mpsc::Receiver<Fire>);

impl Fires {
    /// Waits for the next one; forever once the listener has ended. Cancel safe.
    pub async fn next(&mut self) -> Fire {
        match self.0.recv().await {
            Some(fire) => fire,
            None => std::future::pending().await,
        }
    }
}

pub(crate) fn routes() -> (Router, Fires) {
    let (sender, fires) = mpsc::channel(WAITING_MAX);
    let routes = Router::new()
        .route("/spanfall/v1/fire/{request}", post(fire))
        .with_state(sender);
    (routes, Fires(fires))
}

#[derive(Serialize)]
struct Fired {
    trace_id: String,
}

async fn fire(
    State(sender): State<mpsc::Sender<Fire>>,
    Path(request): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !headers.contains_key(HEADER) {
        return Err(Problem::Denied(format!("the header {HEADER} is missing")));
    }
    let valid = match request.as_str() {
        "reset" => true,
        "invalid" => false,
        _ => return Err(Problem::Invalid("unknown request: use reset or invalid".to_owned())),
    };
    let (answer, answered) = oneshot::channel();
    let no_demo = || Problem::Conflict("no demo is running (start spanfall demo)".to_owned());
    sender.send(Fire { valid, answer }).await.map_err(|_| no_demo())?;
    match answered.await {
        Ok(Ok(trace_id)) => {
            let fired = Fired {
                trace_id: trace_id.to_string(),
            };
            Ok(json(StatusCode::OK, &fired).into_response())
        }
        Ok(Err(reason)) => Err(Problem::Conflict(reason)),
        Err(_) => Err(no_demo()),
    }
}
