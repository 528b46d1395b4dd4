//! The table of keys, by the contexts in which they mean something.

use super::Key::{Char, Ctrl};
use super::KeyContext::{
    Compare, Copy, CrossCheck, Details, Error, Errors, Filter, Help, LogRecord, Logs, Operations, Palette, Patterns, RuleTraces,
    Save, ServiceMap, TraceLogs, Traces, Value, Warnings, Waterfall,
};
use super::{Binding, Key, KeyContext, Section};
use crate::{Action, Layer, Mode, Tab};

/// All but popups and lines that are edited.
const SCREENS: &[KeyContext] = KeyContext::SCREENS;
/// Contexts in which text is edited.
const EDITED: &[KeyContext] = KeyContext::EDITED;
/// The parts of the traces tab.
const IN_TRACES: &[KeyContext] = &[Traces, Waterfall, Details];
/// Lists that words narrow, with what is found in the traces tab.
const NARROWED: &[KeyContext] = &[
    Traces, Waterfall, Details, Logs, LogRecord, TraceLogs, Patterns, Errors, Operations, ServiceMap, Warnings, RuleTraces,
    Compare,
];
/// Lists with something to open in each row.
const ENTERED: &[KeyContext] = &[
    Traces, Waterfall, Details, Logs, LogRecord, TraceLogs, Patterns, Errors, Error, Operations, ServiceMap, Warnings,
    RuleTraces, CrossCheck, Compare,
];
/// Screens on which a trace is selected.
const ONE_TRACE: &[KeyContext] = &[Traces, Waterfall, Details, CrossCheck, Compare, TraceLogs];
/// The same, where the selected span can be copied.
const ONE_SPAN: &[KeyContext] = &[Traces, Waterfall, Details, CrossCheck, Compare];
/// Screens of log records.
const LOGS: &[KeyContext] = &[Logs, LogRecord, TraceLogs];
/// The same with the patterns of what is listed.
const LOGS_AND_PATTERNS: &[KeyContext] = &[Logs, LogRecord, TraceLogs, Patterns];

/// All keys, in the order in which help shows them.
pub const KEYMAP: &[Section] = &[
    Section::new("Demo", SCREENS, DEMO).ranked(0),
    Section::new("Screens", SCREENS, OPEN).ranked(5),
    Section::new("Everywhere", SCREENS, GLOBAL).ranked(5),
    Section::new("Rows", SCREENS, ROWS).ranked(4),
    Section::new("Lists", NARROWED, FILTERED).ranked(2),
    Section::new("Lists", ENTERED, OPENED).ranked(2),
    Section::new("Traces", &[Traces], TRACES),
    Section::new("Selected trace", ONE_TRACE, TRACE).ranked(3),
    Section::new("Selected trace", ONE_SPAN, COPIED).ranked(3),
    Section::new("Logs", LOGS_AND_PATTERNS, LOG_KEYS),
    Section::new("Logs", LOGS, RECORD),
    Section::new("Panes", IN_TRACES, PANES).ranked(4),
    Section::new("Tree of spans", &[Waterfall, CrossCheck], TREE),
    Section::new("Waterfall and details", &[Waterfall, Details], SPANS),
    Section::new("Details", &[Details, LogRecord], DETAILS),
    Section::new("Values", &[Details, Logs, LogRecord, TraceLogs, Error, Value], VALUES).ranked(2),
    Section::new("Value", &[Value], VALUE),
    Section::new("Copy menu", &[Copy], COPY),
    Section::new("Save", &[Save], SAVE),
    Section::new("Compare", &[Compare], COMPARE),
    Section::new("Errors", &[Errors], ERRORS),
    Section::new("Errors", &[Errors, Error], EVENTS).ranked(1),
    Section::new("Error", &[Error], ERROR),
    Section::new("Operations", &[Operations], OPERATIONS),
    Section::new("Operations and service map", &[Operations, ServiceMap], SURVEY),
    Section::new("Service map", &[ServiceMap], MAP),
    Section::new("Warnings", &[Warnings], RULES),
    Section::new("Warnings of a rule", &[RuleTraces], RULE_TRACES),
    Section::new("Cross-check", &[CrossCheck], CROSS_CHECK),
    Section::new("While text is edited", &[Palette, Filter], HISTORY),
    Section::new("While text is edited", EDITED, LINE),
    Section::new("Everywhere", &KeyContext::ALL, ALWAYS).ranked(6),
];

