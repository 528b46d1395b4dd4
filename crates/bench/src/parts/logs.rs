//! Log records: their ingest, a filter over a million of them, following the newest, and patterns.

use std::path::Path;
use std::time::{Duration, Instant};

use eyre::{Result, ensure};

use super::filter::look_for;
use super::{ingest, press};
use crate::load::{Connection, Counts, Http, Load, LoadPlan, Protocol};
use crate::logs;
use crate::report::{Count, Figure};
use crate::samples::{Ms, Samples};
use crate::viewer::Viewer;

/// Room for all records of any of these.
const MEMORY: [&str; 2] = ["--max-memory", "2GiB"];
const TAB: &str = "2";

/// Records per second of processor time.
const INGEST_GOAL: f64 = 1.5e6;

const SEARCHED: u64 = 1_000_000;
/// Records after the searched one: enough that it is not in the list already.
const NEWER: u64 = 1_000;
const FIRST_GOAL: Duration = Duration::from_millis(20);
const TEXT_GOAL: Duration = Duration::from_millis(250);
const ANY_GOAL: Duration = Duration::from_secs(1);
const NEEDLE: &str = "bench.needle";
/// Case is ignored: so what is typed is not taken for what is found.
const FOR_NEEDLE: &str = "body:BENCH.NEEDLE";
/// Filters of body and severity, and of any attribute. Most time is spent where nothing matches.
const TEXT_FILTERS: [(&str, &str); 2] = [
    ("severity", "severity:>=error"),
    ("both", "severity:>=warn body:\"attempt 2\""),
];
const ANY_FILTERS: [(&str, &str); 2] = [
    ("an attribute", "http.response.status_code:>=500"),
    ("text that is nowhere", "absent-everywhere"),
];

/// Records per second while the list follows.
const PACE: u64 = 50_000;
const PRESSES: usize = 200;
const FOLLOW_GOAL: Duration = Duration::from_millis(16);

const GROUPED: u64 = 100_000;
const PATTERNS_GOAL: Duration = Duration::from_millis(300);

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let mut figures = vec![ingested(program)?];
    figures.extend(searched_and_followed(program)?);
    figures.push(grouped(program)?);
    Ok(figures)
}

/// Starts a viewer that lists log records.
fn start(program: &Path) -> Result<Viewer> {
    let mut viewer = Viewer::start(program, &MEMORY)?;
    // The tab has no table before its first record.
    Http::of_logs(viewer.otlp_http()?)?.deliver(&logs::single("the first record"), &Counts::default())?;
    viewer.press(TAB)?;
    viewer.wait("the first record in the list", |screen| {
        crate::viewer::records_of(screen) == Some(1)
    })?;
    Ok(viewer)
}

fn send(viewer: &Viewer, records: u64) -> Result<u64> {
    let plan = LoadPlan { records, pace: None };
    Load::start(Protocol::HttpLogs, viewer.otlp_http()?, plan).finish()
}

fn ingested(program: &Path) -> Result<Figure> {
    let viewer = start(program)?;
    let ingest::Phases { filling, steady } = ingest::ingest(&viewer, Protocol::HttpLogs)?;
    let note = format!(
        "{steady}; {} while the budget fills for the first time",
        Count(filling.rate())
    );
    Ok(Figure::at_least(
        "OTLP/HTTP, budget full, log records per CPU-second",
        INGEST_GOAL,
        steady.rate(),
    )
    .note(note))
}

fn searched_and_followed(program: &Path) -> Result<Vec<Figure>> {
    let mut viewer = start(program)?;
    let older = send(&viewer, SEARCHED)?;
    Http::of_logs(viewer.otlp_http()?)?.deliver(&logs::single(NEEDLE), &Counts::default())?;
    let newer = send(&viewer, NEWER)?;
    let all = older + newer + 2;
    viewer.wait("all records", move |screen| crate::viewer::records_of(screen) == Some(all))?;
    viewer.rest()?;
    ensure!(
        !viewer.text().contains(NEEDLE),
        "the searched record is in the list already:\n{}",
        viewer.text()
    );
    let mut figures = filter(&mut viewer)?;
    figures.push(follow(&mut viewer)?);
    Ok(figures)
}

fn filter(viewer: &mut Viewer) -> Result<Vec<Figure>> {
    let needle = look_for(viewer, FOR_NEEDLE, |screen| screen.contains(NEEDLE))?;
    let mut slowest = |filters: [(&str, &'static str); 2], known: &[(&str, Duration)]| -> Result<(Duration, String)> {
        let mut times = known.to_vec();
        for (kind, text) in filters {
            times.push((kind, look_for(viewer, text, |_| true)?.whole));
        }
        let note: Vec<_> = times.iter().map(|(kind, time)| format!("{kind} {}", Ms(*time))).collect();
        let slowest = times.iter().map(|(_, time)| *time).max().unwrap_or_default();
        Ok((slowest, note.join(", ")))
    };
    let (text, text_note) = slowest(TEXT_FILTERS, &[("body", needle.whole)])?;
    let (any, any_note) = slowest(ANY_FILTERS, &[])?;
    Ok(vec![
        Figure::within("a filter over 1 M log records, key to first result", FIRST_GOAL, needle.first)
            .note("a text of the body, on the screen"),
        Figure::within("  whole, body and severity, processor time", TEXT_GOAL, text).note(text_note),
        Figure::within("  whole, any attribute, processor time", ANY_GOAL, any).note(any_note),
    ])
}

fn follow(viewer: &mut Viewer) -> Result<Figure> {
    let plan = LoadPlan {
        records: u64::MAX,
        pace: Some(PACE),
    };
    let before = viewer.records()?;
    let load = Load::start(Protocol::HttpLogs, viewer.otlp_http()?, plan);
    viewer.wait("arrivals in the list that follows", move |screen| {
        screen.contains("following newest") && crate::viewer::records_of(screen).is_some_and(|records| records > before + PACE)
    })?;
    let (begun, accepted) = (Instant::now(), load.accepted());
    let mut samples = Samples::default();
    press(viewer, PRESSES, &mut samples)?;
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    let rate = (load.accepted() - accepted) as f64 / begun.elapsed().as_secs_f64();
    load.stop()?;
    let note = format!(
        "p50 {}, of {PRESSES}; {} records/s received, over 1 M held",
        Ms(samples.percentile(50)),
        Count(rate)
    );
    Ok(Figure::within(
        "key to frame while following 50 k log records/s, p99",
        FOLLOW_GOAL,
        samples.percentile(99),
    )
    .note(note))
}

fn grouped(program: &Path) -> Result<Figure> {
    let mut viewer = start(program)?;
    let all = send(&viewer, GROUPED)? + 1;
    viewer.wait("all records", move |screen| crate::viewer::records_of(screen) == Some(all))?;
    viewer.rest()?;
    let process = viewer.process()?;
    let before = process.cpu_of_threads()?;
    let complete = |screen: &str| screen.contains("PATTERNS") && screen.contains(" patterns, ");
    let elapsed = viewer.time("the patterns", complete, |viewer| viewer.press("a"))?;
    viewer.rest()?;
    let note = format!("processor time {}", Ms(process.cpu_of_threads()?.saturating_sub(before)));
    Ok(Figure::within("patterns over 100 k log records, key to all of them", PATTERNS_GOAL, elapsed).note(note))
}
