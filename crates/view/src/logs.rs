//! Log records: the histogram, the list, and the record under the cursor.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};

use super::{breadcrumb, content, filter, flush_right, format, hint, lists, owned, page_pane, ruled, table, theme, title};
use app::format::{Now, service_name};
use app::{App, Hits, Listener, LogFocus, LogParts, LogScreen, Mode, Times, level, severity_mark, severity_role, time_of_day};
use trace_model::{LogRecord, LogView};

/// Marks and names of the lines of the histogram, with their roles.
const SEVERITIES: [(&str, Color); 3] = [("✗ error", theme::ERROR), ("⚠ warn", theme::WARNING), ("· other", theme::DIM)];
/// Heights of a bar in eighths of a line.
const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

pub(super) fn draw(frame: &mut Frame, app: &App, screen: &LogScreen, area: Rect, now: &Now, hits: &mut Hits) {
    let is_typing = app.filter.is_open_on(screen.filtered());
    let parts = LogParts::of(screen, &app.store, is_typing, area);
    if is_typing {
        let above = parts.title.union(parts.status);
        let shown = (app.filter.line(), app.filter.error());
        filter::typed(frame, filter::LABEL, shown, typed_status(app, screen), above);
    } else {
        draw_title(frame, app, screen, &parts, now);
    }
    draw_histogram(frame, screen, &parts, now);
    let as_list = lists::Parts {
        title: parts.title,
        head: parts.head,
        rows: parts.rows,
        below: Rect::ZERO,
        last: Rect::ZERO,
    };
    let cells = match screen.patterns() {
        Some(patterns) => patterns.table().cells(),
        None => screen.cells(),
    };
    if screen.has_parts(&app.store, is_typing) {
        table::draw_heads(frame, cells, hits);
    }
    table::draw_rows(frame, cells, as_list.rows, true);
    if screen.is_empty(&app.store) {
        let lines = std::iter::once(Line::default()).chain(nothing(app, screen));
        frame.render_widget(hint(lines), parts.rows);
    }
    draw_record(frame, screen, &parts, now, hits);
    if is_typing && app.filter.error().is_some() {
        // Over the rows: the error may take more than one line.
        let above = Rect {
            height: parts.title.height + 4,
            ..parts.title
        }
        .intersection(area);
        let shown = (app.filter.line(), app.filter.error());
        filter::typed(frame, filter::LABEL, shown, Line::default(), above);
    }
}

/// Returns the number of matches of a filter of log records; for an empty line, examples.
fn typed_status(app: &App, screen: &LogScreen) -> Line<'static> {
    let mut line = Line::from(" ".repeat(format::columns(filter::LABEL)));
    if screen.filtered().is_set(&app.store) {
        let listed = screen.len(&app.store) as u64;
        line.push_span(format::count(listed, "record"));
        if let Some(searching) = searching(app, screen) {
            line.push_span(format!(" · {searching}").fg(theme::WARNING));
        }
    } else {
        line.spans
            .extend(filter::examples(["severity:>=warn", "service:api", "body:timeout"]));
    }
    line
}

fn draw_title(frame: &mut Frame, app: &App, screen: &LogScreen, parts: &LogParts, now: &Now) {
    let mut line = if app.screens.above().is_empty() {
        Line::from(title(" LOGS", screen.focus() == LogFocus::List))
    } else {
        breadcrumb::of_screen(app)
    };
    if let Some(patterns) = screen.patterns() {
        line = Line::from(title(" PATTERNS", true));
        let known = format::count(patterns.table().len() as u64, "pattern");
        line.push_span(if patterns.is_complete() {
            format!("  most records first · {known}").fg(theme::DIM)
        } else {
            "  reading the records …".fg(theme::DIM)
        });
    }
    let newer = screen.new_since(&app.store);
    line.push_span(match (screen.is_following(), newer) {
        _ if screen.patterns().is_some() => "".into(),
        (true, _) => "  following newest".fg(theme::DIM),
        (false, 0) => "".into(),
        (false, newer) => format!("  {} new below", format::grouped(newer as u64)).fg(theme::ACCENT),
    });
    let about = about(app, screen, now);
    let room = usize::from(parts.title.width).saturating_sub(line.width() + format::columns(&about) + 6);
    if screen.filtered().is_set(&app.store) && room > 8 {
        line.push_span(" · ".fg(theme::DIM));
        let condition = screen.filtered().condition(&app.store);
        let condition = condition.map(|condition| format!("pattern {}", condition.name()));
        let text = Some(app.filter.set_text(screen.filtered()).to_owned()).filter(|text| !text.is_empty());
        let text = text.into_iter().chain(condition).collect::<Vec<_>>().join(" · ");
        line.push_span(format::at_most(&text, room).bold().fg(theme::FOUND));
    }
    ruled(frame, line, parts.title);
    if format::columns(&about) + 12 < parts.title.width.into() {
        flush_right(frame, format!(" {about} ").fg(theme::DIM), parts.title);
    }
}

