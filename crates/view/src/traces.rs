//! One row per trace, the latest arrival first unless sorted otherwise.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::{RANKED, SHAPE, SentryReach, SpanSubject, TraceId, TraceSummary};

use super::subject::described;
use super::{Now, filter, flush_right, format, hint, owned, theme, title};
use app::format::service_name;
use app::table::{self, ColumnWidth};
use app::text::shown;
use app::{App, Column, Filtered, Hit, Hits, Mode, Pane, Times};

/// Each part of a shape in a cell of its own.
#[expect(clippy::cast_possible_truncation, reason = "a dozen")]
const SHAPE_COLUMNS: u16 = SHAPE as u16;

/// A mark, the cursor and a space.
const MARKS: u16 = 3;
/// Columns of a name and of a path of services, at least, before a less important column is hidden.
const NAME_LEAST: u16 = 18;
const SERVICES_LEAST: u16 = 8;
/// A path of services up to this width, with the gap after it, is shown whole before such a column has room.
const SERVICES_WHOLE: u16 = 21;
/// Position of the column of services.
const SERVICES: usize = 3;

/// Mark, start, name, services, duration, spans, logs, Sentry, shape and trace id: as wide as the rows in view and the title need. Where names
/// are cut, shape, Sentry, spans and services leave, in this order.
fn columns_of(row: Rect, app: &App, rows: &[(TraceSummary, SpanSubject)], title: &Line, now: &Now) -> [Rect; 10] {
    let times = Times::new(app.traces.is_dated());
    let without = without_sentry(app);
    let longest = |name: usize, width: &dyn Fn(&TraceSummary) -> usize| {
        let widths = rows.iter().map(|(trace, _)| width(trace));
        widths.fold(name, usize::max)
    };
    // A filter may be longer than any name.
    let title = if app.store.filter().is_some() { 0 } else { title.width() + 1 };
    let before_name = MARKS + times.width() + 1;
    let most = row.width.into();
    let names = rows.iter().map(|(trace, subject)| root_name(trace, subject, most).width());
    let sentry = without.map_or(ColumnWidth::fixed(0), |without| {
        let longest = longest("sentry".len(), &|trace| {
            sentry_reach(app.reach(trace.trace_id), without, now).width()
        });
        ColumnWidth::text(longest, 7).if_room()
    });
    let services = longest("services".len(), &|trace| service_path(trace, most).width());
    let mut widths = [
        ColumnWidth::fixed(MARKS),
        ColumnWidth::fixed(times.width() + 1),
        ColumnWidth::text(names.fold(title.saturating_sub(before_name.into()), usize::max), NAME_LEAST),
        ColumnWidth::text(services, SERVICES_WHOLE).if_room(),
        ColumnWidth::fixed(10),
        ColumnWidth::text(
            longest("spans▾".len(), &|trace| {
                counts(trace, app.store.found_in(trace.trace_id)).width()
            }),
            7,
        )
        .if_room(),
        ColumnWidth::fixed(6).if_rest(),
        sentry,
        ColumnWidth::fixed(SHAPE_COLUMNS + 1).if_room(),
        ColumnWidth::text(2 * size_of::<TraceId>(), 0).if_rest(),
    ];
    let fitted = table::fit(row, widths);
    if fitted[SERVICES].is_empty() {
        widths[SERVICES] = ColumnWidth::text(services, SERVICES_LEAST).if_room();
        return table::fit(row, widths);
    }
    fitted
}

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now, hits: &mut Hits) {
    let focused = app.screens.pane == Pane::Traces;
    if area.is_empty() {
        return;
    }
    let above = if app.filter.is_open_on(Filtered::Traces) { 2 } else { 1 };
    let body = Rect {
        y: area.y + above,
        height: area.height.saturating_sub(above),
        ..area
    }
    .intersection(area);
    let with_subject = |trace: TraceSummary| {
        let key = trace.root.key.as_ref();
        let subject = key.and_then(|key| app.store.subject(trace.trace_id, key));
        (trace, subject.unwrap_or_default())
    };
    let traces: Vec<_> = app.traces.rows(&app.store).into_iter().map(with_subject).collect();
    if traces.is_empty() {
        frame.render_widget(nothing_here(app), body);
    }
    let without = without_sentry(app);
    let heading_row = Rect { height: 1, ..area };
    let title = titled(app, focused, area.width.into());
    let columns = columns_of(heading_row, app, &traces, &title, now);
    for (row, (trace, subject)) in body.rows().zip(&traces) {
        let selected = app.traces.selected() == Some(trace.trace_id);
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(focused));
        }
        let found = app.store.found_in(trace.trace_id);
        let marked = app
            .marked
            .as_ref()
            .is_some_and(|marked| marked.summary.trace_id == trace.trace_id);
        let marks = RowState {
            selected,
            marked,
            times: Times::new(app.traces.is_dated()),
            moves: app.is_running(trace, now),
            found,
            reach: app.reach(trace.trace_id),
        };
        draw_row(frame, (trace, subject), table::in_row(columns, row), marks, without, now);
    }
    if app.filter.is_open_on(Filtered::Traces) {
        // Over the rows: what is wrong with a filter may take more than one line.
        filter::draw(frame, app, area);
    } else {
        heading(frame, app, heading_row, title, columns, hits);
    }
}

