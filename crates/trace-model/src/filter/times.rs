//! Times in a filter: `since:5m`, `at:10:00..10:05`. They become moments when the filter is parsed, so that matching needs no clock.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::quantity::{parse_duration, write_duration};

/// The moment at which a filter is parsed, and the zone of its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Nanoseconds since the Unix epoch.
    pub unix_nano: u64,
    /// The zone in which times are written.
    pub zone: TimeZone,
}

const NO_CLOCK: &str = "times are not supported here: the current time is unknown";

impl Clock {
    /// Returns a clock that shows this moment in the zone of this machine.
    #[must_use]
    pub fn in_local_zone(unix_nano: u64) -> Self {
        Self {
            unix_nano,
            zone: TimeZone::system(),
        }
    }

    fn now(&self) -> Option<Zoned> {
        let now = Timestamp::from_nanosecond(self.unix_nano.into()).ok()?;
        Some(now.to_zoned(self.zone.clone()))
    }

    /// Returns nanoseconds since the Unix epoch; `None` for a time before it.
    fn at(&self, date: Date, time: Time) -> Option<u64> {
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        u64::try_from(zoned.timestamp().as_nanosecond()).ok()
    }
}

/// Everything since so long ago. Equal to another one of the same length: it counts from when it was parsed first.
#[derive(Clone, Debug)]
pub(super) struct Since {
    nanos: u64,
    from: u64,
}

impl PartialEq for Since {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Since {
    /// Reads a duration.
    ///
    /// # Errors
    ///
    /// The text is not a duration.
    pub(super) fn parse(text: &str, clock: Option<&Clock>) -> Result<Self, String> {
        let nanos = parse_duration(text)?;
        let clock = clock.ok_or(NO_CLOCK)?;
        let from = clock.unix_nano.saturating_sub(nanos);
        Ok(Self { nanos, from })
    }

    pub(super) const fn times(&self) -> RangeInclusive<u64> {
        self.from..=u64::MAX
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_duration(f, self.nanos)
    }
}

/// A time, or a range of them with both ends. Equal to another one that was written in the same way.
#[derive(Clone, Debug)]
pub(super) struct At {
    written: String,
    times: RangeInclusive<u64>,
}

impl PartialEq for At {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl At {
    /// Reads `10:00`, `10:00:30`, `10:00..10:05`, each time with or without a date before it (`2026-11-28T10:00`). Without one it is the last
    /// day on which the range has begun.
    ///
    /// # Errors
    ///
    /// The text is not a time or a range of times.
    pub(super) fn parse(text: &str, clock: Option<&Clock>) -> Result<Self, String> {
        let unknown = || format!("`{text}` is not a time: write 10:00..10:05, 10:00:30, or 2026-11-28T10:00");
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (Moment::parse(from), Some(Moment::parse(to).ok_or_else(unknown)?)),
            None => (Moment::parse(text), None),
        };
        let from = from.ok_or_else(unknown)?;
        let clock = clock.ok_or(NO_CLOCK)?;
        let now = clock.now().ok_or_else(unknown)?;
        let mut date = from.date.unwrap_or_else(|| now.date());
        let begin = |date: Date| clock.at(date, from.time).ok_or_else(unknown);
        if from.date.is_none() && begin(date)? > clock.unix_nano {
            date = date.checked_sub(1.day()).map_err(|_| unknown())?;
        }
        let start = begin(date)?;
        let end = match to {
            None => start.saturating_add(from.precision - 1),
            Some(to) => {
                let mut end_date = to.date.unwrap_or(date);
                if to.date.is_none() && to.time < from.time {
                    end_date = end_date.checked_add(1.day()).map_err(|_| unknown())?;
                }
                clock.at(end_date, to.time).ok_or_else(unknown)?
            }
        };
        if end < start {
            return Err(format!("`{text}` is empty: the earlier time comes first"));
        }
        Ok(Self {
            written: text.to_ascii_uppercase(),
            times: start..=end,
        })
    }

