//! The two screens of log records: the tab, and the records of the selected trace above another tab.

use ratatui_core::layout::{Position, Rect};
use trace_files::json_lines;
use trace_model::sentry::ErrorEvent;
use trace_model::{LogQuery, LogView, SpanKey, Store, outside_of_spans};
use trace_stats::SpanPlace;

use super::{LogFocus, LogParts, LogScreen, PatternList};
use crate::format::{self, Now};
use crate::keymap::KeyContext;
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::layout::BESIDE;
use crate::{Action, App, Effect, EventResult, Filtered, Hit, Layer, Notice, Screen};

/// The tab of all log records.
#[derive(Debug)]
pub struct LogTab(pub(crate) LogScreen);

impl Default for LogTab {
    fn default() -> Self {
        Self(LogScreen::new(LogView::All))
    }
}

impl LogTab {
    /// Returns its screen.
    #[must_use]
    pub const fn screen(&self) -> &LogScreen {
        &self.0
    }
}

/// The log records of the selected trace.
#[derive(Debug)]
pub struct TraceLogs(LogScreen);

impl TraceLogs {
    /// Returns its screen.
    #[must_use]
    pub const fn screen(&self) -> &LogScreen {
        &self.0
    }
}

/// A layer that is a screen of log records.
pub(crate) trait LogLayer {
    fn screen(app: &App) -> Option<&LogScreen>;

    /// Returns the screen with the store that it reads.
    fn with_store(app: &mut App) -> Option<(&mut LogScreen, &Store)>;

    /// Returns the number in the tab bar.
    fn count(_: &App) -> Option<u64> {
        None
    }
}

impl LogLayer for LogTab {
    fn screen(app: &App) -> Option<&LogScreen> {
        Some(&app.logs.0)
    }

    fn with_store(app: &mut App) -> Option<(&mut LogScreen, &Store)> {
        Some((&mut app.logs.0, &app.store))
    }

    fn count(app: &App) -> Option<u64> {
        Some(app.store.totals().logs as u64).filter(|count| *count > 0)
    }
}

impl LogLayer for TraceLogs {
    fn screen(app: &App) -> Option<&LogScreen> {
        Self::shown(app).map(|logs| &logs.0)
    }

    fn with_store(app: &mut App) -> Option<(&mut LogScreen, &Store)> {
        match app.screens.top_mut() {
            Some(Screen::TraceLogs(logs)) => Some((&mut logs.0, &app.store)),
            _ => None,
        }
    }
}

impl Opened for TraceLogs {
    const WITHOUT_TRACE: Option<&'static str> = Some("no trace whose logs could be read");

    fn open(app: &mut App) -> Self {
        // The trace under the reader stays.
        app.traces.hold();
        app.filter.forget(Filtered::TraceLogs);
        let trace_id = app.waterfall.selected().map(|(trace_id, _)| trace_id);
        let query = trace_id.map(|trace_id| LogQuery {
            trace_id: Some(trace_id),
            ..LogQuery::default()
        });
        app.store.set_log_query(LogView::Trace, query);
        Self(LogScreen::new(LogView::Trace))
    }
}

/// Returns the parts of a screen of log records.
fn parts(app: &App, screen: &LogScreen, body: Rect) -> LogParts {
    LogParts::of(screen, &app.store, app.filter.is_open_on(screen.filtered()), body)
}

impl<T: LogLayer> Component for T {
    fn place(app: &App, body: Rect) -> Placed {
        let rows = T::screen(app).map(|screen| parts(app, screen, body).rows);
        Placed::screen(body, rows.unwrap_or_default())
    }

    fn fit(app: &mut App, placed: &Placed, now: &Now) {
        let parts = T::screen(app).map(|screen| parts(app, screen, placed.area));
        if let Some((parts, (screen, store))) = parts.zip(T::with_store(app)) {
            screen.fit(store, &parts, now);
        }
    }

    fn part(app: &App) -> Option<KeyContext> {
        let screen = T::screen(app)?;
        if app.filter.is_open_on(screen.filtered()) {
            return Some(KeyContext::Filter);
        }
        if screen.patterns().is_some() {
            return Some(KeyContext::Patterns);
        }
        (screen.focus() == LogFocus::Record).then_some(KeyContext::LogRecord)
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        let body = app.geometry.panes.body;
        let Some((screen, store)) = T::with_store(app) else {
            return Outcome::Ignored;
        };
        let list = screen.filtered();
        match action {
            Action::Filter => app.filter.open(list),
            Action::Patterns => screen.toggle_patterns(),
            Action::Open if screen.patterns.is_some() => app.list_pattern::<T>(),
            Action::CopyRecord => return Outcome::Done(app.copy_record::<T>()),
            Action::NextPane | Action::PreviousPane => screen.turn_focus(),
            Action::TurnDetails if body.width >= BESIDE => screen.is_beside = !screen.is_beside,
            Action::TurnDetails => app.say("this screen is too narrow for a record right of the list"),
            Action::Open if screen.focus == LogFocus::List => app.open_span_of::<T>(),
            Action::Open if screen.record.pane.can_open() => app.toggle(Layer::Value),
            _ if screen.change_times(store, action) => {}
            _ => screen.move_by(store, action),
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        let screen = T::screen(app)?;
        let record = &screen.record.pane;
        match action {
            Action::Filter => Some(!screen.is_empty(&app.store) || screen.filtered().is_set(&app.store)),
            Action::Patterns => Some(screen.patterns.is_some() || !screen.is_empty(&app.store)),
            Action::Open if screen.patterns.is_some() => Some(Self::has_rows(app)),
            Action::CopyRecord | Action::Toggle(Layer::Value) => Some(screen.record.id().is_some()),
            Action::Open if screen.focus == LogFocus::Record => Some(record.can_open() || record.can_fold()),
            Action::Open => Some(screen.record.record().is_some_and(|record| record.trace_id.is_some())),
            Action::ToggleFold => Some(record.can_fold()),
            Action::ZoomIn | Action::ZoomOut | Action::ZoomToSpan | Action::PanLeft | Action::PanRight | Action::NextPane => {
                Some(!screen.is_empty(&app.store))
            }
            Action::WholeTrace => Some(screen.times.is_some()),
            _ => None,
        }
    }

    fn has_rows(app: &App) -> bool {
        T::screen(app).is_some_and(|screen| !screen.is_empty(&app.store))
    }

    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        let (screen, store) = T::with_store(app)?;
        screen.select_row(store, row)
    }

