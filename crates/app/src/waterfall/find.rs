//! Looking for something in one trace.

use trace_model::filter::MAX_LENGTH;
use trace_model::{Filter, FilterError, Outline, Revision, Store, TraceId};

use super::super::Action;
use super::super::line::InputLine;

/// A filter for the spans of the trace that is shown. What is typed is applied at every key, as long as it is a filter.
#[derive(Debug, Default)]
pub struct Find {
    open: bool,
    line: InputLine,
    error: Option<FilterError>,
    filter: Option<Filter>,
    /// Places in the tree, in its order.
    matches: Vec<usize>,
    /// For what they were looked up.
    known: Option<(TraceId, Option<Revision>, Filter)>,
}

impl Find {
    /// Whether it is being typed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Whether something is looked for, or about to be.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.open || self.filter.is_some()
    }

    /// What is typed.
    #[must_use]
    pub const fn line(&self) -> &InputLine {
        &self.line
    }

    /// Why the line is no filter. Until it is one, the one before counts.
    #[must_use]
    pub const fn error(&self) -> Option<&FilterError> {
        self.error.as_ref()
    }

    /// How many spans it finds; `None` while nothing is looked for.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.filter.as_ref().map(|_| self.matches.len())
    }

    /// Whether it finds the span at a place in the tree.
    #[must_use]
    pub fn finds(&self, node: usize) -> bool {
        self.rank(node).is_some()
    }

    /// Which one of those that it finds a span is, from 0.
    #[must_use]
    pub fn rank(&self, node: usize) -> Option<usize> {
        self.filter.as_ref()?;
        self.matches.binary_search(&node).ok()
    }

    /// Begins to type, with what is looked for already.
    pub(super) fn open(&mut self) {
        self.open = true;
        self.error = None;
        self.line = InputLine::of(self.line.text());
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.line.insert(text.chars(), MAX_LENGTH);
        self.apply();
    }

    /// True when the line is kept.
    pub(super) fn update(&mut self, action: Action) -> bool {
        match action {
            Action::KeepFilter if self.error.is_none() => {
                self.open = false;
                return self.filter.is_some();
            }
            Action::ClearFilter => self.clear(),
            _ if self.line.update(action, MAX_LENGTH) => self.apply(),
            _ => {}
        }
        false
    }

    fn apply(&mut self) {
        match Filter::parse(self.line.text()) {
            Ok(filter) => {
                self.error = None;
                self.filter = Some(filter).filter(|filter| !filter.is_empty());
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Looks again when the trace has changed, for what is typed here.
    pub(super) fn fit(&mut self, store: &Store, outline: &Outline) {
        if let Some(filter) = self.filter.clone() {
            self.look(store, outline, filter);
        }
    }

    /// What is to be gone through: what is looked for here, else what the list's filter finds.
    pub(super) fn all(&mut self, store: &Store, outline: &Outline) -> &[usize] {
        match self.filter.as_ref().or_else(|| store.filter()).cloned() {
            Some(filter) => self.look(store, outline, filter),
            None => self.matches.clear(),
        }
        &self.matches
    }

    fn look(&mut self, store: &Store, outline: &Outline, filter: Filter) {
        let trace_id = outline.trace_id();
        let wanted = Some((trace_id, outline.revision(), filter));
        if self.known == wanted {
            return;
        }
        let found = wanted.as_ref().map(|(_, _, filter)| store.matches(trace_id, filter));
        let found = found.unwrap_or_default();
        self.matches = found.iter().filter_map(|key| outline.node_of(key)).collect();
        self.matches.sort_unstable();
        self.known = wanted;
    }
}
