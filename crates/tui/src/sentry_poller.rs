//! Polls Sentry for stored traces, outside of the event loop.
//!
//! The event loop reports traces ([`SentryPoller::arrived`], [`SentryPoller::select`], [`SentryPoller::ask_now`]) without ever blocking; each result
//! arrives as an [`PollResult`]. [`sentry_api::Schedule`] decides when to poll: some 15, 30, 60 and 120 s after a trace's last
//! span, or as [`Delays::VARIABLE`] sets it, one request at a time.
//!
//! ```no_run
//! # async fn example(settings: sentry_api::Settings) -> Result<(), spanfall::problem::Problem> {
//! use spanfall::sentry_poller::SentryPoller;
//!
//! if let Some((poller, mut events)) = SentryPoller::connect(&settings)? {
//!     let _ = poller.arrived("0af7651916cd43dd8448eb211c80319c".parse().expect("an id"), 1_700_000_000_000_000_000);
//!     while let Some(event) = events.recv().await {
//!         println!("{}: {:?}", event.trace_id, event.outcome);
//!     }
//! }
//! # Ok(()) }
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::StoredSpans;
use sentry_api::{ApiError, Client, Delays, Outcome, Schedule, SentryTrace, Settings};
use tokio::sync::{mpsc, watch};
use trace_model::TraceId;

use crate::problem::Problem;

/// Commands that the task has not received yet.
const COMMANDS_MAX: usize = 1024;
/// Results that the event loop has not received yet; with more, polling pauses.
const RESULTS_MAX: usize = 16;
/// The longest sleep: a machine may sleep too, and its clock be set.
const SLEEP_MAX: Duration = Duration::from_secs(10);

/// The result of one poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollResult {
    /// Polled trace.
    pub trace_id: TraceId,
    /// Time of the request in nanoseconds since the Unix epoch: later arrivals cannot be in the result.
    pub asked_unix_nano: u64,
    /// Sentry's copy of the trace, or the error with advice, as text for the user.
    pub outcome: Result<StoredSpans, String>,
    /// Time of the next poll in nanoseconds since the Unix epoch. `None`: only on request.
    pub next_ask_unix_nano: Option<u64>,
}

/// Handle of the polling task. The task ends when the handle is dropped, in the middle of a request if need be.
#[derive(Debug)]
pub struct SentryPoller {
    commands: mpsc::Sender<Command>,
    /// Only the last selection counts: a key that is held down selects many.
    selected: watch::Sender<Option<(TraceId, u64)>>,
    delays: Delays,
}

/// A command for the task.
#[derive(Clone, Copy, Debug)]
enum Command {
    Arrived(TraceId, u64),
    AskNow(TraceId),
    Forget(TraceId),
}

impl SentryPoller {
    /// Starts polling with the given settings; `None` without a token. Must be called inside a runtime, before the terminal is
    /// entered.
    ///
    /// # Errors
    /// HTTPS cannot be set up, or [`Delays::VARIABLE`] holds no delays.
    pub fn connect(settings: &Settings) -> Result<Option<(Self, mpsc::Receiver<PollResult>)>, Problem> {
        let Some(token) = settings.token.clone() else {
            return Ok(None);
        };
        let client = Client::new(settings.site.clone(), token).map_err(|error| Problem {
            what: error.to_string(),
            advice: "unset SENTRY_AUTH_TOKEN to go without Sentry's own answer".to_owned(),
        })?;
        let delays = Delays::from_env().map_err(|error| Problem {
            what: format!("{} holds no delays", Delays::VARIABLE),
            advice: error.to_string(),
        })?;
        Ok(Some(Self::start(client, delays)))
    }

    /// Starts the task.
    #[must_use]
    pub fn start(client: Client, delays: Delays) -> (Self, mpsc::Receiver<PollResult>) {
        let (commands, received_commands) = mpsc::channel(COMMANDS_MAX);
        let (selected, selections) = watch::channel(None);
        let (events, received) = mpsc::channel(RESULTS_MAX);
        let task = Task {
            client,
            schedule: Schedule::new(delays.clone()),
            received_commands,
            selections,
            events,
        };
        tokio::spawn(task.run());
        let poller = Self {
            commands,
            selected,
            delays,
        };
        (poller, received)
    }

    /// Reports the time of a trace's last arrival, in nanoseconds since the Unix epoch. Returns false if the queue of commands is
    /// full: then it may be reported again later, or not at all; the trace is still polled when it is selected.
    #[must_use]
    pub fn arrived(&self, trace_id: TraceId, unix_nano: u64) -> bool {
        self.commands.try_send(Command::Arrived(trace_id, unix_nano)).is_ok()
    }

