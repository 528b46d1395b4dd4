//! Where a person is: what stands behind the screen, which pane has the keys, what lies over the panes.

/// What stands behind the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: others send.
    Viewer,
    /// The demo's services.
    Demo,
    /// Files that were saved; nothing listens.
    Files,
}

impl Mode {
    /// For how long, in nanoseconds, a span without an end is taken to be running. One in flight for longer was most likely abandoned: its
    /// bar stops growing, so that the others can be seen. What is in a file has stopped.
    #[must_use]
    pub const fn longest_run(self) -> u64 {
        match self {
            Self::Viewer | Self::Demo => 300_000_000_000,
            Self::Files => 0,
        }
    }
}

/// Which part of the screen the keys go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The list of traces.
    Traces,
    /// The spans of the selected trace.
    Waterfall,
    /// The selected span.
    Details,
}

/// What lies over the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// Keys and legend; the number is the first line shown.
    Help(usize),
    /// What comes, and what does not; the number is the first line shown.
    Health(usize),
    /// Which spans of the selected trace reached Sentry, and what is in the way of the others.
    CrossCheck,
    /// What the demo's processes print.
    Output,
    /// What can be copied of the selected span.
    Copy,
    /// What is done in all traces, and how long that takes.
    Operations,
    /// Which service calls which.
    ServiceMap,
    /// What is wrong with the traces themselves.
    Warnings,
    /// The log records of the selected trace.
    Logs,
    /// What the selected trace does otherwise than another.
    Compare,
    /// All that can be done here, found by typing.
    Palette,
}

pub(super) const fn next(pane: Pane) -> Pane {
    match pane {
        Pane::Traces => Pane::Waterfall,
        Pane::Waterfall => Pane::Details,
        Pane::Details => Pane::Traces,
    }
}

pub(super) const fn deeper(pane: Pane) -> Pane {
    match pane {
        Pane::Traces => Pane::Waterfall,
        Pane::Waterfall | Pane::Details => Pane::Details,
    }
}

pub(super) const fn shallower(pane: Pane) -> Pane {
    match pane {
        Pane::Traces | Pane::Waterfall => Pane::Traces,
        Pane::Details => Pane::Waterfall,
    }
}
