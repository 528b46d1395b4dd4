//! From one span to another that has to do with it.

use std::collections::VecDeque;

use trace_model::{Outline, SpanId, SpanKey, Store, TraceId};

use super::super::Action;
use super::{STILL_SEARCHING, Stretch, Waterfall};
use crate::format;

/// Result of a jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    /// A span of this trace, or of another, with something to say of it.
    To(Option<String>),
    /// No span, for this reason.
    Nowhere(String),
}

impl Went {
    const fn quietly() -> Self {
        Self::To(None)
    }

    fn nowhere(why: &str) -> Self {
        Self::Nowhere(why.to_owned())
    }
}

/// A span of a trace.
type Location = (TraceId, SpanKey);

/// Jumps that can be undone, at most.
const HISTORY: usize = 100;

/// Starts and targets of jumps.
#[derive(Debug, Default)]
pub(crate) struct Jumps {
    /// The last one at the back.
    history: VecDeque<Location>,
    following: Option<Following>,
    /// Which section of the critical path was gone to last.
    section: usize,
}

/// A span of another trace, to which the cursor goes once that is read.
#[derive(Debug)]
pub(super) struct Goal {
    span_id: SpanId,
    /// `None` for the span of a link, which names no service.
    key: Option<SpanKey>,
    /// Beginning of what there is to say.
    which: String,
}

/// The links of a span that are followed one after the other.
#[derive(Debug)]
struct Following {
    targets: Vec<(TraceId, SpanId)>,
    at: usize,
    /// The cursor is still where the last of them led.
    landed: Option<Location>,
}

impl Jumps {
    pub(super) fn has_history(&self) -> bool {
        !self.history.is_empty()
    }

    fn remember(&mut self, place: Location) {
        if self.history.back() != Some(&place) {
            if self.history.len() == HISTORY {
                self.history.pop_front();
            }
            self.history.push_back(place);
        }
    }
}

impl Waterfall {
    /// Jumps to the target of an action; `None` when it is not a jump.
    pub(crate) fn jump(&mut self, action: Action, store: &Store) -> Option<Went> {
        let is_jump = matches!(
            action,
            Action::NextError
                | Action::NextCritical
                | Action::ToParent
                | Action::FollowLink
                | Action::JumpBack
                | Action::NextMatch
                | Action::PreviousMatch
        );
        if !is_jump {
            return None;
        }
        let Some(from) = self.place() else {
            return Some(Went::nowhere("no span here"));
        };
        let went = match action {
            Action::NextError => self.go_to_next_error(),
            Action::NextCritical => self.along_the_critical_path(),
            Action::ToParent => self.go_to_parent(),
            Action::FollowLink => self.follow(store, &from),
            Action::JumpBack => return Some(self.back(store)),
            _ => self.go_to_match(store, action == Action::NextMatch),
        };
        if self.place().is_some_and(|place| place != from) {
            self.jumps.remember(from);
        }
        Some(went)
    }

    /// Returns true if an action leads anywhere, or folds anything; `None` for actions that may always.
    pub(crate) fn can(&self, action: Action) -> Option<bool> {
        let (outline, here) = self.outline.as_ref().zip(self.node())?;
        Some(match action {
            Action::ToggleFold => self.cursor.as_ref().is_some_and(|key| outline.can_fold(key)),
            Action::NextError => outline.failed().len() > 1 || outline.failed().first().is_some_and(|at| *at != here),
            Action::NextCritical => outline.analysis().path_to_last_span().is_ok_and(|path| {
                let first = path.sections.first();
                path.sections.len() > 1 || first.is_some_and(|section| section.node != here)
            }),
            _ => return None,
        })
    }

    fn place(&self) -> Option<Location> {
        self.selected().map(|(trace_id, key)| (trace_id, key.clone()))
    }

    /// The cursor's place in the tree.
    pub(super) fn node(&self) -> Option<usize> {
        self.outline.as_ref()?.node(self.position)
    }

    /// Puts the cursor on a node, whatever hides it, and brings its time into view.
    fn go(&mut self, node: usize) {
        let Some(outline) = &mut self.outline else { return };
        let Some(key) = outline.tree().nodes().get(node).map(|node| node.key.clone()) else {
            return;
        };
        outline.reveal(&key);
        self.position = outline.row_of(node);
        // Its row may be folded for a few more frames.
        self.cursor = Some(key);
        self.moved = true;
        let ran = ran(outline, node);
        self.zoom.reveal(ran);
    }