    fn press(app: &mut App, at: Position, hit: Option<Hit>) -> Option<EventResult> {
        let body = app.geometry.panes.body;
        let bars = parts(app, T::screen(app)?, body).bars;
        let (screen, _) = T::with_store(app)?;
        match hit {
            Some(Hit::Section(name)) => {
                screen.focus = LogFocus::Record;
                screen.record.pane.open_section(name);
            }
            Some(Hit::DetailLine(column, line)) => {
                let was_focused = std::mem::replace(&mut screen.focus, LogFocus::Record) == LogFocus::Record;
                if screen.record.pane.select_line(column, line) && was_focused {
                    return Some(EventResult::Changed(app.update(Action::Open)));
                }
            }
            _ if bars.contains(at) => screen.dragged = Some((at.x, at.x)),
            _ => return None,
        }
        screen.window.hold();
        Some(EventResult::Changed(None))
    }

    fn drag(app: &mut App, at: Position) -> bool {
        T::with_store(app).is_some_and(|(screen, _)| screen.drag(at.x))
    }

    fn release(app: &mut App) -> bool {
        let body = app.geometry.panes.body;
        let bars = T::screen(app).map(|screen| parts(app, screen, body).bars);
        let screen = T::with_store(app).zip(bars);
        screen.is_some_and(|((screen, store), bars)| screen.release(store, bars))
    }

    fn back(app: &mut App) -> bool {
        let Some((screen, store)) = T::with_store(app) else {
            return false;
        };
        let list = screen.filtered();
        if screen.patterns.take().is_some() {
            return true;
        }
        if screen.focus == LogFocus::Record {
            screen.focus = LogFocus::List;
            return true;
        }
        if list.condition(store).is_some() {
            list.set_condition(&mut app.store, None);
            return true;
        }
        if list.is_set(store) {
            app.filter.clear(list, &mut app.store);
            return true;
        }
        screen.times.take().is_some()
    }

    fn leave(_: &mut App) -> bool {
        false
    }

    fn count(app: &App) -> Option<u64> {
        <T as LogLayer>::count(app)
    }

    fn count_ever(app: &App) -> u64 {
        let evicted = app.store.totals().evicted_logs;
        <T as LogLayer>::count(app).unwrap_or(0) + evicted
    }
}

impl App {
    /// Returns the screen of log records that is on top, if one is.
    #[must_use]
    pub fn log_screen(&self) -> Option<&LogScreen> {
        match self.top_screen() {
            Layer::Logs => <LogTab as LogLayer>::screen(self),
            Layer::TraceLogs => <TraceLogs as LogLayer>::screen(self),
            _ => None,
        }
    }

    /// Continues to read for the screen of log records that is shown; returns true if there is something new.
    pub(crate) fn read_logs(&mut self, work: u64) -> bool {
        let shown = match self.top_screen() {
            Layer::Logs => LogTab::with_store(self),
            Layer::TraceLogs => TraceLogs::with_store(self),
            _ => None,
        };
        shown.is_some_and(|(screen, store)| screen.step(store, work))
    }

    /// Goes to the span in which the record under the cursor was written, or to its trace.
    fn open_span_of<T: LogLayer>(&mut self) {
        let Some(record) = T::screen(self).and_then(|screen| screen.record.record()) else {
            return;
        };
        let Some(trace_id) = record.trace_id else {
            return self.say("this record belongs to no trace");
        };
        let span_id = record.span_id.unwrap_or_else(|| outside_of_spans(trace_id));
        let key = self.store.key_of(trace_id, span_id);
        let (is_known, has_span) = (key.is_some(), record.span_id.is_some());
        let key = key.unwrap_or_else(|| SpanKey::new(span_id, record.service.as_str().into()));
        self.jump_to(&SpanPlace { trace_id, key }, "Logs".to_owned());
        if !is_known && has_span {
            self.say("span of this record not received");
        }
    }

    /// Lists the records of the pattern under the cursor: it is a condition of the list in addition to its filter.
    fn list_pattern<T: LogLayer>(&mut self) {
        let Some(screen) = T::screen(self) else { return };
        let list = screen.filtered();
        let Some(condition) = screen.patterns().and_then(PatternList::condition) else {
            return self.say("no pattern under the cursor");
        };
        list.set_condition(&mut self.store, Some(condition));
        if let Some((screen, _)) = T::with_store(self) {
            screen.patterns = None;
        }
    }

    fn copy_record<T: LogLayer>(&mut self) -> Option<Effect> {
        let record = T::screen(self)?.record.record()?;
        if record.is_cut {
            self.say("not copied: too many attributes and values (save the records instead)");
            return None;
        }
        let line = json_lines::log_line(record, ErrorEvent::of(record).is_some()).ok()?;
        let size = format::bytes(line.len() as u64);
        self.notice = Some(Notice {
            text: format!("copied, where the terminal allows it: the record as JSON, {size}, with any credentials in it"),
            error: false,
        });
        Some(Effect::Copy(line))
    }
}
