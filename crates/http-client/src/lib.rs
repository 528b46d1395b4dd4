//! HTTP clients whose TLS is rustls with `ring`.
//!
//! `reqwest` would build in `aws-lc`, a C library that takes longer to compile than the rest of a program. Without it every client
//! needs the provider to be chosen first, and panics otherwise, so clippy lets no other place build one.

use rustls::crypto::ring;

/// Starts to build a client, as [`reqwest::Client::builder`] does.
pub fn builder() -> reqwest::ClientBuilder {
    use_ring();
    #[allow(clippy::disallowed_methods, reason = "the provider is installed")]
    reqwest::Client::builder()
}

/// Makes `ring` the TLS provider of this process, for clients that a library builds: Sentry's and OpenTelemetry's.
pub fn use_ring() {
    // It fails where one is installed already.
    let _ = ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    #[test]
    fn clients_are_built_again_and_again() {
        assert!(super::builder().build().is_ok());
        assert!(super::builder().build().is_ok());
    }
}
