//! Actions, which keys ask for, and effects, which the event loop carries out.

use trace_model::{SpanId, TraceId};

use super::{Layer, SaveRequest, Tab};

/// An action that a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the keymap says what each does")]
pub enum Action {
    SendReset,
    SendInvalid,
    Page,
    Redrive,
    /// Goes to a tab.
    Tab(Tab),
    /// Opens a layer, or closes it where it is on top; goes to a tab, or back from it.
    Toggle(Layer),
    NextTab,
    PreviousTab,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Grow,
    Shrink,
    TurnDetails,
    NextPane,
    PreviousPane,
    ToggleFold,
    Left,
    Right,
    ZoomIn,
    ZoomOut,
    ZoomToSpan,
    WholeTrace,
    PanLeft,
    PanRight,
    Sort,
    SortReversed,
    UnfoldAll,
    FoldAll,
    /// Only so many levels below the roots are shown.
    FoldToDepth(u8),
    /// One level less than is shown.
    FoldShallower,
    /// One level more than is shown.
    FoldDeeper,
    FoldToErrors,
    FoldToMatches,
    NextError,
    NextCritical,
    ToParent,
    FollowLink,
    JumpBack,
    NextMatch,
    PreviousMatch,
    StraightenClocks,
    Filter,
    Pin,
    Pause,
    OpenInSentry,
    AskSentry,
    CopyDsn,
    CopyTraceId,
    CopySpanId,
    CopyJson,
    CopyTraceparent,
    CopyCurl,
    CopyValue,
    CopyRecord,
    Patterns,
    TogglePicture,
    MarkBase,
    OpenFailed,
    Suspend,
    /// Closes what is above a tab; on a tab it ends the program.
    Quit,
    QuitAtOnce,
    /// Into the line in which a filter is typed.
    Type(char),
    KeepFilter,
    ClearFilter,
    Earlier,
    Later,
    CursorLeft,
    CursorRight,
    CursorStart,
    CursorEnd,
    DeleteLeft,
    DeleteRight,
    DeleteWord,
    DeleteToStart,
}

/// A request to the event loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Stop the program until a shell continues it.
    Suspend,
    /// Send a request to the demo's API, as the span with these ids.
    Send(DemoRequest),
    /// Put the demo's dead letters back into the queue.
    Redrive,
    /// Open this address in a browser.
    Browse(String),
    /// Ask Sentry for this trace now.
    AskSentry(TraceId),
    /// Ask Sentry no more for this trace: all of it is there.
    StopAskingSentry(TraceId),
    /// Write this into a file.
    Save(SaveRequest),
    /// Put this text into the clipboard.
    Copy(String),
}

/// A request to the demo's API, traced by the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoRequest {
    /// The trace it begins.
    pub trace_id: TraceId,
    /// The viewer's own span in it.
    pub span_id: SpanId,
    /// False for one that the API must reject.
    pub valid: bool,
}

/// A message, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Text of the message.
    pub text: String,
    /// True if something failed.
    pub error: bool,
}
