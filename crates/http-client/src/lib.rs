//! HTTP clients whose TLS is rustls with `ring`.
//!
//! `reqwest`'s default is `aws-lc`, a C library that takes longer to compile than the rest of a program. Without it every client
//! requires an installed provider, and panics otherwise, so clippy disallows building clients elsewhere.

#![warn(missing_docs)]

use rustls::crypto::ring;

/// Returns a client builder, like [`reqwest::Client::builder`].
pub fn builder() -> reqwest::ClientBuilder {
    use_ring();
    #[allow(clippy::disallowed_methods, reason = "the provider is installed")]
    reqwest::Client::builder()
}

/// Installs `ring` as the TLS provider of this process, for clients built by libraries: Sentry's and OpenTelemetry's.
pub fn use_ring() {
    // Fails if one is already installed.
    let _ = ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    #[test]
    fn clients_can_be_built_repeatedly() {
        assert!(super::builder().build().is_ok());
        assert!(super::builder().build().is_ok());
    }
}
