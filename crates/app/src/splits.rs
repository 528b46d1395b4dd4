//! Division of the screen between list, waterfall and details: by the user, else by the number of traces and their lengths.

use ratatui_core::layout::Rect;
use trace_model::{TraceId, TraceSummary};

use super::layout::BESIDE;
use super::{App, Filtered, Pane};

/// Columns by which a key moves a divider.
const COLUMNS: u16 = 4;
/// Least width of a screen with the details to the right unless the user moves them.
const WIDE: u16 = 180;
/// Rows of the list: few traces leave the rest to the waterfall.
pub(crate) const LIST_STEPS: [u16; 3] = [3, 5, 8];
/// Rows of the waterfall: a short trace leaves the rest to the details.
const WATERFALL_STEPS: [u16; 4] = [5, 8, 12, 18];
/// Number of selected traces whose lengths decide on the rows of the waterfall.
const SELECTIONS: usize = 3;
/// Lines from which on a screen has some to spare.
const TALL: u16 = 30;

/// Returns the first step with room for a number of traces; beyond the last step the list takes its share of the screen.
fn list_step(traces: usize) -> u16 {
    let is_enough = |step: &u16| usize::from(*step) >= traces;
    LIST_STEPS.into_iter().find(is_enough).unwrap_or(u16::MAX)
}

/// Rows that a trace needs in the waterfall; those of a long one, or one that grows, are its share of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Need {
    /// A line for each span, and for a root that is missing.
    exact: u16,
    /// The first step with room for the spans and a missing parent.
    step: u16,
}

impl Need {
    const SHARE: Self = Self {
        exact: u16::MAX,
        step: u16::MAX,
    };

    fn of(trace: &TraceSummary) -> Self {
        let is_enough = |step: &u16| usize::from(*step) > trace.spans;
        let exact = trace.spans + usize::from(!trace.root.arrived);
        WATERFALL_STEPS.into_iter().find(is_enough).map_or(Self::SHARE, |step| Self {
            exact: u16::try_from(exact).unwrap_or(u16::MAX),
            step,
        })
    }
}

/// The user's division of the screen; `None` where the user has not set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Splits {
    /// Lines of the list, with its title.
    pub list: Option<u16>,
    /// Lines of the details, with their title, if they are below the waterfall.
    pub details: Option<u16>,
    /// Columns of the details, if they are to the right of the waterfall.
    pub width: Option<u16>,
    /// True if the details are to the right of the waterfall, false if they are below.
    pub beside: Option<bool>,
    /// Rows of the list, at least, unless the user has set its height: one of `LIST_STEPS`, or more.
    pub list_rows: u16,
    /// Rows of the waterfall unless the user has set the lines of the details.
    pub waterfall: WaterfallRows,
}

impl Splits {
    /// Returns true if the details are to the right of the waterfall on such a screen: by default, on a wide one.
    #[must_use]
    pub fn is_beside(self, screen: Rect) -> bool {
        screen.width >= BESIDE && self.beside.unwrap_or(screen.width >= WIDE)
    }
}

/// Rows of the waterfall: enough for each of the traces selected last, so that the divider below it does not move at each selection. A screen of few
/// lines has none to spare for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WaterfallRows {
    trace: Option<TraceId>,
    /// Rows of this trace.
    exact: u16,
    /// Steps of these traces, the last one first.
    steps: [u16; SELECTIONS],
    /// True if the trace was opened: waterfall or details have the focus.
    is_read: bool,
}

/// Reason why a trace is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selection {
    /// It is the first one of the list.
    Followed,
    /// The user has selected it in the list.
    Selected,
    /// The user has opened it: the waterfall has the focus.
    Opened,
    /// The user reads the details of one of its spans.
    Detailed,
}

impl Selection {
    const fn is_read(self) -> bool {
        matches!(self, Self::Opened | Self::Detailed)
    }
}

impl WaterfallRows {
    /// Returns the number of spans that there is room for, at least, on a screen of so many lines; 0 for the pane's share of the screen.
    #[must_use]
    pub fn rows(&self, lines: u16) -> u16 {
        if lines < TALL {
            self.exact
        } else {
            self.steps.into_iter().max().unwrap_or(0)
        }
    }

    /// Returns the rows while a trace is shown that has this need.
    fn showing(self, trace: TraceId, need: Need, selection: Selection) -> Self {
        let is_other = self.trace != Some(trace);
        let is_read = selection.is_read();
        let Self {
            mut exact, mut steps, ..
        } = self;
        match selection {
            _ if is_read && (is_other || !self.is_read) => (exact, steps) = (need.exact, [need.step; SELECTIONS]),
            // Lines that are read do not move.
            Selection::Detailed => {}
            Selection::Selected if is_other => {
                steps.rotate_right(1);
                (exact, steps[0]) = (need.exact, need.step);
            }
            // While traces are followed, each arrival may be another one.
            _ => (exact, steps[0]) = (exact.max(need.exact), steps[0].max(need.step)),
        }
        Self {
            trace: Some(trace),
            exact,
            steps,
            is_read,
        }
    }
}