/// State of a row in addition to its trace.
#[derive(Clone, Copy)]
struct RowState {
    selected: bool,
    /// Others are compared with it.
    marked: bool,
    times: Times,
    /// Spans of it are running.
    moves: bool,
    /// Spans that match the filter.
    found: usize,
    reach: SentryReach,
}

/// Returns the title: the number of listed traces and their filter, or their order.
fn titled(app: &App, focused: bool, width: usize) -> Line<'static> {
    let mut line = Line::from(owned(title(" TRACES ", focused)));
    if app.store.filter().is_some() {
        let room = width.saturating_sub(line.width());
        line.spans.extend(filter::in_title(app, room));
    } else {
        line.push_span(order(app));
        let listed = app.store.listed() as u64;
        if listed > 0 {
            line.push_span(format!(" · {}", format::compact(listed)).fg(theme::DIM));
        }
    }
    line
}

fn heading(frame: &mut Frame, app: &App, row: Rect, left: Line<'static>, columns: [Rect; 10], hits: &mut Hits) {
    let [_, _, name, services, duration, spans, logs, sentry, shape, id] = columns;
    // A filter may need the room of the columns' names.
    let end = row.x.saturating_add(u16::try_from(left.width()).unwrap_or(u16::MAX));
    let left_area = Rect {
        width: name.right().max(end.min(row.right())).saturating_sub(row.x),
        ..row
    };
    frame.render_widget(left, left_area);
    let (sorted, reversed) = app.traces.sorted();
    let head = |text: &'static str, columns: &[Column]| {
        if !columns.contains(&sorted) {
            return Line::from(text.fg(theme::DIM));
        }
        let mark = if reversed { "▴" } else { "▾" };
        Line::from(vec![text.into(), mark.fg(theme::ACCENT)])
    };
    let counted_name = if sorted == Column::Errors { "errors" } else { "spans" };
    let right = |area: Rect| Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    let heads = [
        (head("services", &[]), services),
        (head("duration", &[Column::Duration]).right_aligned(), right(duration)),
        (head(counted_name, &[Column::Spans, Column::Errors]), spans),
        (head("logs", &[]).right_aligned(), right(logs)),
        (head("sentry", &[]), sentry),
        (head("shape", &[]), shape),
        (head("trace id", &[]), id),
    ];
    let counted = if sorted == Column::Errors {
        Column::Errors
    } else {
        Column::Spans
    };
    for (column, area) in [(Column::Duration, duration), (counted, spans)] {
        hits.add(area, Hit::SortTraces(column));
    }
    for (line, area) in heads {
        if area.x > end && !area.is_empty() {
            frame.render_widget(line, area);
        }
    }
}

