//! The errors of all traces: groups, and the events of the one under the cursor.

mod columns;
mod event;

use ratatui_core::layout::Rect;
use trace_model::{SpanKey, Store, outside_of_spans};
use trace_stats::{ErrorGroup, ErrorId, ErrorPlace, Errors, GroupId, ReportedBy, SpanPlace};

use super::{Action, List, Notice, Times};
use crate::details::ErrorDetails;
use crate::format::{self, Now};
use crate::layer::{Component, Outcome, Placed};
use crate::layout::{ListParts, below_title};
use crate::table::{Query, TableState};
use crate::text::first_line;
use crate::{App, Effect, Layer, Screen, Tab};
use columns::{ErrorRow, name};
pub use event::ErrorScreen;

/// Lines about the event of the row under the cursor, at most.
const BELOW_MAX: u16 = 18;

/// The list's state, with the event that is shown.
#[derive(Debug)]
pub struct ErrorList {
    table: TableState<GroupId>,
    /// Which grouping the rows were made of, and the query.
    of: Option<(u64, Query)>,
    /// Positions in the groups.
    rows: Vec<usize>,
    /// Number of groups known when the tab was left; `None` while it is not on the screen.
    known: Option<u64>,
    /// Group and event that were gone to; otherwise the newest event of the group under the cursor is shown.
    chosen: Option<(GroupId, ErrorId)>,
    shown: Option<ShownEvent>,
    details: ErrorDetails,
}

/// The event that is shown, of the group under the cursor.
#[derive(Clone, Debug)]
struct ShownEvent {
    id: ErrorId,
    place: ErrorPlace,
    /// `newest of 3`, with the facts of its group.
    heading: String,
    /// Events of the group that are newer and older.
    newer: usize,
    older: usize,
    label: String,
}

impl Default for ErrorList {
    fn default() -> Self {
        Self {
            table: TableState::sorted::<Self>(),
            of: None,
            rows: Vec::new(),
            known: None,
            chosen: None,
            shown: None,
            details: ErrorDetails::default(),
        }
    }
}

impl ErrorList {
    /// The rows' keys, and the cursor.
    #[must_use]
    pub const fn table(&self) -> &TableState<GroupId> {
        &self.table
    }

    /// The event that is shown, laid out.
    #[must_use]
    pub const fn details(&self) -> &ErrorDetails {
        &self.details
    }

    /// Returns which event of its group is shown, and the facts of the group; empty if none is.
    #[must_use]
    pub fn heading(&self) -> &str {
        self.shown.as_ref().map_or("", |shown| &shown.heading)
    }

    fn selected<'a>(&self, errors: &'a Errors) -> Option<&'a ErrorGroup> {
        errors.groups().get(*self.rows.get(self.table.position())?)
    }

    /// Notes whether the tab is on the screen, and the number of groups seen before that.
    pub(super) fn visit(&mut self, is_active: bool, seen: u64) {
        self.known = is_active.then(|| self.known.unwrap_or(seen));
    }

    fn fit(&mut self, errors: &Errors, body: Rect, now: &Now) {
        let groups = errors.groups();
        let parts = ListParts::of(body, below(body));
        let known = self.known.unwrap_or(0);
        let times = Times::of(
            groups
                .iter()
                .flat_map(|group| [group.first_unix_nano(), group.last_unix_nano()]),
        );
        let row = |at: &usize| {
            let group = groups.get(*at)?;
            let is_new = group.noticed > known;
            Some(ErrorRow {
                group,
                is_new,
                times,
                now,
            })
        };
        let of = (errors.revision(), self.table.query());
        if self.of.as_ref() != Some(&of) {
            let words = self.table.words();
            let is_kept = |group: &ErrorGroup| {
                let services = group.services.join(" ");
                words.keeps(&[&name(group), &services, &group.frame])
            };
            let kept = groups.iter().enumerate().filter(|(_, group)| is_kept(group));
            self.rows = kept.map(|(at, _)| at).collect();
            self.table.order().sort::<Self, _>(&mut self.rows, row);
            self.table.set_keys(self.rows.iter().map(|at| groups[*at].id).collect());
            self.of = Some(of);
        }
        let rows = &self.rows;
        self.table.lay_out::<Self>(parts.head, parts.rows, |at| row(rows.get(at)?));
        self.choose(errors, now);
    }

    /// Finds the event to show: the one that was gone to, or the newest.
    fn choose(&mut self, errors: &Errors, now: &Now) {
        let Some(group) = self.selected(errors) else {
            self.shown = None;
            return;
        };
        let chosen = self.chosen.filter(|(id, _)| *id == group.id).map(|(_, id)| id);
        let at = chosen
            .and_then(|id| group.errors.binary_search_by(|other| id.cmp(other)).ok())
            .unwrap_or(0);
        self.shown = group.errors.get(at).and_then(|id| {
            let place = errors.place(*id)?;
            Some(ShownEvent {
                id: *id,
                heading: heading(group, at, &place, now),
                newer: at,
                older: group.errors.len() - at - 1,
                place,
                label: format!("Errors › {}", format::at_most(&first_line(&name(group)), 40)),
            })
        });
    }

    /// Returns true if a command can do something with the event that is shown; `None` for one that is not about it.
    fn can(&self, action: Action) -> Option<bool> {
        let shown = self.shown.as_ref();
        match action {
            Action::NextMatch => Some(shown.is_some_and(|shown| shown.older > 0)),
            Action::PreviousMatch => Some(shown.is_some_and(|shown| shown.newer > 0)),
            Action::CopyValue => Some(shown.is_some()),
            _ => None,
        }
    }

    /// Goes to an older or a newer event of the group.
    fn go_to_event(&mut self, errors: &Errors, is_older: bool) -> Result<(), &'static str> {
        let (Some(group), Some(shown)) = (self.selected(errors), &self.shown) else {
            return Err("no error under the cursor");
        };
        let at = group
            .errors
            .binary_search_by(|other| shown.id.cmp(other))
            .unwrap_or_else(|at| at);
        let next = if is_older { Some(at + 1) } else { at.checked_sub(1) };
        let Some(next) = next.and_then(|next| group.errors.get(next)) else {
            return Err(if is_older {
                "this is the oldest event"
            } else {
                "this is the newest event"
            });
        };
        self.chosen = Some((group.id, *next));
        Ok(())
    }

    fn fit_details(&mut self, store: &Store, area: Rect) {
        let shown = self.shown.as_ref().map(|shown| (shown.id, &shown.place));
        self.details.fit(store, shown, area);
    }

    /// Returns the row of the event that is shown, and a label for the way back; `None` outside of traces.
    fn target(&self) -> Option<(SpanPlace, String)> {
        let shown = self.shown.as_ref()?;
        let trace_id = shown.place.scope.trace_id()?;
        let outside = || SpanKey::new(outside_of_spans(trace_id), "".into());
        let key = shown.place.key.clone().unwrap_or_else(outside);
        Some((SpanPlace { trace_id, key }, shown.label.clone()))
    }
}

