//! Spans ingested per second of processor time, and the memory they then need.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use eyre::{Result, bail};

use super::walk;
use crate::load::{Load, LoadPlan, Protocol};
use crate::process::Process;
use crate::report::{Count, Figure};
use crate::spans::{SPANS, Template};
use crate::viewer::Viewer;

/// Spans per second of processor time.
const HTTP_GOAL: f64 = 2e6;
/// The same on any machine: where the goal was set, prost decodes 0.9 M of these spans.
const OVER_DECODING_GOAL: f64 = 2e6 / 0.9e6;
const FILLING_GOAL: f64 = 0.6e6;
const GRPC_GOAL: f64 = 1e6;
/// Bytes of memory per byte on the wire.
const MEMORY_GOAL: f64 = 1.5;
/// Percent of one processor.
const IDLE_GOAL: f64 = 0.5;
const IDLE: Duration = Duration::from_secs(10);
/// The last trace is checked for warnings once it has been idle for three seconds: then the program is idle.
const SETTLING: Duration = Duration::from_secs(6);

/// The steady state is measured until one of these is reached.
const STEADY: Duration = Duration::from_secs(10);
const STEADY_RECORDS: u64 = 20_000_000;
/// The budget is full once so many more were accepted than are held: more than can be on their way to the screen.
const FULL: u64 = 200_000;
/// A budget that is not full by then never will be.
const TOO_MANY: u64 = 10_000_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Rates of other programs, in spans per second of processor time.
const PEERS: [(&str, f64, &str); 3] = [
    ("otelite 0.1.156", 6e3, "measured"),
    ("OpenTelemetry Collector", 137e3, "published, per core"),
    ("Rotel", 462e3, "published, per core"),
];

pub(super) fn http(program: &Path) -> Result<Vec<Figure>> {
    let viewer = Viewer::start(program, &[])?;
    viewer.rest()?;
    let process = viewer.process()?;
    let at_start = process.memory()?;
    let Phases { filling, steady } = ingest(&viewer, Protocol::Http)?;
    viewer.rest()?;
    let memory = process.memory()?.saturating_sub(at_start);
    let held = viewer.spans()?;
    let settling = spent(process, SETTLING)?;
    let idle = 100.0 * spent(process, IDLE)?.as_secs_f64() / IDLE.as_secs_f64();

    let mut figures =
        vec![Figure::at_least("OTLP/HTTP, budget full, spans per CPU-second", HTTP_GOAL, steady.rate()).note(steady.to_string())];
    figures.extend(against_others(steady.rate())?);
    let per_span = exact(memory) / exact(held);
    let on_wire = exact(Template::new().len() as u64) / exact(SPANS as u64);
    let sizes = format!("{per_span:.0} bytes for {on_wire:.0}; {} spans held", Count(exact(held)));
    figures.extend([
        Figure::at_least("  while the budget fills for the first time", FILLING_GOAL, filling.rate()).note(filling.to_string()),
        Figure::at_most(
            "memory per span over its bytes on the wire",
            MEMORY_GOAL,
            per_span / on_wire,
            "×",
        )
        .note(sizes),
        Figure::at_most("CPU when idle, screen open, budget full", IDLE_GOAL, idle, "%").note(format!(
            "of one processor, for 10 s; the last trace was checked before that, in {} ms",
            settling.as_millis()
        )),
    ]);
    Ok(figures)
}

/// The rate over those of peers, and over that of doing nothing but decoding, on this machine.
fn against_others(rate: f64) -> Result<Vec<Figure>> {
    let over = |other: &str, theirs, how: &str| {
        Figure::times(format!("  over {other}"), rate, theirs).note(format!("{}: {how}", Count(theirs)))
    };
    let mut figures: Vec<_> = PEERS.iter().map(|(peer, theirs, how)| over(peer, *theirs, how)).collect();
    let decoding = walk::decoding()?;
    figures.push(
        Figure::times_at_least("  over prost decoding alone", OVER_DECODING_GOAL, rate, decoding)
            .note(format!("{}: measured in this run, on one core", Count(decoding))),
    );
    Ok(figures)
}

