//! A thread that watches the event loop: every turn takes milliseconds, so one that takes seconds is a fault, which is logged.
//!
//! A stopped terminal (`^S`, a stalled connection) is such a case too: a frame is written to it and the write blocks. A request
//! to end must work even then, since killing the program would leave the terminal raw: so the thread ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time of one turn from which on it is a fault.
pub(super) const LIMIT: Duration = Duration::from_secs(2);
/// Checks within that time.
const LOOKS: u32 = 8;

/// Activity of the event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Waiting,
    Input,
    Frame,
    Survey,
    Demo,
    Ingest,
    Files,
    Sentry,
    Search,
    Trace,
    Query,
}

const ALL: [Doing; 11] = [
    Doing::Waiting,
    Doing::Input,
    Doing::Frame,
    Doing::Survey,
    Doing::Demo,
    Doing::Ingest,
    Doing::Files,
    Doing::Sentry,
    Doing::Search,
    Doing::Trace,
    Doing::Query,
];

impl Doing {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Input => "handling input",
            Self::Frame => "drawing a frame",
            Self::Survey => "reading all traces",
            Self::Demo => "handling the demo's output",
            Self::Ingest => "ingesting arrivals",
            Self::Files => "reading files",
            Self::Sentry => "handling an answer of Sentry",
            Self::Search => "searching",
            Self::Trace => "reading a trace",
            Self::Query => "answering a query",
        }
    }
}

/// Observation of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The loop has not turned for the whole limit.
    Stuck(Doing),
    /// The loop turns again, after this time.
    Turned(Doing, Duration),
    /// The loop is stuck although the program was asked to end.
    Disobeyed(Doing),
}

/// Handle through which the event loop reports its activity.
#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: std::thread::Thread,
}

#[derive(Debug, Default)]
struct Shared {
    /// The number of the turn, and in the last byte what is done in it.
    turn: AtomicU64,
    /// True once the program was asked to end.
    asked: AtomicBool,
}

/// Reports to the watchdog that the program was asked to end.
#[derive(Clone, Debug)]
pub(super) struct Asked(Arc<Shared>);

impl Asked {
    pub(super) fn set(&self) {
        self.0.asked.store(true, Ordering::Release);
    }
}

impl Watchdog {
    /// Watches with the log as witness, and ends the program where it does not obey.
    pub(super) fn start() -> std::io::Result<Self> {
        Self::with(LIMIT, |seen| match seen {
            Seen::Stuck(doing) => tracing::error!(doing = doing.name(), "the event loop has not turned for {LIMIT:?}"),
            Seen::Turned(doing, after) => tracing::error!(doing = doing.name(), "the event loop turns again after {after:?}"),
            Seen::Disobeyed(doing) => {
                tracing::error!(doing = doing.name(), "asked to end while the event loop is stuck: exiting");
                super::terminal::abandon();
                // As a shell reports a program that was terminated.
                std::process::exit(128 + 15);
            }
        })
    }

    fn with(limit: Duration, report: impl FnMut(Seen) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let watched = shared.clone();
        let thread = std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || watch(&watched, limit, report))?;
        Ok(Self {
            shared,
            thread: thread.thread().clone(),
        })
    }

    pub(super) fn asked(&self) -> Asked {
        Asked(self.shared.clone())
    }

    /// Says what is done from now on.
    pub(super) fn enter(&self, doing: Doing) {
        let turn = self.shared.turn.load(Ordering::Relaxed) >> 8;
        self.shared.turn.store((turn + 1) << 8 | doing as u64, Ordering::Relaxed);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.turn.store(ENDED, Ordering::Relaxed);
        self.thread.unpark();
    }
}

/// Instead of a turn, once nothing is to be watched any more.
const ENDED: u64 = u64::MAX;

fn watch(shared: &Shared, limit: Duration, mut report: impl FnMut(Seen)) {
    let (mut last, mut since, mut is_said) = (0, Instant::now(), false);
    loop {
        std::thread::park_timeout(limit / LOOKS);
        let turn = shared.turn.load(Ordering::Relaxed);
        if turn == ENDED {
            return;
        }
        let doing = doing(last);
        if turn != last || doing == Doing::Waiting {
            if std::mem::take(&mut is_said) {
                report(Seen::Turned(doing, since.elapsed()));
            }
            (last, since) = (turn, Instant::now());
        } else if since.elapsed() >= limit {
            if !std::mem::replace(&mut is_said, true) {
                report(Seen::Stuck(doing));
            }
            if shared.asked.load(Ordering::Acquire) {
                return report(Seen::Disobeyed(doing));
            }
        }
    }
}

fn doing(turn: u64) -> Doing {
    let at = usize::from(turn.to_le_bytes()[0]);
    ALL.get(at).copied().unwrap_or(Doing::Waiting)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn watchdog_reports_a_loop_that_is_stuck_and_ends_one_that_disobeys() {
        let (sender, seen) = mpsc::channel();
        let watchdog = Watchdog::with(Duration::from_millis(8), move |seen| sender.send(seen).unwrap()).unwrap();
        let next = || seen.recv_timeout(Duration::from_secs(30)).unwrap();
        watchdog.enter(Doing::Ingest);
        assert_eq!(next(), Seen::Stuck(Doing::Ingest));
        watchdog.enter(Doing::Frame);
        assert!(matches!(next(), Seen::Turned(Doing::Ingest, after) if after >= Duration::from_millis(8)));
        assert_eq!(next(), Seen::Stuck(Doing::Frame));
        watchdog.enter(Doing::Waiting);
        assert!(matches!(next(), Seen::Turned(Doing::Frame, _)));
        watchdog.asked().set();
        watchdog.enter(Doing::Search);
        assert_eq!(next(), Seen::Stuck(Doing::Search));
        assert_eq!(next(), Seen::Disobeyed(Doing::Search));
        assert!(seen.recv().is_err(), "its thread has ended");
    }

    #[test]
    fn activities_are_named_as_entered() {
        for (at, doing) in ALL.into_iter().enumerate() {
            assert_eq!(doing as usize, at, "{doing:?}");
        }
    }

    #[test]
    fn watchdog_ends_with_the_loop() {
        let (sender, seen) = mpsc::channel::<Seen>();
        let watchdog = Watchdog::with(Duration::from_secs(3_600), move |seen| sender.send(seen).unwrap()).unwrap();
        drop(watchdog);
        assert!(seen.recv().is_err(), "nothing is reported, and the thread ends");
    }
}