const DEMO: &[Binding] = &[
    bind("send-reset", &[Char('r')], Action::SendReset, "send a password reset")
        .footer_on(&[(IN_TRACES, "reset")])
        .only_in(&[Mode::Demo]),
    bind(
        "send-invalid",
        &[Char('i')],
        Action::SendInvalid,
        "send an invalid password reset",
    )
    .footer_on(&[(IN_TRACES, "invalid")])
    .only_in(&[Mode::Demo]),
    bind("page", &[Char('p')], Action::Page, "open the page in a browser")
        .footer_on(&[(IN_TRACES, "page")])
        .only_in(&[Mode::Demo]),
    bind(
        "output",
        &[Char('o')],
        Action::Toggle(Layer::Output),
        "toggle the output of the services",
    )
    .footer_on(&[(IN_TRACES, "output")])
    .only_in(&[Mode::Demo]),
    bind("redrive", &[Char('B')], Action::Redrive, "requeue dead letters").only_in(&[Mode::Demo]),
];

const OPEN: &[Binding] = &[
    bind("tab-traces", &[Char('1')], Action::Tab(Tab::Traces), "go to Traces"),
    bind("tab-logs", &[Char('2')], Action::Tab(Tab::Logs), "go to Logs"),
    bind("tab-errors", &[Char('3')], Action::Tab(Tab::Errors), "go to Errors"),
    bind(
        "tab-operations",
        &[Char('5')],
        Action::Tab(Tab::Operations),
        "go to Operations",
    ),
    bind("tab-map", &[Char('6')], Action::Tab(Tab::ServiceMap), "go to Map"),
    bind("tab-warnings", &[Char('7')], Action::Tab(Tab::Warnings), "go to Warnings"),
    bind("tab-ingest", &[Char('8')], Action::Tab(Tab::Ingest), "go to Ingest"),
    bind("next-tab", &[Char(']')], Action::NextTab, "go to the next tab"),
    bind("previous-tab", &[Char('[')], Action::PreviousTab, "go to the previous tab"),
    bind(
        "operations",
        &[Char('O')],
        Action::Toggle(Layer::Operations),
        "toggle Operations",
    ),
    bind("service-map", &[Char('m')], Action::Toggle(Layer::ServiceMap), "toggle Map"),
    bind("warnings", &[Char('w')], Action::Toggle(Layer::Warnings), "toggle Warnings"),
    bind("ingest", &[Char('H')], Action::Toggle(Layer::Ingest), "toggle Ingest").formerly("health"),
];

const GLOBAL: &[Binding] = &[
    bind("copy-dsn", &[Char('D')], Action::CopyDsn, "copy the DSN of this viewer")
        .also_on(&[Copy])
        .only_in(&[Mode::Demo, Mode::Viewer]),
    bind("pause", &[Char('P')], Action::Pause, "pause or resume the picture").only_in(&[Mode::Demo, Mode::Viewer]),
    bind(
        "palette",
        &[Char(':'), Ctrl('p')],
        Action::Toggle(Layer::Palette),
        "open the command palette",
    )
    .footer("commands"),
    bind("help", &[Char('?')], Action::Toggle(Layer::Help), "toggle help")
        .also_on(&[Help])
        .footer("help"),
    bind("quit", &[Char('q')], Action::Quit, "close what is open, or quit")
        .also_on(KeyContext::POPUPS)
        .footer("quit")
        .footer_on(&[
            (&[RuleTraces], "back"),
            (KeyContext::ABOVE, "close"),
            (KeyContext::POPUPS, "close"),
        ]),
    bind("back", &[Key::Esc], Action::Back, "close, clear, or go back").also_on(KeyContext::POPUPS),
];

