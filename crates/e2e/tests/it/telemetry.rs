//! Telemetry of the services: its cost without a receiver, and the standard variables.

use e2e::DEADLINE;
use e2e::services::{Services, embedded_broker};
use e2e::spans::{Span, Spans};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value;
use testkit::{Process, eventually, unused_address};
use tokio::net::TcpListener;

const OVER_GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

/// Sends requests one by one; all of them are answered in the time that a single export may take to fail.
async fn requests(services: &Services, count: usize) {
    let all = async {
        for number in 0..count {
            let answer = services.request(&format!("jane{number}@example.org"), &[]).await.unwrap();
            assert_eq!(answer.status(), 200);
        }
    };
    tokio::time::timeout(DEADLINE, all).await.expect("requests are not delayed");
}

fn lines(process: &Process, part: &str) -> Vec<Value> {
    let has = |line: &Value| line["message"].as_str().is_some_and(|message| message.contains(part));
    process.json().into_iter().filter(has).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_collector_costs_one_log_line_and_one_on_recovery() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let nowhere = unused_address().unwrap();
    let endpoint = format!("http://{nowhere}");
    let dsn = format!("http://public@{nowhere}/1");
    let env = [
        OVER_GRPC,
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("SENTRY_DSN", &dsn),
        ("RUST_LOG", "info"),
    ];
    let services = Services::start_with(&url, &env).await.unwrap();
    requests(&services, 1).await;
    for process in [&services.api, &services.mailer] {
        process
            .line(DEADLINE, |line| {
                line["message"]
                    .as_str()
                    .is_some_and(|said| said.contains("cannot export spans"))
            })
            .await
            .unwrap();
    }
    requests(&services, 20).await;

    let collector = Spans::receive_at(nowhere).await.unwrap();
    for process in [&services.api, &services.mailer] {
        // The exporter notices with its next batch; each request causes one.
        let again = || async {
            requests(&services, 1).await;
            (!lines(process, "exporting spans to the collector again").is_empty()).then_some(())
        };
        eventually(DEADLINE, again).await.unwrap();
        assert_eq!(lines(process, "cannot export spans").len(), 1);
        assert_eq!(lines(process, "exporting spans to the collector again").len(), 1);
        assert_eq!(process.stderr(), Vec::<String>::new());
        let others = |line: &Value| {
            line["target"]
                .as_str()
                .is_some_and(|target| target.starts_with("opentelemetry"))
        };
        assert!(!process.json().iter().any(others), "{:#?}", process.stdout());
    }
    assert!(!collector.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_receivers_delay_neither_requests_nor_shutdown() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().map(|address| (silent, address)).unwrap();
    let (endpoint, dsn) = (format!("http://{}", silent.1), format!("http://public@{}/1", silent.1));
    for protocol in ["grpc", "http/protobuf"] {
        let env = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
            ("SENTRY_DSN", &dsn),
        ];
        let services = Services::start_with(&url, &env).await.unwrap();
        requests(&services, 40).await;
        services.api.terminate();
        assert!(services.api.exited(DEADLINE).await.unwrap().success());
        // The queue held 16 of them, and the number of lost ones is logged: three per request.
        let lost = lines(&services.api, "spans lost");
        assert_eq!(lost.len(), 1, "{protocol}");
        assert_eq!(lost[0]["spans"], 3 * 40, "{protocol}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_names_the_service_and_standard_variables_override_it() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let env = [
        ("OTEL_SERVICE_NAME", "renamed"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.version=9,team=ours"),
    ];
    let services = Services::start_with(&url, &env).await.unwrap();
    requests(&services, 1).await;
    let span = services.spans.wait(|spans| spans.first().cloned()).await.unwrap();
    let resource = |key: &str| span.resource.get(key).map(String::as_str);
    assert_eq!(resource("service.name"), Some("renamed"));
    assert_eq!(resource("service.version"), Some("9"));
    assert_eq!(resource("team"), Some("ours"));
    assert_eq!(resource("deployment.environment.name"), Some("test"));
    assert_eq!(resource("telemetry.sdk.language"), Some("rust"));
    let pids = [&services.api, &services.mailer].map(|process| process.pid().to_string());
    assert!(pids.iter().any(|pid| resource("process.pid") == Some(pid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_follow_the_conventions_for_http_and_messaging() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    requests(&services, 1).await;
    let find = |spans: &[Span], name: &str| spans.iter().find(|span| span.name == name).cloned();
    let named = |name: &'static str| services.spans.wait(move |spans| find(spans, name));
    let port = services.api_url.rsplit(':').next().unwrap().to_owned();
    let broker_port = url.split(['@', ':', '/']).nth_back(1).unwrap().to_owned();
    let messaging = |operation: &'static str, kind: &'static str| {
        vec![
            ("messaging.system", "rabbitmq".to_owned()),
            ("messaging.destination.name", "email_queue".to_owned()),
            ("messaging.rabbitmq.destination.routing_key", "email_queue".to_owned()),
            ("messaging.operation.type", kind.to_owned()),
            ("messaging.operation.name", operation.to_owned()),
            ("server.address", "127.0.0.1".to_owned()),
            ("server.port", broker_port.clone()),
        ]
    };
    let body = r#"{"email":"jane0@example.org"}"#.len().to_string();
    let with = |mut more: Vec<(&'static str, String)>, operation: &str| {
        more.push(("messaging.operation", operation.to_owned()));
        more.push(("messaging.message.body.size", body.clone()));
        more
    };
    let http = vec![
        ("http.request.method", "POST".to_owned()),
        ("http.route", "/users/reset-password".to_owned()),
        ("http.response.status_code", "200".to_owned()),
        ("url.scheme", "http".to_owned()),
        ("url.path", "/users/reset-password".to_owned()),
        ("server.address", "127.0.0.1".to_owned()),
        ("server.port", port),
    ];
    for (name, expected) in [
        ("POST /users/reset-password", http),
        ("EnqueueMessage", with(messaging("publish", "send"), "publish")),
        ("handleSentMailMessage", with(messaging("process", "process"), "process")),
        ("ack email_queue", messaging("ack", "settle")),
        (
            "send mail",
            vec![("mail.transport", "file".to_owned()), ("mail.attempt", "1".to_owned())],
        ),
    ] {
        let span = named(name).await.unwrap();
        for (key, value) in expected {
            assert_eq!(span.attributes.get(key), Some(&value), "{name}: {key}");
        }
        assert_eq!(span.error, None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_request_is_a_failed_trace_without_its_address() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    let answer = services.request("jane.at.example.org", &[]).await.unwrap();
    assert_eq!(answer.status(), 400);
    let spans = services
        .spans
        .wait(|spans| (spans.len() >= 2).then(|| spans.to_vec()))
        .await
        .unwrap();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (server, handler) = (named("POST /users/reset-password"), named("resetPasswordHandler"));
    // By convention, a client error is not an error of the server span.
    assert_eq!(
        (&server.error, server.attributes["http.response.status_code"].as_str()),
        (&None, "400")
    );
    assert_eq!(handler.error.as_deref(), Some("invalid email"));
    assert_eq!(handler.attributes["error.type"], "invalid_email");
    assert_eq!(spans.len(), 2);
    assert!(!format!("{spans:?}").contains("jane"));
}

#[tokio::test(flavor = "multi_thread")]
async fn log_line_names_its_span() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    requests(&services, 1).await;
    services.request("nobody", &[]).await.unwrap();
    for (process, message, name) in [
        (&services.api, "reset mail requested", "EnqueueMessage"),
        (&services.api, "request rejected", "resetPasswordHandler"),
        (&services.mailer, "mail sent", "handleSentMailMessage"),
    ] {
        let line = process.line(DEADLINE, |line| line["message"] == message).await.unwrap();
        let span = services
            .spans
            .wait(|spans| spans.iter().find(|span| line["span_id"] == span.span_id.as_str()).cloned())
            .await
            .unwrap();
        assert_eq!(
            (span.name.as_str(), &line["trace_id"]),
            (name, &span.trace_id.into()),
            "{message}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exported_spans_do_not_depend_on_the_log_level() {
    let (_broker, url) = embedded_broker().await.unwrap();
    // The lowest level that shows readiness, and everything of the exporters.
    let env = [(
        "RUST_LOG",
        "off,api::publisher=info,mailer::consume=info,h2=trace,hyper_util=trace",
    )];
    let services = Services::start_with(&url, &env).await.unwrap();
    let count = 3;
    // One by one, so that exports happen in between.
    for number in 1..=count {
        requests(&services, 1).await;
        let all = |spans: &[Span]| (spans.len() >= 7 * number).then_some(());
        services.spans.wait(all).await.unwrap();
    }
    let mut names: Vec<_> = services.spans.all().into_iter().map(|span| span.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(
        names,
        [
            "EnqueueMessage",
            "POST /users/reset-password",
            "ack email_queue",
            "compose mail",
            "handleSentMailMessage",
            "resetPasswordHandler",
            "send mail",
        ]
    );
    assert_eq!(services.spans.all().len(), 7 * count);
    // They have exactly the attributes of the code.
    let spans = services.spans.all();
    let keys = |name: &str| -> Vec<_> {
        let span = spans.iter().find(|span| span.name == name).unwrap();
        span.attributes.keys().cloned().collect()
    };
    assert_eq!(keys("resetPasswordHandler"), Vec::<String>::new());
    assert_eq!(keys("compose mail"), Vec::<String>::new());
    assert_eq!(keys("send mail"), ["mail.attempt", "mail.transport"]);
    assert!(
        spans
            .iter()
            .all(|span| (span.kind == SpanKind::Client) == ["send mail", "ack email_queue"].contains(&&*span.name))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sentry_sample_rate_applies_to_sentry_only() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start_with(&url, &[("SENTRY_TRACES_SAMPLE_RATE", "0.5")])
        .await
        .unwrap();
    let count = 16;
    requests(&services, count).await;
    let roots = |spans: &[Span]| {
        let of = |name| {
            spans
                .iter()
                .filter(move |span: &&Span| span.name == name)
                .map(|span| span.trace_id.clone())
        };
        let (started, ended): (Vec<_>, Vec<_>) = (
            of("POST /users/reset-password").collect(),
            of("handleSentMailMessage").collect(),
        );
        (started.len() == count && ended.len() == count).then_some(started)
    };
    let traces = services.spans.wait(roots).await.unwrap();
    // The low 56 bits of a trace id decide: the half whose first of these digits is below 8.
    let sampled: Vec<_> = traces
        .iter()
        .filter(|id| u8::from_str_radix(&id[18..19], 16).unwrap() < 8)
        .collect();
    services.api.terminate();
    services.mailer.terminate();
    services.api.exited(DEADLINE).await.unwrap();
    services.mailer.exited(DEADLINE).await.unwrap();
    let items = services.envelopes.all();
    for id in &traces {
        let of_trace = |transaction: &&sentry::protocol::Transaction| {
            e2e::envelopes::trace_of(&transaction.contexts).is_some_and(|trace| trace.trace_id.to_string() == *id)
        };
        let expected = if sampled.contains(&id) { 2 } else { 0 };
        assert_eq!(items.transactions.iter().filter(of_trace).count(), expected, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_sdk_propagates_the_trace_and_exports_nothing() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start_with(&url, &[("OTEL_SDK_DISABLED", "true")]).await.unwrap();
    let trace_id = "0af7651916cd43dd8448eb211c80319c";
    let traceparent = format!("00-{trace_id}-b7ad6b7169203331-01");
    services
        .request("jane@example.org", &[("traceparent", &traceparent)])
        .await
        .unwrap();
    let of_trace = |line: &Value| line["message"] == "mail sent" && line["trace_id"] == trace_id;
    services.mailer.line(DEADLINE, of_trace).await.unwrap();
    services.api.terminate();
    services.api.exited(DEADLINE).await.unwrap();
    assert_eq!(services.spans.all(), []);
}
