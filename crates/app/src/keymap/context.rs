//! What decides what a key means.

/// What is on top of the screen and gets the keys. [`crate::App::key_context`] alone computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyContext {
    /// The list of traces.
    Traces,
    /// The tree of spans of the selected trace.
    Waterfall,
    /// The details of the selected span.
    Details,
    /// The list of operations.
    Operations,
    /// The service map.
    ServiceMap,
    /// The list of warning rules.
    Warnings,
    /// The traces that break one of these rules.
    RuleTraces,
    /// The state of ingest, or of the files that are shown.
    Ingest,
    /// The cross-check of the selected trace with Sentry.
    CrossCheck,
    /// The selected trace compared with another one.
    Compare,
    /// The log records of the selected trace.
    Logs,
    /// The output of the demo's services.
    Output,
    /// The help popup.
    Help,
    /// The copy menu.
    Copy,
    /// The command palette, in which text is edited.
    Palette,
    /// The filter of the list of traces, while it is edited.
    Filter,
    /// The filter that finds spans in the selected trace, while it is edited.
    Find,
    /// The words that narrow a list, while they are edited.
    Narrow,
}

impl KeyContext {
    /// Every one of them.
    pub const ALL: [Self; 18] = [
        Self::Traces,
        Self::Waterfall,
        Self::Details,
        Self::Operations,
        Self::ServiceMap,
        Self::Warnings,
        Self::RuleTraces,
        Self::Ingest,
        Self::CrossCheck,
        Self::Compare,
        Self::Logs,
        Self::Output,
        Self::Help,
        Self::Copy,
        Self::Palette,
        Self::Filter,
        Self::Find,
        Self::Narrow,
    ];

    /// Whether a line of text is edited: then a character is text, whatever else it is bound to.
    #[must_use]
    pub const fn is_editing(self) -> bool {
        matches!(self, Self::Palette | Self::Filter | Self::Find | Self::Narrow)
    }
}

// The last variant: one more of them makes `ALL` too short.
const _: () = assert!(KeyContext::ALL.len() == KeyContext::Narrow as usize + 1);
