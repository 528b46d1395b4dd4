//! Mail over TLS, to a real server with a certificate of a private CA that only the mailer trusts.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::DEADLINE;
use e2e::mail::{Receives, SmtpServer, delivered, free_address};
use e2e::python::interpreter_or_skip;
use e2e::services::{Services, embedded_broker};
use testkit::eventually;

/// Files of a CA, and of a certificate for `localhost` signed by it.
struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

fn certificates(directory: &Path) -> Certificates {
    let openssl = |arguments: &str| {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments.split(' ')).current_dir(directory).output();
        let output = output.unwrap_or_else(|error| panic!("openssl: {error}: apt-get install openssl"));
        assert!(output.status.success(), "openssl {arguments}: {output:?}");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(directory.join("names"), "subjectAltName=DNS:localhost").unwrap();
    openssl(&format!(
        "req -x509 {key} -keyout authority.key -out authority.pem -subj /CN=authority -days 1"
    ));
    openssl(&format!("req {key} -keyout key.pem -out request -subj /CN=localhost"));
    openssl(
        "x509 -req -in request -CA authority.pem -CAkey authority.key -CAcreateserial -days 1 -extfile names -out certificate.pem",
    );
    Certificates {
        authority: directory.join("authority.pem"),
        certificate: directory.join("certificate.pem"),
        key: directory.join("key.pem"),
    }
}

/// TLS mode of the server, the matching URL, and whether the mailer trusts the CA.
async fn mailed(kind: &str, scheme: &str, query: &str, trusts: bool) {
    let Some(python) = interpreter_or_skip() else { return };
    let directory = tempfile::tempdir().unwrap();
    let files = certificates(directory.path());
    let (address, maildir) = (free_address().unwrap(), directory.path().join("mail"));
    let (certificate, key) = (files.certificate.display().to_string(), files.key.display().to_string());
    let arguments = [&*format!("--{kind}cert"), &certificate, &*format!("--{kind}key"), &key];
    let _server = SmtpServer::start(&python, address, Receives::Into(&maildir), &arguments)
        .await
        .unwrap();
    let (_broker, broker) = embedded_broker().await.unwrap();
    let url = format!("{scheme}://localhost:{}{query}", address.port());
    let authority = files.authority.display().to_string();
    let mut env = vec![("SMTP_URL", url.as_str())];
    if trusts {
        env.push(("SMTP_TLS_CA", &authority));
    }
    let services = Services::start_with(&broker, &env).await.unwrap();
    services.request("jane@example.org", &[]).await.unwrap();
    if trusts {
        let all = || async { (delivered(&maildir).unwrap().len() == 1).then_some(()) };
        eventually(DEADLINE, all).await.unwrap();
    } else {
        // It is retried, and nothing is sent meanwhile.
        let retried = |line: &serde_json::Value| line["message"].as_str().is_some_and(|text| text.contains("retrying later"));
        let line = services.mailer.line(DEADLINE, retried).await.unwrap().to_string();
        assert!(line.contains("invalid peer certificate"), "{line}");
        assert!(delivered(&maildir).unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_over_smtps() {
    mailed("smtps", "smtps", "", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_over_starttls() {
    mailed("tls", "smtp", "?tls=required", true).await;
    mailed("tls", "smtp", "?tls=opportunistic", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_not_sent_to_an_untrusted_server() {
    mailed("smtps", "smtps", "", false).await;
    mailed("tls", "smtp", "?tls=required", false).await;
}
