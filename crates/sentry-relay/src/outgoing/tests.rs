use proptest::prelude::*;

use super::*;

const KEY: &str = "5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88";

fn target() -> Target {
    Target::parse(&format!("https://{KEY}@sentry.example/42")).unwrap()
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    pairs.iter().map(pair).collect()
}

fn outgoing(from: &HeaderMap, query: Option<&str>, inflated: &Bytes) -> Outgoing {
    let incoming = Incoming {
        endpoint: Endpoint::Envelope,
        headers: from,
        query,
        body: Bytes::from_static(b"as it came"),
        inflated,
    };
    Outgoing::new(incoming, &target(), &HeaderValue::from_static("1.1 spanfall-here"))
}

fn auth_of(from: &HeaderMap, query: Option<&str>) -> String {
    let outgoing = outgoing(from, query, &Bytes::new());
    outgoing.headers[AUTH].to_str().unwrap().to_owned()
}

#[test]
fn auth_has_the_key_of_the_target_and_the_sdk_of_the_sender() {
    let expected = format!("Sentry sentry_version=7, sentry_client=sentry.python/2.1, sentry_key={KEY}");
    let from = headers(&[(
        "x-sentry-auth",
        "Sentry sentry_key=other, sentry_client=sentry.python/2.1,sentry_version=7",
    )]);
    assert_eq!(auth_of(&from, None), expected);
    let from = headers(&[("authorization", "sentry sentry_client=sentry.python/2.1")]);
    assert_eq!(auth_of(&from, None), expected);
    let query = "sentry_key=other&sentry_version=7&sentry_client=sentry.python%2F2.1";
    assert_eq!(auth_of(&HeaderMap::new(), Some(query)), expected);
}

#[test]
fn auth_ignores_injected_parameters() {
    let plain = format!("Sentry sentry_version=7, sentry_key={KEY}");
    let query = "sentry_client=a,sentry_key%3Dother&sentry_version=7,8&sentry_client=a%0D%0Ab";
    assert_eq!(auth_of(&HeaderMap::new(), Some(query)), plain);
    let long = format!("sentry_client={}", "x".repeat(1000));
    assert_eq!(auth_of(&HeaderMap::new(), Some(&long)), plain);
    assert_eq!(auth_of(&headers(&[("authorization", "Bearer sentry_client=x")]), None), plain);
}

#[test]
fn headers_of_the_connection_are_not_forwarded() {
    let from = headers(&[
        ("content-encoding", "gzip"),
        ("content-type", "application/x-sentry-envelope"),
        ("user-agent", "sentry.python/2.1"),
        ("cookie", "session=1"),
        ("host", "127.0.0.1:8969"),
        ("transfer-encoding", "chunked"),
        ("accept-encoding", "gzip"),
        ("via", "1.1 proxy"),
    ]);
    let outgoing = outgoing(&from, None, &Bytes::new());
    let mut names: Vec<_> = outgoing.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["content-encoding", "content-type", "user-agent", "via", "x-sentry-auth"]
    );
    assert_eq!(outgoing.body, "as it came");
    assert!(has_via(&outgoing.headers, &HeaderValue::from_static("1.1 spanfall-here")));
    assert!(!has_via(
        &outgoing.headers,
        &HeaderValue::from_static("1.1 spanfall-elsewhere")
    ));
}

#[test]
fn debug_output_hides_the_key() {
    let outgoing = outgoing(&HeaderMap::new(), None, &Bytes::new());
    assert!(!format!("{outgoing:?}").contains(KEY));
}

#[test]
fn envelope_dsn_is_replaced_by_that_of_the_target() {
    let from = headers(&[("content-encoding", "gzip")]);
    let others = [
        r#""http://spanfall@127.0.0.1:8969/1""#,
        r#""https://5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88@sentry.example/43""#,
        r#""not a DSN""#,
        "17",
    ];
    for other in others {
        let inflated =
            format!("{{ \"sdk\":{{}}, \"dsn\" : {other} ,\"event_id\":\"1\"}}\n{{\"type\":\"event\"}}\n{{\"dsn\":{other}}}\n");
        let outgoing = outgoing(&from, None, &inflated.clone().into());
        let expected = inflated.replacen(other, &format!("\"https://{KEY}@sentry.example/42\""), 1);
        assert_eq!(outgoing.body, expected);
        assert!(!outgoing.headers.contains_key(CONTENT_ENCODING), "it is sent uncompressed");
    }
}

#[test]
fn envelope_with_a_matching_dsn_is_not_modified() {
    let from = headers(&[("content-encoding", "gzip")]);
    let right = [
        "{}\n".to_owned(),
        String::new(),
        "not JSON\n".to_owned(),
        "{\"dsn\":null}".to_owned(),
        "{\"dsn\":\"http://a@b/1\",\"dsn\":\"http://a@b/1\"}\n".to_owned(),
        // The host differs when a relay is in between, and Sentry ignores it.
        format!("{{\"dsn\":\"http://{KEY}@127.0.0.1:8969/42\"}}\n{{\"dsn\":\"http://a@b/1\"}}\n"),
        format!("{{\"dsn\":\"https:\\/\\/{KEY}:@sentry.example\\/42\"}}\n"),
    ];
    for inflated in right {
        let outgoing = outgoing(&from, None, &inflated.clone().into());
        assert_eq!(outgoing.body, "as it came", "{inflated}");
        assert!(outgoing.headers.contains_key(CONTENT_ENCODING));
    }
}

#[test]
fn event_id_is_parsed_from_both_formats() {
    let id = "9ec79c33ec9942ab8353589fcb2e04dc";
    let envelope = format!("{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{{}}");
    assert_eq!(event_id(Endpoint::Envelope, envelope.as_bytes()).as_deref(), Some(id));
    let event = format!("{{\"message\":\n\"x\",\"event_id\":\"{id}\"}}");
    assert_eq!(event_id(Endpoint::Store, event.as_bytes()).as_deref(), Some(id));
    for none in ["", "{}", "{\"event_id\":\"<script>\"}", "{\"event_id\":1}"] {
        assert_eq!(event_id(Endpoint::Envelope, none.as_bytes()), None, "{none}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_forwarded(line in any::<Vec<u8>>(), rest in any::<Vec<u8>>(), query in ".{0,60}") {
        let inflated = Bytes::from([&line[..], b"\n", &rest[..]].concat());
        let outgoing = outgoing(&HeaderMap::new(), Some(&query), &inflated);
        prop_assert!(outgoing.headers.contains_key(AUTH));
        let _ = event_id(Endpoint::Store, &inflated);
    }

    #[test]
    fn replacing_the_dsn_changes_no_other_byte(text in "\\PC{0,20}", dsn in "\\PC{0,30}", rest in any::<Vec<u8>>()) {
        let (text, other) = (serde_json::to_string(&text).unwrap(), serde_json::to_string(&dsn).unwrap());
        let inflated = [format!("{{\"x\":{text}, \"dsn\":{other}}}\n").as_bytes(), &rest[..]].concat();
        let sent = outgoing(&HeaderMap::new(), None, &inflated.into()).body;
        let head = format!("{{\"x\":{text}, \"dsn\":\"https://{KEY}@sentry.example/42\"}}\n");
        prop_assert_eq!(sent, [head.as_bytes(), &rest[..]].concat());
    }
}
