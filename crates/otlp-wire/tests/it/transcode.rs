//! JSON becomes the intended message, or an error with a position.

mod fixtures;
mod ids;
mod lenient;
mod rejected;

use otlp_wire::json::transcode;
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, Message, SPAN, TRACES_REQUEST};
use otlp_wire::validate;
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::damage::{Damage, damage};
use crate::messages::{logs_request, metrics_request, span, traces_request};

/// JSON of opentelemetry-proto (serde) is parsed into the same message.
fn same<T: prost::Message + serde::Serialize + Default>(message: &T, schema: &'static Message, damages: &[Damage]) {
    let mut json = serde_json::to_value(message).unwrap();
    as_specified(&mut json);
    let mut json = serde_json::to_vec(&json).unwrap();
    let transcoded = transcode(&json, schema).unwrap();
    assert_eq!(transcoded.rejected, []);
    let read = T::decode(&*transcoded.bytes).unwrap();
    // Compares bytes, because NaN is not equal to itself.
    assert_eq!(
        read.encode_to_vec(),
        message.encode_to_vec(),
        "{}",
        String::from_utf8_lossy(&json)
    );

    for damage in damages {
        damage.apply(&mut json);
        if let Ok(transcoded) = transcode(&json, schema) {
            validate(&transcoded.bytes, schema).unwrap();
            T::decode(&*transcoded.bytes).unwrap();
        }
    }
}

/// Fixes deviations of opentelemetry-proto from the specification: an exemplar's number is wrapped in a `value` that the schema
/// lacks. In attributes, sums and gauges non-finite numbers become `null` instead of `"NaN"`, so the messages here have none.
pub(crate) fn as_specified(json: &mut Json) {
    match json {
        Json::Array(elements) => elements.iter_mut().for_each(as_specified),
        Json::Object(members) => {
            if members.contains_key("filteredAttributes")
                && let Some(Json::Object(value)) = members.remove("value")
            {
                members.extend(value);
            }
            members.values_mut().for_each(as_specified);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn traces_are_parsed_like_serde_wrote_them(message in traces_request(), damages in damage()) {
        same(&message, &TRACES_REQUEST, &damages);
    }

    #[test]
    fn logs_are_parsed_like_serde_wrote_them(message in logs_request(), damages in damage()) {
        same(&message, &LOGS_REQUEST, &damages);
    }

    #[test]
    fn metrics_are_parsed_like_serde_wrote_them(message in metrics_request(), damages in damage()) {
        same(&message, &METRICS_REQUEST, &damages);
    }

    #[test]
    fn spans_are_parsed_like_serde_wrote_them(message in span(), damages in damage()) {
        same(&message, &SPAN, &damages);
    }
}

/// `serde_json` accepts 128 levels of arrays and objects, of which a message takes one or more: accepted JSON is not too deep for
/// prost.
#[test]
fn accepted_json_nesting_is_valid_protobuf() {
    let kinds = [
        ("{\"arrayValue\":{\"values\":[", "]}}"),
        ("{\"kvlistValue\":{\"values\":[{\"value\":", "}]}}"),
        // Not the intended structure, but the shortest JSON per level.
        (
            "{\"kvlistValue\":{\"values\":[{\"value\":{\"arrayValue\":{\"values\":[",
            "]}}}]}}",
        ),
    ];
    let places = [
        ("{\"attributes\":[{\"value\":", "}]}", &SPAN),
        (
            "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":",
            "}]}]}]}",
            &LOGS_REQUEST,
        ),
        (
            "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"sum\":{\"dataPoints\":[{\"exemplars\":[{\"filteredAttributes\":[{\"value\":",
            "}]}]}]}}]}]}]}",
            &METRICS_REQUEST,
        ),
    ];
    for (open, close) in kinds {
        for (before, after, schema) in places {
            let (mut read, mut rejected) = (0, 0);
            for levels in (1..60).chain([100_000]) {
                let (open, close) = (open.repeat(levels), close.repeat(levels));
                let json = format!("{before}{open}{{\"boolValue\":true}}{close}{after}");
                match transcode(json.as_bytes(), schema) {
                    Ok(transcoded) => {
                        validate(&transcoded.bytes, schema).unwrap();
                        read += 1;
                    }
                    Err(error) => {
                        assert!(error.to_string().starts_with("recursion limit exceeded at line 1"), "{error}");
                        rejected += 1;
                    }
                }
            }
            assert!(read > 10 && rejected > 10, "{read} read, {rejected} rejected");
        }
    }
    // Ignored values do not count as nesting.
    let ignored = format!("{{\"unknown\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(transcode(ignored.as_bytes(), &SPAN).unwrap().bytes, b"");
}

/// Growth of a message is bounded by its input: an array of short numbers is the worst case.
#[test]
fn hostile_body_grows_at_most_fourfold() {
    let many = |element: &str| vec![element; 20_000].join(",");
    let spans = |spans: String| format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}]}}");
    let points = |kind: &str, point: String| {
        format!("{{\"resourceMetrics\":[{{\"scopeMetrics\":[{{\"metrics\":[{{\"{kind}\":{{\"dataPoints\":[{point}]}}}}]}}]}}]}}")
    };
    let bodies = [
        (format!("{{\"resourceSpans\":[{}]}}", many("{}")), &TRACES_REQUEST),
        (format!("{{\"resourceSpans\":[{}]}}", many("null")), &TRACES_REQUEST),
        (spans(many("{}")), &TRACES_REQUEST),
        (spans(many("{\"name\":\"\"}")), &TRACES_REQUEST),
        (points("sum", many("{\"asInt\":0}")), &METRICS_REQUEST),
        (
            points("histogram", format!("{{\"bucketCounts\":[{}]}}", many("0"))),
            &METRICS_REQUEST,
        ),
        (points("histogram", many("{\"min\":0}")), &METRICS_REQUEST),
    ];
    for (body, schema) in bodies {
        let transcoded = transcode(body.as_bytes(), schema).unwrap();
        assert!(transcoded.bytes.len() > 20_000);
        assert!(
            transcoded.bytes.len() <= 4 * body.len(),
            "{} of {}",
            transcoded.bytes.len(),
            body.len()
        );
    }
}
