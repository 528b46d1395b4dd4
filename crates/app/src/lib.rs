//! State of the screen: no drawing, no I/O, no clock.
//!
//! [`App::apply`] takes an [`Event`] and returns an [`Effect`]. Before each frame [`App::prepare`] computes the areas of all parts, and
//! [`App::fit`] catches up with the store and brings every cursor into view. Arrivals are ingested by [`App::ingest`], part by part.
//!
//! **Invariant:** the next state depends on the state and the event alone, so the whole screen is driven without a terminal.
//!
//! ```
//! use app::keymap::Key;
//! use app::{App, Effect, Event, EventResult, Mode};
//! use trace_model::Store;
//!
//! let nowhere = ([127, 0, 0, 1], 0).into();
//! let addresses = ingest_state::Addresses::from_fn(|_| nowhere);
//! let mut app = App::new(Store::new(1 << 20), Mode::Viewer, addresses, fastrand::Rng::new());
//! assert_eq!(app.apply(Event::Key(Key::Char('?'))), EventResult::Changed(None));
//! assert_eq!(app.apply(Event::Key(Key::Ctrl('c'))), EventResult::Changed(Some(Effect::Quit)));
//! ```

/// Every layer of the screen, each with the type that has its [`layer::Component`]: a new one is a line here, in order of the groups.
///
/// Each line names the variant of [`Layer`], of [`Tab`], [`Screen`] or [`Popup`], and of [`keymap::KeyContext`].
macro_rules! layers {
    ($make:ident! $args:tt) => {
        $make! { $args
            // Always there, with a number, a name and a short name.
            tabs {
                Traces: $crate::TraceList, 1, "Traces", "Traces";
                Logs: $crate::LogTab, 2, "Logs", "Log";
                Errors: $crate::ErrorList, 3, "Errors", "Err";
                Operations: $crate::OperationList, 5, "Operations", "Ops";
                ServiceMap: $crate::ServiceMap, 6, "Map", "Map";
                Warnings: $crate::WarningList, 7, "Warnings", "Warn";
                Ingest: $crate::Ingest, 8, "Ingest", "Ing";
            }
            // Stacked above a tab.
            screens {
                CrossCheck: $crate::CrossCheck, "Cross-check";
                Compare: $crate::Compare, "Compare";
                TraceLogs: $crate::TraceLogs, "Logs";
                Output: $crate::OutputScreen, "Service output";
                Error: $crate::ErrorScreen, "Error";
                Value: $crate::ValueScreen, "Value";
            }
            // Over everything else.
            popups {
                Help: $crate::Help, "Keys and marks";
                Copy: $crate::CopyMenu, "Copy";
                Save: $crate::SavePopup, "Save";
            }
            // Popups in which a line is edited from their start.
            prompts {
                Palette: $crate::Palette, "Command palette";
            }
            // Parts of a tab in which keys mean something else.
            parts { Waterfall, Details, LogRecord, Patterns, RuleTraces }
            // Lines that are edited on a tab, a screen or a popup.
            lines { Filter, Find, ListFilter }
        }
    };
}

mod action;
mod compare;
pub mod content;
mod copy;
mod cross_check;
mod details;
mod errors;
mod event;
mod figures;
mod files;
mod filter;
pub mod format;
mod frame;
mod help;
mod hits;
mod ingest;
pub mod keymap;
mod layer;
pub mod layout;
mod line;
mod list_filter;
mod lists;
mod logs;
mod mouse;
mod operations;
mod output;
mod outside;
mod page;
mod palette;
mod panes;
mod pause;
mod prepare;
mod read;
mod redraw;
mod save;
mod screens;
mod scroll;
mod sentry;
mod service_map;
mod services;
mod setup;
mod splits;
mod subject;
pub mod table;
pub mod text;
mod times;
mod traces;
mod trail;
pub mod units;
mod update;
mod value_screen;
mod warnings;
mod waterfall;

use ingest_state::{Addresses, HealthSnapshot, QueryApi, QueueDepth};
use jiff::tz::TimeZone;
use query::Aggregates;
use trace_model::{CrossChecks, RepeatedLimits, SentryReach, Store, TraceId};

