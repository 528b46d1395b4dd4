//! The page server over real sockets, with a page of three files.

use std::fs;
use std::net::SocketAddr;

use http_server::{Access, Server as HttpServer};
use page::Settings;
use reqwest::{Method, Response, StatusCode};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SCRIPT: &str = "assets/index-abc123.js";
const SECRET: &str = "outside of the page's directory";

struct Server {
    address: SocketAddr,
    /// The page is in `dist`, next to a secret file.
    _directory: TempDir,
}

impl Server {
    async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let dist = directory.path().join("dist");
        fs::create_dir_all(dist.join("assets")).unwrap();
        fs::write(directory.path().join("secret.txt"), SECRET).unwrap();
        fs::write(dist.join("index.html"), "<!doctype html><title>the page</title>").unwrap();
        fs::write(dist.join("settings.js"), "window.SPANFALL_SETTINGS = {};").unwrap();
        fs::write(dist.join(SCRIPT), "console.log('the script');".repeat(100)).unwrap();
        let settings = Settings::from_lookup(|name| match name {
            "API_URL" => Some("http://127.0.0.1:3210".to_owned()),
            "SENTRY_DSN" => Some("http://public@127.0.0.1:8970/1".to_owned()),
            _ => None,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = page::app(&dist, &settings.unwrap());
        let access = Access::service(address, Vec::new());
        tokio::spawn(HttpServer::new(listener, access, app).run(std::future::pending()));
        Self {
            address,
            _directory: directory,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, &[]).await
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let client = http_client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// Sends a raw request, because a client would normalize the path.
    async fn get_raw(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn page_is_served_at_root_and_at_the_mail_link() {
    let server = Server::start().await;
    for path in ["/", "/index.html", "/reset-password?token=abc"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), "text/html", "{path}");
        assert_eq!(header(&response, "cache-control"), "no-cache", "{path}");
        assert!(response.text().await.unwrap().contains("the page"), "{path}");
    }
}

#[tokio::test]
async fn security_headers_are_on_every_response() {
    let server = Server::start().await;
    for path in ["/", "/reset-password", "/settings.js", "/assets/index-abc123.js", "/nothing"] {
        let response = server.get(path).await;
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        let connect = "connect-src http://127.0.0.1:3210 http://127.0.0.1:4318 http://127.0.0.1:8970;";
        assert!(policy.contains(connect), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn settings_come_from_the_environment_not_the_build() {
    let server = Server::start().await;
    let response = server.get("/settings.js").await;
    assert_eq!(header(&response, "content-type"), "text/javascript");
    assert_eq!(header(&response, "cache-control"), "no-cache");
    let script = response.text().await.unwrap();
    assert!(script.contains(r#""apiUrl":"http://127.0.0.1:3210""#), "{script}");
    assert!(script.contains(r#""sentryDsn":"http://public@127.0.0.1:8970/1""#), "{script}");
}

#[tokio::test]
async fn hashed_files_are_cached_forever_and_missing_ones_are_not() {
    let server = Server::start().await;
    let response = server.get(&format!("/{SCRIPT}")).await;
    assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&response, "content-type"), "text/javascript");

    let modified = header(&response, "last-modified").to_owned();
    let again = server
        .ask(Method::GET, &format!("/{SCRIPT}"), &[("if-modified-since", &modified)])
        .await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

    for path in ["/assets/index-gone.js", "/nothing", "/assets/"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn responses_are_compressed() {
    let server = Server::start().await;
    let response = server
        .ask(Method::GET, &format!("/{SCRIPT}"), &[("accept-encoding", "gzip, br")])
        .await;
    assert_eq!(header(&response, "content-encoding"), "gzip");
    assert!(response.bytes().await.unwrap().len() < 500);
}

#[tokio::test]
async fn files_outside_of_the_directory_are_not_served() {
    let server = Server::start().await;
    for path in [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//../secret.txt",
        "/%00",
        "/%ff",
    ] {
        let answer = server.get_raw(path).await;
        assert!(!answer.contains(SECRET), "{path}: {answer}");
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "400" | "404"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn host_is_checked_on_loopback() {
    let server = Server::start().await;
    for (host, status) in [
        ("evil.example", 403),
        ("127.0.0.1.evil.example:3001", 403),
        ("a@localhost", 400),
        ("localhost:3001", 200),
        ("[::1]", 200),
        ("host.containers.internal:3001", 200),
    ] {
        for path in ["/", "/settings.js", "/reset-password"] {
            let response = server.ask(Method::GET, path, &[("host", host)]).await;
            assert_eq!(response.status(), status, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn half_open_connections_do_not_stop_a_good_client() {
    let server = Server::start().await;
    for beginning in [
        "",
        "GET / HTTP/1.1\r\nhost: loc",
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
    ] {
        let flood = testkit::half_open(server.address, 3000, beginning.as_bytes()).await.unwrap();
        assert_eq!(server.get("/").await.status(), StatusCode::OK, "{beginning}");
        drop(flood);
    }
}

#[tokio::test]
async fn methods_other_than_get_and_head_are_rejected() {
    let server = Server::start().await;
    for path in ["/", "/settings.js", "/reset-password"] {
        let response = server.ask(Method::POST, path, &[]).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let response = server.ask(Method::HEAD, "/", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
}
