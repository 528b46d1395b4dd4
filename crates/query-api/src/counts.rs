//! Counts of requests by how they were answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use http::StatusCode;
use ingest_state::QueryApi;

/// Counts shared by the listener and the owner of the store.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    address: SocketAddr,
    counts: Arc<[AtomicU64; 4]>,
}

/// Indexes of the counts.
const ANSWERED: usize = 0;
const REJECTED: usize = 1;
const THROTTLED: usize = 2;
const DENIED: usize = 3;

impl Counts {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            counts: Arc::default(),
        }
    }

    /// Counts the responses of a router by their status.
    pub(crate) fn by_status(&self, router: Router) -> Router {
        self.counted(router, |status| {
            if status == StatusCode::SERVICE_UNAVAILABLE {
                THROTTLED
            } else if status.is_client_error() || status.is_server_error() {
                REJECTED
            } else {
                ANSWERED
            }
        })
    }

    /// Counts all responses of a router as denied.
    pub(crate) fn denied(&self, router: Router) -> Router {
        self.counted(router, |_| DENIED)
    }

    fn counted(&self, router: Router, index: fn(StatusCode) -> usize) -> Router {
        let counts = self.counts.clone();
        router.layer(map_response(move |response: Response| {
            counts[index(response.status())].fetch_add(1, Ordering::Relaxed);
            std::future::ready(response)
        }))
    }

    /// Returns the counts so far.
    pub(crate) fn read(&self) -> QueryApi {
        let count = |index: usize| self.counts[index].load(Ordering::Relaxed);
        QueryApi {
            address: self.address,
            answered: count(ANSWERED),
            rejected: count(REJECTED),
            throttled: count(THROTTLED),
            denied: count(DENIED),
        }
    }
}
