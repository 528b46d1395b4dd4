//! All keys, the filter's language, and what the marks mean.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;
use trace_model::filter;

use super::page::{self, Page};
use super::theme;
use crate::app::App;
use crate::keymap::Place;

pub(super) fn draw(frame: &mut Frame, app: &App, first: usize, area: Rect) {
    page::draw(frame, " Keys and marks ", &lay_out(app, area), first, area);
}

/// How many lines there are.
pub(super) fn height(app: &App, area: Rect) -> usize {
    lay_out(app, area).height()
}

fn lay_out(app: &App, area: Rect) -> Page {
    Page::of(area, |width| {
        let mut keys = Vec::new();
        // What is special where it was asked for comes first.
        let here = app.here();
        let is_special = |places: &[Place]| {
            let mut bound = app.keymap.iter().filter(|bound| places.contains(&bound.binding.place));
            !places.contains(&Place::Anywhere) && !places.contains(&Place::Demo) && bound.any(|bound| bound.binding.applies(here))
        };
        let (special, other): (Vec<_>, Vec<_>) = GROUPS.into_iter().partition(|(_, places)| is_special(places));
        for (name, places) in special.into_iter().chain(other) {
            let is_known = |place: Place| places.contains(&place) && place.is_in(app.mode);
            let known = app.keymap.iter();
            let mut known = known
                .filter(|bound| is_known(bound.binding.place) && !bound.binding.help.is_empty())
                .peekable();
            if known.peek().is_some() {
                section(&mut keys, name, "", width);
            }
            known.for_each(|bound| pair(&mut keys, &bound.labels(), bound.binding.help, KEYS, width));
        }

        let mut marks = Vec::new();
        let about = "/ lists the traces with a span that matches all terms; letters match in any case";
        section(&mut marks, "filter", about, width);
        for (example, meaning) in filter::HELP {
            pair(&mut marks, example, meaning, EXAMPLES, width);
        }
        section(&mut marks, "marks", "", width);
        for (mark, meaning) in MARKS {
            pair(&mut marks, mark, meaning, KEYS, width);
        }

        let mut typing = Vec::new();
        section(&mut typing, "keys while a filter is typed", "", width);
        let known = app.keymap.iter().filter(|bound| bound.binding.place == Place::Filter);
        known.for_each(|bound| pair(&mut typing, &bound.labels(), bound.binding.help, KEYS, width));
        [keys, marks, typing]
    })
}

/// Keys by where they mean something; those while a filter is typed stand apart.
const GROUPS: [(&str, &[Place]); 11] = [
    ("keys in the demo", &[Place::Demo]),
    ("keys everywhere", &[Place::Anywhere, Place::Listening, Place::Always]),
    ("in the list of traces", &[Place::Traces]),
    ("in a trace", &[Place::Waterfall, Place::Spans]),
    ("in the details of a span", &[Place::Details]),
    ("after y", &[Place::Copy]),
    ("in a comparison (d)", &[Place::Compare]),
    ("in operations (O)", &[Place::Operations]),
    ("in operations and the service map (m)", &[Place::Survey]),
    ("in warnings (w)", &[Place::Warnings]),
    ("in the cross-check (x)", &[Place::CrossCheck]),
];

/// How wide keys and marks are.
const KEYS: usize = 12;
/// How wide the examples of filters are.
const EXAMPLES: usize = 34;

fn section(lines: &mut Vec<Line<'static>>, name: &'static str, about: &'static str, width: usize) {
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    page::heading(lines, name, about, width);
}

/// What is meant stands right, on as many lines as it needs; a left side that is too wide has a line of its own.
fn pair(lines: &mut Vec<Line<'static>>, left: &str, right: &'static str, column: usize, width: usize) {
    page::pair(lines, left.to_owned().bold().fg(theme::ACCENT), &right.into(), column, width);
}

