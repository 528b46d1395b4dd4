//! Which part of a trace's time the bars show.

/// A stretch of time, at least a nanosecond long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// In nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Length in nanoseconds.
    pub nano: u64,
}

impl Default for Stretch {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Stretch {
    /// From one moment to another, both in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn new(start_unix_nano: u64, end_unix_nano: u64) -> Self {
        Self {
            start_unix_nano,
            nano: end_unix_nano.saturating_sub(start_unix_nano).max(1),
        }
    }

    /// Its end, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn end_unix_nano(self) -> u64 {
        self.start_unix_nano.saturating_add(self.nano)
    }

    /// Returns true if a time range overlaps or touches it.
    #[must_use]
    pub const fn touches(self, start_unix_nano: u64, end_unix_nano: u64) -> bool {
        start_unix_nano <= self.end_unix_nano() && end_unix_nano >= self.start_unix_nano
    }

    /// As long as `nano` and inside of `self`, as near to a wanted start as that allows.
    fn part(self, start_unix_nano: u64, nano: u64) -> Self {
        let nano = nano.clamp(SHORTEST.min(self.nano), self.nano);
        let latest = self.end_unix_nano() - nano.min(self.end_unix_nano());
        Self {
            start_unix_nano: start_unix_nano.min(latest).max(self.start_unix_nano),
            nano,
        }
    }
}

/// Nothing shorter is shown: clocks of services are not more exact than this.
const SHORTEST: u64 = 1_000;

/// All of a trace's time, and the window through which it is seen.
#[derive(Debug, Default)]
pub struct Zoom {
    whole: Stretch,
    /// A moment, not an offset: what is looked at stays when an earlier span arrives. None shows the whole, also as it grows.
    window: Option<Stretch>,
    cells: u16,
}

impl Zoom {
    /// All of the trace's time.
    #[must_use]
    pub const fn whole(&self) -> Stretch {
        self.whole
    }

    /// Returns the range that the bars show.
    #[must_use]
    pub fn shown(&self) -> Stretch {
        self.window.unwrap_or(self.whole)
    }

    /// Returns true if that is only a part.
    #[must_use]
    pub const fn is_zoomed(&self) -> bool {
        self.window.is_some()
    }

    /// Takes the trace's time as it is now, and on how many columns it is shown.
    pub(super) fn fit(&mut self, whole: Stretch, cells: u16) {
        self.whole = whole;
        self.cells = cells;
        self.window = self.window.map(|window| whole.part(window.start_unix_nano, window.nano));
    }

    pub(super) const fn show_whole(&mut self) {
        self.window = None;
    }

    /// Twice as near, or half; a moment that is shown stays in its column, another one comes to the middle.
    pub(super) fn change(&mut self, nearer: bool, around_unix_nano: u64) {
        let shown = self.shown();
        let nano = if nearer {
            shown.nano / 2
        } else {
            shown.nano.saturating_mul(2)
        };
        if nano >= self.whole.nano {
            self.window = None;
            return;
        }
        let nano = nano.max(SHORTEST.min(self.whole.nano));
        let before = if shown.touches(around_unix_nano, around_unix_nano) {
            let before = u128::from(around_unix_nano - shown.start_unix_nano) * u128::from(nano) / u128::from(shown.nano);
            u64::try_from(before).unwrap_or(nano)
        } else {
            nano / 2
        };
        self.set(around_unix_nano.saturating_sub(before), nano);
    }

    /// The same around a column of the bars.
    pub(super) fn change_at(&mut self, column: u16, nearer: bool) {
        let shown = self.shown();
        let offset = u128::from(shown.nano) * (2 * u128::from(column) + 1) / (2 * u128::from(self.cells.max(1)));
        let offset = u64::try_from(offset).unwrap_or(u64::MAX).min(shown.nano);
        self.change(nearer, shown.start_unix_nano.saturating_add(offset));
    }

    /// Fills the bars with a stretch, a little room on both sides.
    pub(super) fn to(&mut self, stretch: Stretch) {
        let margin = stretch.nano / 20;
        self.set(
            stretch.start_unix_nano.saturating_sub(margin),
            stretch.nano.saturating_add(2 * margin),
        );
    }

    /// So many columns to the right, or to the left; the edges of the trace stop it.
    pub(super) fn pan(&mut self, columns: i32) {
        let shown = self.shown();
        let by = i128::from(shown.nano) * i128::from(columns) / i128::from(self.cells.max(1));
        self.pan_by(if by == 0 { i128::from(columns.signum()) } else { by });
    }

    /// A quarter of what is shown to the right, or to the left.
    pub(super) fn step(&mut self, right: bool) {
        let quarter = i128::from(self.shown().nano / 4).max(1);
        self.pan_by(if right { quarter } else { -quarter });
    }

    /// Brings a stretch into view, without zooming.
    pub(super) fn reveal(&mut self, stretch: Stretch) {
        if let Some(window) = self
            .window
            .filter(|window| !window.touches(stretch.start_unix_nano, stretch.end_unix_nano()))
        {
            // Its start, where it is longer than what is shown.
            let before = window.nano.saturating_sub(stretch.nano) / 2;
            self.set(stretch.start_unix_nano.saturating_sub(before), window.nano);
        }
    }

