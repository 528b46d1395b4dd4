//! Keys of the screens of one trace.

use super::bind;
use crate::Action;
use crate::keymap::Binding;
use crate::keymap::Key::Char;

pub(super) const COMPARE: &[Binding] = &[
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

pub(super) const CROSS_CHECK: &[Binding] = &[
    bind(
        "open-in-sentry",
        &[Char('s')],
        Action::OpenInSentry,
        "open the trace in Sentry",
    )
    .footer("open in Sentry"),
    bind("ask-sentry", &[Char('R')], Action::AskSentry, "query Sentry now").footer("query now"),
];
