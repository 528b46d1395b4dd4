//! A small server for the built page of `frontend/`: its files, its runtime settings, and headers that allow the page
//! only what it needs.
//!
//! | request | response |
//! |---|---|
//! | `GET /`, `GET /reset-password` | the page; the second is the link target in reset mails |
//! | `GET /settings.js` | the URLs of the API, the collector and Sentry, so that one build runs anywhere |
//! | `GET /assets/…` | files with a hash in their name, cached forever |
//! | other paths | a file of the directory, or 404 |
//! | … foreign `Host` while listening on loopback | 403 |
//! | … too many concurrent requests | 503 with `Retry-After` |
//!
//! **Boundary**: it renders nothing, does not proxy the API (the page calls it directly, by CORS) and sends no telemetry.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = page::Settings::from_lookup(|name| std::env::var(name).ok())?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let access = http_server::Access::service(listener.local_addr()?, Vec::new());
//! let app = page::app("frontend/dist".as_ref(), &settings);
//! http_server::Server::new(listener, access, app).run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http_server::App;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

pub use self::settings::{InvalidSetting, Settings};

mod settings;

/// The page's file in the served directory.
pub const INDEX: &str = "index.html";

/// The path of files with a content hash in their names.
const HASHED_PATH: &str = "/assets/";

/// Builds the router for the page in `dir`.
///
/// Files are read per request, so that a new build is served at once.
#[must_use]
pub fn app(dir: &Path, settings: &Settings) -> App {
    let script = settings.script();
    let policy = HeaderValue::from_str(&settings.content_security_policy());
    // Unreachable: a policy consists of validated origins, which have only letters, digits, dots, dashes and colons.
    let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let secure = move |request: Request, next: Next| {
        let policy = policy.clone();
        async move { with_headers(policy, request, next).await }
    };
    let files = ServeDir::new(dir).fallback(get(|| async { (StatusCode::NOT_FOUND, "not found\n") }));
    let routes = Router::new()
        .route(
            "/settings.js",
            get(move || async move { ([(CONTENT_TYPE, "text/javascript")], script) }),
        )
        .route_service("/reset-password", ServeFile::new(dir.join(INDEX)))
        .fallback_service(files)
        .layer(compression())
        .layer(middleware::from_fn(secure));
    App::new(routes)
}

/// Creates a gzip-only layer. Each encoding is set explicitly: another crate of the build may have enabled tower-http's *de*compression features of the
/// others, which this layer would then choose without being able to encode.
fn compression() -> CompressionLayer {
    CompressionLayer::new().gzip(true).no_br().no_deflate().no_zstd()
}

async fn with_headers(policy: HeaderValue, request: Request, next: Next) -> Response {
    let hashed = request.uri().path().starts_with(HASHED_PATH);
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let keep = if hashed && found {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, HeaderValue::from_static(keep)),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // The link in a mail carries a token, which must not leak in a referrer.
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ] {
        headers.insert(name, value);
    }
    response
}
