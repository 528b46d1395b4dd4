//! Keys of all tabs and screens: tabs, help, lists.

use super::{IN_TRACES, bind};
use crate::keymap::Key::{Char, Ctrl};
use crate::keymap::KeyContext::{
    Copy, Details, Error, Help, LogRecord, Logs, Patterns, RuleTraces, TraceLogs, Traces, Waterfall,
};
use crate::keymap::{Binding, Key, KeyContext};
use crate::{Action, Layer, Mode, Tab};

pub(super) const DEMO: &[Binding] = &[
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

pub(super) const OPEN: &[Binding] = &[
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

pub(super) const GLOBAL: &[Binding] = &[
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

pub(super) const ROWS: &[Binding] = &[
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

pub(super) const FILTERED: &[Binding] = &[bind("filter", &[Char('/')], Action::Filter, "filter the list, or find spans")
    .footer("narrow")
    .also_on(&[Help])
    .footer_on(&[
        (&[Traces, Logs, LogRecord, TraceLogs, Patterns], "filter"),
        (&[Waterfall, Details], "find"),
        (&[Help], "search"),
    ])];

pub(super) const OPENED: &[Binding] = &[bind("open", &[Key::Enter], Action::Open, "open the selected row")
    .footer("open")
    .footer_on(&[(&[Logs, TraceLogs, Error], "span"), (&[Patterns], "list")])];

pub(super) const ALWAYS: &[Binding] = &[
    bind("suspend", &[Ctrl('z')], Action::Suspend, "suspend, fg resumes").fixed(),
    bind("quit-at-once", &[Ctrl('c')], Action::QuitAtOnce, "quit, whatever is open").fixed(),
];
