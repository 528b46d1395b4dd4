//! The relay's task: the only owner of in-flight requests, buffered envelopes and current rate limits.
//!
//! While Sentry is reachable, envelopes are sent as they arrive, several at once, and buffered ones follow one by one with a
//! pause between. During an outage all envelopes are buffered in order, and one is tried at a time with exponential backoff. An
//! entry that fails on its own yields to the others and has its own backoff.
//!
//! Retries follow [Sentry's rules for SDKs](https://develop.sentry.dev/sdk/foundations/transport/offline-caching/): network
//! errors are retried; a response never is, whatever its status.

use std::collections::{HashMap, VecDeque};

use ingest_state::RelayCounts;
use reqwest::Client;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use trace_model::sentry::Delivery;

use crate::attempt::{self, Failure, SentryResponse};
use crate::buffer::{Buffer, Entry};
use crate::category::Categories;
use crate::event::Event;
use crate::limit::RateLimits;
use crate::limits::Limits;
use crate::outgoing::{Outgoing, Receipt};
use crate::response::RelayResponse;
use crate::target::Target;

mod end;
mod reach;
mod report;

use reach::Reach;

/// An envelope whose sender waits for a response.
#[derive(Debug)]
pub(crate) struct Command<T> {
    pub(crate) outgoing: Outgoing,
    pub(crate) receipt: Receipt,
    pub(crate) categories: Categories,
    pub(crate) tag: T,
    pub(crate) reply: oneshot::Sender<RelayResponse>,
}

/// The sender of an entry, waiting for a response.
#[derive(Debug)]
struct Waiter {
    receipt: Receipt,
    reply: oneshot::Sender<RelayResponse>,
    /// Deadline of the response.
    until: Instant,
}

/// An entry that is being sent.
#[derive(Debug)]
struct InFlight<T> {
    entry: Entry<T>,
    /// `None` if the entry was buffered before, or takes longer than the deadline.
    waiter: Option<Waiter>,
    /// Time after which it no longer delays buffered entries, although it is still being sent.
    yields_at: Instant,
    /// True for the try at shutdown.
    is_last: bool,
}

type Outcome = Result<SentryResponse, Failure>;

#[derive(Debug)]
pub(crate) struct Engine<T> {
    client: Client,
    target: Target,
    limits: Limits,
    commands: mpsc::Receiver<Command<T>>,
    events: mpsc::Sender<Event<T>>,
    /// Events to send. No request starts while there are any, so their number is bounded by the buffer.
    outbox: VecDeque<Event<T>>,
    counts: watch::Sender<RelayCounts>,
    rates: RateLimits,
    buffer: Buffer<T>,
    attempts: JoinSet<Outcome>,
    in_flight: HashMap<task::Id, InFlight<T>>,
    reach: Reach,
    /// Earliest time of the next retry.
    next: Instant,
    /// Number of the next entry.
    number: u64,
}

