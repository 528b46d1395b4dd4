//! Two lines: the tab bar; listeners, services, memory, rejections.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{Now, cells, files, format, theme};
use app::text::shown;
use app::{Action, App, Hit, Hits, Listener, Mode, PAGE, ServiceState, Tab};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now, hits: &mut Hits) {
    let row = |line: u16| {
        Rect {
            y: area.y + line,
            height: 1,
            ..area
        }
        .intersection(area)
    };
    let spans = format::count(app.store.totals().spans as u64, "span");
    let tabs = tabs(app, area.width);
    let bar = tab_bar(app, &tabs, area.width);
    // Where there is room for it.
    let spans = if bar.width() + spans.width() + 2 <= usize::from(area.width) {
        Line::from(format!("{spans} ").fg(theme::DIM))
    } else {
        Line::default()
    };
    pair(frame, &bar, &spans, row(0));
    let width = usize::from(area.width);
    let right = right(app, now, width);
    let room = width.saturating_sub(right.width() + 1);
    let left = match app.mode {
        _ if app.pause().is_some() => paused(app, room),
        Mode::Files => files::header(app, room),
        Mode::Demo | Mode::Viewer => listeners(app, room),
    };
    pair(frame, &left, &right, row(1));
    add_hits(app, &tabs, area, hits);
}

/// From this width on tabs have counts.
const COUNTED: u16 = 90;
/// From this width on they have their whole names.
const NAMED: u16 = 70;

/// The tabs: the active one has brackets, so that it is known without color. Where they do not fit they are those of a narrower screen; on the
/// narrowest only the active one has a name.
fn tabs(app: &App, width: u16) -> Vec<(Tab, String)> {
    let between = if width >= COUNTED { Tab::ALL.len() - 1 } else { 0 };
    let fits = |labels: &Vec<(Tab, String)>| {
        let columns: usize = labels.iter().map(|(_, label)| label.width()).sum();
        columns + between <= width.into()
    };
    let mut widths = [width, COUNTED - 1, NAMED - 1]
        .into_iter()
        .filter(|narrower| *narrower <= width);
    let named = widths.find_map(|width| Some(labels(app, width, true)).filter(fits));
    named.unwrap_or_else(|| labels(app, width, false))
}

fn labels(app: &App, width: u16, are_named: bool) -> Vec<(Tab, String)> {
    let label = |tab: Tab| {
        let is_active = app.screens.tab() == tab;
        let name = match width {
            _ if !are_named && !is_active => String::new(),
            ..NAMED => format!(" {}", tab.short_name()),
            _ => format!(" {}", tab.name()),
        };
        let new = if is_active { 0 } else { app.new_in(tab) };
        let count = match app.count_of(tab) {
            Some(count) if width >= COUNTED && new > 0 => format!(" {}, {} new", format::compact(count), format::compact(new)),
            Some(count) if width >= COUNTED => format!(" {}", format::compact(count)),
            _ if new > 0 => "•".to_owned(),
            _ => String::new(),
        };
        let (open, close) = if is_active { ("[", "]") } else { (" ", " ") };
        (tab, format!("{open}{}{name}{count}{close}", tab.number()))
    };
    Tab::ALL.map(label).into()
}

fn tab_bar<'a>(app: &App, tabs: &'a [(Tab, String)], width: u16) -> Line<'a> {
    let mut line = Line::default();
    for (tab, label) in tabs {
        if !line.spans.is_empty() && width >= COUNTED {
            line.push_span("│".fg(theme::RULE));
        }
        let is_new = app.screens.tab() != *tab && app.new_in(*tab) > 0;
        line.push_span(if app.screens.tab() == *tab {
            label.as_str().bold().fg(theme::ACCENT)
        } else if is_new && *tab != Tab::Traces {
            label.as_str().fg(theme::WARNING)
        } else {
            label.as_str().into()
        });
    }
    line
}

