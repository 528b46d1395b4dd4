//! From a key to its frame while spans are received at a high rate.

use std::path::Path;
use std::time::{Duration, Instant};

use eyre::Result;

use super::{loaded, press};
use crate::report::{Count, Figure};
use crate::samples::{Ms, Samples};

const PRESSES: usize = 200;
const GOAL: Duration = Duration::from_millis(30);

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let (mut viewer, load) = loaded(program)?;
    let (begun, before) = (Instant::now(), load.accepted());
    let mut samples = Samples::default();
    press(&mut viewer, PRESSES, &mut samples)?;
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