/// Returns the lines for the event below the list: half of the screen, up to a limit.
#[must_use]
pub fn below(body: Rect) -> u16 {
    (body.height / 2).min(BELOW_MAX)
}

fn heading(group: &ErrorGroup, at: usize, place: &ErrorPlace, now: &Now) -> String {
    let all = group.errors.len();
    let which = match at {
        0 if all == 1 => "only event".to_owned(),
        0 => format!("newest of {}", format::grouped(all as u64)),
        _ if at + 1 == all => format!("oldest of {}", format::grouped(all as u64)),
        _ => format!("{} of {}", format::grouped(at as u64 + 1), format::grouped(all as u64)),
    };
    let times = Times::of([place.unix_nano, group.first_unix_nano(), now.unix_nano].into_iter());
    let mut facts = vec![which, times.text(place.unix_nano, now)];
    if all > 1 {
        facts.push(format!("first seen {}", times.text(group.first_unix_nano(), now)));
    }
    let ways = [
        (ReportedBy::SENTRY, "Sentry"),
        (ReportedBy::SPAN_EVENT, "span event"),
        (ReportedBy::LOG_RECORD, "log record"),
    ];
    let ways: Vec<_> = ways
        .into_iter()
        .filter(|(way, _)| place.reported_by.has(*way))
        .map(|(_, name)| name)
        .collect();
    facts.push(ways.join(" and "));
    facts.join(" · ")
}

impl Component for ErrorList {
    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, below(body)).rows)
    }

    fn fit(app: &mut App, placed: &Placed, now: &Now) {
        app.errors.fit(app.aggregates.errors(), placed.area, now);
        if app.screens.top().is_none() {
            let area = ListParts::of(placed.area, below(placed.area)).below;
            app.errors.fit_details(&app.store, below_title(area));
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::NextMatch | Action::PreviousMatch => app.go_to_event(action == Action::NextMatch),
            Action::CopyValue => return Outcome::Done(app.copy_error()),
            _ => return Outcome::Ignored,
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        app.errors.can(action)
    }

    fn count(app: &App) -> Option<u64> {
        Some(app.aggregates.errors().groups().len() as u64).filter(|count| *count > 0)
    }

    fn count_ever(app: &App) -> u64 {
        app.aggregates.errors().noticed_ever()
    }

    fn list(app: &App) -> Option<&dyn List> {
        Some(&app.errors.table)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Some(&mut app.errors.table)
    }

    fn enter(app: &mut App) {
        if app.errors.shown.is_some() {
            app.toggle(Layer::Error);
        }
    }
}

impl App {
    /// Notes whether the errors are on the screen: those found since the last visit are marked as new.
    pub(super) fn visit_errors(&mut self) {
        let is_active = self.screens.tab() == Tab::Errors;
        self.errors.visit(is_active, self.screens.seen(Tab::Errors));
    }

    fn go_to_event(&mut self, is_older: bool) {
        match self.errors.go_to_event(self.aggregates.errors(), is_older) {
            Ok(()) => {}
            Err(why) => self.say(why),
        }
    }

    /// Goes to the span in which the event that is shown happened.
    fn open_error(&mut self) {
        let Some((place, label)) = self.errors.target() else {
            if self.errors.shown.is_some() {
                self.say("this record belongs to no trace: it is on Logs (2)");
            }
            return;
        };
        self.jump_to(&place, label);
        if self.store.trace_revision(place.trace_id).is_some()
            && let Some(went) = self.waterfall.reach_span(&self.store, place.key)
        {
            self.tell_went(went);
        }
    }

    /// Copies title and stack of the event that is shown.
    fn copy_error(&mut self) -> Option<Effect> {
        let text = self.errors.details.text()?;
        self.notice = Some(Notice {
            text: format!("copied, where the terminal allows it: {}", first_line(&text)),
            error: false,
        });
        Some(Effect::Copy(text))
    }

    /// Returns true while the event is on top whose value can be opened.
    pub(super) fn is_error_on_top(&self) -> bool {
        matches!(self.screens.top(), Some(Screen::Error(_)))
    }
}