const MARKS: &[(&str, &str)] = &[
    ("colours", "each service has its own, the same in every run; red is an error"),
    (
        "theme",
        "for a dark or a light ground, for 16 colours or none, as the terminal says; --theme, NO_COLOR and --config choose another",
    ),
    ("▏██▎", "when a span ran, on the axis above"),
    (
        "━ ┃",
        "the critical path, on bars and before them: for so long the trace waited for this span itself",
    ),
    ("╌╌╌", "time in the queue, between producer and consumer"),
    ("░░░", "no span here: a long part of a span that none of its children covers"),
    ("• !", "on a bar: when an event happened; when an exception or an error did"),
    ("‹ ›", "zoomed: it ran before what is shown, or after"),
    (
        "▁▃█",
        "the whole trace: how many spans at a time, in the colour of whom it waits for; red: one failed",
    ),
    (
        "× 12 ▄▄▄",
        "so many equal calls in one row, with what they took together; Space opens it",
    ),
    ("N+1 ×12", "its children repeat one call so many times, one after the other"),
    ("⇄", "it has links, or others link to it: f follows them"),
    ("⚠", "worth a look: the span's details say why, and what helps"),
    ("±", "shown at another time than its service said: clocks are straightened"),
    ("✗", "status error: of a span, or of some spans of a trace"),
    (
        "! !2",
        "errors reported in the span, or in the trace: their stacks stand in the span's details; on a bar, when",
    ),
    ("i i2", "messages and warnings that were reported so: less than errors"),
    (
        "◆",
        "found by the filter, or by / in the trace; in the list, how many of the trace's spans",
    ),
    (
        "▁▃█▂",
        "a trace's shape: how many of its spans were at work, from its start to its end",
    ),
    ("▾ ▴", "the column that the list is sorted by: most first, least first"),
    (
        "mouse",
        "the wheel scrolls, a click selects, another opens; on a fold mark it folds, on a column's name it sorts, on a key below it does that; Ctrl and Shift with the wheel zoom and pan; Shift and drag select text",
    ),
    ("★", "pinned: it stays when the memory is full"),
    ("=", "in the list: marked, others are compared with it (d)"),
    (
        "▲ ▼ + − ≠",
        "compared: takes longer; less time; new here; not here any more; other numbers of spans or failures",
    ),
    ("▾ ▸ +3", "open; folded, with three spans below"),
    ("⠹ ▒░", "still running: so long so far, and no end yet"),
    ("≥156 ms", "in the list: the duration known so far, some spans have no end"),
    ("…", "before a trace's name: its root has not arrived"),
    ("◌", "a span that has not arrived, only others name it"),
    ("↻", "its parents lead back to itself: shown as a root"),
    (
        "✓ 8/8",
        "Sentry: all spans that services sent reached it, or this viewer's own endpoint for it",
    ),
    ("… 6/8", "Sentry: some are still expected"),
    ("✗ 6/8", "Sentry: some are missing; x says which, and why"),
    ("≠ 8/8", "Sentry: some arrived under another trace or below another parent"),
    ("via Sentry", "Sentry: they came in Sentry's envelopes and in no other way"),
    ("–", "Sentry: nothing to compare with"),
    (
        "● ◐ ✗ – ◌",
        "a service that works; that runs but cannot work now; that ended; that is not there; that is starting",
    ),
    ("memory", "what the traces take, of --max-memory"),
    (
        "evicted",
        "traces that left when the memory was full: whole ones, those that were quiet for longest",
    ),
    (
        "truncated",
        "a trace for some of whose spans there was no room: it alone, or pinned ones, fill the memory",
    ),
    (
        "refused",
        "requests and spans that the collector did not take, for what they are; H says why",
    ),
    (
        "busy",
        "requests that came faster than they could be taken in; their senders were asked to send them again",
    ),
    ("waiting", "requests that were received and are not taken in yet"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::KEYMAP;

    #[test]
    fn every_key_with_a_help_is_in_a_group() {
        let is_told = |place: Place| place == Place::Filter || GROUPS.iter().any(|(_, places)| places.contains(&place));
        let left_out = KEYMAP.iter().find(|binding| !is_told(binding.place));
        assert!(left_out.is_none(), "{left_out:?}");
    }
}
