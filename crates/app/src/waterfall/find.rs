//! Looking for something in one trace.

use trace_model::filter::MAX_LENGTH;
use trace_model::work::{self, STRIDE, VISIT};
use trace_model::{Clock, Filter, FilterError, MatchReader, Matches, Outline, Records, Revision, SpanKey, Store, TraceId};

use super::super::Action;
use super::super::line::InputLine;

/// A filter for the spans of the trace that is shown. What is typed is applied at every key, as long as it is a filter.
#[derive(Debug, Default)]
pub struct Find {
    open: bool,
    line: InputLine,
    error: Option<FilterError>,
    filter: Option<Filter>,
    found: Found,
    /// Search in progress, which replaces the result when it is complete.
    search: Option<Search>,
    /// True if the cursor goes to the first match when there is one.
    wants_first: bool,
}

/// Input of a search.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    trace_id: TraceId,
    /// Of the rows.
    revision: Option<Revision>,
    filter: Filter,
}

/// Result of a search.
#[derive(Debug, Default)]
struct Found {
    /// Input of the result; `None` before the first one.
    of: Option<Wanted>,
    keys: Matches,
    /// Places in the tree, in its order.
    nodes: Vec<usize>,
    /// Rows that these places are of.
    tree: Option<Revision>,
}

/// A search of a trace, in steps: first its spans, then their places in the tree.
#[derive(Debug)]
struct Search {
    of: Wanted,
    reader: MatchReader,
    is_read: bool,
    nodes: Vec<usize>,
    /// Next place in the tree.
    at: usize,
    /// Rows that these places are of.
    tree: Option<Revision>,
}

impl Search {
    fn new(store: &Store, of: Wanted) -> Self {
        Self {
            reader: MatchReader::new(store, of.trace_id, of.filter.clone()),
            of,
            is_read: false,
            nodes: Vec::new(),
            at: 0,
            tree: None,
        }
    }

    /// Searches until about so much work is done; true once it is complete.
    fn step(&mut self, store: &Store, outline: &Outline, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        if !self.is_read {
            self.is_read = self.reader.step(store, work);
        }
        if !self.is_read {
            return false;
        }
        if self.tree != outline.revision() {
            (self.nodes, self.at, self.tree) = (Vec::new(), 0, outline.revision());
        }
        let (nodes, found) = (outline.tree().nodes(), self.reader.found());
        while self.at < nodes.len() && work::done() < until {
            let end = nodes.len().min(self.at + STRIDE);
            work::add((end - self.at) * VISIT);
            self.nodes.extend((self.at..end).filter(|at| found.has(&nodes[*at].key)));
            self.at = end;
        }
        self.at == nodes.len()
    }
}

impl Find {
    /// Returns true if it is being typed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Returns true if a search is set, or about to be.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.open || self.filter.is_some()
    }

    /// Returns the typed line.
    #[must_use]
    pub const fn line(&self) -> &InputLine {
        &self.line
    }

    /// Error of the line. The previous search stays set until the line is valid.
    #[must_use]
    pub const fn error(&self) -> Option<&FilterError> {
        self.error.as_ref()
    }

    /// Returns the number of matching spans; `None` without a search, and until it is known.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.is_known().then_some(self.found.nodes.len())
    }

    /// Returns true if the spans of the filter are known.
    fn is_known(&self) -> bool {
        let of = self.found.of.as_ref().map(|of| &of.filter);
        self.filter.is_some() && of == self.filter.as_ref()
    }

    /// Returns true if it matches a span.
    #[must_use]
    pub fn finds(&self, key: &SpanKey) -> bool {
        self.is_known() && self.found.keys.has(key)
    }

    /// Which one of those that it finds the span at a place in the tree is, from 0.
    #[must_use]
    pub fn rank(&self, outline: &Outline, node: usize) -> Option<usize> {
        let is_of = self.is_known() && self.found.tree == outline.revision();
        self.found.nodes.binary_search(&node).ok().filter(|_| is_of)
    }

    /// Returns true if a search is in progress.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Returns true if the cursor is to go to the first match.
    pub(super) const fn wants_first(&self) -> bool {
        self.wants_first
    }

    pub(super) const fn want_first(&mut self, is_wanted: bool) {
        self.wants_first = is_wanted;
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

    pub(super) fn paste(&mut self, text: &str, clock: &Clock) {
        self.line.insert(text.chars(), MAX_LENGTH);
        self.apply(clock);
    }

    /// True when the line is kept.
    pub(super) fn update(&mut self, action: Action, clock: &Clock) -> bool {
        match action {
            Action::KeepFilter if self.error.is_none() => {
                self.open = false;
                return self.filter.is_some();
            }
            Action::ClearFilter => self.clear(),
            _ if self.line.update(action, MAX_LENGTH) => self.apply(clock),
            _ => {}
        }
        false
    }

    fn apply(&mut self, clock: &Clock) {
        match Filter::parse_for(self.line.text(), Records::Spans, clock) {
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

    /// Returns the matches: of this search, else of the list's filter. `None` until they are known.
    pub(super) fn all(&mut self, store: &Store, outline: &Outline) -> Option<&[usize]> {
        let filter = self.filter.as_ref().or_else(|| store.filter()).cloned();
        let is_known = if let Some(filter) = filter {
            self.look(store, outline, filter)
        } else {
            (self.found, self.search) = (Found::default(), None);
            true
        };
        is_known.then_some(&self.found.nodes)
    }

    /// Searches as far as a frame permits, or begins to; true if the result is known.
    fn look(&mut self, store: &Store, outline: &Outline, filter: Filter) -> bool {
        let wanted = Wanted {
            trace_id: outline.trace_id(),
            revision: outline.revision(),
            filter,
        };
        if self.found.of.as_ref() == Some(&wanted) && self.found.tree == wanted.revision {
            self.search = None;
            return true;
        }
        // Of a trace that grows all the time, each search that was begun is completed.
        let is_alike = |of: &Wanted| of.trace_id == wanted.trace_id && of.filter == wanted.filter;
        if !self.search.as_ref().is_some_and(|search| is_alike(&search.of)) {
            self.search = Some(Search::new(store, wanted.clone()));
        }
        self.search_part(store, outline, super::WORK_PER_FRAME);
        self.found.of.as_ref() == Some(&wanted)
    }

    /// Continues the search until about so much work is done; true when it is complete.
    pub(super) fn search_part(&mut self, store: &Store, outline: &Outline, work: u64) -> bool {
        let Some(search) = &mut self.search else { return false };
        // It is of another trace until the next frame.
        if search.of.trace_id != outline.trace_id() {
            self.search = None;
            return false;
        }
        if !search.step(store, outline, work) {
            return false;
        }
        if let Some(search) = self.search.take() {
            self.found = Found {
                of: Some(search.of),
                keys: search.reader.into_found(),
                nodes: search.nodes,
                tree: search.tree,
            };
        }
        true
    }
}
