//! The span of the HTTP request, by OpenTelemetry's own middleware.

use std::future::ready;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use http::Uri;
use http::uri::PathAndQuery;
use opentelemetry::KeyValue;
use opentelemetry_instrumentation_tower::HTTPLayerBuilder;

use crate::Publisher;

/// Puts a server span around the routes so far; only around these, so that no made-up path ever names a span.
pub(crate) fn around(routes: Router<Publisher>, address: SocketAddr) -> Router<Publisher> {
    let server = [
        KeyValue::new("server.address", address.ip().to_string()),
        KeyValue::new("server.port", i64::from(address.port())),
    ];
    let layer = HTTPLayerBuilder::builder()
        .with_request_extractor_fn(move |_: &Request| server.to_vec())
        .build();
    match layer {
        // Layers that are added later see the request earlier.
        Ok(layer) => routes
            .route_layer(layer)
            .route_layer(middleware::map_request(move |request| ready(plain(address, request)))),
        Err(error) => {
            // Nothing the builder is given can fail today. Serving without this span beats not serving.
            tracing::error!(%error, "requests are not traced");
            routes
        }
    }
}

/// The middleware records the whole URI, and takes the scheme from it: the query goes, since people put addresses there and we
/// read none, and what HTTP/1.1 leaves out comes in.
fn plain(address: SocketAddr, mut request: Request) -> Request {
    let path = request.uri().path().parse::<PathAndQuery>();
    let uri = path.map_err(http::Error::from).and_then(|path| {
        Uri::builder()
            .scheme("http")
            .authority(address.to_string())
            .path_and_query(path)
            .build()
    });
    if let Ok(uri) = uri {
        *request.uri_mut() = uri;
    }
    request
}
