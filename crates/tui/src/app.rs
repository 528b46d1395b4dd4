//! What is on the screen, as state: no drawing, no I/O, no clock.
//!
//! A key becomes an [`Action`], [`App::update`] changes the state and answers with [`Effect`]s that only the event loop carries
//! out. Before each frame [`App::fit`] catches up with the store and makes sure that every cursor is in view.

mod action;
mod compare;
mod copy;
mod cross_check;
mod details;
mod files;
mod filter;
mod line;
mod lists;
mod logs;
mod many;
mod mouse;
mod narrow;
mod operations;
mod output;
mod outside;
mod palette;
mod pause;
mod picker;
mod place;
mod read;
mod save;
mod sentry;
mod service_map;
mod services;
mod traces;
mod warnings;
mod waterfall;

use collector::{Addresses, HealthSnapshot, QueueDepth};
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use trace_model::Store;

pub use action::{Action, DemoRequest, Effect, Notice};
pub use compare::{Against, Compare, Marked, Usual};
pub use cross_check::CrossCheck;
pub use details::{Details, ERRORS, LINKS, LOGS, ShownError, ShownLink, ShownSpan};
pub use files::{FileState, Files, ShownFile};
pub use filter::FilterLine;
pub use line::InputLine;
pub use lists::List;
pub use logs::{LISTED_LOGS, LogList};
pub use many::ManyTraces;
pub use mouse::Answer;
pub use narrow::Narrow;
pub use operations::{OperationColumn, OperationKey, OperationList};
pub use output::{Output, OutputLine};
pub use palette::{Command, Palette};
pub use pause::Pause;
pub use picker::Picker;
pub use place::{Mode, Overlay, Pane};
pub use sentry::{Said, SentryStatus};
pub use service_map::{MapRow, ServiceMap};
pub use services::{ServiceState, Services};
pub(crate) use traces::span_days;
pub use traces::{Column, TraceList};
pub use warnings::WarningList;
pub use waterfall::{Find, Shape, Stretch, Waterfall, Zoom};

use place::{deeper, next, shallower};

use crate::keymap::{Here, Keymap};
use crate::view::layout::{Panes, Splits};
use crate::view::{Theme, cross_check_rows, list_rows, overlay_lines, palette_rows};

/// The whole state of the screen.
#[derive(Debug)]
pub struct App {
    /// What was received.
    pub store: Store,
    /// What stands behind the viewer.
    pub mode: Mode,
    /// Where the collector listens.
    pub addresses: Addresses,
    /// What the collector accepted and refused.
    pub health: HealthSnapshot,
    /// What the collector has received and the store has not.
    pub queue: QueueDepth,
    /// The files that are shown.
    pub files: Files,
    /// The demo's processes.
    pub services: Services,
    /// What they print.
    pub output: Output,
    /// Which traces are listed.
    pub filter: FilterLine,
    /// The list of traces.
    pub traces: TraceList,
    /// The spans of the selected trace.
    pub waterfall: Waterfall,
    /// The selected span.
    pub details: Details,
    /// Which rows of the waterfall the cross-check shows.
    pub cross_check: CrossCheck,
    /// What all traces say together.
    pub many: ManyTraces,
    /// What is done in them.
    pub operations: OperationList,
    /// Who calls whom.
    pub service_map: ServiceMap,
    /// What is wrong with them.
    pub warnings: WarningList,
    /// The log records of the selected trace.
    pub logs: LogList,
    /// What the selected trace does otherwise than another.
    pub compare: Compare,
    /// All that can be done here.
    pub palette: Palette,
    /// The real Sentry.
    pub sentry: SentryStatus,
    /// Which pane the keys go to.
    pub pane: Pane,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// A line for the person.
    pub notice: Option<Notice>,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// The colours that the terminal has.
    pub theme: Theme,
    pause: Option<Pause>,
    /// When the last frame was drawn, or rather which moment it shows.
    shown_unix_nano: u64,
    /// What keys do.
    pub keymap: Keymap,
    /// Where things stood in the last frame.
    panes: Panes,
    splits: Splits,
    dragged: Option<mouse::Divider>,
    ids: fastrand::Rng,
}

impl App {
    /// An empty screen.
    #[must_use]
    pub fn new(store: Store, mode: Mode, addresses: Addresses, ids: fastrand::Rng) -> Self {
        Self {
            store,
            mode,
            addresses,
            health: HealthSnapshot::default(),
            queue: QueueDepth::default(),
            files: Files::default(),
            services: Services::default(),
            output: Output::default(),
            filter: FilterLine::default(),
            traces: TraceList::default(),
            waterfall: Waterfall::default(),
            details: Details::default(),
            cross_check: CrossCheck::default(),
            many: ManyTraces::default(),
            operations: OperationList::default(),
            service_map: ServiceMap::default(),
            warnings: WarningList::default(),
            logs: LogList::default(),
            compare: Compare::default(),
            palette: Palette::default(),
            sentry: SentryStatus::default(),
            pane: Pane::Traces,
            overlay: None,
            notice: None,
            zone: TimeZone::UTC,
            theme: Theme::default(),
            pause: None,
            shown_unix_nano: 0,
            keymap: Keymap::default(),
            panes: Panes::of(Rect::ZERO, Splits::default()),
            splits: Splits::default(),
            dragged: None,
            ids,
        }
    }