/// The order of the traces, and what an older order lacks.
fn order(app: &App) -> Span<'static> {
    if let Some(looked_at) = app.traces.sorting() {
        return format!("sorting … {} looked at", format::count(looked_at as u64, "trace")).fg(theme::WARNING);
    }
    let new = app.traces.new_since(&app.store);
    let text = match app.traces.sorted() {
        (Column::Arrival, false) if app.traces.following() && app.mode != Mode::Files => "following newest",
        (Column::Arrival, false) if new > 0 => {
            return format!("↑ {} new · g follows", format::grouped(new as u64)).fg(theme::ACCENT);
        }
        (Column::Arrival, false) => "newest first",
        (Column::Arrival, true) => "oldest first",
        (Column::Duration, false) => "longest first",
        (Column::Duration, true) => "shortest first",
        (Column::Errors, false) => "most errors first",
        (Column::Errors, true) => "fewest errors first",
        (Column::Spans, false) => "most spans first",
        (Column::Spans, true) => "fewest spans first",
    };
    if app.traces.is_cut(&app.store) {
        return format!("{text}, the first {}", format::grouped(RANKED as u64)).fg(theme::DIM);
    }
    text.fg(theme::DIM)
}

fn draw_row(
    frame: &mut Frame,
    (trace, subject): (&TraceSummary, &SpanSubject),
    columns: [Rect; 10],
    marks: RowState,
    without: Option<&'static str>,
    now: &Now,
) {
    let [mark, time, name, services, duration, spans, logs, sentry, shape, id] = columns;
    let pin = if marks.marked {
        "="
    } else if trace.pinned {
        "★"
    } else {
        " "
    };
    let cursor = if marks.selected { "▸" } else { " " };
    let room = |area: Rect| usize::from(area.width).saturating_sub(1);
    let right = |area: Rect| Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    frame.render_widget(Line::from(vec![pin.fg(theme::ACCENT), cursor.into()]), mark);
    frame.render_widget(Line::from(marks.times.text(trace.start_unix_nano, now).fg(theme::DIM)), time);
    frame.render_widget(root_name(trace, subject, room(name)), name);
    frame.render_widget(service_path(trace, room(services)), services);
    flush_right(frame, length(trace, marks.moves, now), right(duration));
    frame.render_widget(counts(trace, marks.found), spans);
    if trace.logs > 0 {
        flush_right(frame, format::compact(trace.logs as u64).fg(theme::DIM), right(logs));
    }
    let reach = sentry_reach(marks.reach, without.filter(|_| trace.spans > 0).unwrap_or("–"), now);
    frame.render_widget(Line::from(reach), sentry);
    if !shape.is_empty() {
        frame.render_widget(shape_of(trace), shape);
    }
    frame.render_widget(trace.trace_id.to_string().fg(theme::DIM), id);
}

/// Formats the duration of a trace; with missing ends, its lower bound.
fn length(trace: &TraceSummary, moves: bool, now: &Now) -> Span<'static> {
    if trace.spans == 0 {
        return Span::default();
    }
    let known = format::duration(trace.duration_nano);
    match (trace.in_flight, trace.duration_nano) {
        (0, _) => known.into(),
        _ if moves => format::running(trace.start_unix_nano, now, u64::MAX).into(),
        (_, 0) => "no end".fg(theme::WARNING),
        _ => format!("≥{known}").fg(theme::WARNING),
    }
}

/// Returns the number of active spans in each part of the trace, as bars.
fn shape_of(trace: &TraceSummary) -> Line<'static> {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = |part: &u8| LEVELS[usize::from(*part).min(8)];
    let color = theme::service(&trace.root.service);
    Line::from(trace.shape.iter().map(level).collect::<String>().fg(color))
}

/// Spans, those of them that failed, error events, and what the filter has found.
fn counts(trace: &TraceSummary, found: usize) -> Line<'static> {
    let mut parts = Vec::new();
    let mut say = |mark: &str, number: usize, style: Style| {
        if number > 0 {
            let space = if parts.is_empty() { "" } else { " " };
            parts.push(Span::styled(
                format!("{space}{mark}{}", format::grouped(number as u64)),
                style,
            ));
        }
    };
    let bad = Style::new().bold().fg(theme::ERROR);
    say("", trace.spans, Style::new());
    say("✗", trace.errors, bad);
    say("!", trace.grave_events(), bad);
    say("⚠", trace.handled_events, Style::new().fg(theme::WARNING));
    say("i", trace.mild_events, Style::new().fg(theme::WARNING));
    say("◆", found, Style::new().fg(theme::FOUND));
    if parts.is_empty() {
        parts.push(format::count(trace.logs as u64, "log").fg(theme::DIM));
    }
    Line::from(parts)
}

