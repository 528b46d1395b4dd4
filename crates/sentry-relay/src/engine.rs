//! The relay's task: it alone knows what is under way, what waits, and which limits hold.
//!
//! While Sentry can be reached, envelopes go to it as they come, several at once, and what had to wait follows one by one, with a
//! pause between. While it cannot be reached, everything waits in order, and only the oldest is tried, at growing intervals.
//!
//! What is retried, and what not, is what [Sentry asks of its
//! SDKs](https://develop.sentry.dev/sdk/foundations/transport/offline-caching/): network errors; never an answer, whatever its status.

use std::collections::{HashMap, VecDeque};

use reqwest::Client;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::Instant;
use trace_model::sentry::Delivery;

use crate::answer::Answer;
use crate::attempt::{self, Answered};
use crate::buffer::{Buffer, Entry};
use crate::category::Categories;
use crate::counts::Counts;
use crate::limit::RateLimits;
use crate::outgoing::Outgoing;
use crate::relay::{Event, Limits};
use crate::target::Target;

mod end;

/// An envelope that wants an answer.
#[derive(Debug)]
pub(crate) struct Command<T> {
    pub(crate) outgoing: Outgoing,
    pub(crate) event_id: Option<String>,
    pub(crate) categories: Categories,
    pub(crate) tag: T,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// Who waits for what becomes of an entry.
#[derive(Debug)]
struct Asking {
    event_id: Option<String>,
    reply: oneshot::Sender<Answer>,
}

/// An entry that is being sent.
#[derive(Debug)]
struct UnderWay<T> {
    entry: Entry<T>,
    /// Nobody, if it had to wait before.
    asking: Option<Asking>,
}

type Outcome = Result<Answered, String>;

#[derive(Debug)]
pub(crate) struct Engine<T> {
    client: Client,
    target: Target,
    limits: Limits,
    commands: mpsc::Receiver<Command<T>>,
    events: mpsc::Sender<Event<T>>,
    /// Events that are not sent yet. Nothing new begins while there are any, so there are never more than had been waiting.
    outbox: VecDeque<Event<T>>,
    counts: watch::Sender<Counts>,
    rates: RateLimits,
    buffer: Buffer<T>,
    attempts: JoinSet<Outcome>,
    under_way: HashMap<task::Id, UnderWay<T>>,
    /// How often in a row Sentry could not be reached, and why; `None` while it can.
    unreachable: Option<(u32, Box<str>)>,
    /// When the oldest of those that wait may be tried.
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
        counts: watch::Sender<Counts>,
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
            unreachable: None,
            next: Instant::now(),
            number: 0,
        }
    }

    /// Works until it is stopped, or nobody is left who could forward anything.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let events = self.events.clone();
        loop {
            let free = self.outbox.is_empty();
            let due = free && !self.buffer.is_empty() && !self.is_trying();
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
                Some(done) = self.attempts.join_next_with_id() => {
                    self.finish(done);
                }
                () = tokio::time::sleep_until(self.next), if due => {
                    self.try_oldest();
                }
                command = self.commands.recv(), if free && self.has_room() => match command {
                    Some(command) => self.take(command),
                    None => break,
                },
            }
            self.tell();
        }
        self.end().await;
    }

    /// Whether something that had to wait is under way.
    fn is_trying(&self) -> bool {
        self.under_way.values().any(|under_way| under_way.asking.is_none())
    }

    /// Whether another envelope can be dealt with at once.
    fn has_room(&self) -> bool {
        let bytes: usize = self
            .under_way
            .values()
            .map(|under_way| under_way.entry.outgoing.bytes())
            .sum();
        let sendable = self.under_way.len() < self.limits.concurrent.max(1) && bytes < self.limits.waiting_bytes.max(1);
        sendable || self.unreachable.is_some()
    }

    fn take(&mut self, command: Command<T>) {
        let Command {
            outgoing,
            event_id,
            categories,
            tag,
            reply,
        } = command;
        if let Some(stop) = self.rates.stop(categories, Instant::now()) {
            self.reply(reply, tag, Answer::limited(&stop));
            return;
        }
        let entry = Entry {
            number: self.number,
            outgoing,
            categories,
            tag,
        };
        self.number += 1;
        let asking = Some(Asking { event_id, reply });
        match &self.unreachable {
            Some((_, problem)) => {
                let problem = problem.clone();
                self.keep(entry, asking, &problem);
            }
            None => self.send(entry, asking),
        }
    }

    fn send(&mut self, entry: Entry<T>, asking: Option<Asking>) {
        let attempt = attempt::send(self.client.clone(), entry.outgoing.clone(), self.limits.deadline);
        let id = self.attempts.spawn(attempt).id();
        self.under_way.insert(id, UnderWay { entry, asking });
    }

    /// Tries the oldest of those that wait; those before it that a limit stops are discarded, as Sentry asks.
    fn try_oldest(&mut self) {
        while let Some(entry) = self.buffer.take() {
            let Some(stop) = self.rates.stop(entry.categories, Instant::now()) else {
                self.send(entry, None);
                return;
            };
            let reason = stop.reason().into();
            self.tell_later(entry.tag, Delivery::RateLimited { reason });
        }
    }

    /// Says whether Sentry answered.
    fn finish(&mut self, done: Result<(task::Id, Outcome), JoinError>) -> bool {
        let (id, outcome) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Err("the attempt failed".to_owned())),
        };
        let Some(UnderWay { entry, asking }) = self.under_way.remove(&id) else {
            return false;
        };
        match outcome {
            Ok(answered) => {
                self.reached();
                self.answered(entry, asking, answered);
                true
            }
            Err(problem) => {
                self.failed(&problem, asking.is_none());
                self.keep(entry, asking, &problem);
                false
            }
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

    fn reached(&mut self) {
        if self.unreachable.take().is_some() {
            tracing::info!(target = %self.target, "Sentry can be reached again");
        }
        self.next = Instant::now() + self.limits.pause;
    }

    /// `tried` says that it was the one attempt that is made while Sentry cannot be reached: several that were under way when that
    /// began are one failure.
    fn failed(&mut self, problem: &str, tried: bool) {
        let failures = match &self.unreachable {
            None => {
                tracing::warn!(target = %self.target, problem, "Sentry cannot be reached; envelopes wait until it can");
                1
            }
            Some((failures, _)) => failures.saturating_add(u32::from(tried)),
        };
        if tried || self.unreachable.is_none() {
            self.next = Instant::now() + self.limits.backoff.after(failures, fastrand::f64());
        }
        self.unreachable = Some((failures, problem.into()));
    }

    /// Keeps what could not be delivered, as far as there is room.
    fn keep(&mut self, entry: Entry<T>, asking: Option<Asking>, problem: &str) {
        let number = entry.number;
        let mut asking = asking;
        for gone in self.buffer.keep(entry) {
            let reason = format!("there was no room for all that wait for Sentry: {problem}");
            match asking.take_if(|_| gone.number == number) {
                Some(Asking { reply, .. }) => self.reply(reply, gone.tag, Answer::lost(&reason)),
                None => self.tell_later(gone.tag, Delivery::Lost { reason: reason.into() }),
            }
        }
        if let Some(Asking { event_id, reply }) = asking {
            self.tell();
            // Who is gone hears of it in the end.
            let _ = reply.send(Answer::waiting(event_id.as_deref(), problem));
        }
    }

    /// Counts and tells it: to who waits, or as an event if nobody does any more.
    fn reply(&mut self, reply: oneshot::Sender<Answer>, tag: T, answer: Answer) {
        self.counts.send_modify(|counts| counts.count(&answer.delivery));
        self.tell();
        if let Err(Answer { delivery, .. }) = reply.send(answer) {
            self.outbox.push_back(Event { tag, delivery });
        }
    }

    fn tell_later(&mut self, tag: T, delivery: Delivery) {
        self.counts.send_modify(|counts| counts.count(&delivery));
        self.outbox.push_back(Event { tag, delivery });
    }

    /// Brings the counts up to date, before anybody is answered.
    fn tell(&self) {
        let trying = self.under_way.values().filter(|under_way| under_way.asking.is_none());
        let trying = trying.map(|under_way| under_way.entry.outgoing.bytes());
        let waiting = (
            self.buffer.len() + trying.clone().count(),
            self.buffer.bytes() + trying.sum::<usize>(),
        );
        let problem = self.unreachable.as_ref().map(|(_, problem)| &**problem);
        self.counts.send_if_modified(|counts| {
            let changed = (counts.waiting, counts.waiting_bytes) != waiting || counts.problem.as_deref() != problem;
            if changed {
                (counts.waiting, counts.waiting_bytes) = waiting;
                counts.problem = problem.map(Into::into);
            }
            changed
        });
    }
}

/// Waits until the end is asked for, or nobody is left who could.
async fn asked(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
