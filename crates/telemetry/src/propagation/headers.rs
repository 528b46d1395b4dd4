//! The two headers that name a trace and a parent: `sentry-trace` and W3C `traceparent`.
//!
//! Parsed strictly, since the parsers of both SDKs are lenient (ids of any length, a `+` before the digits), and an id
//! that one of them pads and the other rejects would split a trace.

use opentelemetry::trace::{SpanId, TraceId};

/// The remote parent of one header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    /// The caller's sampling decision; `None` if deferred.
    pub(super) sampled: Option<bool>,
}

impl Parent {
    /// Parses `<32 hex>-<16 hex>[-0|-1]`, Sentry's header; without a suffix the decision is deferred.
    pub(super) fn from_sentry_trace(value: &str) -> Option<Self> {
        let mut parts = value.trim().splitn(3, '-');
        let (trace_id, span_id) = ids(parts.next()?, parts.next()?)?;
        let sampled = match parts.next() {
            // Some senders write the hyphen without a decision.
            None | Some("") => None,
            Some("0") => Some(false),
            Some("1") => Some(true),
            Some(_) => return None,
        };
        Some(Self {
            trace_id,
            span_id,
            sampled,
        })
    }

    /// Parses `<version>-<32 hex>-<16 hex>-<flags>` of W3C Trace Context; later versions may append fields after another `-`.
    pub(super) fn from_traceparent(value: &str) -> Option<Self> {
        let mut parts = value.trim().splitn(5, '-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let rest = parts.next();
        if !is_hex(version, 2) || version == "ff" || (version == "00" && rest.is_some()) || !is_hex(flags, 2) {
            return None;
        }
        // The standard allows lower case only.
        if value.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let (trace_id, span_id) = ids(trace_id, span_id)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self {
            trace_id,
            span_id,
            sampled: Some(flags & 1 == 1),
        })
    }
}

/// Parses both ids and rejects all zeros, which means "none".
fn ids(trace_id: &str, span_id: &str) -> Option<(TraceId, SpanId)> {
    if !is_hex(trace_id, 32) || !is_hex(span_id, 16) {
        return None;
    }
    let (trace_id, span_id) = (TraceId::from_hex(trace_id).ok()?, SpanId::from_hex(span_id).ok()?);
    (trace_id != TraceId::INVALID && span_id != SpanId::INVALID).then_some((trace_id, span_id))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn sentry_trace_carries_a_decision_or_defers_it() {
        for (suffix, sampled) in [("", None), ("-0", Some(false)), ("-1", Some(true))] {
            let parent = Parent::from_sentry_trace(&format!("{TRACE}-{SPAN}{suffix}")).expect("valid");
            assert_eq!(
                (parent.trace_id.to_string(), parent.span_id.to_string()),
                (TRACE.into(), SPAN.into())
            );
            assert_eq!(parent.sampled, sampled);
        }
    }

    #[test]
    fn traceparent_flags_other_than_sampled_are_ignored() {
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("03", true), ("ff", true)] {
            let parent = Parent::from_traceparent(&format!("00-{TRACE}-{SPAN}-{flags}")).expect("valid");
            assert_eq!(parent.sampled, Some(sampled), "{flags}");
        }
    }

    #[test]
    fn traceparent_of_a_later_version_may_have_more_fields() {
        assert!(Parent::from_traceparent(&format!("cc-{TRACE}-{SPAN}-01-what-else")).is_some());
    }

    #[test]
    fn malformed_headers_have_no_parent() {
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            TRACE.to_owned(),
            format!("{TRACE}-"),
            format!("{zeros}-{SPAN}"),
            format!("{TRACE}-0000000000000000"),
            format!("{TRACE}-{SPAN}-2"),
            format!("{TRACE}-{SPAN}-1-1"),
            format!("+{}-{SPAN}", &TRACE[1..]),
            format!("{}-{SPAN}", &TRACE[1..]),
            format!("{TRACE}é-{SPAN}"),
        ] {
            assert_eq!(Parent::from_sentry_trace(&bad), None, "{bad}");
            assert_eq!(Parent::from_traceparent(&bad), None, "{bad}");
        }
        for bad in [
            format!("00-{TRACE}-{SPAN}"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-zz"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{zeros}-{SPAN}-01"),
        ] {
            assert_eq!(Parent::from_traceparent(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn header_parsers_never_panic(text in "\\PC{0,80}") {
            let _ = Parent::from_sentry_trace(&text);
            let _ = Parent::from_traceparent(&text);
        }
    }
}