/// `213 of 4,182 records · 14:01:31 – 14:02:31`.
fn about(app: &App, screen: &LogScreen, now: &Now) -> String {
    let listed = screen.len(&app.store) as u64;
    let all = match screen.view() {
        LogView::All => app.store.totals().logs as u64,
        LogView::Trace => app.store.log_progress(LogView::Trace).map_or(0, |found| found.total as u64),
    };
    let mut parts = vec![if listed < all {
        format!("{} of {}", format::grouped(listed), format::count(all, "record"))
    } else {
        format::count(listed, "record")
    }];
    parts.extend(searching(app, screen));
    if let Some(times) = screen.times() {
        let (start, end) = (*times.start(), *times.end());
        let shown = Times::of([start, end].into_iter());
        parts.push(format!("{} – {}", shown.text(start, now), shown.text(end, now)));
    }
    parts.join(" · ")
}

/// Returns the progress of a search that is not complete.
fn searching(app: &App, screen: &LogScreen) -> Option<String> {
    let progress = app
        .store
        .log_progress(screen.view())
        .filter(|progress| !progress.is_complete())?;
    let percent = (progress.searched * 100).checked_div(progress.total).unwrap_or(100);
    Some(format!("searching {percent}%"))
}

fn draw_histogram(frame: &mut Frame, screen: &LogScreen, parts: &LogParts, now: &Now) {
    let histogram = screen.histogram();
    let Some(times) = histogram.times().filter(|_| !parts.bars.is_empty()) else {
        return;
    };
    // The only line of a low screen has all severities, in the color of the worst one.
    let rows: Vec<(&str, Color, Vec<u32>)> = if parts.bars.height == 1 {
        let columns = histogram.rows().first().map_or(0, |row| row.counts.len());
        let sums = (0..columns).map(|at| histogram.rows().iter().filter_map(|row| row.counts.get(at)).sum());
        vec![("all", theme::ACCENT, sums.collect())]
    } else {
        let rows = SEVERITIES.iter().zip(histogram.rows());
        rows.map(|((name, color), row)| (*name, *color, row.counts.clone())).collect()
    };
    for ((line, label), (name, color, counts)) in parts.bars.rows().zip(parts.labels.rows()).zip(&rows) {
        let peak = counts.iter().copied().max().unwrap_or(0);
        let name = Span::raw(format!("   {name}")).fg(*color);
        let mut text = Line::from(name);
        if peak > 0 {
            text.push_span(format!("  peak {}", format::compact(peak.into())).fg(theme::DIM));
        }
        frame.render_widget(text, label);
        let bar = |count: &u32| {
            // Whatever is there is seen.
            let eighths = if *count == 0 {
                0
            } else {
                (u64::from(*count) * 8).div_ceil(u64::from(peak.max(1)))
            };
            BARS[usize::try_from(eighths).unwrap_or(8).min(8)]
        };
        let bars: String = counts.iter().map(bar).collect();
        frame.render_widget(Span::raw(bars).fg(*color), line);
    }
    draw_axis(frame, screen, parts, (*times.start(), *times.end()), now);
}

