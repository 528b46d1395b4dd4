//! From a span's arrival to the screen, without other load.

use std::path::Path;
use std::thread;
use std::time::Duration;

use eyre::Result;

use crate::load::{Connection, Counts, Http};
use crate::report::Figure;
use crate::samples::{Ms, Samples};
use crate::spans;
use crate::viewer::Viewer;

const ARRIVALS: usize = 200;
const GOAL: Duration = Duration::from_millis(50);

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let mut viewer = Viewer::start(program, &[])?;
    let mut connection = Http::connect(viewer.otlp_http()?)?;
    let counts = Counts::default();
    let mut samples = Samples::default();
    for number in 0..ARRIVALS {
        // At any moment between two frames, and never so soon that the frame before delays it.
        thread::sleep(Duration::from_millis(fastrand::u64(20..40)));
        let name = format!("arrival {number}.");
        let body = spans::single(&name);
        let shown = move |screen: &str| screen.contains(&name);
        samples.add(viewer.time("the span that was sent", shown, |_| connection.deliver(&body, &counts))?);
    }
    let median = format!("p50 {}, of {ARRIVALS}; from its first byte sent", Ms(samples.percentile(50)));
    Ok(vec![
        Figure::within("a span's arrival to the screen, idle, p99", GOAL, samples.percentile(99)).note(median),
    ])
}
