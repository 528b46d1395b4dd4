//! The relay's task: it alone knows what is under way, what waits, and which limits hold.
//!
//! While Sentry can be reached, envelopes go to it as they come, several at once, and what had to wait follows one by one, with a
//! pause between. During an outage everything waits in order, and one is tried at a time, at growing intervals. An entry that failed
//! by itself gives way to the others and is tried again at growing intervals of its own.
//!
//! What is retried, and what not, is what [Sentry asks of its
//! SDKs](https://develop.sentry.dev/sdk/foundations/transport/offline-caching/): network errors; never an answer, whatever its status.

use std::collections::{HashMap, VecDeque};

use ingest_state::RelayCounts;
use reqwest::Client;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use trace_model::sentry::Delivery;

use crate::answer::Answer;
use crate::attempt::{self, Answered, Failure};
use crate::buffer::{Buffer, Entry};
use crate::category::Categories;
use crate::limit::RateLimits;
use crate::outgoing::{Outgoing, Receipt};
use crate::relay::{Event, Limits};
use crate::target::Target;

mod end;
mod reach;
mod report;

use reach::Reach;

/// An envelope that wants an answer.
#[derive(Debug)]
pub(crate) struct Command<T> {
    pub(crate) outgoing: Outgoing,
    pub(crate) receipt: Receipt,
    pub(crate) categories: Categories,
    pub(crate) tag: T,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// Who waits for what becomes of an entry.
#[derive(Debug)]
struct Asking {
    receipt: Receipt,
    reply: oneshot::Sender<Answer>,
    /// When it is answered at the latest.
    until: Instant,
}

/// An entry that is being sent.
#[derive(Debug)]
struct UnderWay<T> {
    entry: Entry<T>,
    /// Nobody, if it had to wait before, or takes long.
    asking: Option<Asking>,
    /// When it stops holding up those that wait, though it goes on.
    gives_way: Instant,
    /// Whether it is its last try.
    is_last: bool,
}

type Outcome = Result<Answered, Failure>;

#[derive(Debug)]
pub(crate) struct Engine<T> {
    client: Client,
    target: Target,
    limits: Limits,
    commands: mpsc::Receiver<Command<T>>,
    events: mpsc::Sender<Event<T>>,
    /// Events that are not sent yet. Nothing new begins while there are any, so there are never more than had been waiting.
    outbox: VecDeque<Event<T>>,
    counts: watch::Sender<RelayCounts>,
    rates: RateLimits,
    buffer: Buffer<T>,
    attempts: JoinSet<Outcome>,
    under_way: HashMap<task::Id, UnderWay<T>>,
    reach: Reach,
    /// When the next of those that wait may be tried.
    next: Instant,
    /// The next entry's.
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
            under_way: HashMap::new(),
            reach: Reach::default(),
            next: Instant::now(),
            number: 0,
        }
    }

    /// Works until it is stopped, or nobody is left who could forward anything.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let events = self.events.clone();
        loop {
            let free = self.outbox.is_empty();
            let due = self.due().filter(|_| free);
            let impatient = self.impatient();
            tokio::select! {
                biased;
                () = asked(&mut stop) => break,
                permit = events.reserve(), if !free => match permit {
                    Ok(permit) => {
                        if let Some(event) = self.outbox.pop_front() {
                            permit.send(event);
                        }
                    }
                    // Nobody wants to know.
                    Err(_) => self.outbox.clear(),
                },
                Some(done) = self.attempts.join_next_with_id() => self.finish(done),
                () = at(impatient) => self.answer_impatient(),
                () = at(due) => self.try_next(),
                command = self.commands.recv(), if free && self.takes_more() => match command {
                    Some(command) => self.take(command),
                    None => break,
                },
            }
            self.tell();
        }
        self.end().await;
    }

    /// When the next of those that wait is to be tried: one at a time, but one that takes long gives way.
    fn due(&self) -> Option<Instant> {
        let first = self.buffer.due().filter(|_| self.has_room())?;
        let due = if self.reach.is_outage() {
            self.next
        } else {
            first.max(self.next)
        };
        let retries = self.under_way.values().filter(|under_way| under_way.asking.is_none());
        Some(retries.map(|retry| retry.gives_way).fold(due, Instant::max))
    }

    /// When the first of those who wait for an answer has waited long enough.
    fn impatient(&self) -> Option<Instant> {
        let asking = self.under_way.values().filter_map(|under_way| under_way.asking.as_ref());
        asking.map(|asking| asking.until).min()
    }

    /// Whether another request can begin.
    fn has_room(&self) -> bool {
        let bytes: usize = self
            .under_way
            .values()
            .map(|under_way| under_way.entry.outgoing.bytes())
            .sum();
        self.under_way.len() < self.limits.concurrent.max(1) && bytes < self.limits.waiting_bytes.max(1)
    }

    /// Whether another envelope can be dealt with at once: sent, or kept. One that will soon be answered is worth waiting for.
    fn takes_more(&self) -> bool {
        let is_soon_free = self.under_way.values().any(|under_way| under_way.asking.is_some());
        self.has_room() || self.reach.is_outage() || !is_soon_free
    }

    fn take(&mut self, command: Command<T>) {
        let Command {
            outgoing,
            receipt,
            categories,
            tag,
            reply,
        } = command;
        let now = Instant::now();
        if let Some(stop) = self.rates.stop(categories, now) {
            self.reply(reply, tag, Answer::limited(&stop));
            return;
        }
        let entry = Entry::new(self.number, outgoing, categories, tag);
        self.number += 1;
        let asking = Some(Asking {
            receipt,
            reply,
            until: now + self.limits.deadline,
        });
        match &self.reach {
            Reach::Outage { problem, .. } => {
                let problem = problem.clone();
                self.keep(entry, asking, &problem);
            }
            _ if self.has_room() => self.send(entry, asking, false),
            _ => self.keep(entry, asking, "earlier envelopes are still being sent"),
        }
    }

    fn send(&mut self, entry: Entry<T>, asking: Option<Asking>, is_last: bool) {
        let attempt = attempt::send(self.client.clone(), entry.outgoing.clone(), self.limits.patience());
        let id = self.attempts.spawn(attempt).id();
        let under_way = UnderWay {
            entry,
            asking,
            gives_way: Instant::now() + self.limits.deadline,
            is_last,
        };
        self.under_way.insert(id, under_way);
    }

    /// Tries the next of those that wait; those before it that a limit stops are discarded, as Sentry asks.
    fn try_next(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.buffer.next(self.reach.is_outage(), now) {
            if let Some(entry) = self.sendable(entry) {
                return self.send(entry, None, false);
            }
        }
    }

    /// The entry, if no limit stops it; else it is discarded.
    fn sendable(&mut self, entry: Entry<T>) -> Option<Entry<T>> {
        let Some(stop) = self.rates.stop(entry.categories, Instant::now()) else {
            return Some(entry);
        };
        let reason = stop.reason().into();
        self.tell_later(entry.tag, Delivery::RateLimited { reason });
        None
    }

    fn finish(&mut self, done: Result<(task::Id, Outcome), JoinError>) {
        let (id, outcome) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Err(Failure::new("the attempt failed"))),
        };
        let Some(under_way) = self.under_way.remove(&id) else { return };
        match outcome {
            Ok(answered) => {
                self.reached();
                self.answered(under_way.entry, under_way.asking, answered);
            }
            Err(failure) => self.failed(under_way, &failure),
        }
    }

    fn answered(&mut self, entry: Entry<T>, asking: Option<Asking>, answered: Answered) {
        let now = Instant::now();
        for limit in &answered.limits {
            self.rates.note(limit, now);
        }
        let delivery = answered.delivery(entry.categories, &self.target);
        match asking {
            Some(Asking { reply, .. }) => self.reply(reply, entry.tag, Answer::of_sentry(answered, delivery)),
            None => self.tell_later(entry.tag, delivery),
        }
    }

    /// Sentry answered: what failed before it did failed by itself.
    fn reached(&mut self) {
        if self.reach.is_outage() {
            tracing::info!(target = %self.target, "Sentry can be reached again");
        }
        self.reach = Reach::Reached;
        self.next = Instant::now() + self.limits.pause;
        let under_way = self.under_way.values_mut().map(|under_way| &mut under_way.entry);
        under_way.chain(self.buffer.entries_mut()).for_each(Entry::hold_against);
        for entry in self.buffer.take_failed(self.limits.tries) {
            self.give_up(entry, None);
        }
    }

    fn failed(&mut self, under_way: UnderWay<T>, failure: &Failure) {
        let UnderWay {
            mut entry,
            asking,
            is_last,
            ..
        } = under_way;
        let problem = &*failure.problem;
        let is_probe = asking.is_none();
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
            tracing::warn!(target = %self.target, problem, "Sentry cannot be reached; envelopes wait until it can");
            entry.is_suspect = false;
            let under_way = self.under_way.values_mut().map(|under_way| &mut under_way.entry);
            under_way
                .chain(self.buffer.entries_mut())
                .for_each(|entry| entry.is_suspect = false);
        }
        if entry.strikes >= self.limits.tries || is_last {
            self.give_up(entry, asking);
        } else {
            self.keep(entry, asking, problem);
        }
    }

    /// Keeps what could not be delivered, as far as there is room.
    fn keep(&mut self, entry: Entry<T>, asking: Option<Asking>, problem: &str) {
        let number = entry.number;
        let mut asking = asking;
        for gone in self.buffer.keep(entry) {
            let reason = format!("there was no room for all that wait for Sentry: {problem}");
            let asking = asking.take_if(|_| gone.number == number);
            self.lose(gone, asking, &reason);
        }
        if let Some(asking) = asking {
            self.tell();
            asking.keep_waiting(problem);
        }
    }

    fn give_up(&mut self, entry: Entry<T>, asking: Option<Asking>) {
        let problem = entry.problem.as_deref().unwrap_or_default();
        let reason = if entry.strikes >= self.limits.tries {
            let tries = entry.strikes;
            tracing::warn!(target = %self.target, tries, problem, "an envelope was given up");
            format!("{tries} tries failed while Sentry answered other requests: {problem}")
        } else {
            format!("the last try failed when the program ended: {problem}")
        };
        self.lose(entry, asking, &reason);
    }
}

/// Waits until then; for ever when there is no such time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Waits until the end is asked for, or nobody is left who could.
async fn asked(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
