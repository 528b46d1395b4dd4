//! What is wrong with the traces themselves: which rules, how often, why that matters, what to do; and in which traces.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Stylize};
use ratatui::text::{Line, Span};
use trace_model::Rule;
use trace_stats::{REMEMBERED, Warning};

use super::columns::{self, Column};
use super::lists::{self, Parts};
use super::{Now, flush_right, format, hint, theme};
use app::format::service_name;
use app::{App, List, Times, WARNINGS_BELOW};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    let list = &app.warnings;
    let parts = Parts::of(area, WARNINGS_BELOW);
    let about = match list.opened() {
        Some(rule) => format!("› {}", rule.title()).into(),
        None => format!("all {}", format::count(app.store.totals().traces as u64, "trace")).into(),
    };
    lists::title(frame, app, [about], parts.title);
    if list.is_empty() {
        nothing(frame, app, parts.rows);
    } else {
        if list.opened().is_some() {
            traces(frame, app, &parts, now);
        } else {
            rules(frame, app, &parts);
        }
        below(frame, app, parts.below);
    }
    let what = if list.opened().is_some() { "trace" } else { "rule" };
    let left = format::count(list.len() as u64, what);
    let traces = app.many.warnings().traces();
    let mut all = Line::from(format::count(traces as u64, "trace"));
    all.push_span(" with warnings · checked after 3 s without new spans".fg(theme::DIM));
    if traces >= REMEMBERED {
        all.push_span(" · older ones are forgotten".fg(theme::WARNING));
    }
    lists::last(frame, list.narrow(), &left, all, parts.last);
}

fn rules(frame: &mut Frame, app: &App, parts: &Parts) {
    let rules: Vec<_> = app.warnings.rules().collect();
    let titles = rules.iter().map(|(count, _)| count.rule.title());
    let widths = [
        Column::fixed(2),
        Column::text(columns::longest("rule", titles), 20),
        Column::fixed(9),
        Column::fixed(9),
        Column::fixed(2).if_rest(),
        Column::text(columns::longest("name", rules.iter().map(|(count, _)| count.rule.name())), 0).if_rest(),
        Column::text(EXPLANATION, 0).if_rest(),
    ];
    let columns = columns::fit(parts.head, widths);
    let [_, title, traces, spans, _, name, why] = columns;
    frame.render_widget("rule".fg(theme::DIM), title);
    frame.render_widget(Line::from("traces".fg(theme::DIM)).right_aligned(), traces);
    frame.render_widget(Line::from("spans".fg(theme::DIM)).right_aligned(), spans);
    frame.render_widget("name".fg(theme::DIM), name);
    frame.render_widget("why".fg(theme::DIM), why);
    for (row, (count, selected)) in parts.rows.rows().zip(rules) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        let [mark, title, traces, spans, _, name, why] = columns::in_row(columns, row);
        let fitted = |text: &str, area: Rect| format::at_most(text, usize::from(area.width).saturating_sub(1));
        frame.render_widget("⚠".bold().fg(theme::WARNING), mark);
        frame.render_widget(fitted(count.rule.title(), title), title);
        flush_right(frame, format::compact(count.traces as u64), traces);
        flush_right(frame, format::compact(count.spans as u64), spans);
        frame.render_widget(count.rule.name().fg(theme::DIM), name);
        let why = Rect {
            width: row.right().saturating_sub(why.x) * u16::from(!why.is_empty()),
            ..why
        };
        frame.render_widget(fitted(count.rule.explanation(), why).fg(theme::DIM), why);
    }
}

/// How many columns of an explanation are worth it; the lines below the list have all of it.
const EXPLANATION: usize = 60;

