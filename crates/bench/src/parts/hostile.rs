//! From a key to its frame while hostile requests are received.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use eyre::{Context, Result, bail, eyre};

use crate::load::Http;
use crate::mixes::{MIXES, Mix};
use crate::report::Figure;
use crate::samples::{Ms, Samples};
use crate::viewer::Viewer;

const PRESSES: usize = 100;
const GOAL: Duration = Duration::from_millis(50);
/// The help's first and last line. A frame is written from top to bottom and read in pieces, so the screen is whole when both are there, or
/// neither.
const HELP: [&str; 2] = ["Keys and marks", "q close"];
/// Opens and closes the help. Not Esc, which a terminal cannot tell from Alt with the next key.
const HELP_KEY: &str = "?";
/// A sender that is turned away tries again after this.
const THROTTLED_PAUSE: Duration = Duration::from_millis(50);
/// Bodies made before keys are pressed; they are sent over and over, so that making them takes no time meanwhile.
const ROUNDS: u64 = 4;

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    MIXES.iter().map(|mix| of(program, mix)).collect()
}

fn of(program: &Path, mix: &'static Mix) -> Result<Figure> {
    let mut viewer = Viewer::start(program, &[])?;
    let sender = LoadThread::start(mix, mix.listener.address(&viewer)?);
    sender.wait_for_first()?;
    let mut samples = Samples::default();
    for press in 0..PRESSES {
        let open = press % 2 == 0;
        let done = move |screen: &str| HELP.iter().all(|line| screen.contains(line) == open);
        let sample = viewer.time("the effect of a key", done, |viewer| viewer.press(HELP_KEY));
        samples.add(sample.wrap_err_with(|| format!("key {press} during {}", mix.name))?);
    }
    let (taken, turned_away) = sender.stop()?;
    let note = format!(
        "p50 {}, slowest {}; {taken} requests taken, {turned_away} turned away",
        Ms(samples.percentile(50)),
        Ms(samples.max()),
    );
    Ok(Figure::within(format!("key to frame, p99: {}", mix.name), GOAL, samples.percentile(99)).note(note))
}

/// Sends one mix over one connection, until it is stopped.
struct LoadThread {
    state: Arc<State>,
    thread: JoinHandle<Result<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    taken: AtomicU64,
    turned_away: AtomicU64,
}

impl LoadThread {
    fn start(mix: &'static Mix, address: SocketAddr) -> Self {
        let state = Arc::new(State::default());
        let thread = thread::spawn({
            let state = state.clone();
            move || send(mix, address, &state)
        });
        Self { state, thread }
    }

    fn wait_for_first(&self) -> Result<()> {
        while self.state.taken.load(Ordering::Relaxed) == 0 {
            if self.thread.is_finished() {
                bail!("the sender has ended");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Returns the numbers of accepted and rejected requests.
    fn stop(self) -> Result<(u64, u64)> {
        self.state.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| eyre!("a sender panicked"))??;
        let state = &self.state;
        Ok((state.taken.load(Ordering::Relaxed), state.turned_away.load(Ordering::Relaxed)))
    }
}

fn send(mix: &Mix, address: SocketAddr, state: &State) -> Result<()> {
    let bodies: Vec<_> = (0..ROUNDS).map(mix.body).collect();
    let mut connection = Http::connect(address)?;
    for body in bodies.iter().cycle() {
        if state.stop.load(Ordering::Relaxed) {
            break;
        }
        match connection.post(mix.path, mix.content_type, body)? {
            (200 | 202, _) => _ = state.taken.fetch_add(1, Ordering::Relaxed),
            // It may close the connection after any response.
            (400..=599, _) => {
                state.turned_away.fetch_add(1, Ordering::Relaxed);
                thread::sleep(THROTTLED_PAUSE);
                connection = Http::connect(address)?;
            }
            (status, body) => bail!("answered with {status}: {}", String::from_utf8_lossy(&body)),
        }
    }
    Ok(())
}