const ROWS: &[Binding] = &[
    bind("down", &[Key::Down, Char('j')], Action::Down, "move down")
        .also_on(&[Help])
        .footer("move"),
    bind("up", &[Key::Up, Char('k')], Action::Up, "move up").also_on(&[Help]),
    bind("page-down", &[Key::PageDown, Ctrl('d')], Action::PageDown, "move down a page").also_on(&[Help]),
    bind("page-up", &[Key::PageUp, Ctrl('u')], Action::PageUp, "move up a page").also_on(&[Help]),
    bind(
        "first",
        &[Key::Home, Char('g')],
        Action::First,
        "go to first row, follow newest",
    )
    .also_on(&[Help]),
    bind("last", &[Key::End, Char('G')], Action::Last, "go to the last row").also_on(&[Help]),
];

const FILTERED: &[Binding] = &[bind("filter", &[Char('/')], Action::Filter, "filter the list, or find spans")
    .footer("narrow")
    .also_on(&[Help])
    .footer_on(&[
        (&[Traces, Logs, LogRecord, TraceLogs, Patterns], "filter"),
        (&[Waterfall, Details], "find"),
        (&[Help], "search"),
    ])];

const OPENED: &[Binding] = &[bind("open", &[Key::Enter], Action::Open, "open the selected row")
    .footer("open")
    .footer_on(&[(&[Logs, TraceLogs], "span"), (&[Patterns], "list")])];

const TRACES: &[Binding] = &[
    bind("sort", &[Char('s')], Action::Sort, "sort traces by the next column").footer("sort"),
    bind(
        "sort-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of traces",
    ),
];

const TRACE: &[Binding] = &[
    bind(
        "cross-check",
        &[Char('x')],
        Action::Toggle(Layer::CrossCheck),
        "toggle the cross-check with Sentry",
    )
    .footer("cross-check"),
    bind(
        "logs",
        &[Char('L')],
        Action::Toggle(Layer::TraceLogs),
        "toggle the logs of the trace",
    )
    .footer("logs"),
    bind(
        "compare",
        &[Char('d')],
        Action::Toggle(Layer::Compare),
        "compare with marked or median trace",
    )
    .footer("compare"),
    bind("mark-base", &[Char('=')], Action::MarkBase, "mark or unmark for comparing"),
    bind("pin", &[Char('*')], Action::Pin, "pin or unpin the trace").footer("pin"),
    bind(
        "save",
        &[Char('W')],
        Action::Toggle(Layer::Save),
        "save the list, or the trace",
    )
    .also_on(&[Logs, LogRecord, Patterns, Save]),
];

const COPIED: &[Binding] = &[
    bind("copy-menu", &[Char('y')], Action::Toggle(Layer::Copy), "toggle the copy menu")
        .also_on(&[Copy])
        .footer("copy"),
];

const RECORD: &[Binding] = &[bind("copy-record", &[Char('y')], Action::CopyRecord, "copy the record as JSON").footer("copy")];

const LOG_KEYS: &[Binding] = &[
    bind(
        "patterns",
        &[Char('a')],
        Action::Patterns,
        "group by pattern, or list records",
    )
    .footer("patterns")
    .footer_on(&[(&[Patterns], "records")]),
    bind("zoom-in-time", &[Char('+')], Action::ZoomIn, "show a shorter time").footer("time"),
    bind("zoom-out-time", &[Char('-')], Action::ZoomOut, "show a longer time"),
    bind(
        "zoom-to-rows",
        &[Char('z')],
        Action::ZoomToSpan,
        "show the time of these rows",
    ),
    bind("whole-time", &[Char('0')], Action::WholeTrace, "show all times"),
    bind("earlier-time", &[Char('<')], Action::PanLeft, "show an earlier time"),
    bind("later-time", &[Char('>')], Action::PanRight, "show a later time"),
];

