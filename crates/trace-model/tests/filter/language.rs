//! Syntax of filters: accepted texts, errors with their positions, and the canonical form.

use proptest::prelude::*;
use trace_model::filter::{HELP, HELP_LOGS, MAX_DEPTH, MAX_LENGTH};
use trace_model::{Clock, Filter, Records};

/// The part of the text that the error points at, and its message.
fn rejected(text: &str) -> (String, String) {
    let error = Filter::parse(text).expect_err(text);
    let part = text.chars().skip(error.at.start).take(error.at.len()).collect();
    (part, error.to_string())
}

fn assert_rejected(text: &str, part: &str, says: &str) {
    let (at, message) = rejected(text);
    assert_eq!(at, part, "{text}: {message}");
    assert!(message.contains(says), "{text}: {message}");
}

fn shown(text: &str) -> String {
    Filter::parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_string()
}

#[test]
fn help_examples_are_filters() {
    let of_spans = HELP.iter().map(|(example, _)| (example, Records::Spans));
    let of_logs = HELP_LOGS.iter().map(|(example, _)| (example, Records::Logs));
    for (example, records) in of_spans.chain(of_logs) {
        let filter = Filter::parse_for(example, records, &Clock::in_local_zone(0));
        let filter = filter.unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(filter.to_string(), *example);
    }
}

#[test]
fn blank_text_is_the_empty_filter() {
    for blank in ["", " ", "\t\n"] {
        assert!(Filter::parse(blank).expect("blank").is_empty());
    }
    assert_eq!(Filter::default(), Filter::parse("").expect("blank"));
    assert!(!Filter::parse("a").expect("a word").is_empty());
}

#[test]
fn canonical_form_is_unique() {
    for (text, expected) in [
        ("  a   AND b ", "a b"),
        ("((a)) (b c)", "a b c"),
        ("a OR (b OR c)", "a OR b OR c"),
        ("(a OR b) c", "(a OR b) c"),
        ("!!a !!!b", "a !b"),
        ("!(a b)", "!(a b)"),
        ("SERVICE:api Kind:SERVER", "service:api kind:server"),
        ("trace_id:4BF9 span.id:00F0 parent_id:e", "trace:4bf9 id:00f0 parent:e"),
        ("duration:>0.05s duration:60s..1h", "duration:>50ms duration:1m..1h"),
        ("key:\"plain\"", "key:plain"),
        ("\"two words\" \"OR\" key:\"(\"", "\"two words\" \"OR\" key:\"(\""),
        ("key:a**b", "key:a*b"),
        ("key:\"a\\*\\\"b\"", "key:\"a\\*\\\"b\""),
        ("key:[ a ,b, \"c d\" ]", "key:[a, b, \"c d\"]"),
        ("\"name\":x", "\"name\":x"),
        ("http.status:>=500", "http.status:>=500"),
        ("a::b http://x", "\"a::b\" \"http://x\""),
        ("url:http://x:80/", "url:\"http://x:80/\""),
        ("\"OR\":x", "\"OR\":x"),
        ("\"!a\" key:\">5\" key:\"=x\"", "\"!a\" key:\">5\" key:\"=x\""),
        ("a:>5.0 a:<1e3", "a:>5.0 a:<1000.0"),
    ] {
        assert_eq!(shown(text), expected);
        assert_eq!(shown(expected), expected);
    }
}

#[test]
fn values_that_do_not_exist_are_rejected_with_those_that_do() {
    assert_rejected(
        "a kind:serverr b",
        "serverr",
        "unspecified, internal, server, client, producer, consumer",
    );
    assert_rejected("status:[ok, failed]", "failed", "unset, ok, error");
    assert_rejected("is:open", "open", "root, running, error");
    assert_rejected("has:is", "is", "\"is\"");
}

#[test]
fn durations_need_a_unit_and_other_numbers_have_none() {
    assert_rejected("duration:>50", "50", "50ms");
    assert_rejected("duration:50days", "50days", "ns, us, ms, s, m or h");
    assert_rejected("duration:2s..1s", "2s..1s", "shorter duration comes first");
    assert_rejected("http.time:>50ms", "50ms", "only duration has units");
    assert_rejected("http.time:>fast", "fast", "not a number");
    assert_rejected("duration:>[1s, 2s]", "1s, 2s", "one value");
    assert_rejected("retries:<[1, 2]", "1, 2", "one value");
}

#[test]
fn ids_are_hexadecimal() {
    assert_rejected("trace:xyz", "xyz", "hexadecimal");
    assert_rejected("id:", "id:", "a value is missing");
    assert_rejected("id:00f067aa0ba902b71", "00f067aa0ba902b71", "16 digits");
    assert_rejected("parent:=00f0", "00f0", "16 digits");
}