pub use action::{Action, DemoRequest, Effect, Notice};
pub use compare::{Baseline, Compare, OperationMedian, Profiled, SIDES as COMPARE_SIDES};
pub use copy::{CopyMenu, redacted};
pub use cross_check::{CLIENT_REPORTS_SHOWN, CrossCheck, CrossCheckParts};
pub use details::{
    Details, ERRORS, ErrorDetails, Item, ItemId, LINKS, LOGS, PagePane, Section, ShownError, ShownLink, ShownSpan, SpanPage,
    attribute_value, level, log_line, log_text, offset, severity_mark, severity_role, value,
};
pub use errors::{ErrorList, ErrorScreen, below as errors_below};
pub use event::{ARRIVAL_WORK, Arrival, Event, EventResult, SentryAnswer, StoredSpans};
pub use figures::share;
pub use files::{FileState, Files, ShownFile};
pub use filter::{FilterLine, Filtered};
pub use help::{Help, HelpLine};
pub use hits::{Hit, Hits};
pub use ingest::Ingest;
pub use ingest_state::Listener;
pub use layer::{Layer, Popup, Screen, Tab};
pub use line::InputLine;
pub use list_filter::ListFilter;
pub use lists::List;
pub use logs::{Histogram, HistogramRow, LogFocus, LogParts, LogScreen, LogTab, PatternList, RecordDetails, TraceLogs};
pub use mouse::{Pointer, PointerKind};
pub use operations::OperationList;
pub use output::{Output, OutputLine, OutputScreen};
pub use page::{GAP as PAGE_GAP, Page};
pub use palette::{Command, Palette};
pub use pause::Pause;
pub use prepare::{Geometry, PopupGeometry};
pub use save::{SavePopup, SaveRequest};
pub use screens::{Mode, Pane, Screens};
pub use scroll::Scroll;
use scroll::{scrolled, window};
pub use sentry::{ASKED_TRACES_MAX, Said, SentrySite, SentryStatus};
pub use service_map::{CALLS_COLUMNS, ERRORS_COLUMNS, LATENCY_COLUMNS, MARK_COLUMNS, MapPicture, PictureParts, ServiceMap};
pub use services::{API, BROKER, MAILER, PAGE, ServiceState, Services};
pub use setup::SetupLine;
pub use subject::described;
pub use times::{Times, absolute, time_of_day};
pub(crate) use traces::span_days;
pub use traces::{TraceList, sentry_reach, trace_length, trace_names};
pub use value_screen::{ValueRow, ValueScreen};
pub use warnings::{BELOW as WARNINGS_BELOW, WarningList};
use waterfall::indentation;
pub use waterfall::{Find, Stretch, Waterfall, WaterfallColumns, WaterfallParts, WaterfallRow, Zoom, tree_line};

use trail::Departure;

use crate::keymap::Keymap;
use splits::Splits;

/// Settings that are known before the first frame.
#[derive(Debug)]
pub struct Settings {
    /// Keys and their actions.
    pub keymap: Keymap,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// First message.
    pub notice: Option<Notice>,
    /// The real Sentry.
    pub sentry: SentryStatus,
    /// The files that are shown.
    pub files: Files,
    /// From which number or time on calls are repeated.
    pub repeated: RepeatedLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keymap: Keymap::default(),
            zone: TimeZone::UTC,
            notice: None,
            sentry: SentryStatus::default(),
            files: Files::default(),
            repeated: RepeatedLimits::default(),
        }
    }
}