    fn pan_by(&mut self, nano: i128) {
        if let Some(window) = self.window {
            let start = (i128::from(window.start_unix_nano) + nano).max(0);
            self.set(u64::try_from(start).unwrap_or(u64::MAX), window.nano);
        }
    }

    fn set(&mut self, start_unix_nano: u64, nano: u64) {
        self.window = (nano < self.whole.nano).then(|| self.whole.part(start_unix_nano, nano));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zoom(start: u64, nano: u64) -> Zoom {
        let mut zoom = Zoom::default();
        zoom.fit(
            Stretch {
                start_unix_nano: start,
                nano,
            },
            100,
        );
        zoom
    }

    #[test]
    fn zoom_keeps_its_center_in_its_column() {
        let mut zoom = zoom(1_000_000, 800_000);
        zoom.change(true, 1_200_000);
        assert_eq!(
            zoom.shown(),
            Stretch::new(1_100_000, 1_500_000),
            "a quarter from the left, as before"
        );
        zoom.change(false, 1_200_000);
        assert!(!zoom.is_zoomed());
        zoom.change_at(99, true);
        assert_eq!(zoom.shown().start_unix_nano, 1_398_000, "half a column from the right");
    }

    #[test]
    fn range_out_of_view_moves_to_the_middle() {
        let mut zoom = zoom(0, 1_000_000);
        zoom.to(Stretch::new(0, 100_000));
        zoom.change(true, 500_000);
        assert_eq!(zoom.shown(), Stretch::new(472_500, 527_500));
        zoom.reveal(Stretch::new(480_000, 481_000));
        assert_eq!(zoom.shown(), Stretch::new(472_500, 527_500), "it is in view");
        zoom.reveal(Stretch::new(90_000, 100_000));
        assert_eq!(zoom.shown(), Stretch::new(67_500, 122_500));
    }

    #[test]
    fn a_growing_trace_stays_whole_until_it_is_zoomed() {
        let mut zoom = zoom(0, 1_000_000);
        zoom.fit(Stretch::new(0, 2_000_000), 100);
        assert_eq!(zoom.shown().nano, 2_000_000);
        zoom.to(Stretch::new(1_500_000, 1_600_000));
        let before = zoom.shown();
        zoom.fit(Stretch::new(0, 9_000_000), 100);
        assert_eq!(zoom.shown(), before);
        zoom.show_whole();
        assert_eq!(zoom.shown().nano, 9_000_000);
    }

    #[test]
    fn panning_ends_at_the_edges() {
        let mut zoom = zoom(5_000, 1_000_000);
        zoom.pan(10);
        assert!(!zoom.is_zoomed(), "the whole cannot be panned");
        zoom.to(Stretch::new(105_000, 205_000));
        let before = zoom.shown();
        zoom.pan(10);
        assert_eq!(
            zoom.shown().start_unix_nano,
            before.start_unix_nano + 11_000,
            "a tenth of what is shown"
        );
        for _ in 0..100 {
            zoom.step(true);
        }
        assert_eq!(zoom.shown().end_unix_nano(), 1_005_000);
        zoom.pan(i32::MIN);
        assert_eq!(zoom.shown().start_unix_nano, 5_000);
    }

    #[test]
    fn zoom_goes_down_to_a_microsecond() {
        let mut zoom = zoom(1_000_000_000, 3_600_000_000_000);
        for _ in 0..100 {
            zoom.change(true, 1_800_000_000_000);
        }
        assert_eq!(zoom.shown().nano, 1_000);
        assert!(zoom.shown().touches(1_800_000_000_000, 1_800_000_000_000));
    }

    proptest! {
        #[test]
        fn zoom_never_leaves_the_trace(
            start in any::<u64>(), nano in 1_u64.., cells in any::<u16>(),
            steps in proptest::collection::vec((0_u8..7, any::<u64>(), any::<u64>()), 0..40),
        ) {
            let mut zoom = Zoom::default();
            zoom.fit(Stretch { start_unix_nano: start, nano: nano.min((u64::MAX - start).max(1)) }, cells);
            for (step, a, b) in steps {
                #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
                match step {
                    0 => zoom.change(a % 2 == 0, b),
                    1 => zoom.change_at(b as u16, a % 2 == 0),
                    2 => zoom.to(Stretch::new(a, b)),
                    3 => zoom.pan(a as i32),
                    4 => zoom.step(a % 2 == 0),
                    5 => zoom.reveal(Stretch::new(a, b)),
                    _ => zoom.fit(Stretch { start_unix_nano: start, nano: (a % nano).max(1).min((u64::MAX - start).max(1)) }, b as u16),
                }
                let (whole, shown) = (zoom.whole(), zoom.shown());
                prop_assert!(shown.nano >= 1_000.min(whole.nano) && shown.nano <= whole.nano);
                prop_assert!(shown.start_unix_nano >= whole.start_unix_nano);
                prop_assert!(shown.end_unix_nano() <= whole.end_unix_nano());
            }
        }
    }
}
