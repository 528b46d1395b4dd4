//! docker-compose.yml starts existing programs with variables they support: this test starts the same ones, with a real RabbitMQ
//! and a real SMTP server instead of the containers.

use std::collections::BTreeMap;
use std::process::Command;

use e2e::DEADLINE;
use e2e::envelopes::Envelopes;
use e2e::mail::{Receives, SmtpServer};
use e2e::python::interpreter_or_skip;
use e2e::spans::Spans;
use saphyr::{LoadableYamlNode, Yaml};
use tempfile::TempDir;
use testkit::{Process, RabbitMq, eventually, unused_address};

/// Returns a service's command and environment, with default values of variables.
fn service(compose: &Yaml<'_>, name: &str) -> (String, BTreeMap<String, String>) {
    let service = &compose["services"][name];
    let command = service["command"][0].as_str().expect("a command").to_owned();
    let mut environment = BTreeMap::new();
    // The anchor first, then the service's own variables.
    for mapping in [&service["environment"]["<<"], &service["environment"]] {
        for (key, value) in mapping.as_mapping().expect("a mapping") {
            if let (Some(key), Some(value)) = (key.as_str(), value.as_str()) {
                environment.insert(key.to_owned(), default_of(value).to_owned());
            }
        }
    }
    (command, environment)
}

/// `${NAME:-default}` is `default`.
fn default_of(value: &str) -> &str {
    value
        .split_once(":-")
        .and_then(|(_, rest)| rest.strip_suffix('}'))
        .unwrap_or(value)
}

/// Takes the variable's value, replacing the container's address by that of the real server.
fn moved(environment: &mut BTreeMap<String, String>, name: &str, container: &str, real: impl std::fmt::Display) {
    let value = environment.get_mut(name).unwrap_or_else(|| panic!("{name} is set"));
    assert!(value.contains(container), "{name}={value}");
    *value = value.replace(container, &real.to_string());
}

fn started(command: &str, environment: &BTreeMap<String, String>) -> Process {
    let mut process = Command::new(testkit::bin(command).unwrap());
    process.env_clear().envs(environment);
    Process::spawn(process).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn compose_services_run_with_their_variables() {
    let Some(python) = interpreter_or_skip() else { return };
    let Some(rabbitmq) = RabbitMq::start_or_skip().await else {
        return;
    };
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker-compose.yml")).unwrap();
    let documents = Yaml::load_from_str(&text).unwrap();
    let (spans, envelopes) = (Spans::receive().await.unwrap(), Envelopes::receive().await.unwrap());
    let directory = TempDir::new().unwrap();
    let maildir = directory.path().join("mail");
    let smtp = unused_address().unwrap();
    let _smtp = SmtpServer::start(&python, smtp, Receives::Into(&maildir), &[]).await.unwrap();

    let mut processes = BTreeMap::new();
    for name in ["api", "mailer"] {
        let (command, mut environment) = service(&documents[0], name);
        moved(
            &mut environment,
            "RABBITMQ_URL",
            "spanfall:spanfall@127.0.0.1:5672",
            format!("guest:guest@{}", rabbitmq.address()),
        );
        moved(&mut environment, "OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", spans.http);
        moved(
            &mut environment,
            "SENTRY_DSN",
            "http://spanfall@127.0.0.1:8969/1",
            envelopes.dsn(),
        );
        if name == "api" {
            moved(&mut environment, "API_ADDR", "127.0.0.1:3000", "127.0.0.1:0");
        } else {
            moved(&mut environment, "SMTP_URL", "127.0.0.1:1025", smtp);
            moved(
                &mut environment,
                "MAIL_JOURNAL",
                "/var/lib/spanfall",
                directory.path().display(),
            );
        }
        processes.insert(name, started(&command, &environment));
    }
    let api = processes["api"].ready(DEADLINE).await.unwrap().expect("the API's address");
    processes["mailer"].ready(DEADLINE).await.unwrap();

    let request = http_client::builder()
        .build()
        .unwrap()
        .post(format!("http://{api}/users/reset-password"));
    let answer = request
        .header("content-type", "application/json")
        .body(r#"{"email":"jane@example.org"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let mail = eventually(DEADLINE, || async {
        std::fs::read_dir(maildir.join("new")).ok()?.next()?.ok()
    })
    .await;
    let mail = std::fs::read_to_string(mail.expect("a mail").path()).unwrap();
    assert!(mail.contains("jane@example.org"), "{mail}");
}