const PANES: &[Binding] = &[
    bind("next-pane", &[Key::Tab], Action::NextPane, "focus the next pane")
        .also_on(&[Logs, LogRecord, TraceLogs, Compare, ServiceMap])
        .footer("next pane")
        .footer_on(&[
            (&[Logs, TraceLogs], "record"),
            (&[LogRecord], "list"),
            (&[Compare], "marked or median"),
            (&[ServiceMap], "edges"),
        ]),
    bind(
        "previous-pane",
        &[Key::BackTab],
        Action::PreviousPane,
        "focus the previous pane",
    )
    .also_on(&[Logs, LogRecord, TraceLogs, Compare, ServiceMap]),
    bind("grow", &[Char('}')], Action::Grow, "enlarge the focused pane"),
    bind("shrink", &[Char('{')], Action::Shrink, "shrink the focused pane"),
    bind(
        "turn-details",
        &[Char('|')],
        Action::TurnDetails,
        "put details right or below",
    )
    .also_on(LOGS),
];

const TREE: &[Binding] = &[
    bind("toggle-fold", &[Char(' ')], Action::ToggleFold, "fold or unfold the row")
        .also_on(&[Details, LogRecord])
        .footer("fold"),
    bind(
        "fold-or-parent",
        &[Key::Left, Char('h')],
        Action::Left,
        "fold, or go to the parent",
    )
    .formerly("left-in-waterfall"),
    bind(
        "unfold-or-child",
        &[Key::Right, Char('l')],
        Action::Right,
        "unfold, or go to a child",
    )
    .formerly("right-in-waterfall"),
];

const SPANS: &[Binding] = &[
    bind("zoom-in", &[Char('+')], Action::ZoomIn, "zoom in").footer("zoom"),
    bind("zoom-out", &[Char('-')], Action::ZoomOut, "zoom out"),
    bind("zoom-to-span", &[Char('z')], Action::ZoomToSpan, "zoom to the selected span"),
    bind("whole-trace", &[Char('0')], Action::WholeTrace, "show the whole trace"),
    bind("pan-left", &[Char('<')], Action::PanLeft, "pan left"),
    bind("pan-right", &[Char('>')], Action::PanRight, "pan right"),
    bind("next-found", &[Char('n')], Action::NextMatch, "go to the next found span").formerly("next-match-in-spans"),
    bind(
        "previous-found",
        &[Char('N')],
        Action::PreviousMatch,
        "go to the previous found span",
    )
    .formerly("previous-match-in-spans"),
    bind("next-error", &[Char('e')], Action::NextError, "go to the next failed span").footer("error"),
    bind(
        "next-critical",
        &[Char('c')],
        Action::NextCritical,
        "follow the critical path",
    )
    .footer("critical"),
    bind("to-parent", &[Char('u')], Action::ToParent, "go to the parent"),
    bind("follow-link", &[Char('f')], Action::FollowLink, "follow the next link"),
    bind("jump-back", &[Char('b')], Action::JumpBack, "return from a jump"),
    bind("unfold-all", &[Char('U')], Action::UnfoldAll, "unfold all"),
    bind("fold-all", &[Char('F')], Action::FoldAll, "fold all"),
    bind("fold-shallower", &[Char('(')], Action::FoldShallower, "show one level less"),
    bind("fold-deeper", &[Char(')')], Action::FoldDeeper, "show one level more"),
    bind("fold-to-depth-1", &[], Action::FoldToDepth(1), "show this many levels").formerly_on(&[Char('1')]),
    bind("fold-to-depth-2", &[], Action::FoldToDepth(2), "").formerly_on(&[Char('2')]),
    bind("fold-to-depth-3", &[], Action::FoldToDepth(3), "").formerly_on(&[Char('3')]),
    bind("fold-to-depth-4", &[], Action::FoldToDepth(4), "").formerly_on(&[Char('4')]),
    bind("fold-to-depth-5", &[], Action::FoldToDepth(5), "").formerly_on(&[Char('5')]),
    bind("fold-to-depth-6", &[], Action::FoldToDepth(6), "").formerly_on(&[Char('6')]),
    bind("fold-to-depth-7", &[], Action::FoldToDepth(7), "").formerly_on(&[Char('7')]),
    bind("fold-to-depth-8", &[], Action::FoldToDepth(8), "").formerly_on(&[Char('8')]),
    bind("fold-to-depth-9", &[], Action::FoldToDepth(9), "").formerly_on(&[Char('9')]),
    bind(
        "fold-to-errors",
        &[Char('E')],
        Action::FoldToErrors,
        "unfold only paths to errors",
    ),
    bind(
        "fold-to-matches",
        &[Char('M')],
        Action::FoldToMatches,
        "unfold only paths to found spans",
    ),
    bind(
        "straighten-clocks",
        &[Char('T')],
        Action::StraightenClocks,
        "toggle clock-skew correction",
    ),
];