    /// Takes the collector's counts; a new refusal is said at once, with its reason.
    pub fn set_health(&mut self, health: HealthSnapshot) {
        let newest = |health: &HealthSnapshot| health.recent.back().map(|refused| refused.number);
        if let Some(refused) = health.recent.back().filter(|_| newest(&health) > newest(&self.health)) {
            let text = format!("refused at {}: {}", refused.listener, refused.reason);
            self.notice = Some(Notice { text, error: true });
        }
        self.health = health;
    }

    /// Does what a key asked for.
    pub fn update(&mut self, action: Action) -> Option<Effect> {
        self.notice = None;
        if action == Action::Suspend {
            return Some(Effect::Suspend);
        }
        if self.overlay == Some(Overlay::Palette) && action != Action::Quit {
            let chosen = self.type_into_palette(action)?;
            return self.update(chosen);
        }
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::SendReset => return self.send(true),
            Action::SendInvalid => return self.send(false),
            Action::Page => return self.open_page(),
            Action::Redrive => return Some(Effect::Redrive),
            Action::OpenInSentry => return self.open_in_sentry(),
            Action::AskSentry => return self.ask_sentry(),
            Action::Pause => self.toggle_pause(),
            Action::CopyDsn => return Some(self.copy_dsn()),
            Action::Save => return self.save(),
            Action::CopyTraceId | Action::CopySpanId | Action::CopyJson | Action::CopyTraceparent | Action::CopyCurl => {
                return self.copy(action);
            }
            _ if self.filter.is_open() => self.filter.update(action, &mut self.store),
            _ if self.waterfall.find().is_open() => self.waterfall.type_find(action, &self.store),
            _ if self.is_narrowing() => {
                if let Some(narrow) = self.narrow() {
                    narrow.update(action);
                }
            }
            Action::Palette => self.open_palette(),
            Action::Operations => self.toggle(Overlay::Operations),
            Action::ServiceMap => self.toggle(Overlay::ServiceMap),
            Action::Warnings => self.toggle(Overlay::Warnings),
            Action::Logs => self.open_logs(),
            Action::MarkBase => self.mark_base(),
            Action::Compare => self.open_compare(),
            _ if self.update_list(action) => {}
            Action::Help => self.toggle(Overlay::Help(0)),
            Action::Health => self.toggle(Overlay::Health(0)),
            Action::CrossCheck => self.open_cross_check(),
            Action::Filter if self.reading_a_trace() => self.waterfall.open_find(),
            Action::Filter => self.type_filter(),
            Action::Output => self.toggle(Overlay::Output),
            Action::CopyMenu => self.open_copy_menu(),
            Action::Back if self.overlay.is_some() => self.overlay = None,
            Action::Open if self.overlay == Some(Overlay::CrossCheck) => {
                self.overlay = None;
                self.pane = Pane::Details;
            }
            _ if self.overlay.is_some() => self.scroll_overlay(action),
            Action::NextPane => self.pane = next(self.pane),
            Action::PreviousPane => self.pane = next(next(self.pane)),
            Action::Grow | Action::Shrink => self.resize(action == Action::Grow),
            Action::TurnDetails => self.turn_details(),
            Action::Pin => self.pin(),
            Action::Open => self.pane = deeper(self.pane),
            Action::Back if self.store.filter().is_some() && (self.pane == Pane::Traces || self.store.listed() == 0) => {
                self.filter.clear(&mut self.store);
                self.pane = Pane::Traces;
            }
            Action::Back if self.pane != Pane::Traces && self.waterfall.find().is_set() => self.waterfall.clear_find(),
            Action::Back => self.pane = shallower(self.pane),
            _ if self.reads(action) => self.traces.hold(),
            _ => self.move_in_pane(action),
        }
        None
    }

    /// What decides what a key means now.
    #[must_use]
    pub fn here(&self) -> Here {
        Here {
            mode: self.mode,
            pane: self.pane,
            typing: self.filter.is_open() || self.waterfall.find().is_open() || self.is_narrowing(),
            checking: matches!(self.overlay, Some(Overlay::CrossCheck)),
            listing: self.listing(),
            copying: matches!(self.overlay, Some(Overlay::Copy)),
        }
    }

    /// Takes text that was pasted: into the line that is typed, else nowhere.
    pub fn paste(&mut self, text: &str) {
        if self.filter.is_open() {
            self.notice = None;
            self.filter.paste(text, &mut self.store);
        } else if self.is_narrowing() {
            self.notice = None;
            if let Some(narrow) = self.narrow() {
                narrow.paste(text);
            }
        } else if self.waterfall.find().is_open() {
            self.notice = None;
            self.waterfall.paste_find(text);
        }
    }

    /// Catches up with the store and brings every cursor into view. To be called before a frame is drawn, with the frame's time in
    /// nanoseconds since the Unix epoch.
    pub fn fit(&mut self, panes: &Panes, unix_nano: u64) {
        self.panes = *panes;
        self.store.services().for_each(|service| self.theme.learn(&service.service));
        let unix_nano = self.moment(unix_nano);
        self.shown_unix_nano = unix_nano;
        let above = usize::from(self.filter.is_open());
        self.traces
            .fit(&self.store, rows(panes.traces).saturating_sub(above), unix_nano);
        self.waterfall.show(self.traces.selected());
        let longest_run = self.mode.longest_run();
        self.waterfall.fit(&self.store, panes.waterfall, unix_nano, longest_run);
        self.details
            .fit(&self.store, &self.waterfall, panes.details, (unix_nano, &self.zone));
        self.cross_check.fit(&self.waterfall, cross_check_rows(self, panes.overlay));
        self.output.fit(rows(panes.overlay).saturating_sub(1));
        self.fit_lists(list_rows(self, panes.overlay));
        self.fit_palette(palette_rows(panes.overlay));
        let last = overlay_lines(self, panes.overlay).saturating_sub(rows(panes.overlay).saturating_sub(1));
        if let Some(Overlay::Help(first) | Overlay::Health(first)) = &mut self.overlay {
            *first = last.min(*first);
        }
    }

    fn type_filter(&mut self) {
        self.overlay = None;
        self.pane = Pane::Traces;
        self.filter.open();
    }

    fn pin(&mut self) {
        let Some(trace) = self.traces.selected().and_then(|trace_id| self.store.trace(trace_id)) else {
            return;
        };
        self.traces.hold();
        self.store.pin(trace.trace_id, !trace.pinned);
        let text = if trace.pinned {
            "no longer pinned: this trace leaves when it is among the longest quiet ones and the memory is full"
        } else {
            "★ pinned: this trace stays when the memory is full"
        };
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: false,
        });
    }

    fn open_cross_check(&mut self) {
        if self.waterfall.selected().is_none() {
            self.notice = Some(Notice {
                text: "there is no trace to check yet".to_owned(),
                error: true,
            });
            return;
        }
        // The trace under the reader stays.
        self.traces.hold();
        self.toggle(Overlay::CrossCheck);
    }

    fn toggle(&mut self, overlay: Overlay) {
        let shown = |open: Overlay| std::mem::discriminant(&open) == std::mem::discriminant(&overlay);
        self.overlay = if self.overlay.is_some_and(shown) {
            None
        } else {
            Some(overlay)
        };
    }

    fn scroll_overlay(&mut self, action: Action) {
        match &mut self.overlay {
            Some(Overlay::Help(first) | Overlay::Health(first)) => *first = scrolled(*first, action, 10),
            Some(Overlay::Output) => self.output.scroll(action),
            Some(Overlay::CrossCheck) => self.waterfall.update(action, Some(self.cross_check.height())),
            Some(_) | None => {}
        }
    }

    fn move_in_pane(&mut self, action: Action) {
        match self.pane {
            Pane::Traces => self.traces.update(&self.store, action),
            Pane::Waterfall => {
                self.traces.hold();
                self.waterfall.update(action, None);
            }
            Pane::Details => {
                self.traces.hold();
                self.details.update(action);
            }
        }
    }
}

/// A pane's rows without its title line.
const fn rows(area: Rect) -> usize {
    area.height.saturating_sub(1) as usize
}

/// Where a position goes; the caller knows the end and clamps it.
const fn scrolled(position: usize, action: Action, page: usize) -> usize {
    match action {
        Action::Up => position.saturating_sub(1),
        Action::Down => position.saturating_add(1),
        Action::PageUp => position.saturating_sub(page),
        Action::PageDown => position.saturating_add(page),
        Action::First => 0,
        Action::Last => usize::MAX,
        _ => position,
    }
}

/// The first row to show, so that `cursor` is among `height` rows and as little moves as possible.
const fn window(first: usize, cursor: usize, height: usize) -> usize {
    if cursor < first {
        cursor
    } else if cursor >= first.saturating_add(height) {
        (cursor + 1).saturating_sub(height)
    } else {
        first
    }
}