/// The whole state of the screen.
#[derive(Debug)]
pub struct App {
    /// Received data.
    pub store: Store,
    /// Source of the data.
    pub mode: Mode,
    /// Addresses of the collector.
    pub addresses: Addresses,
    /// Counts of accepted and rejected requests.
    pub health: HealthSnapshot,
    /// Data that the collector has received and the store has not.
    pub queue: QueueDepth,
    /// The query API, if there is one.
    pub query_api: Option<QueryApi>,
    /// The files that are shown.
    pub files: Files,
    /// The demo's processes.
    pub services: Services,
    /// Output of the demo's processes.
    pub output: Output,
    /// Which traces are listed.
    pub filter: FilterLine,
    /// The list of traces.
    pub traces: TraceList,
    /// The spans of the selected trace.
    pub waterfall: Waterfall,
    /// The selected span.
    pub details: Details,
    /// The tab of log records.
    pub logs: LogTab,
    /// Aggregates of all traces.
    pub aggregates: Aggregates,
    /// Operations of all traces.
    pub operations: OperationList,
    /// Calls between services.
    pub service_map: ServiceMap,
    /// Errors of all traces.
    pub errors: ErrorList,
    /// Warnings of all traces.
    pub warnings: WarningList,
    /// The Ingest tab.
    pub ingest: Ingest,
    /// The trace that others are compared with.
    pub marked: Option<Profiled>,
    cross_checks: CrossChecks,
    /// The real Sentry.
    pub sentry: SentryStatus,
    /// Which tab is active, and what is open.
    pub screens: Screens,
    /// A message for the user.
    pub notice: Option<Notice>,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    pause: Option<Pause>,
    /// When the last frame was drawn, or rather which moment it shows.
    shown_unix_nano: u64,
    /// Keys and their actions.
    pub keymap: Keymap,
    /// Areas in the last frame.
    geometry: Geometry,
    /// Clickable parts of the last frame.
    pub hits: Hits,
    splits: Splits,
    setup: setup::Setup,
    dragged: Option<mouse::Divider>,
    ids: fastrand::Rng,
}

impl App {
    /// An empty screen.
    #[must_use]
    pub fn new(mut store: Store, mode: Mode, addresses: Addresses, ids: fastrand::Rng) -> Self {
        store.summarize_in_steps();
        Self {
            store,
            mode,
            addresses,
            health: HealthSnapshot::default(),
            queue: QueueDepth::default(),
            query_api: None,
            files: Files::default(),
            services: Services::default(),
            output: Output::default(),
            filter: FilterLine::default(),
            traces: TraceList::default(),
            waterfall: Waterfall::default(),
            details: Details::default(),
            logs: LogTab::default(),
            aggregates: Aggregates::default(),
            operations: OperationList::default(),
            service_map: ServiceMap::default(),
            errors: ErrorList::default(),
            warnings: WarningList::default(),
            ingest: Ingest::default(),
            marked: None,
            cross_checks: CrossChecks::default(),
            sentry: SentryStatus::default(),
            screens: Screens::default(),
            notice: None,
            zone: TimeZone::UTC,
            pause: None,
            shown_unix_nano: 0,
            keymap: Keymap::default(),
            hits: Hits::default(),
            geometry: Geometry::none(),
            splits: Splits::default(),
            setup: setup::Setup::default(),
            dragged: None,
            ids,
        }
    }

    /// The same with what is known before the first frame.
    #[must_use]
    pub fn with(mut self, settings: Settings) -> Self {
        self.keymap = settings.keymap;
        self.zone = settings.zone;
        self.notice = settings.notice;
        self.sentry = settings.sentry;
        self.files = settings.files;
        self.store.set_repeated_limits(settings.repeated);
        self
    }

    /// Sets the collector's counts; shows a new rejection at once, with its reason.
    fn set_health(&mut self, health: HealthSnapshot) {
        let newest = |health: &HealthSnapshot| health.recent.back().map(|rejected| rejected.number);
        if let Some(rejected) = health.recent.back().filter(|_| newest(&health) > newest(&self.health)) {
            let text = format!("rejected at {}: {}", rejected.listener, rejected.reason);
            self.notice = Some(Notice { text, error: true });
        }
        self.health = health;
    }

    /// Returns how many spans of a trace that is shown reached Sentry.
    #[must_use]
    pub fn reach(&self, trace_id: TraceId) -> SentryReach {
        self.cross_checks.reach(trace_id)
    }

    /// Returns the cross-check of a trace; `None` if it is not stored. One of them serves a frame.
    #[must_use]
    pub fn cross_check(&self, trace_id: TraceId) -> Option<trace_model::CrossCheck<'_>> {
        trace_model::CrossCheck::of(&self.store, trace_id)
    }
}
