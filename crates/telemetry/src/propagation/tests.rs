use std::collections::HashMap;

use opentelemetry::trace::SpanId;
use proptest::prelude::*;

use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "b7ad6b7169203331";
const OTHER_SPAN: &str = "00f067aa0ba902b7";

type Headers = HashMap<String, String>;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn propagator() -> Propagator {
    Propagator::new(Some(head(1.0)))
}

fn head(sample_rate: f32) -> HeadSampling {
    HeadSampling {
        public_key: "abc".to_owned(),
        environment: Some("demo".to_owned()),
        release: Some("api@1.0".to_owned()),
        sample_rate,
    }
}

fn extract(pairs: &[(&str, &str)]) -> Context {
    propagator().extract_with_context(&Context::new(), &headers(pairs))
}

fn inject(propagator: &Propagator, cx: &Context) -> Headers {
    let mut headers = Headers::new();
    propagator.inject_context(cx, &mut headers);
    headers
}

/// Returns `(trace id, parent span id, OpenTelemetry's flag, Sentry's header)` as seen by both SDKs.
fn seen(cx: &Context) -> (String, String, bool, String) {
    let span = cx.span();
    let span = span.span_context();
    let sentry = cx.get::<TracePropagationContext>().unwrap();
    (
        span.trace_id().to_string(),
        span.span_id().to_string(),
        span.is_sampled(),
        sentry.sentry_trace_header(),
    )
}

#[test]
fn parent_is_the_same_for_both_sdks() {
    let w3c = format!("00-{TRACE}-{SPAN}-01");
    let sentry = format!("{TRACE}-{SPAN}-1");
    let rows: [(&[(&str, &str)], &str); 3] = [
        (&[("sentry-trace", &sentry)], "sentry-trace alone"),
        (&[("traceparent", &w3c)], "traceparent alone"),
        (&[("sentry-trace", &sentry), ("traceparent", &w3c)], "both"),
    ];
    for (row, name) in rows {
        let expected = (TRACE.to_owned(), SPAN.to_owned(), true, sentry.clone());
        assert_eq!(seen(&extract(row)), expected, "{name}");
        assert!(extract(row).span().span_context().is_remote(), "{name}");
    }
}

#[test]
fn unsampled_flag_reaches_both_sdks() {
    for (name, value) in [
        ("sentry-trace", format!("{TRACE}-{SPAN}-0")),
        ("traceparent", format!("00-{TRACE}-{SPAN}-00")),
    ] {
        let (_, _, sampled, sentry) = seen(&extract(&[(name, &value)]));
        assert!(!sampled, "{name}");
        assert_eq!(sentry, format!("{TRACE}-{SPAN}-0"), "{name}");
    }
}

#[test]
fn deferred_decision_is_sampled_and_left_to_sentry() {
    let value = format!("{TRACE}-{SPAN}");
    // Some senders write the hyphen without a decision.
    for sent in [value.clone(), format!("{value}-")] {
        assert_eq!(
            seen(&extract(&[("sentry-trace", &sent)])),
            (TRACE.into(), SPAN.into(), true, value.clone())
        );
    }
}

#[test]
fn sentry_trace_wins_over_a_traceparent_of_another_trace() {
    let cx = extract(&[
        ("sentry-trace", &format!("{TRACE}-{SPAN}-1")),
        ("traceparent", &format!("00-{OTHER}-{OTHER_SPAN}-00")),
        ("tracestate", "other=1"),
    ]);
    assert_eq!(seen(&cx), (TRACE.into(), SPAN.into(), true, format!("{TRACE}-{SPAN}-1")));
    assert_eq!(
        cx.span().span_context().trace_state().header(),
        "",
        "it belongs to the other trace"
    );
}

#[test]
fn sentry_may_drop_a_trace_that_opentelemetry_keeps() {
    let cx = extract(&[
        ("sentry-trace", &format!("{TRACE}-{SPAN}-0")),
        ("traceparent", &format!("00-{TRACE}-{SPAN}-01")),
    ]);
    assert_eq!(seen(&cx), (TRACE.into(), SPAN.into(), true, format!("{TRACE}-{SPAN}-0")));
    let sent = inject(&propagator(), &cx);
    assert_eq!(sent["sentry-trace"], format!("{TRACE}-{SPAN}-0"));
    assert_eq!(sent["traceparent"], format!("00-{TRACE}-{SPAN}-01"));
}

