//! Rules of the lints, with an explanation and a fix of one line each.

/// Something about spans that makes a trace worth less than it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A span names a parent that has not arrived.
    MissingParent,
    /// A span lies outside of its parent's time, without a message queue between them.
    OutsideParent,
    /// A resource without `service.name`.
    NoServiceName,
    /// An exception was recorded on a span whose status is not error.
    ExceptionWithoutError,
    /// Two spans have the same id.
    DuplicateSpanId,
    /// A span's parent in the same process was not sampled.
    UnsampledParent,
    /// Two services call each other, and their spans are in different traces.
    BrokenTrace,
    /// A clock is wrong: a span starts before its parent, or ends long after it on another host.
    ClockTrouble,
    /// Many equal calls one after the other ("N+1").
    RepeatedCalls,
    /// A reference of a span to its parent, or a link, leads back to it, so it was disregarded.
    ParentCycle,
    /// A span ends before it starts, or has a parent and no start.
    InvalidTimes,
}

impl Rule {
    /// All rules, in the order of the list.
    pub const ALL: [Self; 11] = [
        Self::MissingParent,
        Self::UnsampledParent,
        Self::BrokenTrace,
        Self::DuplicateSpanId,
        Self::ParentCycle,
        Self::InvalidTimes,
        Self::OutsideParent,
        Self::ClockTrouble,
        Self::ExceptionWithoutError,
        Self::NoServiceName,
        Self::RepeatedCalls,
    ];

    /// Returns the name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingParent => "missing-parent",
            Self::OutsideParent => "outside-parent",
            Self::NoServiceName => "no-service-name",
            Self::ExceptionWithoutError => "exception-without-error",
            Self::DuplicateSpanId => "duplicate-span-id",
            Self::UnsampledParent => "unsampled-parent",
            Self::BrokenTrace => "broken-trace",
            Self::ClockTrouble => "clock-trouble",
            Self::RepeatedCalls => "repeated-calls",
            Self::ParentCycle => "parent-cycle",
            Self::InvalidTimes => "invalid-times",
        }
    }

    /// A few words for a list.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MissingParent => "parent is missing",
            Self::OutsideParent => "outside its parent",
            Self::NoServiceName => "no service.name",
            Self::ExceptionWithoutError => "exception without error status",
            Self::DuplicateSpanId => "span id used twice",
            Self::UnsampledParent => "parent was not sampled",
            Self::BrokenTrace => "trace broken between services",
            Self::ClockTrouble => "clocks disagree",
            Self::RepeatedCalls => "the same call many times",
            Self::ParentCycle => "cyclic reference",
            Self::InvalidTimes => "impossible times",
        }
    }

    /// Returns the explanation in one line.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::MissingParent => "Its parent's id is known, but that span has not arrived: its caller is unknown.",
            Self::OutsideParent => {
                "It starts before its parent, or ends after it: the parent didn't wait for it. 1 ms or 5% of the parent is tolerated."
            }
            Self::NoServiceName => {
                "Its resource doesn't name its service: programs without a name are shown as one, by their runtime at best. Told once per service."
            }
            Self::ExceptionWithoutError => "An exception was recorded, but its status isn't error: it is counted as a success.",
            Self::DuplicateSpanId => {
                "Different spans have this id: their children are below the one that was active at that time."
            }
            Self::UnsampledParent => {
                "Its parent is in the same process and was not recorded, while this span was: the trace has a hole."
            }
            Self::BrokenTrace => "One service calls the other at this time, yet their spans are in different traces.",
            Self::ClockTrouble => {
                "It starts more than 1 ms before its parent, or ends long after it on another host: one of their clocks is wrong."
            }
            Self::ParentCycle => {
                "Its parent or a link leads back to it: that reference is ignored, and it is shown below its other parent or as a root."
            }
            Self::InvalidTimes => {
                "It ends before it starts, and is shown without a length; or it has no start, and is shown from its parent's."
            }
            Self::RepeatedCalls => {
                "Its children repeat one call (the same statement, route or peer), one after the other, where one for all might do."
            }
        }
    }

    /// Returns the fix in one line.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::MissingParent => "Let the caller export its spans here too, and flush them before it exits.",
            Self::OutsideParent => "Await the work inside the parent's span, or link the spans instead of nesting them.",
            Self::NoServiceName => "Set OTEL_SERVICE_NAME, or service.name in the SDK's resource.",
            Self::ExceptionWithoutError => "Set the span's status to error where the exception isn't handled.",
            Self::DuplicateSpanId => {
                "Let the SDK make ids; look for a fork that copied its random state, or for ids made by hand."
            }
            Self::UnsampledParent => "Use a parent-based sampler, and do not sample parts of one process differently.",
            Self::BrokenTrace => "Inject traceparent into the outgoing call, and extract it where that arrives.",
            Self::ClockTrouble => "Synchronise the hosts' clocks (NTP); T shows the trace straightened.",
            Self::ParentCycle => "Create the span from its parent's context, and check code that copies or rewrites span ids.",
            Self::InvalidTimes => "Take both times of a span from one clock that does not go back, and set the start.",
            Self::RepeatedCalls => "Fetch them with one query or in one batch, or run them side by side.",
        }
    }
}