    /// Reports the selected trace and the time of its last arrival. It is polled first, and at once if it was never polled and
    /// could be stored by now. Repeating the call costs nothing.
    pub fn select(&self, selected: Option<(TraceId, u64)>) {
        self.selected.send_if_modified(|known| {
            let changed = *known != selected;
            *known = selected;
            changed
        });
    }

    /// Polls a trace at once, whatever the schedule; only a `Retry-After` of Sentry is respected.
    pub fn ask_now(&self, trace_id: TraceId) {
        // The queue is full only when the event loop has not received results for long: then these suffice.
        let _ = self.commands.try_send(Command::AskNow(trace_id));
    }

    /// Ends the polling of a trace: it was evicted, or all of it was found. It starts again when something arrives for it.
    pub fn forget(&self, trace_id: TraceId) {
        // Without it the trace is polled a few more times.
        let _ = self.commands.try_send(Command::Forget(trace_id));
    }

    /// Returns the time of the first poll of a trace whose last arrival was then, if nothing delays it.
    #[must_use]
    pub fn first_ask(&self, unix_nano: u64) -> Option<u64> {
        self.delays.next_ask(unix_nano, None)
    }
}

/// A request in flight.
type Request = Pin<Box<dyn Future<Output = (TraceId, u64, Result<SentryTrace, ApiError>)> + Send>>;

struct Task {
    client: Client,
    schedule: Schedule,
    received_commands: mpsc::Receiver<Command>,
    selections: watch::Receiver<Option<(TraceId, u64)>>,
    events: mpsc::Sender<PollResult>,
}

impl Task {
    async fn run(mut self) {
        let mut request: Option<Request> = None;
        loop {
            // `None` while a request is in flight.
            let next = self.schedule.next();
            tokio::select! {
                biased;
                command = self.received_commands.recv() => match command {
                    Some(command) => self.handle(command),
                    None => return,
                },
                Ok(()) = self.selections.changed() => {
                    let selected = *self.selections.borrow_and_update();
                    self.schedule.select(selected.map(|(trace_id, at)| (trace_id, at.min(now()))));
                }
                (trace_id, asked, answer) = wait_for(&mut request) => {
                    request = None;
                    if !self.answered(trace_id, asked, answer).await {
                        return;
                    }
                }
                () = nap_until(next.unwrap_or_default()), if next.is_some() => {
                    let asked = now();
                    request = self.schedule.start(asked).map(|trace_id| self.request(trace_id, asked));
                }
            }
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            // The sender's clock may be ahead by a day.
            Command::Arrived(trace_id, at) => {
                self.schedule.watch(trace_id, at.min(now()));
            }
            Command::AskNow(trace_id) => self.schedule.ask_now(trace_id, now()),
            Command::Forget(trace_id) => self.schedule.forget(trace_id),
        }
    }

    fn request(&self, trace_id: TraceId, asked: u64) -> Request {
        let client = self.client.clone();
        Box::pin(async move { (trace_id, asked, client.trace(trace_id).await) })
    }

    /// Returns false once the receiver is gone.
    async fn answered(&mut self, trace_id: TraceId, asked_unix_nano: u64, answer: Result<SentryTrace, ApiError>) -> bool {
        let next_ask_unix_nano = self.schedule.finish(now(), Outcome::of(&answer));
        let event = PollResult {
            trace_id,
            asked_unix_nano,
            // Here, since the event loop must not be delayed by a large answer.
            outcome: answer.map(stored).map_err(|error| error.to_string()),
            next_ask_unix_nano,
        };
        self.events.send(event).await.is_ok()
    }
}

fn stored(answer: SentryTrace) -> StoredSpans {
    let parents = answer.spans.into_iter().map(|span| (span.span_id, span.parent_span_id));
    StoredSpans {
        spans: Arc::new(parents.collect()),
        is_complete: answer.complete,
    }
}

/// Returns the request's result; never without a request.
async fn wait_for(request: &mut Option<Request>) -> (TraceId, u64, Result<SentryTrace, ApiError>) {
    match request {
        Some(request) => request.await,
        None => std::future::pending().await,
    }
}

async fn nap_until(moment: u64) {
    let left = Duration::from_nanos(moment.saturating_sub(now()));
    tokio::time::sleep(left.min(SLEEP_MAX)).await;
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
