//! Saving as a file: the listed traces, the listed log records, or the selected trace, after saying how much that is.

use ratatui_core::layout::Rect;
use trace_files::{SavedFile, Selection, SelectionCounts, SelectionReader};
use trace_model::{ListPlace, LogView, TraceId};

use crate::format;
use crate::keymap::KeyContext::{LogRecord, Logs, Patterns, Save};
use crate::keymap::{Binding, Key, bind};
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::layout::PopupArea;
use crate::{Action, App, Effect, Layer, Pane, Popup};

/// The key that opens the popup.
pub(crate) const OPEN: &[Binding] = &[bind(
    "save",
    &[Key::Char('W')],
    Action::Toggle(Layer::Save),
    "save the list, or the trace",
)
.also_on(&[Logs, LogRecord, Patterns, Save])];

/// Its own keys.
pub(crate) const KEYS: &[Binding] = &[bind("confirm-save", &[Key::Enter], Action::Open, "write the file").footer("save")];

/// A request to write a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    /// Content of the file.
    pub selection: Selection,
    /// Name of the file without its ending.
    pub stem: String,
}

/// The confirmation popup: it counts what would be written.
#[derive(Debug)]
pub struct SavePopup {
    reader: SelectionReader,
    stem: String,
}

/// Data that is saved from where the user is.
enum Scope {
    ListedTraces,
    ListedLogs,
    Trace(Option<TraceId>),
}

impl Scope {
    fn of(app: &App) -> Self {
        match app.top_screen() {
            Layer::Logs => Self::ListedLogs,
            Layer::Traces if app.screens.pane == Pane::Traces => Self::ListedTraces,
            _ => Self::Trace(app.traces.selected()),
        }
    }

    fn selection(&self, app: &App) -> Selection {
        match self {
            // The oldest one first, as they arrived.
            Self::ListedTraces => {
                let (mut ids, _) = app.store.listed_after(ListPlace::default(), usize::MAX);
                ids.reverse();
                Selection::Traces(ids)
            }
            Self::ListedLogs => Selection::Logs(app.store.logs_at(LogView::All, 0..app.store.listed_logs(LogView::All))),
            Self::Trace(id) => Selection::Traces(id.iter().copied().collect()),
        }
    }
}

impl SavePopup {
    /// Returns its lines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let SelectionCounts { spans, logs, .. } = *self.reader.counts();
        let selected = self.reader.selection().len() as u64;
        let mut counts = Vec::new();
        match self.reader.selection() {
            Selection::Traces(_) => {
                counts.push(format::count(selected, "trace"));
                counts.push(format::count(spans, "span"));
                if logs > 0 {
                    counts.push(format::count(logs, "log record"));
                }
            }
            Selection::Logs(_) => counts.push(format::count(selected, "log record")),
        }
        let bytes = format::bytes(self.reader.counts().json_bytes());
        let bytes = if self.reader.is_complete() {
            format!("about {bytes} of OTLP/JSON lines")
        } else {
            format!("more than {bytes} of OTLP/JSON lines")
        };
        vec![
            counts.join(" · "),
            bytes,
            SavedFile::name(&self.stem),
            "in the current directory, numbered if that file exists".to_owned(),
        ]
    }
}

impl App {
    /// Returns true while it is being counted what would be saved.
    pub(super) fn is_measuring(&self) -> bool {
        matches!(self.screens.popup(), Some(Popup::Save(popup)) if !popup.reader.is_complete())
    }

    /// Continues to count what would be saved until about this much [work](trace_model::work) is done; returns true if there is more to show.
    pub(super) fn measure(&mut self, work: u64) -> bool {
        match self.screens.popup.as_mut() {
            Some(Popup::Save(popup)) if !popup.reader.is_complete() => {
                popup.reader.step(&self.store, work, |_, _| {});
                true
            }
            _ => false,
        }
    }

    /// Closes the popup and writes the file.
    fn save(&mut self) -> Option<Effect> {
        match self.screens.popup.take()? {
            Popup::Save(popup) => Some(Effect::Save(SaveRequest {
                selection: popup.reader.into_selection(),
                stem: popup.stem,
            })),
            other => {
                self.screens.popup = Some(other);
                None
            }
        }
    }
}

impl Component for SavePopup {
    fn place(app: &App, body: Rect) -> Placed {
        let lines = Self::shown(app).map(Self::lines).unwrap_or_default();
        let widest = lines.iter().map(|line| format::columns(line)).max().unwrap_or(0);
        let lines = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let area = PopupArea::of(body, u16::try_from(widest).unwrap_or(u16::MAX), lines);
        Placed::popup(area, area.inner)
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        Outcome::Done(match action {
            Action::Open => app.save(),
            _ => None,
        })
    }
}

impl Opened for SavePopup {
    fn rejection(app: &App) -> Option<&'static str> {
        match Scope::of(app) {
            Scope::ListedTraces if app.store.is_searching() => Some("still searching: save when the list is complete"),
            Scope::ListedLogs if app.store.is_searching_logs() => Some("still searching: save when the list is complete"),
            Scope::ListedTraces if app.store.listed() == 0 => Some("no trace to save"),
            Scope::ListedLogs if app.store.listed_logs(LogView::All) == 0 => Some("no log record to save"),
            Scope::Trace(None) => Some("no trace to save"),
            _ => None,
        }
    }

    fn open(app: &mut App) -> Self {
        let scope = Scope::of(app);
        let selection = scope.selection(app);
        // What is being read stays under the reader.
        if !matches!(scope, Scope::ListedLogs) {
            app.traces.hold();
        }
        let stem = match &selection {
            Selection::Traces(ids) => match &**ids {
                [only] => format!("trace-{only}"),
                _ => "traces".to_owned(),
            },
            Selection::Logs(_) => "logs".to_owned(),
        };
        Self {
            reader: SelectionReader::new(selection),
            stem,
        }
    }
}