/// Contexts in which a value can be opened full size, and the screen that shows it.
const VALUES: &[Binding] = &[bind(
    "value",
    &[Char('v')],
    Action::Toggle(Layer::Value),
    "toggle the value in full size",
)
.footer_on(&[(&[Details, Logs, LogRecord, TraceLogs], "full size")])];

const DETAILS: &[Binding] = &[
    bind(
        "next-section",
        &[Key::Right, Char('l')],
        Action::Right,
        "go to the next section",
    )
    .footer("next section")
    .formerly("right-in-details"),
    bind(
        "previous-section",
        &[Key::Left, Char('h')],
        Action::Left,
        "go to the previous section",
    )
    .formerly("left-in-details"),
];

const VALUE: &[Binding] = &[
    bind(
        "fold-lines",
        &[Char(' '), Key::Enter],
        Action::ToggleFold,
        "fold or unfold the lines below",
    )
    .footer("fold"),
    bind("fewer-levels", &[Char('(')], Action::FoldShallower, "show one level less").footer("levels"),
    bind("more-levels", &[Char(')')], Action::FoldDeeper, "show one level more"),
    bind("find-text", &[Char('/')], Action::Filter, "find text").footer("find"),
    bind("next-text", &[Char('n')], Action::NextMatch, "go to the next found line").footer("next"),
    bind(
        "previous-text",
        &[Char('N')],
        Action::PreviousMatch,
        "go to the previous found line",
    ),
    bind("copy-value", &[Char('y')], Action::CopyValue, "copy the whole value").footer("copy"),
];

const COPY: &[Binding] = &[
    bind("copy-trace-id", &[Char('t')], Action::CopyTraceId, "copy the trace id"),
    bind("copy-span-id", &[Char('s')], Action::CopySpanId, "copy the span id"),
    bind("copy-json", &[Char('j')], Action::CopyJson, "copy the span as JSON"),
    bind(
        "copy-traceparent",
        &[Char('p')],
        Action::CopyTraceparent,
        "copy a traceparent header",
    ),
    bind("copy-curl", &[Char('c')], Action::CopyCurl, "copy the request as curl"),
];

const SAVE: &[Binding] = &[bind("confirm-save", &[Key::Enter], Action::Open, "write the file").footer("save")];

const COMPARE: &[Binding] = &[
    bind(
        "next-difference",
        &[Char('n')],
        Action::NextMatch,
        "go to the next difference",
    )
    .footer("next difference")
    .formerly("next-match"),
    bind(
        "previous-difference",
        &[Char('N')],
        Action::PreviousMatch,
        "go to the previous difference",
    )
    .formerly("previous-match"),
    bind("sort-differences", &[Char('s')], Action::Sort, "sort by change, or as tree")
        .footer("sort")
        .formerly("sort-in-compare"),
];

const ERRORS: &[Binding] = &[
    bind("sort-errors", &[Char('s')], Action::Sort, "sort errors by the next column").footer("sort"),
    bind(
        "sort-errors-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of errors",
    ),
];

const EVENTS: &[Binding] = &[
    bind("older-event", &[Char('n')], Action::NextMatch, "go to the next older event").footer("older"),
    bind(
        "newer-event",
        &[Char('N')],
        Action::PreviousMatch,
        "go to the next newer event",
    ),
    bind("copy-error", &[Char('y')], Action::CopyValue, "copy the error's stack").footer("copy"),
];

const ERROR: &[Binding] = &[
    bind("fold-frames", &[Char(' ')], Action::ToggleFold, "fold or unfold a part").footer("fold"),
    bind(
        "leave-error",
        &[Key::Left, Char('h')],
        Action::Left,
        "return to the list of errors",
    ),
];

