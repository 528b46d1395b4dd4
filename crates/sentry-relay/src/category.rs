//! Sentry's data categories, which rate limits apply to.
//!
//! Source: [Rate limiting](https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/#definitions). They resemble the types
//! of envelope items, and are not the same.

/// A kind of data with rate limits of its own in Sentry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are Sentry's and self-explanatory")]
pub enum Category {
    Default,
    Error,
    Transaction,
    Span,
    LogItem,
    Security,
    Attachment,
    Session,
    Profile,
    ProfileChunk,
    Replay,
    Feedback,
    Monitor,
    TraceMetric,
    MetricBucket,
    Internal,
    /// An item type unknown to this version. No limit names it; a limit for all categories applies to it too.
    Unknown,
}

/// Categories by their names in a rate-limit header.
const NAMES: [(&str, Category); 18] = [
    ("default", Category::Default),
    ("error", Category::Error),
    ("transaction", Category::Transaction),
    ("span", Category::Span),
    ("log_item", Category::LogItem),
    // The same items, counted by size.
    ("log_byte", Category::LogItem),
    ("security", Category::Security),
    ("attachment", Category::Attachment),
    ("session", Category::Session),
    ("profile", Category::Profile),
    ("profile_chunk", Category::ProfileChunk),
    ("replay", Category::Replay),
    ("feedback", Category::Feedback),
    ("monitor", Category::Monitor),
    ("trace_metric", Category::TraceMetric),
    ("trace_metric_byte", Category::TraceMetric),
    ("metric_bucket", Category::MetricBucket),
    ("internal", Category::Internal),
];

impl Category {
    /// Every category that a header can name.
    pub(crate) const ALL: [Self; 16] = [
        Self::Default,
        Self::Error,
        Self::Transaction,
        Self::Span,
        Self::LogItem,
        Self::Security,
        Self::Attachment,
        Self::Session,
        Self::Profile,
        Self::ProfileChunk,
        Self::Replay,
        Self::Feedback,
        Self::Monitor,
        Self::TraceMetric,
        Self::MetricBucket,
        Self::Internal,
    ];

    /// Returns the category of an envelope item of this type.
    #[must_use]
    pub fn of_item(item_type: &str) -> Self {
        match item_type {
            "event" => Self::Error,
            "transaction" => Self::Transaction,
            "span" | "otel_span" => Self::Span,
            "log" | "otel_log" => Self::LogItem,
            "security" | "raw_security" => Self::Security,
            "attachment" => Self::Attachment,
            "session" | "sessions" => Self::Session,
            "profile" => Self::Profile,
            "profile_chunk" => Self::ProfileChunk,
            "replay_event" | "replay_recording" | "replay_video" => Self::Replay,
            "feedback" => Self::Feedback,
            "user_report" => Self::Default,
            "check_in" => Self::Monitor,
            "trace_metric" => Self::TraceMetric,
            "statsd" | "metric_buckets" => Self::MetricBucket,
            "client_report" => Self::Internal,
            _ => Self::Unknown,
        }
    }

    /// Returns the category with this name in a header; `None` if unknown.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, category)| *category)
    }

    /// Returns its name in a header.
    pub(crate) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, category)| *category == self)
            .map_or("unknown", |(name, _)| name)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The categories of an envelope's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Categories(u32);

impl Categories {
    /// Returns true if the set contains `category`.
    #[must_use]
    pub const fn contains(self, category: Category) -> bool {
        self.0 & category.bit() != 0
    }

    /// Returns true if the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns true if all of them are in `other` too.
    pub(crate) const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl FromIterator<Category> for Categories {
    fn from_iter<I: IntoIterator<Item = Category>>(categories: I) -> Self {
        Self(categories.into_iter().fold(0, |bits, category| bits | category.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn category_round_trips_through_its_name() {
        for (name, category) in NAMES {
            assert_eq!(Category::named(name), Some(category));
            assert_eq!(Category::named(category.name()), Some(category));
            assert!(Category::ALL.contains(&category));
        }
        assert_eq!(Category::named("unknown"), None);
    }

    #[test]
    fn category_set_contains_exactly_its_members() {
        let set: Categories = ["event", "client_report"].map(Category::of_item).into_iter().collect();
        assert!(set.contains(Category::Error) && set.contains(Category::Internal));
        assert!(!set.contains(Category::Default) && !set.contains(Category::Unknown));
        assert!(Categories::default().is_empty() && !set.is_empty());
    }
}
