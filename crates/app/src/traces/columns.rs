//! The columns of the list of traces. A new one is an entry of `COLUMNS`, with a variant of `RankBy` if the list can be sorted by it.

use ratatui_core::layout::Rect;
use trace_model::{RankBy, SHAPE, SentryReach, SpanSubject, Store, TraceId, TraceSummary};

use super::TraceList;
use crate::content::{Line, Means, Piece, Role};
use crate::format::{self, Now, service_name};
use crate::table::{Column, StoredOrder, Table, Width};
use crate::text::shown;
use crate::{App, Filtered, Mode, Times, described};

/// Each part of a shape in a cell of its own.
#[expect(clippy::cast_possible_truncation, reason = "a dozen")]
const SHAPE_COLUMNS: u16 = SHAPE as u16;

/// Columns of a name and of a path of services, at least, before a less important column is hidden.
const NAME_LEAST: u16 = 18;
const SERVICES_LEAST: u16 = 8;
/// A path of services up to this width, with the gap after it, is shown whole before such a column has room.
const SERVICES_WHOLE: u16 = 21;

/// A trace with what its cells need.
pub(crate) struct TraceRow<'a> {
    trace: &'a TraceSummary,
    /// Subject of its root.
    subject: SpanSubject,
    /// Spans that match the filter.
    found: usize,
    reach: SentryReach,
    /// Text for a trace that cannot be compared with Sentry; `None` if nothing is expected there.
    without_sentry: Option<&'static str>,
    /// True if others are compared with it.
    is_marked: bool,
    /// True if spans of it are running.
    is_running: bool,
    times: Times,
    now: &'a Now,
}

impl Table for TraceList {
    type Row<'a> = TraceRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("time", Width::Text(15), |row, _| {
            row.times.text(row.trace.start_unix_nano, row.now).means(Role::Dim).into()
        })
        .stored(StoredOrder {
            by: None,
            names: ["newest first", "oldest first"],
        })
        .largest_first()
        .by_default(),
        Column::<Self>::text("name", Width::Text(NAME_LEAST), |row, width| {
            named(row.trace, &row.subject, width)
        })
        .below_title(),
        Column::<Self>::text("services", Width::Text(SERVICES_WHOLE), service_path)
            .if_room()
            .or_least(SERVICES_LEAST),
        Column::<Self>::number("duration", Width::Fixed(9), |row, _| {
            trace_length(row.trace, row.is_running, row.now).into()
        })
        .stored(StoredOrder {
            by: Some(RankBy::Duration),
            names: ["longest first", "shortest first"],
        }),
        Column::<Self>::text("spans", Width::Text(7), |row, _| counts(row.trace, row.found))
            .stored(StoredOrder {
                by: Some(RankBy::Spans),
                names: ["most spans first", "fewest spans first"],
            })
            .largest_first()
            .if_room(),
        // They are counted in the column before.
        Column::<Self>::text("errors", Width::Fixed(0), |_, _| Line::default())
            .stored(StoredOrder {
                by: Some(RankBy::Errors),
                names: ["most errors first", "fewest errors first"],
            })
            .largest_first(),
        Column::<Self>::number("logs", Width::Fixed(6), |row, _| {
            let logs = Some(row.trace.logs).filter(|logs| *logs > 0);
            let logs = logs.map(|logs| format::compact(logs as u64));
            logs.unwrap_or_default().means(Role::Dim).into()
        })
        .if_rest(),
        Column::<Self>::text("Sentry", Width::Text(7), |row, _| {
            let without = row.without_sentry.filter(|_| row.trace.spans > 0);
            sentry_reach(row.reach, without.unwrap_or("–"), row.now).into()
        })
        .if_used(|row| row.without_sentry.is_some())
        .if_room(),
        Column::<Self>::text("shape", Width::Fixed(SHAPE_COLUMNS + 1), |row, _| {
            shape(row.trace).means(Role::service(&row.trace.root.service)).into()
        })
        .at_most(SHAPE_COLUMNS + 1)
        .if_room(),
        Column::<Self>::text("trace id", Width::Fixed(ID + 1), |row, _| {
            row.trace.trace_id.to_string().means(Role::Dim).into()
        })
        .at_most(ID + 1)
        .if_rest(),
    ];

    fn mark(row: &TraceRow<'_>) -> Option<Piece> {
        let mark = match (row.is_marked, row.trace.pinned) {
            (true, _) => "=",
            (false, true) => "★",
            (false, false) => return None,
        };
        Some(mark.means(Role::Accent))
    }
}