fn traces(frame: &mut Frame, app: &App, parts: &Parts, now: &Now) {
    let starts = app
        .warnings
        .traces()
        .filter_map(|(warning, _)| app.store.trace(warning.first.trace_id));
    let times = Times::of(starts.map(|trace| trace.start_unix_nano));
    let beside = if app.warnings.opened() == Some(Rule::BrokenTrace) {
        "called by"
    } else {
        "in the trace"
    };
    let heads = ["started", "service", "span", beside, "spans", "duration", "trace id"];
    let rows: Vec<_> = app
        .warnings
        .traces()
        .map(|(warning, selected)| (texts(app, warning, (times, now)), warning, selected))
        .collect();
    let longest = |at: usize| {
        columns::longest(
            heads[at],
            rows.iter()
                .map(|(texts, ..)| format::at_most(&texts[at], parts.head.width.into())),
        )
    };
    let widths = [
        Column::text(longest(0).max(times.width().into()), times.width()),
        Column::text(longest(1), 10),
        Column::text(longest(2), 16),
        Column::text(longest(3), 16),
        Column::text(longest(4), 6),
        Column::fixed(10).if_rest(),
        Column::text(longest(6), 0).if_rest(),
    ];
    let columns = columns::fit(parts.head, widths);
    for ((at, head), area) in heads.into_iter().enumerate().zip(columns) {
        put(frame, at, head.fg(theme::DIM), area);
    }
    for (row, (texts, warning, selected)) in parts.rows.rows().zip(rows) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        let service = theme::service(&warning.first.key.service);
        let beside = caller(app, warning).map_or(theme::DIM, theme::service);
        let colors = [
            theme::DIM,
            service,
            Color::Reset,
            beside,
            theme::WARNING,
            Color::Reset,
            theme::DIM,
        ];
        for (((at, text), color), area) in texts.into_iter().enumerate().zip(colors).zip(columns::in_row(columns, row)) {
            put(frame, at, text.fg(color), area);
        }
    }
}

/// Numbers end at the right, text is cut.
fn put(frame: &mut Frame, at: usize, mut text: Span<'_>, area: Rect) {
    let room = usize::from(area.width).saturating_sub(1);
    if matches!(at, 4 | 5) {
        let area = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        return flush_right(frame, text, area);
    }
    text.content = format::at_most(&text.content, room).into();
    frame.render_widget(text, area);
}

/// What each column says of a trace: when it began, whose span it is, its name, where that is, how many such spans there are, how long the
/// trace took, its id.
fn texts(app: &App, warning: &Warning, (times, now): (Times, &Now)) -> [String; 7] {
    let key = &warning.first.key;
    let trace = app.store.trace(warning.first.trace_id);
    let started = trace.as_ref().map(|trace| times.text(trace.start_unix_nano, now));
    let beside = match (caller(app, warning), &trace) {
        (Some(service), Some(_)) => service_name(service),
        (None, Some(trace)) => trace.root.name.to_string(),
        (_, None) => String::new(),
    };
    // A span that is missing has no name.
    let name = if warning.name.is_empty() {
        format!("span {}", key.span_id)
    } else {
        warning.name.to_string()
    };
    [
        started.unwrap_or_else(|| "evicted".to_owned()),
        service_name(&key.service),
        name,
        beside,
        format::compact(warning.count as u64),
        trace.map(|trace| format::duration(trace.duration_nano)).unwrap_or_default(),
        warning.first.trace_id.to_string(),
    ]
}

/// Of a trace that was broken between two services: the other one.
fn caller<'a>(app: &'a App, warning: &Warning) -> Option<&'a str> {
    let broken = app.many.warnings().broken().iter();
    let mut broken = broken.filter(|broken| warning.rule == Rule::BrokenTrace && broken.span == warning.first);
    Some(&*broken.next()?.call.key.service)
}

/// What the rule says, and what to do about it.
fn below(frame: &mut Frame, app: &App, area: Rect) {
    let Some(rule) = app.warnings.rule() else { return };
    let width = usize::from(area.width);
    let mut lines = vec![Line::from("─".repeat(width).fg(theme::RULE))];
    let about = |lines: &mut Vec<Line<'static>>, label: &str, text: &str| {
        let pieces = format::wrapped_words(text, width.saturating_sub(5).max(1));
        for (at, piece) in pieces.into_iter().enumerate() {
            let label = if at == 0 { label.to_owned() } else { String::new() };
            lines.push(Line::from(vec![format!("{label:<5}").fg(theme::DIM), piece.into()]));
        }
    };
    about(&mut lines, "why", rule.explanation());
    about(&mut lines, "fix", rule.fix());
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

fn nothing(frame: &mut Frame, app: &App, area: Rect) {
    let text = if !app.warnings.narrow().is_empty() {
        "nothing here has all these words · Esc shows all again".fg(theme::DIM)
    } else if app.store.totals().traces == 0 {
        "no traces yet: what is wrong with them will stand here, and how to fix it".fg(theme::DIM)
    } else {
        "✓ no warnings in the traces checked so far".fg(theme::GOOD)
    };
    frame.render_widget(hint([Line::default(), Line::from(text)]), area);
}