#[test]
fn malformed_header_does_not_hide_a_valid_one() {
    let cx = extract(&[("sentry-trace", "invalid"), ("traceparent", &format!("00-{TRACE}-{SPAN}-01"))]);
    assert_eq!(seen(&cx).0, TRACE);
}

#[test]
fn malformed_or_missing_headers_start_a_new_trace() {
    for row in [
        &[][..],
        &[("sentry-trace", "zz"), ("traceparent", "00-zz-zz-01"), ("baggage", ",;")],
    ] {
        let cx = extract(row);
        assert!(!cx.span().span_context().is_valid());
        assert!(cx.get::<TracePropagationContext>().is_none());
        assert_eq!(inject(&propagator(), &cx), Headers::new());
    }
}

#[test]
fn received_headers_are_propagated_unchanged() {
    let state = "vendor=a,other=b";
    let baggage = "sentry-trace_id=xyz,sentry-sample_rand=0.5,user=%2Fme;p=1";
    let cx = extract(&[
        ("traceparent", &format!("00-{TRACE}-{SPAN}-01")),
        ("tracestate", "vendor=a, other=b"),
        ("baggage", baggage),
    ]);
    let sent = inject(&propagator(), &cx);
    assert_eq!(sent["tracestate"], state);
    assert_eq!(sent["baggage"], baggage);
}

#[test]
fn new_trace_has_sentry_baggage() {
    let started = started_here(&[("baggage", "sentry-trace_id=stale,mine=1")]);
    let sent = inject(&propagator(), &started);
    assert_eq!(
        sent["baggage"],
        format!(
            "sentry-trace_id={TRACE},sentry-public_key=abc,sentry-sample_rate=1,sentry-sampled=true,\
             sentry-environment=demo,sentry-release=api%401.0,mine=1"
        )
    );
    assert_eq!(sent["sentry-trace"], format!("{TRACE}-{SPAN}-1"));
}

#[test]
fn baggage_without_sentry_has_only_received_members() {
    let started = started_here(&[("baggage", "sentry-trace_id=stale,mine=1")]);
    let sent = inject(&Propagator::new(None), &started);
    assert_eq!(sent["baggage"], "mine=1");
}

#[test]
fn sentry_sample_rate_affects_only_its_header() {
    let sent = inject(&Propagator::new(Some(head(0.0))), &started_here(&[]));
    assert_eq!(sent["sentry-trace"], format!("{TRACE}-{SPAN}-0"));
    assert_eq!(sent["traceparent"], format!("00-{TRACE}-{SPAN}-01"));
    assert!(sent["baggage"].contains("sentry-sampled=false"));
}

/// Returns the context of a root span started with the headers `pairs`.
fn started_here(pairs: &[(&str, &str)]) -> Context {
    extract(pairs).with_remote_span_context(SpanContext::new(
        TraceId::from_hex(TRACE).unwrap(),
        SpanId::from_hex(SPAN).unwrap(),
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    ))
}

proptest! {
    #[test]
    fn arbitrary_headers_never_panic_and_ids_round_trip(
        trace in any::<u128>(), span in any::<u64>(), sampled in any::<bool>(), noise in "\\PC{0,200}",
    ) {
        let cx = extract(&[
            ("traceparent", &noise), ("tracestate", &noise), ("baggage", &noise),
            ("sentry-trace", &format!("{trace:032x}-{span:016x}-{}", u8::from(sampled))),
        ]);
        let sent = inject(&propagator(), &cx);
        if trace == 0 || span == 0 {
            prop_assert!(!sent.contains_key("sentry-trace"));
        } else {
            let again = propagator().extract_with_context(&Context::new(), &sent);
            prop_assert_eq!(seen(&again), seen(&cx));
        }
    }

    #[test]
    fn sample_rate_is_kept(low in 0_u64..1 << 56) {
        let id = TraceId::from(u128::from(low));
        prop_assert!(head(1.0).samples(id));
        prop_assert!(!head(0.0).samples(id));
        prop_assert_eq!(head(0.5).samples(id), low < 1 << 55);
    }
}