/// Columns of an id.
#[expect(clippy::cast_possible_truncation, reason = "32 digits")]
const ID: u16 = 2 * size_of::<TraceId>() as u16;

/// Returns the duration of a trace, of a running one the time since its start; with missing ends, its lower bound.
#[must_use]
pub fn trace_length(trace: &TraceSummary, is_running: bool, now: &Now) -> Piece {
    if trace.spans == 0 {
        return Piece::default();
    }
    let known = format::duration(trace.duration_nano);
    match (trace.in_flight, trace.duration_nano) {
        (0, _) => known.into(),
        _ if is_running => format::running(trace.start_unix_nano, now, u64::MAX).into(),
        (_, 0) => "no end".means(Role::Warning),
        _ => format!("≥{known}").means(Role::Warning),
    }
}

/// Returns the numbers of spans, of those that failed, of error events by their gravity, and of matches; of log records if there is nothing else.
fn counts(trace: &TraceSummary, found: usize) -> Line {
    let counts = [
        ("", trace.spans, Role::Plain),
        ("✗", trace.errors, Role::Error),
        ("!", trace.grave_events(), Role::Error),
        ("⚠", trace.handled_events, Role::Warning),
        ("i", trace.mild_events, Role::Warning),
        ("◆", found, Role::Found),
    ];
    let mut line = Line::default();
    for (mark, number, role) in counts.into_iter().filter(|(_, number, _)| *number > 0) {
        let space = if line.pieces.is_empty() { "" } else { " " };
        let count = Piece::from(format!("{space}{mark}{}", format::grouped(number as u64)));
        let count = if role == Role::Error { count.strong() } else { count };
        line.push(count.means(role));
    }
    if line.pieces.is_empty() {
        line.push(format::count(trace.logs as u64, "log").means(Role::Dim));
    }
    line
}

/// Returns the number of active spans in each part of the trace, as bars.
fn shape(trace: &TraceSummary) -> String {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    trace.shape.iter().map(|part| LEVELS[usize::from(*part).min(8)]).collect()
}

/// Returns the name of a trace and its subject, as the list shows them, for each of these widths.
#[must_use]
pub fn trace_names<const N: usize>(store: &Store, trace: &TraceSummary, widths: [usize; N]) -> [String; N] {
    let subject = subject(store, trace);
    widths.map(|width| named(trace, &subject, width).to_string())
}

fn named(trace: &TraceSummary, subject: &SpanSubject, width: usize) -> Line {
    let name = shown(&trace.root.name);
    let is_grave = trace.grave_events() > 0;
    let mild = if trace.handled_events > 0 { "⚠" } else { "i" };
    let name = match (trace.spans, trace.error_events) {
        (0, 0) => "(only logs)".to_owned(),
        (0, _) if is_grave => format!("! {name}"),
        (0, _) => format!("{mild} {name}"),
        _ if trace.root.arrived => name,
        // Not the root yet, only the earliest span there is: said by the mark and, in the waterfall, by the placeholder.
        _ => format!("… {name}"),
    };
    let role = if trace.errors > 0 || trace.spans == 0 && is_grave {
        Role::Error
    } else {
        Role::Plain
    };
    if trace.spans == 0 {
        return format::at_most(&name, width).means(role).into();
    }
    // Where there is room for it however many spans there are.
    let mark = if trace.truncated > 0 { " truncated" } else { "" };
    let described = described(&name, subject, width.saturating_sub(mark.len()));
    let mut line: Line = described.into_iter().map(|piece| piece.or_means(role)).collect();
    line.push(mark.means(Role::Warning));
    line
}

