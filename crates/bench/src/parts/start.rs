//! From the start of the program to its first whole frame.

use std::path::Path;
use std::time::Duration;

use eyre::Result;

use crate::report::Figure;
use crate::samples::{Ms, Samples};
use crate::viewer::Viewer;

const STARTS: usize = 20;
const GOAL: Duration = Duration::from_millis(50);

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let mut starts = Samples::default();
    for _ in 0..STARTS {
        starts.add(Viewer::start(program, &[])?.start_up());
    }
    let worst = format!("p50 of {STARTS}; slowest {}", Ms(starts.max()));
    Ok(vec![
        Figure::within("start to first frame", GOAL, starts.percentile(50)).note(worst),
    ])
}