    pub(super) fn times(&self) -> RangeInclusive<u64> {
        self.times.clone()
    }
}

/// A time of day as it was written.
struct Moment {
    date: Option<Date>,
    time: Time,
    /// Nanoseconds of its last unit.
    precision: u64,
}

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', 't']) {
            Some((date, time)) => (Some(date.parse().ok()?), time),
            None => (None, text),
        };
        let mut parts = time.split(':');
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next());
        if parts.next().is_some() {
            return None;
        }
        let (second, fraction) = second.map_or((None, ""), |second| {
            let (second, fraction) = second.split_once('.').unwrap_or((second, ""));
            (Some(second), fraction)
        });
        let number = |text: &str| {
            let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<i8>().ok()).flatten()
        };
        let is_fraction = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let nanos = format!("{fraction:0<9}").parse().ok().filter(|_| is_fraction)?;
        let seconds = second.map_or(Some(0), number)?;
        let precision = match second {
            None => 60_000_000_000,
            Some(_) => 10_u64.pow(9 - u32::try_from(fraction.len()).ok()?),
        };
        Some(Self {
            date,
            time: Time::new(number(hour)?, number(minute)?, seconds, nanos).ok()?,
            precision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// 2026-11-29 14:02:31 in a zone one hour east of UTC.
    fn clock() -> Clock {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let now: Timestamp = "2026-11-29T13:02:31Z".parse().expect("a time");
        Clock {
            unix_nano: u64::try_from(now.as_nanosecond()).expect("after 1970"),
            zone,
        }
    }

    fn at(text: &str) -> (String, String) {
        let times = At::parse(text, Some(&clock())).expect("times").times();
        let shown = |unix_nano: u64| Timestamp::from_nanosecond(unix_nano.into()).expect("in range").to_string();
        (shown(*times.start()), shown(*times.end()))
    }

    #[test]
    fn times_are_of_the_last_day_on_which_they_began() {
        let expect = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(at("10:00..10:05"), expect("2026-11-29T09:00:00Z", "2026-11-29T09:05:00Z"));
        assert_eq!(at("14:00..15:00"), expect("2026-11-29T13:00:00Z", "2026-11-29T14:00:00Z"));
        assert_eq!(at("14:03..14:05"), expect("2026-11-28T13:03:00Z", "2026-11-28T13:05:00Z"));
        assert_eq!(at("23:50..00:10"), expect("2026-11-28T22:50:00Z", "2026-11-28T23:10:00Z"));
        assert_eq!(at("10:00"), expect("2026-11-29T09:00:00Z", "2026-11-29T09:00:59.999999999Z"));
        assert_eq!(
            at("9:00:07"),
            expect("2026-11-29T08:00:07Z", "2026-11-29T08:00:07.999999999Z")
        );
        assert_eq!(
            at("10:00:07.25"),
            expect("2026-11-29T09:00:07.25Z", "2026-11-29T09:00:07.259999999Z")
        );
        assert_eq!(
            at("2025-01-02T10:00..11:00"),
            expect("2025-01-02T09:00:00Z", "2025-01-02T10:00:00Z")
        );
        assert_eq!(
            at("2025-01-02T10:00..2025-01-03T10:00"),
            expect("2025-01-02T09:00:00Z", "2025-01-03T09:00:00Z")
        );
    }

    #[test]
    fn since_counts_from_the_clock() {
        let since = Since::parse("5m", Some(&clock())).expect("a duration");
        assert_eq!(since.times(), clock().unix_nano - 300 * SECOND..=u64::MAX);
        assert_eq!(since.to_string(), "5m");
    }

    #[test]
    fn invalid_times_are_rejected_with_an_example() {
        for text in [
            "",
            "soon",
            "10",
            "25:00",
            "10:61",
            "10:00:00:00",
            "10:00..",
            "..10:00",
            "10:00:0.1234567890",
            "+1:00",
            "2026-13-01T10:00",
            "10:00-10:05",
            "١٠:٠٠",
        ] {
            let error = At::parse(text, Some(&clock())).expect_err(text);
            assert!(error.contains("10:00..10:05"), "{text}: {error}");
        }
        let error = At::parse("2026-01-02T10:00..2026-01-01T10:00", Some(&clock())).expect_err("reversed");
        assert!(error.contains("earlier"), "{error}");
        assert!(At::parse("10:00", None).is_err() && Since::parse("5m", None).is_err());
    }
}
