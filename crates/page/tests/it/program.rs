//! The page server as a program: startup messages and shutdown.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use testkit::Process;
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(30);

fn page(dir: &Path, env: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_page"));
    command
        .env_clear()
        .env("PAGE_ADDR", "127.0.0.1:0")
        .env("PAGE_DIR", dir)
        .envs(env.iter().copied());
    Process::spawn(command).unwrap()
}

fn built() -> TempDir {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("index.html"), "the page").unwrap();
    dir
}

#[tokio::test]
async fn page_reports_its_address_and_ends_with_its_supervisor() {
    let dir = built();
    let process = page(dir.path(), &[("SPANFALL_SUPERVISED", "1")]);
    let address = process.ready(SOON).await.unwrap().unwrap();
    let client = http_client::builder().no_proxy().build().unwrap();
    assert_eq!(
        client
            .get(format!("http://{address}/"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "the page"
    );

    process.close_stdin();
    assert!(process.exited(SOON).await.unwrap().success());
    assert_eq!(process.json().last().unwrap()["ready"], false);
    assert_eq!(process.stderr(), Vec::<String>::new());
}

#[tokio::test]
async fn sigterm_ends_the_server_despite_a_silent_client() {
    let dir = built();
    let process = page(dir.path(), &[]);
    let url = process.ready(SOON).await.unwrap().unwrap();
    let _silent = tokio::net::TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    process.terminate();
    assert!(process.exited(SOON).await.unwrap().success());
}

#[tokio::test]
async fn missing_page_names_the_build_command() {
    let empty = TempDir::new().unwrap();
    rejected(
        &page(empty.path(), &[]),
        1,
        &["npm run build", "PAGE_DIR", &empty.path().display().to_string()],
    )
    .await;
}

#[tokio::test]
async fn bind_error_names_address_and_variable() {
    let dir = built();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    rejected(&page(dir.path(), &[("PAGE_ADDR", &address)]), 1, &[&address, "PAGE_ADDR"]).await;
}

#[tokio::test]
async fn invalid_variable_is_named() {
    let dir = built();
    rejected(&page(dir.path(), &[("PAGE_ADDR", "here")]), 64, &["PAGE_ADDR"]).await;
    rejected(&page(dir.path(), &[("API_URL", "here")]), 64, &["API_URL"]).await;
    rejected(&page(dir.path(), &[("ALLOWED_HOSTS", "a:80")]), 64, &["ALLOWED_HOSTS"]).await;
}

/// Asserts the exit code and parts of standard error.
async fn rejected(process: &Process, code: i32, said: &[&str]) {
    let status = process.exited(SOON).await.unwrap();
    assert_eq!(status.code(), Some(code));
    // The exit is seen by this task, the last output by another thread.
    let told = testkit::eventually(SOON, || {
        let words = process.stderr().join("\n");
        std::future::ready(said.iter().all(|part| words.contains(part)).then_some(words))
    });
    let words = told.await.unwrap_or_else(|_| panic!("it said: {:?}", process.stderr()));
    assert!(!words.contains("panicked"), "{words}");
}
