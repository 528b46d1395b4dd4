//! From a key to its frame while spans are received at a high rate, with and without clients that query.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use eyre::{Result, eyre};

use super::{loaded, press};
use crate::report::{Count, Figure};
use crate::samples::{Ms, Samples};

/// Keys of a round. Rounds with and without queries take turns, so that both see the same machine.
const PRESSES: usize = 100;
const ROUNDS: usize = 4;
/// Time between the starts of two queries: 20 per second.
const INTERVAL: Duration = Duration::from_millis(50);
/// Time for an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const GOAL: f64 = 1.1;

/// The queries, in turns: what Grafana's data source and the commands ask.
const QUERIES: [&str; 4] = [
    "/api/services",
    "/api/traces?service=api&limit=20&lookback=1h",
    "/spanfall/v1/traces?filter=status:error&limit=20",
    "/spanfall/v1/traces/last",
];

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let (mut viewer, load) = loaded(program)?;
    let (mut without, mut with) = (Samples::default(), Samples::default());
    let mut answered = 0;
    for _ in 0..ROUNDS {
        press(&mut viewer, PRESSES, &mut without)?;
        let queries = Queries::start(viewer.api());
        press(&mut viewer, PRESSES, &mut with)?;
        answered += queries.stop()?;
    }
    load.stop()?;
    let note = format!(
        "{} with, {} without; of {} each; {} queries answered",
        Ms(with.percentile(99)),
        Ms(without.percentile(99)),
        ROUNDS * PRESSES,
        Count(rate(answered)),
    );
    let ratio = with.percentile(99).as_secs_f64() / without.percentile(99).as_secs_f64();
    Ok(vec![
        Figure::at_most(
            "key to frame while 100 k spans/s arrive, p99, 20 queries/s to none",
            GOAL,
            ratio,
            "×",
        )
        .note(note),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "for display")]
const fn rate(answered: u64) -> f64 {
    answered as f64
}

/// A client that queries until it is stopped.
struct Queries {
    ends: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    querying: JoinHandle<Result<()>>,
}

impl Queries {
    fn start(api: SocketAddr) -> Self {
        let (ends, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (end, count) = (ends.clone(), answered.clone());
        let querying = thread::spawn(move || {
            for query in QUERIES.iter().cycle() {
                let started = Instant::now();
                if end.load(Ordering::Relaxed) {
                    break;
                }
                ask(api, query)?;
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(INTERVAL.saturating_sub(started.elapsed()));
            }
            Ok(())
        });
        Self {
            ends,
            answered,
            querying,
        }
    }

    /// Returns the number of answers.
    fn stop(self) -> Result<u64> {
        self.ends.store(true, Ordering::Relaxed);
        self.querying.join().map_err(|_| eyre!("the queries panicked"))??;
        Ok(self.answered.load(Ordering::Relaxed))
    }
}

fn ask(api: SocketAddr, target: &str) -> Result<()> {
    let mut stream = TcpStream::connect(api)?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer.starts_with(b"HTTP/1.1 200 ") {
        Ok(())
    } else {
        let head = String::from_utf8_lossy(&answer[..answer.len().min(100)]).into_owned();
        Err(eyre!("{target}: {head}"))
    }
}
