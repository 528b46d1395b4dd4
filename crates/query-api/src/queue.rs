//! Queries on their way to the owner of the store and back.

use std::collections::VecDeque;

use ingest_state::QueryApi;
use query::{Evaluation, Part, Step};
use tokio::sync::{mpsc, oneshot};
use trace_model::Store;

use crate::counts::Counts;
use crate::feed::Feed;

/// Queries in the channel to the owner.
const WAITING_MAX: usize = 64;
/// Queries that the owner works on in turns: a short one does not wait for a long one to end.
const CURRENT_MAX: usize = 8;

/// An evaluation until its next part is there.
#[derive(Debug)]
struct Query {
    evaluation: Evaluation,
    answer: oneshot::Sender<(Evaluation, Option<Part>)>,
}

/// The owner's end.
#[derive(Debug)]
pub struct Queries {
    /// `None` where nothing listens.
    waiting: Option<mpsc::Receiver<Query>>,
    current: VecDeque<Query>,
    feed: Feed,
    counts: Option<Counts>,
}

/// The listener's end.
#[derive(Clone, Debug)]
pub(crate) struct QuerySender(mpsc::Sender<Query>);

/// The owner of the store has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

pub(crate) fn new(feed: Feed, counts: Counts) -> (QuerySender, Queries) {
    let (sender, waiting) = mpsc::channel(WAITING_MAX);
    let queries = Queries {
        waiting: Some(waiting),
        current: VecDeque::new(),
        feed,
        counts: Some(counts),
    };
    (QuerySender(sender), queries)
}

impl QuerySender {
    /// Asks for the next part, and waits for its turn; `None` after the last part. How many wait is bounded by the listener's requests.
    pub(crate) async fn ask(&self, evaluation: Evaluation) -> Result<(Evaluation, Option<Part>), Ended> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Query { evaluation, answer }).await.map_err(|_| Ended)?;
        answered.await.map_err(|_| Ended)
    }
}

impl Queries {
    /// For an owner without a listener: no query comes.
    #[must_use]
    pub fn none() -> Self {
        Self {
            waiting: None,
            current: VecDeque::new(),
            feed: Feed::default(),
            counts: None,
        }
    }

    /// Returns where to hand over what was stored, for the clients that follow it.
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.feed.clone()
    }

    /// Returns the address of the listener and its counts of requests; `None` without a listener.
    #[must_use]
    pub fn state(&self) -> Option<QueryApi> {
        self.counts.as_ref().map(Counts::read)
    }

    /// Waits until a query can be [answered](Queries::step). Cancel safe.
    pub async fn wait(&mut self) {
        if !self.current.is_empty() {
            return std::future::pending().await;
        }
        let query = match &mut self.waiting {
            Some(waiting) => waiting.recv().await,
            None => None,
        };
        match query {
            Some(query) => self.current.push_back(query),
            None => std::future::pending().await,
        }
    }

    /// Returns true if [`Queries::step`] has something to do.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        !self.current.is_empty()
    }

    /// Continues one query until its next part is there or about this much [work](trace_model::work) is done; the next step is the next
    /// query's.
    pub fn step(&mut self, store: &Store, work: u64) {
        while self.current.len() < CURRENT_MAX
            && let Some(query) = self.waiting.as_mut().and_then(|waiting| waiting.try_recv().ok())
        {
            self.current.push_back(query);
        }
        let Some(mut query) = self.current.pop_front() else { return };
        if query.answer.is_closed() {
            // The client has gone away.
            return;
        }
        let part = match query.evaluation.step(store, work) {
            Step::More => return self.current.push_back(query),
            Step::Part(part) => Some(part),
            Step::Complete => None,
        };
        let _ = query.answer.send((query.evaluation, part));
    }
}
