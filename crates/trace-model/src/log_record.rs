//! One log record, decoded.

use crate::{Attribute, Scope, Source, SpanId, TraceId, Value};

/// Severity of a log record: the six ranges of OTLP's `SeverityNumber`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// Not set.
    #[default]
    Unspecified,
    /// 1 to 4.
    Trace,
    /// 5 to 8.
    Debug,
    /// 9 to 12.
    Info,
    /// 13 to 16.
    Warn,
    /// 17 to 20.
    Error,
    /// 21 to 24.
    Fatal,
}

impl Severity {
    /// Returns true below the severity of an error; false if it is not set.
    #[must_use]
    pub const fn is_mild(self) -> bool {
        matches!(self, Self::Trace | Self::Debug | Self::Info | Self::Warn)
    }

    /// All of them, the mildest first.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Fatal,
    ];

    /// Returns the severity of a record with this number and this text. The number decides; the text does if the sender set no number.
    #[must_use]
    pub fn of(number: i32, text: &str) -> Self {
        match number {
            0 => Self::from_text(text),
            number => Self::from_otlp(number),
        }
    }

    /// Reads a name of common logging libraries, in any case; any other is [`Severity::Unspecified`].
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        const NAMES: [(&str, Severity); 14] = [
            ("trace", Severity::Trace),
            ("verbose", Severity::Trace),
            ("debug", Severity::Debug),
            ("info", Severity::Info),
            ("information", Severity::Info),
            ("notice", Severity::Info),
            ("warn", Severity::Warn),
            ("warning", Severity::Warn),
            ("error", Severity::Error),
            ("err", Severity::Error),
            ("fatal", Severity::Fatal),
            ("critical", Severity::Fatal),
            ("alert", Severity::Fatal),
            ("emergency", Severity::Fatal),
        ];
        let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map_or(Self::Unspecified, |(_, severity)| *severity)
    }

    /// Reads OTLP's number; one that OTLP does not define is [`Severity::Unspecified`].
    #[must_use]
    pub const fn from_otlp(number: i32) -> Self {
        match number {
            1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warn,
            17..=20 => Self::Error,
            21..=24 => Self::Fatal,
            _ => Self::Unspecified,
        }
    }

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// Number of log records by severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SeverityCounts([u32; Severity::ALL.len()]);

impl SeverityCounts {
    /// Returns the number of records of a severity.
    #[must_use]
    pub const fn of(&self, severity: Severity) -> u32 {
        self.0[severity as usize]
    }

    /// Counts one record more.
    pub(crate) const fn add(&mut self, severity: Severity) {
        self.0[severity as usize] += 1;
    }

    /// Counts one record less.
    pub(crate) const fn remove(&mut self, severity: Severity) {
        self.0[severity as usize] -= 1;
    }

    /// Adds other records.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }

    /// Returns the counts without those of some of the records.
    pub(crate) fn without(&self, some: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] - some.0[at]))
    }
}

/// One whole log record.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// The trace in which it was written.
    pub trace_id: Option<TraceId>,
    /// The span in which it was written.
    pub span_id: Option<SpanId>,
    /// `service.name` of its resource; empty without one.
    pub service: String,
    /// Nanoseconds since the Unix epoch; the time of its observation if the sender gave none.
    pub time_unix_nano: u64,
    /// Severity by its number, or by its text without one.
    pub severity: Severity,
    /// The sender's name of the severity; often empty.
    pub severity_text: String,
    /// Kind of event; mostly empty.
    pub event_name: String,
    /// Message or structured value.
    pub body: Value,
    /// Attributes in the sender's order.
    pub attributes: Vec<Attribute>,
    /// The resource's attributes: the service, its process and host.
    pub resource: Vec<Attribute>,
    /// Version of the resource's semantic conventions; often empty.
    pub resource_schema_url: String,
    /// The library that made it.
    pub scope: Scope,
    /// The way by which it arrived.
    pub source: Source,
    /// Number of attributes that the sender dropped for its own limits.
    pub dropped: u32,
    /// True if it was decoded in part: it has more than [`PARTS_MAX`](crate::PARTS_MAX) attributes and values.
    pub is_cut: bool,
}
