//! Searches and shapes that `docs/api.md` has no example of. Each was compared with Jaeger's sources.

use serde_json::{Value, json};

use crate::support::{add, of_service, serve, span, store};

const ALL: &str = "service=api&start=0&end=2000000000";

fn id(trace: u32) -> String {
    format!("{trace:016x}")
}

/// Three traces of `api`, a second apart, and one of `db`.
fn four() -> trace_model::Store {
    let mut spans = vec![span(1, 1, "get", 1), span(2, 2, "put", 2), span(3, 3, "get", 3)];
    spans[1]["endTimeUnixNano"] = json!("1004000000000");
    spans[1]["status"] = json!({ "code": 2 });
    spans[2]["kind"] = json!(3);
    spans[2]["attributes"] = json!([
        { "key": "retry", "value": { "boolValue": true } }, { "key": "ratio", "value": { "doubleValue": 0.5 } }
    ]);
    spans[2]["events"] = json!([{ "name": "e", "attributes": [{ "key": "attempt", "value": { "intValue": "2" } }] }]);
    let mut store = store(of_service("api", &spans));
    add(&mut store, of_service("db", &[span(4, 4, "get", 4)]));
    store
}

#[tokio::test]
async fn search_finds_traces_by_one_span_that_meets_all_conditions() {
    let served = serve(four()).await;
    for (parameters, found) in [
        ("", vec![3, 2, 1]),
        ("&operation=get", vec![3, 1]),
        ("&operation=ge", vec![]),
        ("&limit=2", vec![3, 2]),
        ("&minDuration=1s", vec![2]),
        ("&maxDuration=100ms", vec![3, 1]),
        ("&tag=error:true", vec![2]),
        ("&tag=error:false", vec![3, 1]),
        ("&tags=%7B%22retry%22%3A%22true%22%7D", vec![3]),
        ("&tag=ratio:0.5&tag=attempt:2", vec![3]),
        ("&tag=span.kind:client", vec![3]),
        ("&tag=resource.service.name:api&operation=put", vec![2]),
        ("&tag=retry:false", vec![]),
    ] {
        let expected: Vec<_> = found.into_iter().map(id).collect();
        assert_eq!(served.found(&format!("{ALL}{parameters}")).await, expected, "{parameters}");
    }
    assert_eq!(served.found("service=api&start=1002000000&end=1002999999").await, [id(2)]);
    assert_eq!(served.found("service=API&start=0").await, [""; 0], "names are exact");
    assert_eq!(served.found("service=api").await, [""; 0], "it looks back two days");
    assert_eq!(served.found("service=api&end=1004000000&lookback=1500ms").await, [id(3)]);
    assert_eq!(served.found("service=api&start=0&lookback=custom").await.len(), 3);
}

/// The screen's filter is the screen's.
#[tokio::test]
async fn answers_do_not_depend_on_the_filter_of_the_screen() {
    let mut store = four();
    store.set_filter(Some(trace_model::Filter::parse("service:nothing").unwrap()));
    while store.search(100) {}
    assert_eq!(store.listed(), 0);
    let served = serve(store).await;
    assert_eq!(served.found(ALL).await.len(), 3);
    let (_, calls) = served.json("/api/operations?service=db").await;
    assert_eq!(calls["data"], json!([{ "name": "get", "spanKind": "server" }]));
}