pub(super) fn grpc(program: &Path) -> Result<Vec<Figure>> {
    let viewer = Viewer::start(program, &[])?;
    let taken = ingest(&viewer, Protocol::Grpc)?;
    Ok(vec![
        Figure::at_least("OTLP/gRPC, budget full, spans per CPU-second", GRPC_GOAL, taken.steady.rate())
            .note(taken.steady.to_string()),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2^53")]
const fn exact(spans: u64) -> f64 {
    spans as f64
}

/// Returns the processor time of a while without arrivals.
fn spent(process: Process, time: Duration) -> Result<Duration> {
    let before = process.cpu_of_threads()?;
    thread::sleep(time);
    Ok(process.cpu_of_threads()?.saturating_sub(before))
}

/// Ingested spans or log records, and their cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    records: u64,
    cpu: Duration,
    elapsed: Duration,
    throttled: u64,
}

impl Taken {
    /// Records per second of processor time.
    pub(super) fn rate(self) -> f64 {
        exact(self.records) / self.cpu.as_secs_f64()
    }
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let records = exact(self.records);
        let elapsed = self.elapsed.as_secs_f64();
        let requests = records / exact(SPANS as u64);
        write!(
            f,
            "{} in {elapsed:.1} s, {:.0}% of a processor, {:.1}% throttled",
            Count(records),
            100.0 * self.cpu.as_secs_f64() / elapsed,
            100.0 * exact(self.throttled) / requests.max(1.0),
        )
    }
}

pub(super) struct Phases {
    pub(super) filling: Taken,
    pub(super) steady: Taken,
}

/// One sample of a load and its receiver.
#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    cpu: Duration,
    accepted: u64,
    throttled: u64,
    held: u64,
}

impl Sample {
    fn take(viewer: &Viewer, protocol: Protocol, load: &Load) -> Result<Self> {
        Ok(Self {
            at: Instant::now(),
            cpu: viewer.process()?.cpu()?,
            accepted: load.accepted(),
            throttled: load.throttled(),
            held: protocol.held(viewer)?,
        })
    }

    fn until(&self, later: &Self) -> Taken {
        Taken {
            records: later.accepted - self.accepted,
            cpu: later.cpu.saturating_sub(self.cpu),
            elapsed: later.at - self.at,
            throttled: later.throttled - self.throttled,
        }
    }
}

/// Sends until the budget is full, and then for a while.
pub(super) fn ingest(viewer: &Viewer, protocol: Protocol) -> Result<Phases> {
    let address = protocol.address(viewer)?;
    let load = Load::start(protocol, address, LoadPlan::ENDLESS);
    let look = || {
        thread::sleep(BETWEEN_LOOKS);
        Sample::take(viewer, protocol, &load)
    };
    let mut looks = vec![look()?];
    let full = loop {
        let now = look()?;
        looks.push(now);
        if now.accepted > now.held + FULL {
            break now;
        }
        if load.ended() || now.accepted > TOO_MANY {
            load.stop()?;
            bail!("the budget never fills; the screen:\n{}", viewer.text());
        }
    };
    // Only now it is known how many are held when it is full: whatever had been accepted when most of them were, filled it.
    let held = looks.iter().map(|look| look.held).max().unwrap_or_default();
    let filled = looks.iter().find(|look| look.held * 100 >= held * 97).unwrap_or(&full);
    let filling = looks[0].until(filled);

    let steady = loop {
        let now = look()?;
        let steady = full.until(&now);
        if steady.elapsed >= STEADY || steady.records >= STEADY_RECORDS || load.ended() {
            break steady;
        }
    };
    load.stop()?;
    Ok(Phases { filling, steady })
}