    fn go_to_next_error(&mut self) -> Went {
        let next = self.outline.as_ref().zip(self.node()).and_then(|(outline, from)| {
            let failed = outline.failed();
            let after = failed.partition_point(|at| *at <= from);
            failed.get(after).or_else(|| failed.first()).copied()
        });
        match next {
            Some(next) => {
                self.go(next);
                Went::quietly()
            }
            None => Went::nowhere("no span of this trace failed, and no error was reported in it"),
        }
    }

    fn along_the_critical_path(&mut self) -> Went {
        let Some((outline, here)) = self.outline.as_ref().zip(self.node()) else {
            return Went::quietly();
        };
        let path = match outline.analysis().path_to_last_span() {
            Ok(path) => path,
            Err(error) => return Went::Nowhere(format!("no critical path: {error}")),
        };
        let is_here = |section: usize| path.sections.get(section).is_some_and(|section| section.node == here);
        let next = if is_here(self.jumps.section) {
            self.jumps.section + 1
        } else if let Some(first) = path.sections.iter().position(|section| section.node == here) {
            first + 1
        } else {
            let start = outline.tree().nodes()[here].start_unix_nano;
            path.sections
                .iter()
                .position(|section| section.start_unix_nano >= start)
                .unwrap_or(0)
        };
        let next = if next < path.sections.len() { next } else { 0 };
        let Some(section) = path.sections.get(next).copied() else {
            return Went::nowhere("the critical path is empty");
        };
        let (number, all) = (next + 1, path.sections.len());
        let shift = shift(outline, section.node);
        let stretch = Stretch::new(
            section.start_unix_nano.saturating_add_signed(shift),
            section.end_unix_nano.saturating_add_signed(shift),
        );
        self.jumps.section = next;
        self.go(section.node);
        self.zoom.reveal(stretch);
        let waited = crate::format::duration(section.end_unix_nano.saturating_sub(section.start_unix_nano));
        let what = if section.queued {
            "for this span's message in the queue"
        } else {
            "for this span itself"
        };
        let (number, all) = (format::grouped(number as u64), format::grouped(all as u64));
        Went::To(Some(format!(
            "critical path, section {number} of {all}: waited {waited} {what}"
        )))
    }

    fn go_to_parent(&mut self) -> Went {
        let parent = self.outline.as_ref().zip(self.node());
        match parent.and_then(|(outline, at)| outline.tree().nodes()[at].parent) {
            Some(parent) => {
                self.go(parent);
                Went::quietly()
            }
            None => Went::nowhere("this is a root: it has no parent"),
        }
    }

    fn go_to_match(&mut self, store: &Store, forward: bool) -> Went {
        let Some((outline, here)) = self.outline.as_ref().zip(self.node()) else {
            return Went::quietly();
        };
        let Some(all) = self.find.all(store, outline) else {
            return Went::nowhere(STILL_SEARCHING);
        };
        let next = if forward {
            let after = all.partition_point(|at| *at <= here);
            all.get(after).or_else(|| all.first())
        } else {
            let before = all.partition_point(|at| *at < here).checked_sub(1);
            before.map_or_else(|| all.last(), |at| all.get(at))
        };
        match next.copied() {
            Some(next) => {
                self.go(next);
                Went::quietly()
            }
            None if self.find.is_set() || store.filter().is_some() => Went::nowhere("no span of this trace matches"),
            None => Went::nowhere("nothing is looked for: / finds spans of this trace"),
        }
    }

    /// To the first match, unless the cursor is on one; once they are known.
    pub(super) fn go_to_first_match(&mut self, store: &Store) {
        let here = self.node();
        let Some(outline) = &self.outline else { return };
        let all = self.find.all(store, outline);
        let is_known = all.is_some();
        let is_elsewhere = all.is_some_and(|all| here.is_none_or(|here| all.binary_search(&here).is_err()));
        self.find.want_first(!is_known);
        if is_elsewhere {
            self.go_to_match(store, true);
        }
    }

