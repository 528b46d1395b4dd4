//! The SMTP transport, with or without TLS.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use lettre::transport::smtp;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::{Composed, MailTransport, SendError};

/// The timeout of one SMTP command.
const SMTP_TIMEOUT: Duration = Duration::from_secs(10);

const EXPECTED: &str =
    "is invalid: expected smtp://[<user>:<password>@]<host>[:<port>][?tls=required|opportunistic] or smtps://…";

/// Sends over SMTP. TLS is rustls with the system's CA certificates.
pub struct SmtpTransport(AsyncSmtpTransport<Tokio1Executor>);

/// The use of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    /// No TLS: for a mail catcher on the same machine, such as Mailpit.
    Never,
    /// STARTTLS if the server offers it. A man in the middle can strip the offer.
    Opportunistic,
    /// STARTTLS, or nothing is sent.
    Required,
    /// TLS from the first byte (RFC 8314).
    Implicit,
}

impl SmtpTransport {
    /// Parses `url`: `smtps://<host>`, or `smtp://<host>` with `?tls=required` or `?tls=opportunistic` for STARTTLS; a user and a
    /// password require TLS. The default port is 465 for `smtps`, 587 with STARTTLS, else 25.
    /// `authority` (PEM) is trusted in addition to the system's CA certificates.
    ///
    /// # Errors
    /// The URL is invalid; the text follows the variable's name and does not quote the URL.
    pub fn new(url: &str, authority: Option<&[u8]>) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| EXPECTED)?;
        let server = uri
            .authority()
            .filter(|server| !server.host().is_empty() && has_port_or_none(server))
            .ok_or(EXPECTED)?;
        let encryption = match (uri.scheme_str(), uri.query()) {
            (Some("smtp"), None) => Encryption::Never,
            (Some("smtp"), Some("tls=opportunistic")) => Encryption::Opportunistic,
            (Some("smtp"), Some("tls=required")) => Encryption::Required,
            (Some("smtps"), None) => Encryption::Implicit,
            _ => return Err(EXPECTED),
        };
        let always = matches!(encryption, Encryption::Required | Encryption::Implicit);
        if server.as_str().contains('@') && !always {
            return Err("has credentials, which would be sent unencrypted (use smtps:// or ?tls=required)");
        }
        let tls = tls(encryption, server.host(), authority)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| EXPECTED)?
            .tls(tls)
            .timeout(Some(SMTP_TIMEOUT));
        Ok(Self(transport.build()))
    }
}

/// Rejects a non-numeric port, which the parser accepts.
fn has_port_or_none(server: &Authority) -> bool {
    let address = server.as_str().rsplit('@').next().unwrap_or_default();
    server.port_u16().is_some() || address == server.host()
}

fn tls(encryption: Encryption, host: &str, authority: Option<&[u8]>) -> Result<Tls, &'static str> {
    let parameters = || {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(pem) = authority {
            builder = builder.add_root_certificate(
                Certificate::from_pem(pem).map_err(|_| "cannot be used: invalid SMTP_TLS_CA (expected PEM)")?,
            );
        }
        builder.build_rustls().map_err(|_| "cannot be used: TLS cannot be set up")
    };
    Ok(match encryption {
        Encryption::Never => Tls::None,
        Encryption::Opportunistic => Tls::Opportunistic(parameters()?),
        Encryption::Required => Tls::Required(parameters()?),
        Encryption::Implicit => Tls::Wrapper(parameters()?),
    })
}

impl MailTransport for SmtpTransport {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn send<'a>(&'a self, mail: &'a Composed) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(async move {
            // Only the code: the server's text may quote the recipient.
            self.0.send(mail.mail.clone()).await.map(|_| ()).map_err(|error| SendError {
                reason: reason(&error),
                smtp_code: error.status().map(u16::from),
                transient: !error.is_permanent(),
            })
        })
    }
}

/// Describes a failure without the server's text, which may quote the recipient.
fn reason(error: &smtp::Error) -> String {
    if let Some(code) = error.status() {
        return format!("rejected by the SMTP server: {}", u16::from(code));
    }
    let (mut next, mut cause) = (error.source(), None);
    while let Some(error) = next {
        cause = error.downcast_ref::<io::Error>().or(cause);
        next = error.source();
    }
    let Some(cause) = cause else {
        // An unreadable reply, or one that lacks STARTTLS or a login method that is required.
        return "unusable reply from the SMTP server (check SMTP_URL)".to_owned();
    };
    match (cause.kind(), cause.get_ref()) {
        (io::ErrorKind::TimedOut, _) => format!("no reply from the SMTP server within {} s", SMTP_TIMEOUT.as_secs()),
        // What rustls reports comes as invalid data: a certificate, or a server without TLS.
        (io::ErrorKind::InvalidData, Some(tls)) => {
            let tls = tls.to_string();
            let tls = printable::clean(&tls);
            // What `openssl req -x509` makes; other clients accept it.
            let advice = if tls.contains("CaUsedAsEndEntity") {
                "the server's certificate is a CA's: make it with basicConstraints CA:FALSE"
            } else {
                "check SMTP_URL and SMTP_TLS_CA"
            };
            format!("no TLS connection to the SMTP server: {tls} ({advice})")
        }
        (kind, _) => format!("no connection to the SMTP server: {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_smtp_urls_are_rejected() {
        for bad in [
            "",
            "localhost:25",
            "http://localhost",
            "smtp://",
            "smtp://localhost:x",
            "smtps://me:secret@localhost:x",
            "smtp://localhost?tls=never",
            "smtps://localhost?tls=required",
            "smtp://me:secret@localhost",
            "smtp://me:secret@localhost?tls=opportunistic",
        ] {
            let rejected = SmtpTransport::new(bad, None).err().expect(bad);
            assert!(!rejected.contains("secret"), "{rejected}");
        }
        assert!(SmtpTransport::new("smtps://localhost", Some(b"-----BEGIN CERTIFICATE-----")).is_err());
    }

    #[test]
    fn valid_smtp_urls_are_accepted() {
        for good in [
            "smtp://localhost:1025",
            "smtp://localhost?tls=opportunistic",
            "smtp://me:s%40cret@localhost:587?tls=required",
            "smtps://me:secret@localhost",
        ] {
            assert!(SmtpTransport::new(good, None).is_ok(), "{good}");
        }
    }
}