fn root_name(trace: &TraceSummary, subject: &SpanSubject, width: usize) -> Line<'static> {
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
    let style = if trace.errors > 0 || trace.spans == 0 && is_grave {
        Style::new().fg(theme::ERROR)
    } else {
        Style::new()
    };
    if trace.spans == 0 {
        return Line::from(Span::styled(format::at_most(&name, width), style));
    }
    if trace.truncated == 0 {
        return Line::from(described(&name, style, subject, width));
    }
    // Where there is room for it however many spans there are.
    let mark = " truncated";
    let mut line = Line::from(described(&name, style, subject, width.saturating_sub(mark.len())));
    line.push_span(mark.fg(theme::WARNING));
    line
}

/// The services in the order of their first spans; an ellipsis if not all of them fit.
fn service_path(trace: &TraceSummary, width: usize) -> Line<'static> {
    let mut line = Line::default();
    let mut left = width;
    for (at, service) in trace.services.iter().enumerate() {
        let arrow = if at > 0 { "→" } else { "" };
        let name = service_name(service);
        let room = left.saturating_sub(format::columns(arrow));
        let is_last = at + 1 == trace.services.len();
        let columns = format::columns(&name);
        // One column is for the ellipsis of those that follow.
        if columns + usize::from(!is_last) > room {
            let cut = if room == 0 {
                format::at_most("…", left)
            } else {
                format!("{arrow}{}", cut_at_end(&name, room))
            };
            line.push_span(cut.fg(theme::service(service)));
            break;
        }
        left = room - columns;
        line.push_span(arrow.fg(theme::DIM));
        line.push_span(name.fg(theme::service(service)));
    }
    line
}

/// The start of a longer text, with an ellipsis even if the start fits.
fn cut_at_end(text: &str, width: usize) -> String {
    format::at_most(&format!("{text}…"), width)
}

/// Returns the text for a trace that cannot be compared: `–` while Sentry is expected. `None` if it is not.
fn without_sentry(app: &App) -> Option<&'static str> {
    if app.sentry.direct.is_some() {
        return Some("no relay");
    }
    if app.store.has_sentry() {
        return Some("not sent");
    }
    let is_expected = app.mode == Mode::Demo || app.sentry.is_asked || app.sentry.relay.is_some();
    is_expected.then_some("–")
}

/// `✓ 8/8` when all spans that services sent reached Sentry; else the reason why nothing can be compared.
pub(super) fn sentry_reach(reach: SentryReach, without: &'static str, now: &Now) -> Span<'static> {
    let mark = reach.mark(now.unix_nano);
    let style = theme::verdict(mark);
    if mark == '–' {
        return Span::styled(without, style);
    }
    if reach.expected == 0 {
        return "via Sentry".fg(theme::DIM);
    }
    // As something else it arrived too, which the mark says.
    let arrived = format::grouped((reach.reached + reach.differs) as u64);
    Span::styled(format!("{mark} {arrived}/{}", format::grouped(reach.expected as u64)), style)
}

fn nothing_here(app: &App) -> ratatui::widgets::Paragraph<'static> {
    if app.store.filter().is_some() && app.store.totals().traces > 0 {
        return hint([filter::nothing_found(app)]);
    }
    let text = match app.mode {
        Mode::Demo if app.services.all_ready() => "no traces yet: press r to send a password reset".fg(theme::ACCENT),
        Mode::Demo => "starting the demo's services …".fg(theme::WARNING),
        Mode::Viewer => "no traces yet".fg(theme::DIM),
        Mode::Files if app.files.reading().is_some() => "reading …".fg(theme::DIM),
        Mode::Files if !app.received().is_empty() => format!("no traces in what was read, but {}", app.received()).fg(theme::DIM),
        Mode::Files => "no trace in what was read".fg(theme::DIM),
    };
    hint([Line::default(), Line::from(text)])
}
