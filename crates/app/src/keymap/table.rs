//! The table of keys, by the contexts in which they mean something. A key is one entry in the module of its context; a popup has its keys with it.

mod aggregates;
mod editing;
mod errors;
mod everywhere;
mod logs;
mod one_trace;
mod traces;
mod values;

use super::KeyContext::{
    Compare, Copy, CrossCheck, Details, Error, Errors, Filter, LogRecord, Logs, Operations, Palette, Patterns, RuleTraces, Save,
    ServiceMap, TraceLogs, Traces, Value, Warnings, Waterfall,
};
use super::{Binding, Key, KeyContext, Section};
use crate::{Action, Mode, copy, save};

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
    Section::new("Demo", SCREENS, everywhere::DEMO).ranked(0),
    Section::new("Screens", SCREENS, everywhere::OPEN).ranked(5),
    Section::new("Everywhere", SCREENS, everywhere::GLOBAL).ranked(5),
    Section::new("Rows", SCREENS, everywhere::ROWS).ranked(4),
    Section::new("Lists", NARROWED, everywhere::FILTERED).ranked(2),
    Section::new("Lists", ENTERED, everywhere::OPENED).ranked(2),
    Section::new("Traces", &[Traces], traces::TRACES),
    Section::new("Selected trace", ONE_TRACE, traces::TRACE).ranked(3),
    Section::new("Selected trace", ONE_TRACE, save::OPEN).ranked(3),
    Section::new("Selected trace", ONE_SPAN, copy::OPEN).ranked(3),
    Section::new("Logs", LOGS_AND_PATTERNS, logs::LOG_KEYS),
    Section::new("Logs", LOGS, logs::RECORD),
    Section::new("Panes", IN_TRACES, traces::PANES).ranked(4),
    Section::new("Tree of spans", &[Waterfall, CrossCheck], traces::TREE),
    Section::new("Waterfall and details", &[Waterfall, Details], traces::SPANS).ranked(2),
    Section::new("Details", &[Details, LogRecord], traces::DETAILS),
    Section::new("Values", &[Details, Logs, LogRecord, TraceLogs, Error, Value], values::VALUES).ranked(2),
    Section::new("Value", &[Value], values::VALUE),
    Section::new("Copy menu", &[Copy], copy::KEYS),
    Section::new("Save", &[Save], save::KEYS),
    Section::new("Compare", &[Compare], one_trace::COMPARE),
    Section::new("Errors", &[Errors], errors::ERRORS),
    Section::new("Errors", &[Errors, Error], errors::EVENTS).ranked(1),
    Section::new("Error", &[Error], errors::ERROR),
    Section::new("Operations", &[Operations], aggregates::OPERATIONS),
    Section::new("Operations and service map", &[Operations, ServiceMap], aggregates::SURVEY),
    Section::new("Service map", &[ServiceMap], aggregates::MAP),
    Section::new("Warnings", &[Warnings], aggregates::RULES),
    Section::new("Warnings of a rule", &[RuleTraces], aggregates::RULE_TRACES),
    Section::new("Cross-check", &[CrossCheck], one_trace::CROSS_CHECK),
    Section::new("While text is edited", &[Palette, Filter], editing::HISTORY),
    Section::new("While text is edited", EDITED, editing::LINE),
    Section::new("Everywhere", &KeyContext::ALL, everywhere::ALWAYS).ranked(6),
];

/// Returns a line of the table.
pub(crate) const fn bind(name: &'static str, keys: &'static [Key], action: Action, help: &'static str) -> Binding {
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
