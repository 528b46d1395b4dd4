//! A filter over a million spans: from its last key to the first result and to the last span searched, on the screen.

use std::path::Path;
use std::time::{Duration, Instant};

use eyre::{Result, ensure};

use crate::load::{Connection, Counts, Http, Load, LoadPlan, Protocol};
use crate::report::Figure;
use crate::samples::Ms;
use crate::spans;
use crate::viewer::{Viewer, count_of};

const SPANS: u64 = 1_000_000;
/// Traces after the searched one: enough that it is not in the list already.
const NEWER: u64 = 1_000;
const FIRST_GOAL: Duration = Duration::from_millis(50);
const WHOLE_GOAL: Duration = Duration::from_millis(500);
const NEEDLE: &str = "bench.needle";
/// A filter knows no case: so what is typed is not taken for what is found.
const FOR_NEEDLE: &str = "name:BENCH.NEEDLE";
/// Filters: name and text. Most time is spent where nothing matches.
const FILTERS: [(&str, &str); 3] = [
    ("fields", "status:error duration:>50ms http.response.status_code:>=500"),
    ("service and text", "service:api users"),
    ("text that is nowhere", "absent-everywhere"),
];

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let mut viewer = Viewer::start(program, &["--max-memory", "1GiB"])?;
    send(&viewer, SPANS)?;
    Http::connect(viewer.otlp_http()?)?.deliver(&spans::single(NEEDLE), &Counts::default())?;
    send(&viewer, NEWER)?;
    viewer.wait("all spans", |screen| {
        count_of(screen, "span").is_some_and(|spans| spans > SPANS + NEWER)
    })?;
    viewer.rest()?;
    ensure!(
        !viewer.text().contains(NEEDLE),
        "the searched trace is in the list already:\n{}",
        viewer.text()
    );

    let needle = look_for(&mut viewer, FOR_NEEDLE, |screen| screen.contains(NEEDLE))?;
    let mut whole = needle.whole;
    let mut note = vec![format!("name {}", Ms(needle.whole))];
    for (kind, text) in FILTERS {
        let found = look_for(&mut viewer, text, |_| true)?;
        whole = whole.max(found.whole);
        note.push(format!("{kind} {}", Ms(found.whole)));
    }
    Ok(vec![
        Figure::within("a filter over 1 M spans, key to first result", FIRST_GOAL, needle.first).note("a name, on the screen"),
        Figure::within("  whole, processor time", WHOLE_GOAL, whole).note(note.join(", ")),
    ])
}

fn send(viewer: &Viewer, spans: u64) -> Result<()> {
    let plan = LoadPlan {
        records: spans,
        pace: None,
    };
    Load::start(Protocol::Http, viewer.otlp_http()?, plan).finish()?;
    Ok(())
}

pub(super) struct Found {
    /// Elapsed time.
    pub(super) first: Duration,
    /// Processor time of the program, which other load does not change; it searches on one thread.
    pub(super) whole: Duration,
}

/// Types a filter at once, waits for its end and clears it.
pub(super) fn look_for(viewer: &mut Viewer, text: &'static str, found: impl Fn(&str) -> bool + Send + 'static) -> Result<Found> {
    viewer.press("/")?;
    viewer.wait("the line for a filter", |screen| screen.contains("FILTER"))?;
    viewer.rest()?;
    let process = viewer.process()?;
    let (begun, cpu) = (Instant::now(), process.cpu_of_threads()?);
    viewer.press(text)?;
    let first = viewer.wait("a result", move |screen| screen.contains(text) && found(screen))?;
    viewer.wait("the end of the search", move |screen| {
        screen.contains(text) && !screen.contains("searching")
    })?;
    viewer.rest()?;
    let whole = process.cpu_of_threads()?.saturating_sub(cpu);
    viewer.press("\x1b")?;
    viewer.wait("no filter", move |screen| !screen.contains(text))?;
    Ok(Found {
        first: first.saturating_duration_since(begun),
        whole,
    })
}