impl<T: Send + 'static> Engine<T> {
    pub(crate) fn new(
        client: Client,
        target: Target,
        limits: Limits,
        commands: mpsc::Receiver<Command<T>>,
        events: mpsc::Sender<Event<T>>,
        counts: watch::Sender<RelayCounts>,
    ) -> Self {
        Self {
            client,
            target,
            limits,
            commands,
            events,
            outbox: VecDeque::new(),
            counts,
            rates: RateLimits::default(),
            buffer: Buffer::new(limits.waiting, limits.waiting_bytes),
            attempts: JoinSet::new(),
            in_flight: HashMap::new(),
            reach: Reach::default(),
            next: Instant::now(),
            number: 0,
        }
    }

    /// Runs until it is stopped, or all handles are dropped.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let events = self.events.clone();
        loop {
            let free = self.outbox.is_empty();
            let due = self.due().filter(|_| free);
            let next_deadline = self.next_deadline();
            tokio::select! {
                biased;
                () = stop_requested(&mut stop) => break,
                permit = events.reserve(), if !free => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.outbox.pop_front() {
                            permit.send(event);
                        }
                    }
                    // The receiver was dropped.
                    Err(_) => self.outbox.clear(),
                },
                Some(done) = self.attempts.join_next_with_id() => self.finish(done),
                () = sleep_until_some(next_deadline) => self.answer_overdue(),
                () = sleep_until_some(due) => self.try_next(),
                command = self.commands.recv(), if free && self.accepts_command() => match command {
                    Some(command) => self.handle(command),
                    None => break,
                },
            }
            self.publish_counts();
        }
        self.end().await;
    }

    /// Returns the time of the next retry: one at a time, but a slow one yields.
    fn due(&self) -> Option<Instant> {
        let first = self.buffer.due().filter(|_| self.has_room())?;
        let due = if self.reach.is_outage() {
            self.next
        } else {
            first.max(self.next)
        };
        let retries = self.in_flight.values().filter(|in_flight| in_flight.waiter.is_none());
        Some(retries.map(|retry| retry.yields_at).fold(due, Instant::max))
    }

    /// Returns the earliest deadline of a waiting sender.
    fn next_deadline(&self) -> Option<Instant> {
        let waiters = self.in_flight.values().filter_map(|in_flight| in_flight.waiter.as_ref());
        waiters.map(|waiter| waiter.until).min()
    }

    /// Returns true if another request can start.
    fn has_room(&self) -> bool {
        let bytes: usize = self
            .in_flight
            .values()
            .map(|in_flight| in_flight.entry.outgoing.bytes())
            .sum();
        self.in_flight.len() < self.limits.concurrent.max(1) && bytes < self.limits.waiting_bytes.max(1)
    }

    /// Returns true if another envelope can be sent or buffered immediately. A request whose sender still waits ends soon, so
    /// waiting for its slot is better than buffering.
    fn accepts_command(&self) -> bool {
        let is_soon_free = self.in_flight.values().any(|in_flight| in_flight.waiter.is_some());
        self.has_room() || self.reach.is_outage() || !is_soon_free
    }

    fn handle(&mut self, command: Command<T>) {
        let Command {
            outgoing,
            receipt,
            categories,
            tag,
            reply,
        } = command;
        let now = Instant::now();
        if let Some(stop) = self.rates.stop(categories, now) {
            self.reply(reply, tag, RelayResponse::limited(&stop));
            return;
        }
        let entry = Entry::new(self.number, outgoing, categories, tag);
        self.number += 1;
        let waiter = Some(Waiter {
            receipt,
            reply,
            until: now + self.limits.deadline,
        });
        match &self.reach {
            Reach::Outage { problem, .. } => {
                let problem = problem.clone();
                self.keep(entry, waiter, &problem);
            }
            _ if self.has_room() => self.send(entry, waiter, false),
            _ => self.keep(entry, waiter, "all upload slots are in use"),
        }
    }

    fn send(&mut self, entry: Entry<T>, waiter: Option<Waiter>, is_last: bool) {
        let attempt = attempt::send(self.client.clone(), entry.outgoing.clone(), self.limits.progress_timeout());
        let id = self.attempts.spawn(attempt).id();
        let in_flight = InFlight {
            entry,
            waiter,
            yields_at: Instant::now() + self.limits.deadline,
            is_last,
        };
        self.in_flight.insert(id, in_flight);
    }

    /// Tries the next buffered entry. Entries before it that a rate limit stops are discarded, as Sentry requires.
    fn try_next(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.buffer.next(self.reach.is_outage(), now) {
            if let Some(entry) = self.sendable(entry) {
                return self.send(entry, None, false);
            }
        }
    }

    /// Returns the entry unless a rate limit stops it; else discards it.
    fn sendable(&mut self, entry: Entry<T>) -> Option<Entry<T>> {
        let Some(stop) = self.rates.stop(entry.categories, Instant::now()) else {
            return Some(entry);
        };
        let reason = stop.reason().into();
        self.queue_event(entry.tag, Delivery::RateLimited { reason });
        None
    }

    fn finish(&mut self, done: Result<(task::Id, Outcome), JoinError>) {
        let (id, outcome) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Err(Failure::new("the attempt failed"))),
        };
        let Some(in_flight) = self.in_flight.remove(&id) else { return };
        match outcome {
            Ok(answered) => {
                self.reached();
                self.answered(in_flight.entry, in_flight.waiter, answered);
            }
            Err(failure) => self.failed(in_flight, &failure),
        }
    }

    fn answered(&mut self, entry: Entry<T>, waiter: Option<Waiter>, answered: SentryResponse) {
        let now = Instant::now();
        for limit in &answered.limits {
            self.rates.note(limit, now);
        }
        let delivery = answered.delivery(entry.categories, &self.target);
        match waiter {
            Some(Waiter { reply, .. }) => self.reply(reply, entry.tag, RelayResponse::of_sentry(answered, delivery)),
            None => self.queue_event(entry.tag, delivery),
        }
    }

    /// Sentry responded, so failures before it were the entries' own.
    fn reached(&mut self) {
        if self.reach.is_outage() {
            tracing::info!(target = %self.target, "Sentry is reachable again");
        }
        self.reach = Reach::Reached;
        self.next = Instant::now() + self.limits.pause;
        let in_flight = self.in_flight.values_mut().map(|in_flight| &mut in_flight.entry);
        in_flight.chain(self.buffer.entries_mut()).for_each(Entry::confirm_strike);
        for entry in self.buffer.take_failed(self.limits.tries) {
            self.give_up(entry, None);
        }
    }

    fn failed(&mut self, in_flight: InFlight<T>, failure: &Failure) {
        let InFlight {
            mut entry,
            waiter,
            is_last,
            ..
        } = in_flight;
        let problem = &*failure.problem;
        let is_probe = waiter.is_none();
        let was_outage = self.reach.is_outage();
        entry.problem = Some(problem.into());
        self.reach.failed(failure, &mut entry, is_probe);
        let now = Instant::now();
        let (backoff, jitter) = (self.limits.backoff, fastrand::f64());
        entry.due = now + backoff.after(entry.failures, jitter);
        match &self.reach {
            Reach::Outage { failures, .. } if !was_outage || is_probe => {
                self.next = now + backoff.after(*failures, jitter);
            }
            Reach::Doubtful { .. } => self.next = now + self.limits.pause,
            _ => {}
        }
        if self.reach.is_outage() && !was_outage {
            tracing::warn!(target = %self.target, problem, "cannot reach Sentry; buffering envelopes");
            entry.is_suspect = false;
            let in_flight = self.in_flight.values_mut().map(|in_flight| &mut in_flight.entry);
            in_flight
                .chain(self.buffer.entries_mut())
                .for_each(|entry| entry.is_suspect = false);
        }
        if entry.strikes >= self.limits.tries || is_last {
            self.give_up(entry, waiter);
        } else {
            self.keep(entry, waiter, problem);
        }
    }

    /// Buffers an undelivered entry within the bounds.
    fn keep(&mut self, entry: Entry<T>, waiter: Option<Waiter>, problem: &str) {
        let number = entry.number;
        let mut waiter = waiter;
        for gone in self.buffer.keep(entry) {
            let reason = format!("relay buffer full: {problem}");
            let waiter = waiter.take_if(|_| gone.number == number);
            self.lose(gone, waiter, &reason);
        }
        if let Some(waiter) = waiter {
            self.publish_counts();
            waiter.keep_waiting(problem);
        }
    }

    fn give_up(&mut self, entry: Entry<T>, waiter: Option<Waiter>) {
        let problem = entry.problem.as_deref().unwrap_or_default();
        let reason = if entry.strikes >= self.limits.tries {
            let tries = entry.strikes;
            tracing::warn!(target = %self.target, tries, problem, "envelope dropped: too many failed tries");
            format!("{tries} tries failed while Sentry answered other requests: {problem}")
        } else {
            format!("last try at shutdown failed: {problem}")
        };
        self.lose(entry, waiter, &reason);
    }
}

/// Waits until `time`, or forever without one.
async fn sleep_until_some(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Waits until a stop is requested, or no handle is left that could request it.
async fn stop_requested(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
