//! Asks Sentry for traces, beside the event loop.
//!
//! The event loop tells of traces ([`Asker::arrived`], [`Asker::select`], [`Asker::ask_now`]) and never waits for it; what Sentry says
//! comes back as an [`AskerEvent`]. When to ask is decided by [`sentry_api::Schedule`]: some 15, 30, 60 and 120 s after a trace's last
//! span, or as [`Delays::VARIABLE`] says, one request at a time.
//!
//! ```no_run
//! # async fn example(settings: sentry_api::Settings) -> Result<(), spanfall::problem::Problem> {
//! use spanfall::asker::Asker;
//!
//! if let Some((asker, mut events)) = Asker::connect(&settings)? {
//!     let _ = asker.arrived("0af7651916cd43dd8448eb211c80319c".parse().expect("an id"), 1_700_000_000_000_000_000);
//!     while let Some(event) = events.recv().await {
//!         println!("{}: {:?}", event.trace_id, event.outcome);
//!     }
//! }
//! # Ok(()) }
//! ```

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sentry_api::{ApiError, Client, Delays, Outcome, Schedule, SentryTrace, Settings};
use tokio::sync::{mpsc, watch};
use trace_model::TraceId;

use crate::problem::Problem;

/// How much may be told that the task has not taken in yet.
const TOLD: usize = 1024;
/// How many answers may wait for the event loop; with more, nothing is asked.
const ANSWERS: usize = 16;
/// The longest sleep: a machine may sleep too, and its clock be set.
const NAP: Duration = Duration::from_secs(10);

/// What Sentry said about a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskerEvent {
    /// Which trace.
    pub trace_id: TraceId,
    /// When it was asked for, in nanoseconds since the Unix epoch: what arrived later cannot be in the answer.
    pub asked_unix_nano: u64,
    /// What Sentry has of it, or what went wrong and what to do about it, in plain words.
    pub outcome: Result<SentryTrace, String>,
    /// When it will be asked for again, in nanoseconds since the Unix epoch. `None`: not without being told to.
    pub next_ask_unix_nano: Option<u64>,
}

/// The way to the task that asks. The task ends when it is dropped, in the middle of a request if need be.
#[derive(Debug)]
pub struct Asker {
    told: mpsc::Sender<Told>,
    /// The last word counts: somebody who holds a key down selects many.
    selected: watch::Sender<Option<(TraceId, u64)>>,
    delays: Delays,
}

/// What the task is told.
#[derive(Clone, Copy, Debug)]
enum Told {
    Arrived(TraceId, u64),
    AskNow(TraceId),
    Forget(TraceId),
}

impl Asker {
    /// Starts asking as the settings say, `None` without a token. To be called inside a runtime, before the terminal is taken.
    ///
    /// # Errors
    /// HTTPS cannot be set up, or [`Delays::VARIABLE`] holds no delays.
    pub fn connect(settings: &Settings) -> Result<Option<(Self, mpsc::Receiver<AskerEvent>)>, Problem> {
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
    pub fn start(client: Client, delays: Delays) -> (Self, mpsc::Receiver<AskerEvent>) {
        let (told, tells) = mpsc::channel(TOLD);
        let (selected, selections) = watch::channel(None);
        let (events, received) = mpsc::channel(ANSWERS);
        let task = Task {
            client,
            schedule: Schedule::new(delays.clone()),
            tells,
            selections,
            events,
        };
        tokio::spawn(task.run());
        let asker = Self { told, selected, delays };
        (asker, received)
    }

    /// Tells when something last arrived for a trace, in nanoseconds since the Unix epoch. False if the task is behind and did not take
    /// it in: then it may be told again later, or not at all; the trace is still asked for when it is selected.
    #[must_use]
    pub fn arrived(&self, trace_id: TraceId, unix_nano: u64) -> bool {
        self.told.try_send(Told::Arrived(trace_id, unix_nano)).is_ok()
    }

    /// Tells which trace the person looks at, and when something last arrived for it: it goes first, and if it was never asked for
    /// and could be there by now, it is asked for at once. Telling the same again costs nothing.
    pub fn select(&self, selected: Option<(TraceId, u64)>) {
        self.selected.send_if_modified(|known| {
            let changed = *known != selected;
            *known = selected;
            changed
        });
    }

    /// Asks for a trace at once, whatever the plan; only a wait that Sentry itself asked for is kept.
    pub fn ask_now(&self, trace_id: TraceId) {
        // It is full only when the event loop has not taken in answers for long: then they tell enough.
        let _ = self.told.try_send(Told::AskNow(trace_id));
    }

    /// Tells that nobody needs to know any more: the trace has left the store, or all of it was found. It is asked for again when
    /// something arrives for it.
    pub fn forget(&self, trace_id: TraceId) {
        // What is not forgotten is asked for a few times more.
        let _ = self.told.try_send(Told::Forget(trace_id));
    }

    /// When a trace for which something last arrived then is asked for the first time, if nothing is in the way.
    #[must_use]
    pub fn first_ask(&self, unix_nano: u64) -> Option<u64> {
        self.delays.next_ask(unix_nano, None)
    }
}

/// A request under way.
type Request = Pin<Box<dyn Future<Output = (TraceId, u64, Result<SentryTrace, ApiError>)> + Send>>;

struct Task {
    client: Client,
    schedule: Schedule,
    tells: mpsc::Receiver<Told>,
    selections: watch::Receiver<Option<(TraceId, u64)>>,
    events: mpsc::Sender<AskerEvent>,
}

impl Task {
    async fn run(mut self) {
        let mut request: Option<Request> = None;
        loop {
            // `None` while a request is under way.
            let next = self.schedule.next();
            tokio::select! {
                biased;
                told = self.tells.recv() => match told {
                    Some(told) => self.take_in(told),
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

    fn take_in(&mut self, told: Told) {
        match told {
            // By the clock of whoever sent it, it may be tomorrow.
            Told::Arrived(trace_id, at) => {
                self.schedule.watch(trace_id, at.min(now()));
            }
            Told::AskNow(trace_id) => self.schedule.ask_now(trace_id, now()),
            Told::Forget(trace_id) => self.schedule.forget(trace_id),
        }
    }

    fn request(&self, trace_id: TraceId, asked: u64) -> Request {
        let client = self.client.clone();
        Box::pin(async move { (trace_id, asked, client.trace(trace_id).await) })
    }

    /// False when nobody listens any more.
    async fn answered(&mut self, trace_id: TraceId, asked_unix_nano: u64, answer: Result<SentryTrace, ApiError>) -> bool {
        let next_ask_unix_nano = self.schedule.finish(now(), Outcome::of(&answer));
        let event = AskerEvent {
            trace_id,
            asked_unix_nano,
            outcome: answer.map_err(|error| error.to_string()),
            next_ask_unix_nano,
        };
        self.events.send(event).await.is_ok()
    }
}

/// What the request brings; for ever without one.
async fn wait_for(request: &mut Option<Request>) -> (TraceId, u64, Result<SentryTrace, ApiError>) {
    match request {
        Some(request) => request.await,
        None => std::future::pending().await,
    }
}

async fn nap_until(moment: u64) {
    let left = Duration::from_nanos(moment.saturating_sub(now()));
    tokio::time::sleep(left.min(NAP)).await;
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
