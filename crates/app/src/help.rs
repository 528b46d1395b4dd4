//! The help: keys by where they mean something, the filter's language, and what marks mean.

mod marks;

use ratatui_core::layout::Rect;
use trace_model::filter;

use super::layout::PopupArea;
use super::{Action, App, ListFilter, Scroll};
use crate::format::{self, Now};
use crate::keymap::KeyContext;
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use marks::MARKS;

/// Columns of the help, at most.
const COLUMNS: u16 = 92;
/// Columns of keys and marks.
const KEYS: usize = 12;
/// Columns of the filter examples.
const EXAMPLES: usize = 34;
/// Columns of a meaning, at least, if it is on the same line as its term.
const MEANING: usize = 24;

/// Entries below a title.
struct HelpSection {
    title: &'static str,
    /// Columns of the left side.
    column: usize,
    /// Keys, marks or examples, each with its meaning.
    entries: Vec<(String, &'static str)>,
}

/// The help popup.
#[derive(Debug)]
pub struct Help {
    narrow: ListFilter,
    scroll: Scroll,
    /// Context in which it was opened, until its section has been found.
    start: Option<KeyContext>,
    lines: Vec<HelpLine>,
}

/// A line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpLine {
    /// The title of a section.
    Title(&'static str),
    /// A key, a mark or an example, and its meaning from this column on. A long meaning has more lines, which begin with an empty left side.
    Pair(String, usize, String),
    /// Between two sections.
    Empty,
}

impl Help {
    /// The words that are searched for.
    #[must_use]
    pub const fn narrow(&self) -> &ListFilter {
        &self.narrow
    }

    /// The lines in view.
    pub fn visible(&self, height: usize) -> impl Iterator<Item = &HelpLine> {
        self.lines.iter().skip(self.scroll.first()).take(height)
    }

    /// Returns the number of lines below the view.
    #[must_use]
    pub fn below(&self, height: usize) -> usize {
        self.lines.len().saturating_sub(self.scroll.first() + height)
    }

    /// Returns the area of the popup.
    #[must_use]
    fn area(body: Rect) -> PopupArea {
        PopupArea::of(body, COLUMNS, body.height)
    }
}

impl App {
    /// Lays the help out.
    fn fit_help(&mut self, rows: Rect) {
        let Some(help) = Help::shown(self) else { return };
        let mut lines = Vec::new();
        for HelpSection { title, column, entries } in self.help_sections() {
            let is_found = |(left, right): &(String, &'static str)| help.narrow.keeps(&[left, right, title]);
            let entries: Vec<_> = entries.into_iter().filter(is_found).collect();
            if entries.is_empty() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(HelpLine::Empty);
            }
            lines.push(HelpLine::Title(title));
            for (left, right) in entries {
                pair(&mut lines, left, right, column, usize::from(rows.width));
            }
        }
        let height = usize::from(rows.height);
        let section = help.start.and_then(|context| self.section_of(context));
        let Some(help) = Help::shown_mut(self) else { return };
        help.lines = lines;
        if help.start.take().is_some() {
            let title = section.map(HelpLine::Title);
            let start = title.and_then(|title| help.lines.iter().position(|line| *line == title));
            help.scroll = Scroll::at(start.unwrap_or(0));
        }
        help.scroll.fit(help.lines.len(), height);
    }

    fn help_sections(&self) -> Vec<HelpSection> {
        let mut sections: Vec<HelpSection> = Vec::new();
        let shown = |bound: &&crate::keymap::Bound| {
            let binding = bound.binding;
            !binding.help.is_empty() && !bound.keys.is_empty() && binding.modes.contains(&self.mode)
        };
        for bound in self.keymap.iter().filter(shown) {
            let entry = (bound.labels(), bound.binding.help);
            let title = bound.section.title;
            match sections.iter_mut().find(|section| section.title == title) {
                Some(section) => section.entries.push(entry),
                None => sections.push(HelpSection {
                    title,
                    column: KEYS,
                    entries: vec![entry],
                }),
            }
        }
        for (title, column, pairs) in [
            ("Filter", EXAMPLES, filter::HELP),
            ("Filter of log records", EXAMPLES, filter::HELP_LOGS),
            ("Marks", KEYS, MARKS),
        ] {
            let entries = pairs.iter().map(|(left, right)| ((*left).to_owned(), *right)).collect();
            sections.push(HelpSection { title, column, entries });
        }
        sections
    }

    /// The section that is most about a context: the one with the fewest contexts.
    fn section_of(&self, context: KeyContext) -> Option<&'static str> {
        let sections = self
            .keymap
            .iter()
            .filter(|bound| bound.applies(context, self.mode))
            .map(|bound| bound.section);
        let of_context = sections.filter(|section| section.contexts.contains(&context));
        of_context
            .min_by_key(|section| section.contexts.len())
            .map(|section| section.title)
    }
}

/// The meaning is on the line of its term, and on as many more as it needs; below a term that is too wide.
fn pair(lines: &mut Vec<HelpLine>, left: String, right: &str, column: usize, width: usize) {
    let column = if width < column + MEANING { 2 } else { column + 2 };
    let mut pieces = format::wrapped_words(right, width.saturating_sub(column).max(1)).into_iter();
    let first = if format::columns(&left) < column {
        pieces.next()
    } else {
        None
    };
    lines.push(HelpLine::Pair(left, column, first.unwrap_or_default()));
    lines.extend(pieces.map(|piece| HelpLine::Pair(String::new(), column, piece)));
}

impl Component for Help {
    fn place(_: &App, body: Rect) -> Placed {
        let area = Self::area(body);
        // The last line is for the words that are searched for.
        let rows = Rect {
            height: area.inner.height.saturating_sub(1),
            ..area.inner
        };
        Placed::popup(area, rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.fit_help(placed.rows);
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match Self::shown_mut(app).filter(|_| action != Action::Filter) {
            Some(help) => {
                help.scroll.update(action, 10);
                Outcome::Done(None)
            }
            None => Outcome::Ignored,
        }
    }

    fn narrow(app: &App) -> Option<&ListFilter> {
        Self::shown(app).map(|help| &help.narrow)
    }

    fn narrow_mut(app: &mut App) -> Option<&mut ListFilter> {
        Self::shown_mut(app).map(|help| &mut help.narrow)
    }
}

impl Opened for Help {
    fn open(app: &mut App) -> Self {
        Self {
            narrow: ListFilter::default(),
            scroll: Scroll::default(),
            start: Some(app.key_context()),
            lines: Vec::new(),
        }
    }
}
