use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn one(header: &str) -> Limit {
    let limits: Vec<_> = read(header).flatten().collect();
    assert_eq!(limits.len(), 1, "{header}");
    limits.into_iter().next().unwrap()
}

fn answer(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
    let value = |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
    headers.iter().map(value).collect()
}

fn items(types: &[&str]) -> Categories {
    types.iter().map(|item| Category::of_item(item)).collect()
}

/// Returns the limits after a response with this header.
fn after(header: &str, now: Instant) -> RateLimits {
    let mut limits = RateLimits::default();
    read(header).flatten().for_each(|limit| limits.note(&limit, now));
    limits
}

#[test]
fn limit_header_parses_examples_of_the_documentation() {
    let limits: Vec<_> = read("60:transaction:key, 2700:default;error;security:organization")
        .flatten()
        .collect();
    assert_eq!(limits.len(), 2);
    assert_eq!((limits[0].duration.as_secs(), limits[0].scope), (60, Scope::Key));
    assert!(limits[0].stops(Category::Transaction) && !limits[0].stops(Category::Error));
    assert!(limits[1].stops(Category::Security) && !limits[1].stops(Category::Transaction));

    let all = one("2700::organization:usage_exceeded");
    assert_eq!((all.categories, &*all.reason), (None, "usage_exceeded"));
    assert!(all.stops(Category::Unknown));
    assert!(one("2700:metric_bucket:organization:quota_exceeded:custom").stops(Category::MetricBucket));
}

#[test]
fn limit_for_unknown_categories_is_ignored() {
    let nothing = [
        "60:someday:organization",
        "60:metric_bucket:organization:quota_exceeded:spans;sessions",
        "soon:error:organization",
        "nan:error:key",
        "",
    ];
    for header in nothing {
        assert_eq!(read(header).flatten().count(), 0, "{header}");
    }
    // Nor does it stop everything, even with a 429.
    let unknown = answer(&[(RATE_LIMITS, "60:someday:organization"), (RETRY_AFTER, "60")]);
    assert!(announced(StatusCode::TOO_MANY_REQUESTS, &unknown, SystemTime::now()).is_empty());
}

#[test]
fn limit_durations_are_bounded() {
    assert_eq!(one("2.5:error:key").duration, Duration::from_millis(2500));
    assert_eq!(one("-5:error:key").duration, Duration::ZERO);
    for huge in ["1e300:error:key", "inf:error:key", "99999999999999999999:error:key"] {
        assert_eq!(one(huge).duration, LIMIT_DURATION_MAX);
    }
}

#[test]
fn status_429_announces_its_duration_in_three_ways() {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(60 * 60);
    let everything = |headers: &[(HeaderName, &'static str)]| {
        let limits = announced(StatusCode::TOO_MANY_REQUESTS, &answer(headers), wall);
        assert!(limits.len() == 1 && limits[0].categories.is_none(), "{limits:?}");
        limits[0].duration.as_secs()
    };
    assert_eq!(everything(&[(RETRY_AFTER, "90")]), 90);
    assert_eq!(everything(&[(RETRY_AFTER, "Thu, 01 Jan 1970 01:00:30 GMT")]), 30);
    assert_eq!(everything(&[(RETRY_AFTER, "Thu, 01 Jan 1970 00:00:30 GMT")]), 0);
    assert_eq!(
        everything(&[(RETRY_AFTER, "Fri, 01 Jan 9999 00:00:00 GMT")]),
        LIMIT_DURATION_MAX.as_secs()
    );
    assert_eq!(everything(&[(RETRY_AFTER, "later")]), 60);
    assert_eq!(everything(&[]), 60);
    assert_eq!(everything(&[(RATE_LIMITS, "what?"), (RETRY_AFTER, "5")]), 5);
}

#[test]
fn rate_limit_header_applies_with_any_status() {
    let headers = answer(&[(RATE_LIMITS, "60:transaction:key"), (RETRY_AFTER, "60")]);
    assert_eq!(announced(StatusCode::OK, &headers, SystemTime::now()).len(), 1);
    let plain = answer(&[(RETRY_AFTER, "60")]);
    assert!(announced(StatusCode::OK, &plain, SystemTime::now()).is_empty());
}

#[test]
fn envelope_is_stopped_when_all_of_it_is_limited() {
    let now = Instant::now();
    let mut limits = after("60:transaction:key, 30:error:organization:usage_exceeded", now);
    assert!(
        limits.stop(items(&["transaction", "session"]), now).is_none(),
        "a part may be sent"
    );
    assert!(limits.stop(items(&[]), now).is_none());

    let stop = limits.stop(items(&["transaction", "event"]), now).unwrap();
    assert_eq!(stop.header(), "30:error:organization:usage_exceeded, 60:transaction:key");
    assert_eq!(stop.retry_after(), 60);
    assert_eq!(stop.reason(), "rate limited: error (usage_exceeded), transaction");

    let later = now + Duration::from_millis(30_500);
    assert!(limits.stop(items(&["event"]), later).is_none(), "it has ended");
    assert_eq!(
        limits.stop(items(&["transaction"]), later).unwrap().header(),
        "30:transaction:key"
    );
}

#[test]
fn limit_for_everything_stops_unknown_items_too() {
    let now = Instant::now();
    let mut limits = after("10::organization", now);
    for types in [&["client_report"][..], &["someday"], &[]] {
        let stop = limits.stop(items(types), now).unwrap();
        assert_eq!(stop.header(), "10::organization");
    }
}

#[test]
fn later_ending_limit_applies() {
    let now = Instant::now();
    let mut limits = after("60:error:key:first, 10:error:key:second", now);
    assert_eq!(limits.stop(items(&["event"]), now).unwrap().header(), "60:error:key:first");
}

proptest! {
    #[test]
    fn limits_of_any_text_are_bounded(header in ".{0,200}") {
        for limit in read(&header).flatten() {
            prop_assert!(limit.duration <= LIMIT_DURATION_MAX);
            prop_assert!(limit.categories.is_none_or(|categories| !categories.is_empty()));
        }
    }

    #[test]
    fn limits_of_any_wellformed_header_are_bounded(
        header in "([0-9.e+-]{0,9} ?: ?((error|span|session|what)?;?){0,4} ?:(key|project)?(:[a-z;:\\x00-\\x7f]{0,70})?, ?){0,20}",
    ) {
        let now = Instant::now();
        let mut limits = after(&header, now);
        if let Some(stop) = limits.stop(items(&["event", "span", "session"]), now) {
            prop_assert!(HeaderValue::from_str(&stop.header()).is_ok());
            prop_assert!(stop.retry_after() <= LIMIT_DURATION_MAX.as_secs());
            // A forwarded limit means the same to its reader.
            let mut again = after(&stop.header(), now);
            prop_assert_eq!(again.stop(items(&["event", "span", "session"]), now).unwrap().header(), stop.header());
        }
    }

    #[test]
    fn limit_stops_its_category_for_its_exact_duration(seconds in 1u64..86_400, spaces in " {0,3}") {
        let now = Instant::now();
        let mut limits = after(&format!("{seconds}{spaces}:{spaces}span{spaces}:project"), now);
        let end = now + Duration::from_secs(seconds);
        prop_assert!(limits.stop(items(&["span"]), end.checked_sub(Duration::from_nanos(1)).unwrap()).is_some());
        prop_assert!(limits.stop(items(&["event"]), now).is_none());
        prop_assert!(limits.stop(items(&["span"]), end).is_none());
    }
}