impl App {
    /// Returns how the screen is divided: as the user did, else by the number of traces and the lengths of those selected last. The list
    /// only grows, and not while the waterfall is read.
    #[must_use]
    pub fn splits(&self) -> Splits {
        let shown = Some(self.screens.pane).filter(|_| self.shows_panes());
        let list = match shown {
            Some(Pane::Waterfall) => 0,
            _ => list_step(self.store.listed()),
        };
        // The first match is what the user has typed for.
        let is_typing = self.filter.is_open_on(Filtered::Traces);
        let selection = match shown {
            Some(Pane::Waterfall) => Some(Selection::Opened),
            Some(Pane::Details) => Some(Selection::Detailed),
            Some(Pane::Traces) if !self.traces.following() || is_typing => Some(Selection::Selected),
            Some(Pane::Traces) => Some(Selection::Followed),
            None => None,
        };
        let waterfall = selection.zip(self.traces.shown(&self.store));
        let waterfall = waterfall.map(|(selection, trace)| {
            // A trace that is opened while it runs will need more, and then nothing moves.
            let grows = selection.is_read() && trace.in_flight > 0;
            let need = if grows { Need::SHARE } else { Need::of(&trace) };
            self.splits.waterfall.showing(trace.trace_id, need, selection)
        });
        Splits {
            list_rows: self.splits.list_rows.max(list),
            waterfall: waterfall.unwrap_or(self.splits.waterfall),
            ..self.splits
        }
    }

    /// Gives the pane that the keys go to more room, or less.
    pub(super) fn resize(&mut self, more: bool) {
        let (list, details) = (self.geometry.panes.traces.height, self.geometry.panes.details.height);
        let changed = |size: u16, more: bool, by: u16| Some(if more { size + by } else { size.saturating_sub(by) });
        // What the waterfall gains the details lose.
        let more_details = more == (self.screens.pane == Pane::Details);
        match self.screens.pane {
            Pane::Traces => self.splits.list = changed(list, more, 1),
            _ if self.geometry.panes.are_beside() => {
                self.splits.width = changed(self.geometry.panes.details.width, more_details, COLUMNS);
            }
            _ => self.splits.details = changed(details, more_details, 1),
        }
    }

    /// Moves the details to the right of the waterfall, or below it.
    pub(super) fn turn_details(&mut self) {
        let screen = self.geometry.panes.screen();
        if screen.width < BESIDE {
            return self.say("this screen is too narrow for details right of the waterfall");
        }
        self.splits.beside = Some(!self.splits.is_beside(screen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the rows of a tall screen after a trace of each of the steps was shown.
    fn after(selection: Selection, steps: &[u16]) -> Vec<u16> {
        let mut rows = WaterfallRows::default();
        let show = |(number, step): (usize, &u16)| {
            let id = [u8::try_from(number + 1).expect("few"); 16];
            let need = Need { exact: 1, step: *step };
            rows = rows.showing(TraceId::from_bytes(id).expect("not zero"), need, selection);
            rows.rows(TALL)
        };
        steps.iter().enumerate().map(show).collect()
    }

    #[test]
    fn waterfall_shrinks_when_several_short_traces_were_selected() {
        assert_eq!(after(Selection::Selected, &[5, 18, 5, 18, 5]), [5, 18, 18, 18, 18]);
        assert_eq!(after(Selection::Selected, &[18, 5, 8, 5]), [18, 18, 18, 8]);
    }

    #[test]
    fn waterfall_only_grows_while_arrivals_are_followed() {
        assert_eq!(after(Selection::Followed, &[5, 18, 5, 5, 5, 5]), [5, 18, 18, 18, 18, 18]);
    }

    #[test]
    fn waterfall_of_a_low_screen_fits_the_selected_trace() {
        let trace = |number| TraceId::from_bytes([number; 16]).expect("not zero");
        let need = |exact| Need { exact, step: 8 };
        let rows = |selection| {
            let long = WaterfallRows::default().showing(trace(1), need(8), selection);
            long.showing(trace(2), need(2), selection).rows(TALL - 1)
        };
        assert_eq!(rows(Selection::Selected), 2);
        assert_eq!(rows(Selection::Opened), 2);
        assert_eq!(rows(Selection::Followed), 8, "arrivals do not move it back and forth");
    }

    #[test]
    fn waterfall_fits_a_trace_that_is_opened() {
        assert_eq!(after(Selection::Opened, &[18, 5]), [18, 5]);
    }
}
