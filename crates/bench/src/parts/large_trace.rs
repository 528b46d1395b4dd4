//! One trace of 100,000 spans: opening it, and moving in it.

use std::path::Path;
use std::thread;
use std::time::Duration;

use eyre::Result;

use crate::load::{Connection, Counts, Http};
use crate::report::Figure;
use crate::samples::{Ms, Samples};
use crate::spans;
use crate::viewer::{Viewer, count_of};

const SPANS: usize = 100_000;
const OPEN: Duration = Duration::from_millis(150);
const FRAME: Duration = Duration::from_millis(4);
const OPENINGS: usize = 5;
const MOVES: u32 = 200;
/// Time after a frame from which on the next one is not delayed.
const BETWEEN: Duration = Duration::from_millis(25);

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let mut viewer = Viewer::start(program, &[])?;
    let mut connection = Http::connect(viewer.otlp_http()?)?;
    let counts = Counts::default();
    for body in spans::one_trace(SPANS, Duration::from_secs(5)) {
        connection.deliver(&body, &counts)?;
    }
    // A newer one, which the list follows to, so that the large one can be opened.
    connection.deliver(&spans::single("another trace"), &counts)?;
    let arrived = |screen: &str| count_of(screen, "span") == Some(SPANS as u64 + 1) && !shows_rows(screen);
    viewer.wait("the large trace in the list, closed", arrived)?;

    let mut openings = Samples::default();
    for _ in 0..OPENINGS {
        viewer.rest()?;
        openings.add(viewer.time("rows of the large trace", shows_rows, |viewer| viewer.press("j"))?);
        viewer.rest()?;
        viewer.time("the other trace", |screen| !shows_rows(screen), |viewer| viewer.press("k"))?;
    }
    viewer.press("j\r")?;
    viewer.wait("rows of the large trace", shows_rows)?;
    viewer.rest()?;

    let mut moves = Samples::default();
    let before = viewer.process()?.cpu_of_threads()?;
    for _ in 0..MOVES {
        thread::sleep(BETWEEN);
        let text = viewer.text();
        moves.add(viewer.time("another frame", move |screen| screen != text, |viewer| viewer.press("j"))?);
    }
    viewer.rest()?;
    let per_frame = viewer.process()?.cpu_of_threads()?.saturating_sub(before) / MOVES;
    let key = format!(
        "processor time; key to frame p50 {}, p99 {}, of {MOVES}",
        Ms(moves.percentile(50)),
        Ms(moves.percentile(99))
    );
    Ok(vec![
        Figure::within("one trace of 100,000 spans: open it", OPEN, openings.max())
            .note(format!("slowest of {OPENINGS}; p50 {}", Ms(openings.percentile(50)))),
        Figure::within("  then each frame", FRAME, per_frame).note(key),
    ])
}

/// Returns true if spans of the large trace are on the screen; its root is in the list too.
fn shows_rows(screen: &str) -> bool {
    screen.contains("step 1 ") && screen.contains("step 11 ")
}