#[tokio::test]
async fn invalid_parameters_are_named() {
    let served = serve(four()).await;
    for (path, parameter) in [
        ("/api/traces", "service"),
        ("/api/traces?service=", "service"),
        ("/api/operations", "service"),
        ("/api/operations?service=api&spanKind=odd", "spanKind"),
        ("/api/traces?service=api&start=yesterday", "start"),
        ("/api/traces?service=api&end=-1", "end"),
        ("/api/traces?service=api&limit=0", "limit"),
        ("/api/traces?service=api&limit=99999999", "limit"),
        ("/api/traces?service=api&minDuration=5", "minDuration"),
        ("/api/traces?service=api&minDuration=2s&maxDuration=1s", "maxDuration"),
        ("/api/traces?service=api&tags=%7B", "tags"),
        ("/api/traces?service=api&tags=%7B%22a%22%3A1%7D", "tags"),
        ("/api/traces?service=api&tag=error", "tag"),
        ("/api/traces?traceID=xyz", "traceID"),
        ("/api/traces/0af7651916cd43dd8448eb211c80319c00", "traceID"),
        ("/api/traces/%1b%5b2J", "traceID"),
        ("/api/dependencies?endTs=x", "endTs"),
        ("/api/dependencies?lookback=1h", "lookback"),
    ] {
        let (status, body) = served.json(path).await;
        let message = body["errors"][0]["msg"].as_str().unwrap_or_default();
        assert_eq!((status, &body["errors"][0]["code"]), (400, &json!(400)), "{path}");
        assert!(message.contains(&format!("'{parameter}'")), "{path}: {message}");
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}

#[tokio::test]
async fn ids_are_padded_and_ids_of_64_bits_are_short() {
    let served = serve(four()).await;
    for asked in ["3", "03", "0000000000000003", "00000000000000000000000000000003"] {
        let (status, body) = served.json(&format!("/api/traces/{asked}")).await;
        assert_eq!((status, &body["data"][0]["traceID"]), (200, &json!(id(3))), "{asked}");
        assert_eq!(body["data"][0]["spans"][0]["traceID"], json!(id(3)));
    }
    for missing in ["5", "0", "ffffffffffffffffffffffffffffffff"] {
        let answer = served.get(&format!("/api/traces/{missing}")).await;
        assert_eq!(answer.status(), 404);
        let expected = r#"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#;
        assert_eq!(answer.text().await.unwrap(), format!("{expected}\n"), "Jaeger's, to the byte");
    }
    let (status, body) = served.json("/api/traces?traceID=1&traceID=5&traceID=2").await;
    let ids: Vec<_> = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trace| trace["traceID"].clone())
        .collect();
    assert_eq!((status, ids), (200, vec![json!(id(1)), json!(id(2))]));
    assert_eq!(body["errors"], json!([{ "msg": "trace not found", "traceID": id(5) }]));
}