/// Times below the bars, and how long one bar is.
fn draw_axis(frame: &mut Frame, screen: &LogScreen, parts: &LogParts, (start, end): (u64, u64), now: &Now) {
    let per_bar = format!("   {} a bar", format::duration(screen.histogram().bar_nano()));
    let label = Rect {
        y: parts.axis.y,
        height: parts.axis.height,
        ..parts.labels
    };
    frame.render_widget(Span::raw(format::at_most(&per_bar, label.width.into())).fg(theme::DIM), label);
    let is_short = end - start < 10_000_000_000;
    let times = Times::of([start, end].into_iter());
    let text = |unix_nano| {
        if is_short {
            time_of_day(unix_nano, now)
        } else {
            times.text(unix_nano, now)
        }
    };
    let width = usize::from(parts.axis.width);
    let step = format::columns(&text(start)) + 8;
    let mut line = Line::default();
    let mut column = 0;
    while column + step <= width.max(1) {
        let part = u128::from(end - start) * column as u128 / width.max(1) as u128;
        let at = start.saturating_add(u64::try_from(part).unwrap_or(u64::MAX));
        let label = format!("╵{}", text(at));
        line.push_span(format!("{label:<step$}").fg(theme::DIM));
        column += step;
    }
    frame.render_widget(line, parts.axis);
    if let Some(dragged) = screen.dragged() {
        let area = Rect {
            x: *dragged.start(),
            width: dragged.end() - dragged.start() + 1,
            ..parts.bars
        };
        frame
            .buffer_mut()
            .set_style(area.intersection(parts.bars), Style::new().reversed());
    }
}

fn draw_record(frame: &mut Frame, screen: &LogScreen, parts: &LogParts, now: &Now, hits: &mut Hits) {
    if parts.record.is_empty() {
        return;
    }
    let details = screen.record();
    let focused = screen.focus() == LogFocus::Record;
    let line = match details.record() {
        Some(record) => headline(record, focused, now),
        None => Line::from(title(" RECORD", focused)),
    };
    page_pane::draw(frame, details.pane(), focused, line, parts.record, hits);
    if parts.is_beside {
        let column = Rect {
            x: parts.record.x - 1,
            width: 1,
            ..parts.record
        };
        for row in column.rows() {
            frame.render_widget(Span::raw("│").fg(theme::RULE), row);
        }
    }
}

/// Severity, service, time.
fn headline(record: &LogRecord, focused: bool, now: &Now) -> Line<'static> {
    let words = format::at_most(&level(&record.severity_text, record.severity), 16);
    let mut line = Line::from(owned(title(" RECORD ", focused)));
    if !words.is_empty() {
        let severity = format!("{}{words}", severity_mark(record.severity));
        line.push_span(Span::styled(severity, content::style(severity_role(record.severity))));
        line.push_span(" · ".fg(theme::DIM));
    }
    line.extend([
        Span::raw(format::at_most(&service_name(&record.service), 24)).fg(theme::service(&record.service)),
        format!(" · {}", time_of_day(record.time_unix_nano, now)).fg(theme::DIM),
    ]);
    line
}

/// Lines shown instead of rows: nothing was received, or nothing is listed of it.
fn nothing(app: &App, screen: &LogScreen) -> Vec<Line<'static>> {
    let said = |text: &'static str, color| vec![Line::from(text.fg(color))];
    if let Some(searching) = searching(app, screen) {
        return vec![Line::from(format!("nothing found yet · {searching}").fg(theme::DIM))];
    }
    if screen.times().is_some() {
        return said("no record in these times · 0 shows all times", theme::WARNING);
    }
    if screen.filtered().is_set(&app.store) {
        return said("no record matches the filter · Esc clears it", theme::WARNING);
    }
    if screen.view() == LogView::Trace {
        return said("nothing was logged in this trace", theme::DIM);
    }
    if app.mode == Mode::Files {
        return said("no log records in these files", theme::DIM);
    }
    let http = app.addresses[Listener::OtlpHttp];
    let sentry = app.addresses[Listener::Sentry];
    vec![
        Line::from("No log records yet. Set in your program's environment".fg(theme::DIM)),
        Line::default(),
        Line::from(format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{http}").fg(theme::ACCENT)),
        Line::from(format!("or SENTRY_DSN=http://spanfall@{sentry}/1").fg(theme::ACCENT)),
    ]
}
