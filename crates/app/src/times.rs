//! Moments of the wall clock.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::span_days;
use crate::format::Now;

/// Format of the times of one list: times of day, or with their date if they span a day or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    is_dated: bool,
}

impl Times {
    /// With their date or without.
    #[must_use]
    pub const fn new(is_dated: bool) -> Self {
        Self { is_dated }
    }

    /// The times of a list, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn of(unix_nanos: impl Iterator<Item = u64>) -> Self {
        Self::new(span_days(unix_nanos))
    }

    /// Columns that each of them takes.
    #[must_use]
    pub const fn width(self) -> u16 {
        if self.is_dated { 15 } else { 8 }
    }

    /// `12:04:31`, `Nov 28 12:04:31`, or in another year `2025-11-28 12:04`.
    #[must_use]
    pub fn text(self, unix_nano: u64, now: &Now) -> String {
        let format = if self.is_dated { "%b %d %H:%M:%S" } else { "%H:%M:%S" };
        let Some(moment) = zoned(unix_nano, &now.zone) else {
            return "-".repeat(usize::from(self.width()));
        };
        let is_other_year = || zoned(now.unix_nano, &now.zone).is_some_and(|now| now.year() != moment.year());
        if self.is_dated && is_other_year() {
            return moment.strftime("%Y-%m-%d %Hh").to_string();
        }
        moment.strftime(format).to_string()
    }
}

/// A time of day with milliseconds: `14:02:31.094`.
#[must_use]
pub fn time_of_day(unix_nano: u64, now: &Now) -> String {
    zoned(unix_nano, &now.zone).map_or_else(|| "–".to_owned(), |moment| moment.strftime("%H:%M:%S%.3f").to_string())
}

/// A moment with date, milliseconds and zone: `2026-11-28 14:02:31.094 CET (+01:00)`.
#[must_use]
pub fn absolute(unix_nano: u64, zone: &TimeZone) -> String {
    match zoned(unix_nano, zone) {
        Some(moment) if moment.offset().is_zero() => moment.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string(),
        Some(moment) => moment.strftime("%Y-%m-%d %H:%M:%S%.3f %Z (%:z)").to_string(),
        None => format!("{unix_nano} ns since 1970"),
    }
}

fn zoned(unix_nano: u64, zone: &TimeZone) -> Option<Zoned> {
    let moment = Timestamp::from_nanosecond(i128::from(unix_nano)).ok()?;
    Some(moment.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000_000_000;

    const NOON: u64 = 1_795_867_200_000_000_000;

    fn now(unix_nano: u64) -> Now {
        Now {
            unix_nano,
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn dates_are_shown_once_a_list_spans_a_day() {
        let now = now(NOON + DAY);
        let text = |others: &[u64]| Times::of(others.iter().copied()).text(NOON, &now);
        assert_eq!(text(&[]), "12:00:00");
        assert_eq!(text(&[NOON, NOON + DAY - 1]), "12:00:00");
        assert_eq!(text(&[NOON + DAY, NOON]), "Nov 28 12:00:00");
        assert_eq!(text(&[NOON - 365 * DAY, NOON]), "Nov 28 12:00:00");
        assert_eq!(Times::new(true).text(NOON - 365 * DAY, &now), "2025-11-28 12h");
    }

    #[test]
    fn times_fit_their_column() {
        for unix_nano in [0, 1, NOON, u64::MAX] {
            for is_dated in [false, true] {
                for at in [0, NOON, u64::MAX] {
                    let times = Times::new(is_dated);
                    let text = times.text(unix_nano, &now(at));
                    assert!(text.len() <= usize::from(times.width()), "{text}");
                }
            }
        }
    }

    #[test]
    fn absolute_time_has_date_milliseconds_and_zone() {
        assert_eq!(absolute(NOON + 94_999_999, &TimeZone::UTC), "2026-11-28 12:00:00.094 UTC");
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        assert_eq!(absolute(NOON, &zone), "2026-11-28 13:00:00.000 CET (+01:00)");
        let summer = NOON - 150 * DAY;
        assert_eq!(absolute(summer, &zone), "2026-07-01 14:00:00.000 CEST (+02:00)");
    }
}
