//! From a key to its frame while spans are received at a high rate.

use std::path::Path;
use std::time::{Duration, Instant};

use eyre::Result;

use crate::load::{Load, LoadPlan, Protocol};
use crate::report::{Count, Figure};
use crate::samples::{Ms, Samples};
use crate::viewer::Viewer;

const PRESSES: usize = 200;
/// Spans per second.
const PACE: u64 = 100_000;
const GOAL: Duration = Duration::from_millis(30);
/// The title of the overlay that `?` opens and Esc closes.
const HELP: &str = "Keys and marks";

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let mut viewer = Viewer::start(program, &[])?;
    let plan = LoadPlan {
        spans: u64::MAX,
        pace: Some(PACE),
    };
    let load = Load::start(Protocol::Http, viewer.otlp_http()?, plan);
    viewer.wait("the first spans", |screen| {
        crate::viewer::count_of(screen, "span").is_some_and(|spans| spans > PACE)
    })?;
    let (begun, before) = (Instant::now(), load.accepted());
    let mut samples = Samples::default();
    for press in 0..PRESSES {
        let open = press % 2 == 0;
        let done = move |screen: &str| screen.contains(HELP) == open;
        samples.add(viewer.time("the effect of a key", done, |viewer| {
            viewer.press(if open { "?" } else { "\x1b" })
        })?);
    }
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    let rate = (load.accepted() - before) as f64 / begun.elapsed().as_secs_f64();
    load.stop()?;
    let note = format!(
        "p50 {}, of {PRESSES}; {} spans/s received",
        Ms(samples.percentile(50)),
        Count(rate)
    );
    Ok(vec![
        Figure::within("key to frame while 100 k spans/s arrive, p99", GOAL, samples.percentile(99)).note(note),
    ])
}
