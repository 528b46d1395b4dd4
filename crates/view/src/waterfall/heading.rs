//! The title: what can be said of a trace in one line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_model::{Analysis, CriticalPath, Row, TraceId, TraceSummary};

use super::super::{Now, breadcrumb, content, flush_right, format, ruled, theme, title};
use app::text::shown;
use app::{App, sentry_reach, trace_length, trace_names};

/// From this width on the trace's whole id may be shown: it is what one looks for elsewhere.
const WIDE: u16 = 100;
/// Columns of the trace's name, at most.
const NAME_COLUMNS_MAX: usize = 40;

/// A part of the title.
struct Item {
    /// The ones that matter least are left out first on a narrow pane; 0 stays.
    rank: u8,
    text: Span<'static>,
    /// For a narrow screen, with its rank.
    short: Option<(u8, Span<'static>)>,
    /// True if it is at the right edge.
    is_last: bool,
}

impl Item {
    fn new(rank: u8, text: impl Into<Span<'static>>) -> Self {
        Self {
            rank,
            text: text.into(),
            short: None,
            is_last: false,
        }
    }

    fn or(self, text: impl Into<Span<'static>>) -> Self {
        let rank = self.rank;
        self.or_ranked(rank, text)
    }

    fn or_ranked(mut self, rank: u8, text: impl Into<Span<'static>>) -> Self {
        self.short = Some((rank, text.into()));
        self
    }
}

pub(super) fn draw(frame: &mut Frame, app: &App, trace: &TraceSummary, row: Rect, focused: bool, now: &Now) {
    // After a jump the breadcrumb is here instead.
    let way = breadcrumb::to_trace(app).map(|way| format!(" {way} "));
    let mut line = Line::from(title(way.as_deref().unwrap_or(" WATERFALL "), focused));
    let room = usize::from(row.width).saturating_sub(line.width() + 1);
    let mut items = items(app, trace, now);
    if !breadcrumb::names(app, &shown(&trace.root.name)) {
        let few = usize::from(row.width / 3).min(NAME_COLUMNS_MAX / 2);
        let [name, short] = trace_names(&app.store, trace, [NAME_COLUMNS_MAX, few]);
        items.insert(0, Item::new(7, name).or_ranked(0, short));
    }
    items.push(id(trace.trace_id, row.width));
    let (last, first): (Vec<_>, Vec<_>) = chosen(items, room).into_iter().partition(|item| item.is_last);
    for (at, item) in first.into_iter().enumerate() {
        line.push_span(if at == 0 { " ".into() } else { " · ".fg(theme::DIM) });
        line.push_span(item.text);
    }
    ruled(frame, line, row);
    for item in last {
        flush_right(frame, item.text, row);
    }
}

/// Returns the id of the trace, or its first digits.
fn id(trace_id: TraceId, width: u16) -> Item {
    let text = |id: String| format!(" {id} ").fg(theme::DIM);
    let short = text(format!("{trace_id:.8}…"));
    let id = if width < WIDE {
        Item::new(3, short)
    } else {
        Item::new(9, text(trace_id.to_string())).or_ranked(3, short)
    };
    Item { is_last: true, ..id }
}

/// Returns the items that fit: the least important are shortened first, then left out.
fn chosen(mut items: Vec<Item>, room: usize) -> Vec<Item> {
    let width = |items: &[Item]| items.iter().map(|item| item.text.width() + 3).sum::<usize>();
    while width(&items) > room {
        let can_give = |item: &Item| item.rank > 0 || item.short.is_some();
        let least = items.iter_mut().enumerate().filter(|(_, item)| can_give(item));
        let Some((at, item)) = least.max_by_key(|(_, item)| item.rank) else {
            break;
        };
        match item.short.take() {
            Some((rank, short)) => (item.rank, item.text) = (rank, short),
            None => {
                items.remove(at);
            }
        }
    }
    items
}

fn items(app: &App, trace: &TraceSummary, now: &Now) -> Vec<Item> {
    let mut items = Vec::new();
    if trace.spans == 0 {
        items.push(Item::new(1, "no spans"));
    } else {
        let length = trace_length(trace, app.is_running(trace, now), now);
        items.push(Item::new(0, content::span(length)));
    }
    items.extend(shown_part(app));
    items.extend(reading(app));
    items.extend(found(app));
    if trace.spans > 0 {
        items.push(Item::new(7, format::count(trace.spans as u64, "span")));
    }
    items.extend(trouble(trace, app.is_running(trace, now)));
    let reach = app.reach(trace.trace_id);
    if reach.mark(now.unix_nano) != '–' {
        let what = |text: &'static str| if reach.expected == 0 { "" } else { text };
        let reach = sentry_reach(reach, "–", now);
        let said = |text: &'static str| Span::styled(format!("{}{}", what(text), reach.text), content::style(reach.role));
        // The list says it too.
        items.push(Item::new(6, said("reached Sentry ")).or(said("Sentry ")));
    }
    let logs = trace.logs.saturating_sub(trace.error_events);
    if logs > 0 {
        items.push(Item::new(8, format::count(logs as u64, "log")));
    }
    if trace.pinned {
        items.push(Item::new(3, "★ pinned".fg(theme::ACCENT)).or("★".fg(theme::ACCENT)));
    }
    items
}

/// Returns the problems of the trace, and its missing spans.
fn trouble(trace: &TraceSummary, moves: bool) -> Vec<Item> {
    let mut items = Vec::new();
    let mut failed = |mark: &'static str, noun: String, number: usize| {
        if number > 0 {
            let short = format!("{mark} {}", format::grouped(number as u64));
            let long = format!("{mark} {noun}");
            items.push(Item::new(2, long.bold().fg(theme::ERROR)).or(short.bold().fg(theme::ERROR)));
        }
    };
    failed("✗", format!("{} failed", format::grouped(trace.errors as u64)), trace.errors);
    let errors = trace.grave_events();
    failed("!", format::count(errors as u64, "error"), errors);
    if trace.handled_events > 0 {
        let handled = format::grouped(trace.handled_events as u64);
        items.push(Item::new(5, format!("⚠ {handled} handled").fg(theme::WARNING)));
    }
    if trace.mild_events > 0 {
        let messages = format::count(trace.mild_events as u64, "message");
        items.push(Item::new(5, format!("i {messages}").fg(theme::WARNING)));
    }
    if trace.in_flight > 0 {
        let state = if moves { "running" } else { "without end" };
        items.push(Item::new(
            2,
            format!("{} {state}", format::grouped(trace.in_flight as u64)).fg(theme::WARNING),
        ));
    }
    if trace.truncated > 0 {
        let missing = format::count(trace.truncated as u64, "span");
        items.push(Item::new(1, format!("truncated: {missing} left out").fg(theme::WARNING)));
    }
    items
}

