//! The errors of all traces: groups, and the events of the one under the cursor.

use ratatui_core::layout::Rect;
use trace_model::{SpanKey, Store, outside_of_spans};
use trace_stats::{ErrorGroup, ErrorId, ErrorPlace, Errors, GroupId, ReportedBy, SpanPlace};

use super::{Action, List, ListFilter, Notice, Times};
use crate::content::{Line, Means, Piece, Role};
use crate::details::ErrorDetails;
use crate::figures::histogram;
use crate::format::{self, Now, service_name};
use crate::layer::{Component, Opened, Outcome, Placed};
use crate::layout::{ListParts, below_title};
use crate::table::{Column, Query, Rank, Table, TableState, Width};
use crate::text::first_line;
use crate::{App, Effect, Layer, Screen, Tab};

/// Lines about the event of the row under the cursor, at most.
const BELOW_MAX: u16 = 18;

/// A group with what its cells need.
pub(crate) struct ErrorRow<'a> {
    group: &'a ErrorGroup,
    is_new: bool,
    times: Times,
    now: &'a Now,
}

impl Table for ErrorList {
    type Row<'a> = ErrorRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("", Width::Fixed(4), |row, _| {
            if row.is_new { "new" } else { "" }.strong().means(Role::Accent).into()
        }),
        Column::<Self>::text("", Width::Fixed(2), |row, _| mark(row.group).into()),
        Column::<Self>::text("error", Width::Text(20), |row, room| title(row.group, room))
            .ranked(|row| Rank::Text(name(row.group))),
        Column::<Self>::text("in", Width::Text(0), |row, room| {
            format::at_most(&row.group.frame, room).means(Role::Dim).into()
        })
        .wants_at_most(FRAME)
        .if_rest(),
        Column::<Self>::text("services", Width::Text(8), |row, room| services(row.group, room)),
        Column::<Self>::number("events", Width::Fixed(8), |row, _| {
            format::compact(row.group.errors.len() as u64).into()
        })
        .ranked(|row| Rank::number(row.group.errors.len() as u64)),
        Column::<Self>::number("traces", Width::Fixed(8), |row, _| {
            format::compact(row.group.traces as u64).into()
        })
        .ranked(|row| Rank::number(row.group.traces as u64))
        .if_room(),
        Column::<Self>::text("", Width::Fixed(1), |_, _| "".into()),
        Column::<Self>::text("first", Width::Text(0), |row, _| {
            row.times.text(row.group.first_unix_nano(), row.now).means(Role::Dim).into()
        })
        .ranked(|row| Rank::number(row.group.first_unix_nano()))
        .largest_first()
        .if_rest(),
        Column::<Self>::text("last", Width::Text(9), |row, _| {
            row.times.text(row.group.last_unix_nano(), row.now).means(Role::Dim).into()
        })
        .ranked(|row| Rank::number(row.group.last_unix_nano()))
        .largest_first()
        .by_default(),
        Column::<Self>::text("when", Width::Fixed(13), |row, _| {
            histogram(&row.group.histogram.map(u64::from)).means(role(row.group)).into()
        })
        .if_room()
        .at_most(13),
    ];
}

/// Columns of a frame that are worth a column; the event below the list has all of it.
const FRAME: usize = 32;

const fn role(group: &ErrorGroup) -> Role {
    if group.is_handled { Role::Warning } else { Role::Error }
}

/// `✗`; `⚠` if the program handled all of them.
fn mark(group: &ErrorGroup) -> Piece {
    let mark = if group.is_handled { "⚠" } else { "✗" };
    mark.means(role(group))
}

/// `Type: template`; one of them where the other is missing.
fn name(group: &ErrorGroup) -> String {
    match (&*group.type_name, &*group.message) {
        ("", "") => "(an error without a name)".to_owned(),
        ("", one) | (one, "") => one.to_owned(),
        (type_name, message) => format!("{type_name}: {message}"),
    }
}

fn title(group: &ErrorGroup, room: usize) -> Line {
    let name = format::at_most(&first_line(&name(group)), room);
    let of_type = first_line(&group.type_name);
    match name.strip_prefix(&*of_type).filter(|_| !of_type.is_empty()) {
        Some(rest) => Line::from(vec![of_type.clone().strong(), rest.to_owned().into()]),
        None => name.into(),
    }
}

fn services(group: &ErrorGroup, room: usize) -> Line {
    if let [service] = &*group.services {
        return format::at_most(&service_name(service), room)
            .means(Role::service(service))
            .into();
    }
    let names: Vec<_> = group.services.iter().take(8).map(|service| service_name(service)).collect();
    format::at_most(&names.join(", "), room).into()
}

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
                place,
                label: format!("Errors › {}", format::at_most(&first_line(&name(group)), 40)),
            })
        });
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
        match action {
            Action::NextMatch | Action::PreviousMatch | Action::CopyValue => Some(app.errors.shown.is_some()),
            _ => None,
        }
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

/// One event of a group, full size. Its state is the tab's.
#[derive(Debug)]
pub struct ErrorScreen;

impl Component for ErrorScreen {
    fn place(_: &App, body: Rect) -> Placed {
        let parts = ListParts::of(body, 0);
        Placed::screen(body, parts.head.union(parts.rows))
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.errors.fit_details(&app.store, placed.rows);
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::NextMatch | Action::PreviousMatch => app.go_to_event(action == Action::NextMatch),
            Action::CopyValue => return Outcome::Done(app.copy_error()),
            Action::Open | Action::Right => app.open_error(),
            Action::Left => {
                app.screens.close();
            }
            _ => app.errors.details.pane.update(action),
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::ToggleFold => Some(app.errors.details.pane.can_fold()),
            Action::NextMatch | Action::PreviousMatch | Action::CopyValue | Action::Open => Some(app.errors.shown.is_some()),
            Action::Toggle(Layer::Error) => Some(true),
            _ => None,
        }
    }

    fn narrow(_: &App) -> Option<&ListFilter> {
        None
    }

    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        app.errors.details.pane.select_row(row)
    }
}

impl Opened for ErrorScreen {
    fn rejection(app: &App) -> Option<&'static str> {
        let is_there = app.screens.tab() == Tab::Errors && app.errors.shown.is_some();
        (!is_there).then_some("no error under the cursor: 3 goes to Errors")
    }

    fn open(_: &mut App) -> Self {
        Self
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
