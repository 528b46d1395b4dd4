//! The connections of one listener: how many there are, and which one goes when another needs its place.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::task::Id;

use crate::Listener;
use crate::health::Recorder;

/// How many connections one listener holds. One more is let in when a silent one has been closed for it; others wait in the kernel.
pub(crate) const CONNECTIONS: usize = 256;

/// The open connections of a listener, by task.
#[derive(Debug)]
pub(crate) struct Connections {
    listener: Listener,
    recorder: Recorder,
    open: HashMap<Id, Arc<Connection>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Counts what happens, to tell what was before what.
    clock: AtomicU64,
    /// Something has become silent.
    silent: Notify,
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
    activity: Mutex<Activity>,
    /// It shall go.
    close: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct Activity {
    /// Whether there was a request ever.
    begun: bool,
    /// Requests under way.
    under_way: usize,
    /// When it became silent.
    silent_since: u64,
    /// It has been told to go.
    closing: bool,
}

impl Connections {
    pub(crate) fn new(listener: Listener, recorder: Recorder) -> Self {
        Self {
            listener,
            recorder,
            open: HashMap::new(),
            shared: Arc::default(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= CONNECTIONS
    }

    /// A new one, for [`Connections::insert`].
    pub(crate) fn connection(&self) -> Arc<Connection> {
        let connection = Connection {
            shared: self.shared.clone(),
            activity: Mutex::default(),
            close: Notify::new(),
        };
        connection.change(|_| {});
        Arc::new(connection)
    }

    pub(crate) fn insert(&mut self, task: Id, connection: Arc<Connection>) {
        self.open.insert(task, connection);
        self.recorder.record(|health| *health.at(self.listener).connections += 1);
    }

    pub(crate) fn remove(&mut self, task: Id) {
        if self.open.remove(&task).is_some() {
            self.recorder.record(|health| *health.at(self.listener).connections -= 1);
        }
    }

    /// Tells one that is silent to go: one that never asked for anything, else the one that has been silent for longest. None, when
    /// one is going already.
    pub(crate) fn close_one(&self) {
        let activities = self.open.values().map(|connection| (connection.activity(), connection));
        let mut silent: Option<(Activity, &Arc<Connection>)> = None;
        for (activity, connection) in activities {
            let age = |activity: Activity| (activity.begun, activity.silent_since);
            if activity.closing {
                return;
            }
            if activity.under_way == 0 && silent.is_none_or(|(known, _)| age(activity) < age(known)) {
                silent = Some((activity, connection));
            }
        }
        if let Some((_, connection)) = silent {
            connection.change(|activity| activity.closing = true);
            connection.close.notify_one();
        }
    }

    /// Waits until one has become silent (since this was waited for last, at least).
    pub(crate) async fn silent(&self) {
        self.shared.silent.notified().await;
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        let open = self.open.len() as u64;
        self.recorder.record(|health| *health.at(self.listener).connections -= open);
    }
}

impl Connection {
    /// Notes a request, which is under way until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.change(|activity| {
            activity.begun = true;
            activity.under_way += 1;
        });
        UnderWay(self.clone())
    }

    /// Whether there was a request ever.
    pub(crate) fn has_begun(&self) -> bool {
        self.activity().begun
    }

    /// Whether requests are under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.activity().under_way > 0
    }

    /// Waits until it shall go.
    pub(crate) async fn told_to_go(&self) {
        self.close.notified().await;
    }

    fn activity(&self) -> Activity {
        *self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Activity)) {
        let mut activity = self.activity.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut activity);
        activity.silent_since = self.shared.clock.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Connection>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.change(|activity| activity.under_way -= 1);
        self.0.shared.silent.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_closing(connection: &Connection) -> bool {
        connection.activity().closing
    }

    #[tokio::test]
    async fn who_never_asked_goes_first_then_who_has_been_silent_for_longest() {
        let mut open = Connections::new(Listener::OtlpHttp, Recorder::default());
        let mut tasks = tokio::task::JoinSet::new();
        let mut add = || {
            let (connection, task) = (open.connection(), tasks.spawn(async {}).id());
            open.insert(task, connection.clone());
            (task, connection)
        };
        let [(_, busy), (recent_task, recent), (old_task, old), (never_task, never), _] = [add(), add(), add(), add(), add()];
        let under_way = busy.begin();
        drop(old.begin());
        drop(recent.begin());

        let mut closed = Vec::new();
        for (task, connection) in [(never_task, &never), (old_task, &old), (recent_task, &recent)] {
            open.close_one();
            open.close_one();
            assert!(is_closing(connection), "one at a time");
            connection.told_to_go().await;
            if closed.is_empty() {
                // The other that never asked.
                let last = open.open.keys().copied().max().expect("five");
                open.remove(last);
            }
            open.remove(task);
            closed.push(task);
        }
        open.close_one();
        assert!(!is_closing(&busy), "it has something to do");
        drop(under_way);
        open.silent().await;
        open.close_one();
        assert!(is_closing(&busy));
    }
}