/// Returns the length of the critical path, the self time of the selected span, and the state of clock-skew correction.
fn reading(app: &App) -> Vec<Item> {
    let mut items = Vec::new();
    let Some(outline) = app.waterfall.outline() else {
        return items;
    };
    let nodes = outline.tree().nodes();
    let analysis = outline.analysis();
    match analysis.path_to_last_span() {
        // That of open spans alone is not known yet.
        Ok(path) if path.nano == 0 => {}
        Ok(path) => items.extend(critical_path(analysis, path)),
        Err(error) if nodes.iter().any(|node| node.arrived) => {
            items.push(Item::new(4, format!("critical path failed: {error}").fg(theme::WARNING)));
        }
        Err(_) => {}
    }
    let has_ended = |row: &&Row| row.line.as_ref().is_some_and(|line| line.end_unix_nano.is_some());
    if let Some(row) = app.waterfall.row().filter(has_ended).filter(|row| row.group.is_none()) {
        items.push(Item::new(5, format!("self {}", format::duration(row.reading.self_nano))));
    }
    if outline.is_straight() {
        items.push(Item::new(0, "± clocks straightened".fg(theme::WARNING)).or("± clocks".fg(theme::WARNING)));
    }
    items
}

/// Returns the length of the path to the last span, the time of messages in queues, and the time at which the root ended.
fn critical_path(analysis: &Analysis, path: &CriticalPath) -> Vec<Item> {
    let nano = format::duration(path.nano);
    let mut items = vec![Item::new(4, format!("critical path {nano}")).or(format!("critical {nano}"))];
    let queued = path.queued.iter().fold(0_u64, |sum, (_, nano)| sum.saturating_add(*nano));
    if queued > 0 {
        let queued = format::duration(queued);
        items.push(Item::new(10, format!("{queued} of it in queue")).or(format!("{queued} in queue")));
    }
    if let Some(request) = analysis.critical_path().ok().filter(|_| analysis.ends_asynchronously()) {
        items.push(Item::new(11, format!("request {}", format::duration(request.nano))));
    }
    items
}

/// Returns the number of found spans, and the position of the selected one.
fn found(app: &App) -> Option<Item> {
    let find = app.waterfall.find();
    let count = find.count().filter(|_| !find.is_open())?;
    let outline = app.waterfall.outline()?;
    let here = outline
        .node(app.waterfall.position())
        .and_then(|node| find.rank(outline, node));
    let text = match here {
        Some(rank) => format!("◆ {} of {}", format::grouped(rank as u64 + 1), format::grouped(count as u64)),
        None if count == 0 => "◆ none found".to_owned(),
        None => format!("◆ {} found", format::grouped(count as u64)),
    };
    Some(Item::new(0, text.bold().fg(theme::FOUND)))
}

/// Which part of the time is shown, if it is not all.
fn shown_part(app: &App) -> Option<Item> {
    let zoom = app.waterfall.zoom();
    if !zoom.is_zoomed() {
        return None;
    }
    let (whole, shown) = (zoom.whole(), zoom.shown());
    let from = shown.start_unix_nano.saturating_sub(whole.start_unix_nano);
    let length = format::duration(shown.nano);
    let long = format!("⌕ {length} from {}", format::duration(from));
    Some(Item::new(0, long.fg(theme::ACCENT)).or(format!("⌕ {length}").fg(theme::ACCENT)))
}