#[test]
fn unclosed_parts_are_errors_with_their_position() {
    assert_rejected("a \"b c", "\"b c", "not closed");
    assert_rejected("a (b", "(", "not closed");
    assert_rejected("a (", "(", "not closed");
    assert_rejected("a b)", ")", "closes nothing");
    assert_rejected("()", "()", "empty parentheses");
    assert_rejected("key:[a, b", "[a, b", "not closed");
    assert_rejected("key:[a b]", "b", "goes in quotes");
    assert_rejected("key:[]", "]", "key:[a, b]");
    assert_rejected("key:[a]b", "b", "space is missing");
    assert_rejected("\"a\"b", "b", "space is missing");
}

#[test]
fn operators_need_something_to_operate_on() {
    assert_rejected("a OR", "OR", "a term on both sides");
    assert_rejected("OR a", "OR", "a term on both sides");
    assert_rejected("a OR OR b", "OR", "a term on both sides");
    assert_rejected("a AND", "AND", "a term on both sides");
    assert_rejected("(AND a)", "AND", "a term on both sides");
    assert_rejected("a OR AND b", "AND", "a term on both sides");
    assert_rejected("! a", "!", "right before");
    assert_rejected("service: api", "service:", "a value is missing");
    assert_rejected(":api", ":", "a name is missing");
    assert_rejected("name:>5", ">", "compares numbers");
    assert_rejected("kind:>server", ">", "compares numbers");
    assert_rejected("name:!health", "!health", "!name:");
    assert_rejected("\"\"", "\"\"", "empty quotes");
    assert_rejected("key:\"\"", "\"\"", "has:key");
    assert_rejected("key*:a", "key*", "no wildcard");
    assert_rejected("has:key*", "key*", "no wildcard");
    assert_rejected("status:err*", "err*", "no wildcard");
    assert_rejected("call(x)", "(", "in quotes");
}

#[test]
fn positions_are_counted_in_characters() {
    assert_rejected("größe:ö kind:ß", "ß", "unknown kind");
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(MAX_DEPTH)).is_ok());
    assert_rejected(&nested(MAX_DEPTH + 1), "(", "nested deeper");
    assert!(Filter::parse(&format!("{}a", "!".repeat(MAX_DEPTH))).is_ok());
    assert_rejected(&format!("{}a", "!(".repeat(MAX_LENGTH / 4)), "!", "nested deeper");
    assert!(Filter::parse(&"ä".repeat(MAX_LENGTH)).is_ok());
    assert_rejected(&("a".repeat(MAX_LENGTH) + "bc"), "bc", "up to 4096 characters");
}

#[test]
fn text_after_a_colon_that_begins_with_slashes_is_written_in_quotes() {
    for text in [
        r#"message:"//a""#,
        r#"has:"//a""#,
        r#"message:"//*""#,
        r#"http.url:["//a", "b"]"#,
    ] {
        let filter = Filter::parse(text).expect("a filter");
        assert_eq!(Filter::parse(&filter.to_string()).as_ref(), Ok(&filter), "{filter}");
    }
}

/// Texts that look like filters, so that more than the first character is read.
fn tangle() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "(", ")", "!", "\"", ":", "[", "]", ",", "*", "\\", " ", "OR", "AND", " OR ", ">", ">=", "=", "..", "::", "//",
            "name", "kind", "server", "status", "error", "duration", "50ms", "1.5s", "h", "is", "root", "has", "trace", "4bf92f",
            "500", "-1e3", "ä", "ß", "\u{300}", "\n", "\u{0}",
        ])
        .prop_map(str::to_owned),
        "\\PC",
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Filters whose texts are in quotes, so that each of them is valid and may hold whatever means something elsewhere.
fn quoted() -> impl Strategy<Value = String> {
    let keys = vec![
        "",
        "name:",
        "message:",
        "has:",
        "http.route:",
        "\"//\":",
        "scope:=",
        "event:[",
    ];
    let part = prop::sample::select(vec![
        "/", "//", ":", "::", "=", "!", ">", "..", "*", "\\*", "\\\"", "\\\\", "[", "]", ",", "(", ")", " ", "OR", "a", "5", "ä",
        "true",
    ]);
    let text = prop::collection::vec(part, 1..6).prop_map(|parts| parts.concat());
    let term = (prop::sample::select(keys), text).prop_map(|(key, text)| {
        let close = if key.ends_with('[') { ", x]" } else { "" };
        format!("{key}\"{text}\"{close}")
    });
    prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(" OR !"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_a_filter_or_an_error_within_it(text in prop_oneof![any::<String>(), tangle(), quoted()]) {
        match Filter::parse(&text) {
            Ok(filter) => {
                let shown = filter.to_string();
                let again = Filter::parse(&shown);
                prop_assert_eq!(again.as_ref(), Ok(&filter), "{}", shown);
                prop_assert_eq!(again.expect("parsed").to_string(), shown);
            }
            Err(error) => {
                prop_assert!(error.at.start <= error.at.end && error.at.end <= text.chars().count(), "{error:?}");
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}
