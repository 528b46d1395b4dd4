//! Reading all traces, a little at a time: for the lists about them while they are open, and for the warnings.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use app::App;

/// Time slice of reading spans between two checks for input.
const SLICE: Duration = Duration::from_millis(2);
/// Time slice of the first survey, which the user waits for.
const FIRST_SLICE: Duration = Duration::from_millis(6);
/// Between the starts of two slices while there is anything else to do.
const BETWEEN: Duration = Duration::from_millis(16);
/// Time after which the survey is repeated, whatever the wall clock shows.
const LATEST: Duration = Duration::from_secs(4);
/// [Work](trace_model::work) between two looks at the clock: a fraction of a millisecond.
const READ: u64 = 1 << 18;

/// Time of the last slice, and whether work was left.
#[derive(Debug, Default)]
pub(super) struct Aggregating {
    last: Option<Instant>,
    has_more: bool,
}

impl Aggregating {
    /// Returns the time of the next slice; `None` if nothing is due.
    pub(super) fn due(&self, app: &App) -> Option<Instant> {
        let now = Instant::now();
        let due = if self.has_more { 0 } else { app.survey_due()? };
        // Nothing is due later than that, unless the wall clock was set back.
        let due = now + Duration::from_nanos(due.saturating_sub(unix_nano())).min(LATEST);
        Some(self.last.map_or(due, |last| due.max(last + BETWEEN)))
    }

    /// Returns true if work is left. If nothing else is to do, it continues at once, while the processor's cache has what it reads.
    pub(super) const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Reads for a bounded time; true when the picture may have changed.
    pub(super) fn step(&mut self, app: &mut App) -> bool {
        let shown = |app: &App| {
            let (many, compare) = (&app.aggregates, app.compared_percent());
            (many.number(), many.percent(), many.warnings().revision(), compare)
        };
        let (before, started) = (shown(app), Instant::now());
        let slice = if app.is_surveyed() && app.aggregates.survey().is_none() {
            FIRST_SLICE
        } else {
            SLICE
        };
        loop {
            self.has_more = app.survey(unix_nano(), READ);
            if !self.has_more || started.elapsed() >= slice {
                break;
            }
        }
        self.last = Some(started);
        shown(app) != before
    }
}

fn unix_nano() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
