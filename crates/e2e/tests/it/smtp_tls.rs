//! Mail over TLS, to a real server with a certificate of a private CA that only the mailer trusts.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::DEADLINE;
use e2e::mail::{Receives, SmtpServer, delivered};
use e2e::python::interpreter_or_skip;
use e2e::services::{Services, embedded_broker};
use testkit::{eventually, unused_address};

/// Files of a CA, and of a certificate for `localhost` signed by it.
struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

fn openssl(directory: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    let output = openssl.args(arguments.split(' ')).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("openssl: {error}: apt-get install openssl"));
    assert!(output.status.success(), "openssl {arguments}: {output:?}");
}

/// Makes a certificate that is signed by itself.
fn self_signed(directory: &Path, extensions: &str) -> Certificates {
    openssl(
        directory,
        &format!(
            "req -x509 {KEY} -keyout key.pem -out certificate.pem -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost{extensions}"
        ),
    );
    let certificate = directory.join("certificate.pem");
    Certificates {
        authority: certificate.clone(),
        certificate,
        key: directory.join("key.pem"),
    }
}

fn certificates(directory: &Path) -> Certificates {
    let openssl = |arguments: &str| openssl(directory, arguments);
    std::fs::write(directory.join("names"), "subjectAltName=DNS:localhost").unwrap();
    openssl(&format!(
        "req -x509 {KEY} -keyout authority.key -out authority.pem -subj /CN=authority -days 1"
    ));
    openssl(&format!("req {KEY} -keyout key.pem -out request -subj /CN=localhost"));
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
    let directory = tempfile::tempdir().unwrap();
    let files = certificates(directory.path());
    let error = if trusts { None } else { Some("invalid peer certificate") };
    mailed_with(&files, directory.path(), (kind, scheme, query), trusts, error).await;
}

/// Expects a mail, or an attempt that fails with this error.
async fn mailed_with(
    files: &Certificates,
    directory: &Path,
    (kind, scheme, query): (&str, &str, &str),
    trusts: bool,
    error: Option<&str>,
) {
    let Some(python) = interpreter_or_skip() else { return };
    let (address, maildir) = (unused_address().unwrap(), directory.join("mail"));
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
    if let Some(error) = error {
        // It is retried, and nothing is sent meanwhile.
        let retried = |line: &serde_json::Value| line["message"].as_str().is_some_and(|text| text.contains("retrying later"));
        let line = services.mailer.line(DEADLINE, retried).await.unwrap().to_string();
        assert!(line.contains(error), "{line}");
        assert!(delivered(&maildir).unwrap().is_empty());
    } else {
        let all = || async { (delivered(&maildir).unwrap().len() == 1).then_some(()) };
        eventually(DEADLINE, all).await.unwrap();
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

/// A certificate that is its own CA: rustls accepts it if its extensions do not make it a CA's.
#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_to_a_server_with_a_self_signed_certificate() {
    for (extensions, error) in [
        (" -addext basicConstraints=critical,CA:FALSE", None),
        ("", Some("make it with basicConstraints CA:FALSE")),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let files = self_signed(directory.path(), extensions);
        mailed_with(&files, directory.path(), ("smtps", "smtps", ""), true, error).await;
    }
}
