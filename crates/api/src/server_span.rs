//! The HTTP server span, by OpenTelemetry's middleware.

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

/// Wraps the existing routes in a server span; only these, so that an unknown path never becomes a span name.
pub(crate) fn around(routes: Router<Publisher>, address: SocketAddr) -> Router<Publisher> {
    let server = [
        KeyValue::new("server.address", address.ip().to_string()),
        KeyValue::new("server.port", i64::from(address.port())),
    ];
    let layer = HTTPLayerBuilder::builder()
        .with_request_extractor_fn(move |_: &Request| server.to_vec())
        .build();
    match layer {
        // Layers added later see the request earlier.
        Ok(layer) => routes
            .route_layer(layer)
            .route_layer(middleware::map_request(move |request| ready(plain(address, request)))),
        Err(error) => {
            // Unreachable with these settings. Serving without the span is better than not serving.
            tracing::error!(%error, "cannot trace requests");
            routes
        }
    }
}

/// Normalizes the URI, which the middleware records in full: the query is removed, since it may contain addresses and is
/// unused, and the scheme and host omitted by HTTP/1.1 are added.
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
