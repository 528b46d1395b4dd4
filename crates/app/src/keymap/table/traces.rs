//! Keys of the traces tab: list, waterfall, details.

use super::{LOGS, bind};
use crate::keymap::Key::Char;
use crate::keymap::KeyContext::{Compare, Details, LogRecord, Logs, ServiceMap, TraceLogs};
use crate::keymap::{Binding, Key};
use crate::{Action, Layer};

pub(super) const TRACES: &[Binding] = &[
    bind("sort", &[Char('s')], Action::Sort, "sort traces by the next column").footer("sort"),
    bind(
        "sort-reversed",
        &[Char('S')],
        Action::SortReversed,
        "reverse the order of traces",
    ),
];

pub(super) const TRACE: &[Binding] = &[
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
];

pub(super) const PANES: &[Binding] = &[
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

pub(super) const TREE: &[Binding] = &[
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

pub(super) const SPANS: &[Binding] = &[
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

pub(super) const DETAILS: &[Binding] = &[
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
