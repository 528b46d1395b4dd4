//! Meanings of marks, colors and words on the screen.

/// Each with its meaning.
pub(super) const MARKS: &[(&str, &str)] = &[
    ("colors", "each service has its own, the same in every run; red is an error"),
    (
        "theme",
        "for a dark or a light background, for 16 colors or none, as the terminal reports; --theme, NO_COLOR and --config choose another",
    ),
    ("▏██▎", "when a span ran, on the axis above"),
    (
        "━ ┃",
        "the critical path, on bars and before them: for so long the trace waited for this span itself",
    ),
    ("╌╌╌", "time in the queue, between producer and consumer"),
    ("░░░", "no span here: a long part of a span that none of its children covers"),
    (
        "• ! ⚠",
        "on a bar: an event; an exception or error; an exception that did not fail the span",
    ),
    (
        "· ⚠ ✗",
        "on a bar: log records, below a warning; a warning; an error; the worst one of a cell",
    ),
    ("‹ ›", "zoomed: it ran before what is shown, or after"),
    (
        "▁▃█",
        "the whole trace: how many spans at a time, in the color of whom it waits for; red and underlined: one failed",
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
        "errors reported in the span, or in the trace: their stacks are in the span's details; on a bar, when",
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
        "the wheel scrolls, a click selects, another opens; on a fold mark it folds, on a column's name it sorts, on a section's it goes there, on a key below it does that; Ctrl and Shift with the wheel zoom and pan; Shift and drag select text",
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
        "a trace that lost spans because it, or pinned traces, filled the memory",
    ),
    ("rejected", "requests and spans that the collector rejected; H shows why"),
    (
        "throttled",
        "requests that arrived faster than they could be ingested; their senders were told to retry",
    ),
    ("waiting", "requests that were received and are not ingested yet"),
];
