//! Where the user is: tabs, the screens above each of them, and a popup over all.
//!
//! What is on top is known by looking here and nowhere else; each of them is a [`Layer`].

use super::layer::Layer;
use super::{Action, App, Compare, CrossCheck, Help, LogList, Origin, Palette};
use crate::keymap::KeyContext;

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

/// A screen that can be gone to at any time. The numbers between are for signals that have no tab yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The list of traces, the waterfall and the details of a span.
    Traces,
    /// Operations with their latencies.
    Operations,
    /// Which service calls which.
    ServiceMap,
    /// Faults of the traces themselves.
    Warnings,
    /// What arrives, what is rejected, what is kept.
    Ingest,
}

impl Tab {
    /// All of them, in the order of the tab bar.
    pub const ALL: [Self; 5] = [Self::Traces, Self::Operations, Self::ServiceMap, Self::Warnings, Self::Ingest];

    /// Its number, which stays its own whatever tabs there are.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Traces => 1,
            Self::Operations => 5,
            Self::ServiceMap => 6,
            Self::Warnings => 7,
            Self::Ingest => 8,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "Traces",
            Self::Operations => "Operations",
            Self::ServiceMap => "Map",
            Self::Warnings => "Warnings",
            Self::Ingest => "Ingest",
        }
    }

    /// Its name where there is little room.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Traces => "Traces",
            Self::Operations => "Ops",
            Self::ServiceMap => "Map",
            Self::Warnings => "Warn",
            Self::Ingest => "Ing",
        }
    }

    pub(crate) const fn layer(self) -> Layer {
        match self {
            Self::Traces => Layer::Traces,
            Self::Operations => Layer::Operations,
            Self::ServiceMap => Layer::ServiceMap,
            Self::Warnings => Layer::Warnings,
            Self::Ingest => Layer::Ingest,
        }
    }

    /// The tab a number of steps to the right; after the last one comes the first.
    const fn after(self, steps: usize) -> Self {
        Self::ALL[(self as usize + steps) % Self::ALL.len()]
    }
}

/// Which part of the traces tab has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The list of traces.
    Traces,
    /// The spans of the selected trace.
    Waterfall,
    /// The selected span.
    Details,
}

impl Pane {
    /// The one that Tab goes to.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Traces => Self::Waterfall,
            Self::Waterfall => Self::Details,
            Self::Details => Self::Traces,
        }
    }

    /// One level in.
    pub(super) const fn inner(self) -> Self {
        match self {
            Self::Traces => Self::Waterfall,
            Self::Waterfall | Self::Details => Self::Details,
        }
    }

    /// One level out.
    pub(super) const fn outer(self) -> Self {
        match self {
            Self::Traces | Self::Waterfall => Self::Traces,
            Self::Details => Self::Waterfall,
        }
    }
}

/// A screen above a tab's own.
#[derive(Debug)]
pub enum Screen {
    /// Which spans of the selected trace reached Sentry.
    CrossCheck(CrossCheck),
    /// The selected trace compared with another one.
    Compare(Box<Compare>),
    /// The log records of the selected trace.
    Logs(Box<LogList>),
    /// The output of the demo's services.
    Output,
}

impl Screen {
    /// What a breadcrumb calls it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CrossCheck(_) => "Cross-check",
            Self::Compare(_) => "Compare",
            Self::Logs(_) => "Logs",
            Self::Output => "Service output",
        }
    }

    pub(crate) const fn layer(&self) -> Layer {
        match self {
            Self::CrossCheck(_) => Layer::CrossCheck,
            Self::Compare(_) => Layer::Compare,
            Self::Logs(_) => Layer::Logs,
            Self::Output => Layer::Output,
        }
    }
}

/// A small window over a screen.
#[derive(Debug)]
pub enum Popup {
    /// Keys and marks.
    Help(Help),
    /// What can be copied of the selected span.
    Copy,
    /// Every command, found by typing.
    Palette(Box<Palette>),
}

impl Popup {
    pub(crate) const fn layer(&self) -> Layer {
        match self {
            Self::Help(_) => Layer::Help,
            Self::Copy => Layer::Copy,
            Self::Palette(_) => Layer::Palette,
        }
    }
}

/// Tabs, screens and popup.
#[derive(Debug)]
pub struct Screens {
    tab: Tab,
    /// Where the user was before, to return to by the same key.
    before: Tab,
    /// Which part of the traces tab has the keys.
    pub pane: Pane,
    /// The screens above each tab, the topmost last; no kind twice.
    above: [Vec<Screen>; Tab::ALL.len()],
    /// Jumps that led to the trace that is shown, the last one at the end.
    pub(super) trail: Vec<Origin>,
    pub(super) popup: Option<Popup>,
    /// How much each tab counted when it was left.
    seen: [u64; Tab::ALL.len()],
}

impl Default for Screens {
    fn default() -> Self {
        Self {
            tab: Tab::Traces,
            before: Tab::Traces,
            pane: Pane::Traces,
            above: Default::default(),
            trail: Vec::new(),
            popup: None,
            seen: [0; Tab::ALL.len()],
        }
    }
}

impl Screens {
    /// The active tab.
    #[must_use]
    pub const fn tab(&self) -> Tab {
        self.tab
    }

    /// The screens above the active tab, the topmost last.
    #[must_use]
    pub fn above(&self) -> &[Screen] {
        &self.above[self.tab as usize]
    }

    /// The topmost of them.
    #[must_use]
    pub fn top(&self) -> Option<&Screen> {
        self.above().last()
    }