/// Returns the number of spans received during a pause.
fn paused(app: &App, width: usize) -> Line<'static> {
    let Some(pause) = app.pause() else { return Line::default() };
    let spans = format::count(pause.spans, "span");
    let long = format!(" ❚❚ paused · {spans} arrived since, P resumes");
    let text = if long.width() <= width {
        long
    } else {
        format!(" ❚❚ paused · {spans} since")
    };
    Line::from(text.bold().fg(theme::WARNING))
}

/// One text left, one right; the right one stays whole.
fn pair(frame: &mut Frame, left: &Line, right: &Line, row: Rect) {
    let width = u16::try_from(right.width()).unwrap_or(u16::MAX);
    let [left_area, right_area] = Layout::horizontal([Constraint::Min(0), Constraint::Length(width)]).areas(row);
    cells::line(frame.buffer_mut(), left, left_area);
    cells::line(frame.buffer_mut(), right, right_area);
}

/// On a tab that tab, on what was rejected the reasons.
fn add_hits(app: &App, tabs: &[(Tab, String)], area: Rect, hits: &mut Hits) {
    let part = |from: u16, width: usize, line: u16| {
        Rect {
            x: area.x.saturating_add(from),
            y: area.y + line,
            width: u16::try_from(width).unwrap_or(u16::MAX),
            height: 1,
        }
        .intersection(area)
    };
    let between = u16::from(area.width >= COUNTED);
    let mut from = 0_u16;
    for (tab, label) in tabs {
        hits.add(part(from, label.width(), 0), Hit::Action(Action::Tab(*tab)));
        from = from
            .saturating_add(u16::try_from(label.width()).unwrap_or(u16::MAX))
            .saturating_add(between);
    }
    let rejected = rejected(app, area.width.into()).width();
    let from = area.width.saturating_sub(u16::try_from(rejected).unwrap_or(u16::MAX));
    hits.add(part(from, rejected, 1), Hit::Action(Action::Tab(Tab::Ingest)));
}

/// Services, rate, memory and rejections, as far as there is room: the ingest screen has all of it.
fn right(app: &App, now: &Now, width: usize) -> Line<'static> {
    let rejected = rejected(app, width);
    let mut line = services(app, |_| true);
    if line.width() + rejected.width() > width {
        line = services(app, |state| !matches!(state, ServiceState::Ready { .. }));
    }
    let least = line.width() + rejected.width() + least(app, width) + 1;
    let mut room = width.saturating_sub(least);
    let mut say = |text: Span<'static>| {
        if text.width() <= room {
            room -= text.width();
            line.push_span(text);
        }
    };
    let totals = app.store.totals();
    say(format!("mem {}% ", totals.bytes * 100 / totals.budget.max(1)).fg(theme::DIM));
    if totals.evicted_traces > 0 {
        say(format!(" {} evicted ", format::compact(totals.evicted_traces)).fg(theme::DIM));
    }
    let rate = app.spans_per_second(now);
    if rate > 0 {
        let unit = if rate == 1 { "span/s" } else { "spans/s" };
        say(format!(" {} {unit} ", format::compact(rate)).fg(theme::GOOD));
    }
    line.spans.extend(rejected.spans);
    line
}

/// Returns the columns of the left side, at least: the ports, and the relay's target.
fn least(app: &App, width: usize) -> usize {
    match app.mode {
        _ if app.pause().is_some() => paused(app, width).width(),
        Mode::Files => files::header(app, width / 3).width(),
        Mode::Demo | Mode::Viewer => {
            let ports = listeners(app, if width < COUNTED.into() { SHORT_PORTS } else { PORTS }).width();
            let all = ports + forwarded(app).width();
            if all <= width / 2 + width / 8 { all } else { ports }
        }
    }
}

/// Columns of the ports with their protocols, at most.
const PORTS: usize = 48;
/// The same with short names.
const SHORT_PORTS: usize = 47;

/// Returns the number of rejections; `0 rejected` only if there is room.
fn rejected(app: &App, width: usize) -> Line<'static> {
    let trouble = trouble(app, width);
    // On a narrow screen the names of ports and services need the room.
    let has_room = width >= COUNTED.into() || app.services.iter().next().is_none();
    if trouble.spans.is_empty() && app.mode != Mode::Files && has_room {
        return Line::from(" 0 rejected ".fg(theme::DIM));
    }
    trouble
}