const OPERATIONS: &[Binding] = &[
    bind(
        "sort-operations",
        &[Char('s')],
        Action::Sort,
        "sort operations by the next column",
    )
    .footer("sort")
    .formerly("sort-in-operations"),
    bind(
        "sort-operations-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of operations",
    )
    .formerly("sort-reversed-in-operations"),
];

const SURVEY: &[Binding] = &[bind("open-failed", &[Char('e')], Action::OpenFailed, "open the last failed span").footer("failed")];

const MAP: &[Binding] = &[
    bind(
        "toggle-picture",
        &[Char('v')],
        Action::TogglePicture,
        "toggle tree and picture",
    )
    .footer("tree or picture"),
    bind("sort-map", &[Char('s')], Action::Sort, "sort calls by the next column").footer("sort"),
    bind(
        "sort-map-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of calls",
    ),
    bind("node-left", &[Key::Left, Char('h')], Action::Left, "go to the left node"),
    bind("node-right", &[Key::Right, Char('l')], Action::Right, "go to the right node"),
];

const RULES: &[Binding] = &[bind(
    "open-rule",
    &[Key::Right, Char('l')],
    Action::Right,
    "list the traces of a rule",
)
.formerly("right")];

const RULE_TRACES: &[Binding] = &[
    bind("open-warned-span", &[Key::Right, Char('l')], Action::Right, "open the span"),
    bind("leave-rule", &[Key::Left, Char('h')], Action::Left, "return to the rules").formerly("left"),
];

const CROSS_CHECK: &[Binding] = &[
    bind(
        "open-in-sentry",
        &[Char('s')],
        Action::OpenInSentry,
        "open the trace in Sentry",
    )
    .footer("open in Sentry"),
    bind("ask-sentry", &[Char('R')], Action::AskSentry, "query Sentry now").footer("query now"),
];

const HISTORY: &[Binding] = &[
    bind("earlier", &[Key::Up], Action::Earlier, "recall previous filter, or move up").footer_on(&[(&[Filter], "earlier")]),
    bind("later", &[Key::Down], Action::Later, "recall next filter, or move down").footer_on(&[(&[Palette], "move")]),
];

const LINE: &[Binding] = &[
    bind(
        "keep-filter",
        &[Key::Enter],
        Action::KeepFilter,
        "keep filter, or run command",
    )
    .footer("keep")
    .footer_on(&[(&[Palette], "run")]),
    bind(
        "clear-filter",
        &[Key::Esc],
        Action::ClearFilter,
        "clear filter, or close palette",
    )
    .footer("clear")
    .footer_on(&[(&[Palette], "close")]),
    bind(
        "cursor-left",
        &[Key::Left, Ctrl('b')],
        Action::CursorLeft,
        "move left a character",
    ),
    bind(
        "cursor-right",
        &[Key::Right, Ctrl('f')],
        Action::CursorRight,
        "move right a character",
    ),
    bind(
        "cursor-start",
        &[Key::Home, Ctrl('a')],
        Action::CursorStart,
        "move to the start",
    ),
    bind("cursor-end", &[Key::End, Ctrl('e')], Action::CursorEnd, "move to the end"),
    bind(
        "delete-left",
        &[Key::Backspace, Ctrl('h')],
        Action::DeleteLeft,
        "delete the previous character",
    ),
    bind(
        "delete-right",
        &[Key::Delete, Ctrl('d')],
        Action::DeleteRight,
        "delete the next character",
    ),
    bind("delete-word", &[Ctrl('w')], Action::DeleteWord, "delete the previous word"),
    bind("delete-to-start", &[Ctrl('u')], Action::DeleteToStart, "delete to the start"),
];

const ALWAYS: &[Binding] = &[
    bind("suspend", &[Ctrl('z')], Action::Suspend, "suspend, fg resumes").fixed(),
    bind("quit-at-once", &[Ctrl('c')], Action::QuitAtOnce, "quit, whatever is open").fixed(),
];

const fn bind(name: &'static str, keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    Binding {
        name,
        former_name: None,
        former_keys: keys,
        keys,
        action,
        modes: &[Mode::Demo, Mode::Viewer, Mode::Files],
        is_fixed: false,
        also_on: &[],
        footer: "",
        footer_on: &[],
        help,
    }
}