#[tokio::test]
async fn values_have_jaegers_types() {
    let mut all = span(1, 1, "all", 0);
    all["parentSpanId"] = json!("00000000000000aa");
    all["traceState"] = json!("vendor=1");
    all["status"] = json!({ "code": 1 });
    all["endTimeUnixNano"] = json!("0");
    all["attributes"] = json!([
        { "key": "g", "value": { "kvlistValue": { "values": [{ "key": "b", "value": { "boolValue": true } }] } } },
        { "key": "a", "value": { "stringValue": "text <&> \u{1b}" } },
        { "key": "b", "value": { "intValue": "9007199254740993" } },
        { "key": "c", "value": { "intValue": "-7" } },
        { "key": "d", "value": { "doubleValue": 0.25 } },
        { "key": "e", "value": { "bytesValue": "+/8=" } },
        { "key": "f", "value": { "boolValue": false } },
    ]);
    all["links"] = json!([
        { "traceId": "0000000000000000000000000000000b", "spanId": "00000000000000bb" },
        { "traceId": "1000000000000000000000000000000b", "spanId": "00000000000000bc",
          "attributes": [{ "key": "opentracing.ref_type", "value": { "stringValue": "child_of" } }] },
    ]);
    let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [all] }] }] });
    let served = serve(store(request)).await;
    let (_, body) = served.json("/api/traces/1").await;
    let span = &body["data"][0]["spans"][0];
    assert_eq!(span["duration"], json!(0), "it is in flight");
    let references: Vec<_> = span["references"].as_array().unwrap().iter().map(Value::to_string).collect();
    let reference = |kind: &str, trace: &str, id: &str| json!({ "refType": kind, "traceID": trace, "spanID": id }).to_string();
    assert_eq!(
        references,
        [
            reference("CHILD_OF", &id(1), "00000000000000aa"),
            reference("FOLLOWS_FROM", &id(11), "00000000000000bb"),
            reference("CHILD_OF", "1000000000000000000000000000000b", "00000000000000bc"),
        ]
    );
    let tag = |key: &str, kind: &str, value: Value| json!({ "key": key, "type": kind, "value": value });
    let expected = json!([
        tag("a", "string", json!("text <&> \u{1b}")),
        tag("b", "int64", json!("9007199254740993")),
        tag("c", "int64", json!(-7)),
        tag("d", "float64", json!(0.25)),
        tag("e", "binary", json!("+/8=")),
        tag("f", "bool", json!(false)),
        tag("g", "string", json!(r#"{"b":true}"#)),
        tag("span.kind", "string", json!("server")),
        tag("otel.status_code", "string", json!("OK")),
        tag("w3c.tracestate", "string", json!("vendor=1")),
    ]);
    assert_eq!(span["tags"], expected);
    assert_eq!(
        body["data"][0]["processes"],
        json!({ "p1": { "serviceName": "missing-service-name", "tags": [] } })
    );
    let raw = served.get("/api/traces/1").await.text().await.unwrap();
    assert!(!raw.contains('\u{1b}'), "curl prints to a terminal");
    assert_eq!(served.found("service=missing-service-name&start=0").await, [id(1)]);
}

/// Equal processes are one, and an answer is as long as its trace.
#[tokio::test]
async fn long_traces_are_answered_whole_part_by_part() {
    let spans: Vec<_> = (1..=5_000).map(|number| span(1, number, "work", 0)).collect();
    let mut store = store(of_service("api", &spans));
    add(&mut store, of_service("db", &[span(1, 9_999, "query", 0)]));
    let served = serve(store).await;
    let (_, body) = served.json("/api/traces?service=db&start=0").await;
    let trace = &body["data"][0];
    assert_eq!(trace["spans"].as_array().unwrap().len(), 5_001);
    assert_eq!(trace["processes"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn empty_result_is_that_of_jaeger() {
    let served = serve(trace_model::Store::new(1 << 20)).await;
    let empty = |data: Value| json!({ "data": data, "total": 0, "limit": 0, "offset": 0, "errors": null });
    for (path, data) in [
        ("/api/services", json!([])),
        ("/api/services/api/operations", json!(null)),
        ("/api/operations?service=api", json!([])),
        ("/api/traces?service=api", json!([])),
        ("/api/dependencies", json!([])),
    ] {
        assert_eq!(served.json(path).await, (200, empty(data)), "{path}");
    }
}

#[tokio::test]
async fn dependencies_count_spans_by_the_service_of_their_parent() {
    let mut store = store(of_service("api", &[span(1, 1, "get", 1), span(2, 9, "get", 500)]));
    let below = |trace, id, parent: u32, second| {
        let mut span = span(trace, id, "call", second);
        span["parentSpanId"] = json!(format!("{parent:016x}"));
        span
    };
    add(
        &mut store,
        of_service(
            "db",
            &[
                below(1, 2, 1, 1),
                below(1, 3, 1, 1),
                below(1, 4, 2, 1),
                below(2, 10, 9, 500),
                below(1, 5, 77, 1),
            ],
        ),
    );
    let served = serve(store).await;
    let calls = |parent: &str, child: &str, count: u64| json!({ "parent": parent, "child": child, "callCount": count });
    let (_, all) = served.json("/api/dependencies?endTs=2000000&lookback=2000000").await;
    assert_eq!(all["data"], json!([calls("api", "db", 3), calls("db", "db", 1)]));
    let (_, late) = served.json("/api/dependencies?endTs=2000000&lookback=600000").await;
    assert_eq!(late["data"], json!([calls("api", "db", 1)]), "by the time of the trace");
    let (_, one) = served
        .json("/api/dependencies?endTs=2000000&lookback=2000000&service=api")
        .await;
    assert_eq!(one["data"], json!([calls("api", "db", 3)]));
}