    pub(super) fn top_mut(&mut self) -> Option<&mut Screen> {
        self.above[self.tab as usize].last_mut()
    }

    /// The popup over everything else.
    #[must_use]
    pub const fn popup(&self) -> Option<&Popup> {
        self.popup.as_ref()
    }

    /// The jumps that led to the trace that is shown, the first one first.
    pub fn trail(&self) -> impl Iterator<Item = &str> {
        self.trail.iter().map(|origin| origin.label.as_str())
    }

    /// Goes to a tab, as it was left.
    pub(super) const fn go_to(&mut self, tab: Tab) {
        if !matches!((self.tab, tab), (Tab::Traces, Tab::Traces)) && self.tab as usize != tab as usize {
            self.before = self.tab;
            self.tab = tab;
        }
    }

    /// Goes to a tab, or back from it.
    pub(super) fn toggle_tab(&mut self, tab: Tab) {
        if self.tab == tab {
            self.leave_tab();
        } else {
            self.go_to(tab);
        }
    }

    /// Goes back to the tab before this one.
    pub(super) fn leave_tab(&mut self) {
        let before = if self.before == self.tab { Tab::Traces } else { self.before };
        self.go_to(before);
    }

    pub(super) fn next_tab(&mut self, forward: bool) {
        let steps = if forward { 1 } else { Tab::ALL.len() - 1 };
        self.go_to(self.tab.after(steps));
    }

    /// Puts a screen above the active tab.
    pub(super) fn open(&mut self, screen: Screen) {
        self.above[self.tab as usize].push(screen);
    }

    /// Removes the topmost screen; false where there is none.
    pub(super) fn close(&mut self) -> bool {
        self.above[self.tab as usize].pop().is_some()
    }

    /// Closes the screen of this kind if it is open, with all above it where it is covered; false where it is not open.
    pub(super) fn close_kind(&mut self, is_kind: impl Fn(&Screen) -> bool) -> bool {
        let above = &mut self.above[self.tab as usize];
        let Some(at) = above.iter().position(is_kind) else {
            return false;
        };
        // A covered one comes to the top; pressed there it closes.
        let kept = if at + 1 == above.len() { at } else { at + 1 };
        above.truncate(kept);
        true
    }

    /// Takes all screens above the active tab.
    pub(super) fn take_above(&mut self) -> Vec<Screen> {
        std::mem::take(&mut self.above[self.tab as usize])
    }

    /// Puts screens back above the active tab.
    pub(super) fn put_above(&mut self, screens: Vec<Screen>) {
        self.above[self.tab as usize] = screens;
    }

    /// Notes what the active tab counts: that has been seen.
    pub(super) const fn see(&mut self, count: u64) {
        self.seen[self.tab as usize] = count;
    }

    /// How much a tab counts more than when it was left.
    #[must_use]
    pub const fn new_in(&self, tab: Tab, count: u64) -> u64 {
        count.saturating_sub(self.seen[tab as usize])
    }
}

impl App {
    /// Whether a command that means something here can do something now: what depends on settings and on what has arrived.
    #[must_use]
    pub fn can(&self, action: Action) -> bool {
        match action {
            Action::OpenInSentry => self.sentry.site.is_some(),
            Action::AskSentry => self.sentry.is_asked,
            Action::CrossCheck | Action::Logs | Action::Compare | Action::CopyMenu => self.waterfall.selected().is_some(),
            Action::Pin => self.traces.selected().is_some(),
            Action::Open | Action::ToggleFold if self.key_context() == KeyContext::Details => self.details.can_fold(),
            Action::Open | Action::OpenFailed | Action::Sort | Action::NextMatch | Action::Down => self.has_rows(),
            Action::Filter => {
                let is_filtered = self.screens.tab() == Tab::Traces && self.store.filter().is_some();
                self.has_rows() || is_filtered || self.list().is_some_and(|list| !list.narrow().is_empty())
            }
            // Only the picture has a list below it.
            Action::NextPane | Action::PreviousPane if self.key_context() == KeyContext::ServiceMap => {
                self.service_map.is_picture()
            }
            Action::Earlier => self.filter.has_history(),
            Action::SendReset | Action::SendInvalid => self.services.address(super::API).is_some(),
            _ => true,
        }
    }

    /// What a tab counts; `None` where there is nothing to count.
    #[must_use]
    pub fn count_of(&self, tab: Tab) -> Option<u64> {
        match tab {
            Tab::Traces => Some(self.store.totals().traces as u64),
            Tab::Operations | Tab::ServiceMap => None,
            Tab::Warnings => Some(self.many.warnings().traces() as u64).filter(|count| *count > 0),
            Tab::Ingest => Some(self.health.refused() + self.health.busy() + self.health.denied.count() + self.files.problems())
                .filter(|count| *count > 0),
        }
    }

    /// How much has come to a tab since it was left.
    #[must_use]
    pub fn new_in(&self, tab: Tab) -> u64 {
        self.screens.new_in(tab, self.ever(tab))
    }

    /// What a tab has counted ever: evicted traces do not make new ones old.
    fn ever(&self, tab: Tab) -> u64 {
        let evicted = if tab == Tab::Traces {
            self.store.totals().evicted_traces
        } else {
            0
        };
        self.count_of(tab).unwrap_or(0) + evicted
    }

    /// Notes that the active tab is looked at.
    pub(super) fn see_tab(&mut self) {
        let count = self.ever(self.screens.tab);
        self.screens.see(count);
    }
}