/// Returns the services in the order of their first spans; an ellipsis if not all of them fit.
fn service_path(row: &TraceRow<'_>, width: usize) -> Line {
    let services = &row.trace.services;
    let mut line = Line::default();
    let mut left = width;
    for (at, service) in services.iter().enumerate() {
        let arrow = if at > 0 { "→" } else { "" };
        let name = service_name(service);
        let room = left.saturating_sub(format::columns(arrow));
        let is_last = at + 1 == services.len();
        let columns = format::columns(&name);
        // One column is for the ellipsis of those that follow.
        if columns + usize::from(!is_last) > room {
            let cut = if room == 0 {
                format::at_most("…", left)
            } else {
                // With an ellipsis even if this name fits.
                format!("{arrow}{}", format::at_most(&format!("{name}…"), room))
            };
            line.push(cut.means(Role::service(service)));
            break;
        }
        left = room - columns;
        line.push(arrow.means(Role::Dim));
        line.push(name.means(Role::service(service)));
    }
    line
}

/// Returns `✓ 8/8` if all spans that services sent reached Sentry; else the reason why nothing can be compared.
#[must_use]
pub fn sentry_reach(reach: SentryReach, without: &'static str, now: &Now) -> Piece {
    let mark = reach.mark(now.unix_nano);
    let role = Role::verdict(mark);
    if mark == '–' {
        return without.means(role);
    }
    if reach.expected == 0 {
        return "via Sentry".means(Role::Dim);
    }
    // As something else it arrived too, which the mark says.
    let arrived = format::grouped((reach.reached + reach.differs) as u64);
    format!("{mark} {arrived}/{}", format::grouped(reach.expected as u64)).means(role)
}

/// Columns of the title's name, with a space on both sides.
const TITLE: usize = " TRACES ".len();

impl App {
    /// Lays the traces in view out, with the names of the columns in the first line of the pane.
    pub(crate) fn lay_out_traces(&mut self, area: Rect, now: &Now) {
        // A filter in the title may be longer than any name.
        let title = match self.store.filter() {
            Some(_) => 0,
            None => TITLE + self.traces.about(&self.store, self.mode).width(),
        };
        let without_sentry = self.without_sentry();
        let marked = self.marked.as_ref().map(|marked| marked.summary.trace_id);
        let times = Times::new(self.traces.is_dated());
        let longest_run = self.mode.longest_run();
        let (store, checks) = (&self.store, &self.cross_checks);
        let row = |trace| TraceRow {
            trace,
            subject: subject(store, trace),
            found: store.found_in(trace.trace_id),
            reach: checks.reach(trace.trace_id),
            without_sentry,
            is_marked: marked == Some(trace.trace_id),
            is_running: trace.in_flight > 0 && format::is_running(trace.start_unix_nano, now, longest_run),
            times,
            now,
        };
        let head = Rect {
            x: area.x.saturating_add(1),
            width: area.width.saturating_sub(1),
            height: area.height.min(1),
            ..area
        };
        self.traces.lay_out(head, self.filter.set_text(Filtered::Traces), title, row);
    }

    /// Returns the text for a trace that cannot be compared: `–` while Sentry is expected. `None` if it is not.
    fn without_sentry(&self) -> Option<&'static str> {
        if self.sentry.direct.is_some() {
            return Some("no relay");
        }
        if self.store.has_sentry() {
            return Some("not sent");
        }
        let is_expected = self.mode == Mode::Demo || self.sentry.is_asked || self.sentry.relay.is_some();
        is_expected.then_some("–")
    }
}

fn subject(store: &Store, trace: &TraceSummary) -> SpanSubject {
    let key = trace.root.key.as_ref();
    let subject = key.and_then(|key| store.subject(trace.trace_id, key));
    subject.unwrap_or_default()
}