/// Returns the counts of rejected and of waiting requests. The option that would allow the last denied origin or host takes a third of
/// the width at most.
fn trouble(app: &App, width: usize) -> Line<'static> {
    let mut line = Line::default();
    let mut say = |number: u64, what: &str| {
        if number > 0 {
            line.push_span(format!(" {} {what} ", format::compact(number)).bold().fg(theme::WARNING));
        }
    };
    let flag = app.health.denied.last().and_then(|denial| denial.flag.as_deref());
    let flag = flag.filter(|flag| flag.width() <= width / 3);
    let denied = flag.map_or("denied".into(), |flag| format!("denied: {flag}"));
    say(app.health.denied.count(), &denied);
    say(app.queue.waiting as u64, "waiting");
    say(app.health.throttled(), "throttled");
    say(app.health.rejected(), "rejected");
    say(app.files.problems(), "not read");
    line
}

fn services(app: &App, is_shown: impl Fn(&ServiceState) -> bool) -> Line<'static> {
    let mut line = Line::default();
    for (service, state) in app.services.iter().filter(|(_, state)| is_shown(state)) {
        let (mark, style) = mark(state);
        line.push_span(format!("{service} "));
        line.push_span(Span::styled(mark, style));
        line.push_span(" ");
    }
    line
}

/// A service's mark: its shape says as much as its color.
pub(super) fn mark(state: &ServiceState) -> (&'static str, Style) {
    match state {
        ServiceState::Starting => ("◌", Style::new().fg(theme::WARNING)),
        ServiceState::Ready { .. } => ("●", Style::new().fg(theme::GOOD)),
        ServiceState::Absent { .. } => ("–", Style::new().fg(theme::DIM)),
        ServiceState::NotReady => ("◐", Style::new().fg(theme::WARNING)),
        ServiceState::Exited { .. } => ("✗", Style::new().fg(theme::ERROR).bold()),
    }
}

/// Returns the relay's target; empty without a relay.
fn forwarded(app: &App) -> String {
    let Some(relay) = &app.sentry.relay else {
        return String::new();
    };
    let relay = shown(relay);
    format!(" → {}", relay.split_once("://").map_or(&*relay, |(_, to)| to))
}

fn listeners(app: &App, width: usize) -> Line<'static> {
    let addresses = app.addresses;
    let name = |name: &str| Span::raw(format!(" {name} ")).fg(theme::DIM);
    let port = |port: &str| Span::raw(format!(":{port}"));
    let named = |of: fn(Listener) -> &'static str| {
        let parts = addresses
            .iter()
            .flat_map(|(listener, address)| [name(of(listener)), port(&address.port().to_string())]);
        parts.collect::<Line>()
    };
    let page = app.services.address(PAGE).and_then(|address| address.rsplit_once(':'));
    let page = page.map_or_else(Vec::new, |(_, at)| vec![name("page"), port(at)]);
    let page_columns: usize = page.iter().map(Span::width).sum();
    let mut line = named(|listener| listener.entry().name);
    if line.width() + page_columns > width {
        line = named(|listener| listener.entry().short_name);
    }
    if line.width() > width {
        // The ports alone, in the same order, as many as fit whole.
        line = Line::default();
        for (_, address) in addresses.iter() {
            let port = format!(" :{}", address.port());
            if line.width() + port.len() > width {
                break;
            }
            line.push_span(port);
        }
    }
    let to = forwarded(app);
    if line.width() + to.width() <= width {
        line.push_span(to);
    }
    if line.width() + page_columns <= width {
        line.spans.extend(page);
    }
    if let Some(api) = &app.query_api {
        let api = [name("API"), port(&api.address.port().to_string())];
        if line.width() + api.iter().map(Span::width).sum::<usize>() <= width {
            line.spans.extend(api);
        }
    }
    // The host once: all of them listen on loopback.
    let host = format!(" {} ", addresses[Listener::ALL[0]].ip());
    if line.width() + host.len() <= width {
        line.spans.insert(0, host.fg(theme::DIM));
    }
    line
}