    /// Its own links first, then those of others to it, one after the other.
    fn follow(&mut self, store: &Store, from: &Location) -> Went {
        let before = self.jumps.following.take();
        let mut following = match before.filter(|before| before.landed.as_ref() == Some(from) && before.targets.len() > 1) {
            Some(before) => Following {
                at: (before.at + 1) % before.targets.len(),
                ..before
            },
            None => Following {
                targets: links(store, from),
                at: 0,
                landed: None,
            },
        };
        let Some(&(trace_id, span_id)) = following.targets.get(following.at) else {
            return Went::nowhere("this span has no link, and no span here links to it");
        };
        let which = match following.targets.len() {
            1 => String::new(),
            several => format!("link {} of {several} (f: the next one): ", following.at + 1),
        };
        let went = if store.trace(trace_id).is_none() {
            Went::Nowhere(format!(
                "{which}trace {trace_id:.8}… is not here: it left when the memory was full, or has not come"
            ))
        } else {
            self.show(Some(trace_id));
            let key = None;
            self.reach(store, Goal { span_id, key, which })
        };
        if self.place().is_none() {
            self.put_on_first_row();
        }
        following.landed = self.place();
        self.jumps.following = Some(following);
        went
    }

    fn back(&mut self, store: &Store) -> Went {
        while let Some((trace_id, key)) = self.jumps.history.pop_back() {
            if store.trace(trace_id).is_none() {
                continue;
            }
            self.show(Some(trace_id));
            let (span_id, which) = (key.span_id, String::new());
            let key = Some(key);
            let went = self.reach(store, Goal { span_id, key, which });
            if matches!(went, Went::To(_)) {
                return went;
            }
        }
        Went::nowhere("nothing was jumped from")
    }

    /// Goes to the row of a span, or of errors outside of spans, now or when the trace is read; of a service that has no such span, to that of
    /// another one. Returns the notice for it.
    pub(crate) fn reach_span(&mut self, store: &Store, key: SpanKey) -> Option<Went> {
        let (span_id, which) = (key.span_id, String::new());
        let went = self.reach(
            store,
            Goal {
                span_id,
                key: Some(key),
                which,
            },
        );
        matches!(went, Went::Nowhere(_)).then_some(went)
    }

    /// Goes to a span of the trace that is shown, now or when the trace is read.
    fn reach(&mut self, store: &Store, goal: Goal) -> Went {
        let Some(outline) = &mut self.outline else {
            return Went::quietly();
        };
        outline.refresh_part(store, super::WORK_PER_FRAME);
        if outline.revision().is_none() {
            self.cursor = Some(goal.key.clone().unwrap_or_else(|| SpanKey::new(goal.span_id, "".into())));
            self.moved = true;
            self.goal = Some(goal);
            return Went::quietly();
        }
        let Goal { span_id, key, which } = goal;
        let trace_id = outline.trace_id();
        let found = key
            .and_then(|key| outline.node_of(&key))
            .or_else(|| outline.first_of(span_id));
        match found {
            Some(node) => {
                self.go(node);
                Went::To((!which.is_empty()).then(|| format!("{which}trace {trace_id:.8}…")))
            }
            None => Went::Nowhere(format!("{which}span {span_id} of trace {trace_id:.8}… has not arrived")),
        }
    }

    /// Continues to a span of a trace that has been read since. Returns the notice for it.
    pub(crate) fn arrive(&mut self, store: &Store) -> Option<Went> {
        self.outline.as_ref()?.revision()?;
        let went = self.goal.take().map(|goal| self.reach(store, goal))?;
        if self.place().is_none() {
            self.put_on_first_row();
        }
        let landed = self.place();
        if let Some(following) = &mut self.jumps.following {
            following.landed = landed;
        }
        Some(went)
    }

    fn put_on_first_row(&mut self) {
        self.position = 0;
        self.cursor = self.outline.as_ref().and_then(|outline| outline.key(0)).cloned();
    }
}

fn shift(outline: &Outline, node: usize) -> i64 {
    if outline.is_straight() {
        outline.analysis().shift_nano(node)
    } else {
        0
    }
}

/// When a node ran, on the clock that is shown.
fn ran(outline: &Outline, node: usize) -> Stretch {
    let Some(span) = outline.tree().nodes().get(node) else {
        return Stretch::default();
    };
    let shift = shift(outline, node);
    let end = span.end_unix_nano.unwrap_or(span.start_unix_nano);
    Stretch::new(
        span.start_unix_nano.saturating_add_signed(shift),
        end.saturating_add_signed(shift),
    )
}

/// The spans that a span links to, then those that link to it, none twice.
fn links(store: &Store, (trace_id, key): &Location) -> Vec<(TraceId, SpanId)> {
    let mut targets = Vec::new();
    let own = store.span(*trace_id, key).map(|span| span.links).unwrap_or_default();
    let own = own.iter().filter_map(|link| link.trace_id.zip(link.span_id));
    let others = store.linked_from(*trace_id, key.span_id);
    for target in own.chain(others.into_iter().map(|(trace_id, key)| (trace_id, key.span_id))) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}
