//! Mail over SMTP, with or without TLS.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::{Composed, MailTransport, SendError};

/// How long one SMTP command may take.
const SMTP_TIMEOUT: Duration = Duration::from_secs(10);

const EXPECTED: &str = "is not smtp://[<user>:<password>@]<host>[:<port>][?tls=required|opportunistic] or smtps://…";

/// Sends over SMTP. TLS is rustls, the authorities are those of the system.
pub struct SmtpTransport(AsyncSmtpTransport<Tokio1Executor>);

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    /// Never: for a catcher on the same machine, such as Mailpit.
    Never,
    /// By STARTTLS if the server offers it. Whoever is in between can take the offer away.
    Opportunistic,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// From the first byte on (RFC 8314).
    Implicit,
}

impl SmtpTransport {
    /// `url` is `smtps://<host>`, or `smtp://<host>` with `?tls=required` or `?tls=opportunistic` for STARTTLS; with a user and a
    /// password where nobody can read them on the way. The port is 465 for `smtps`, 587 with STARTTLS, else 25, unless it says
    /// otherwise. `authority` (PEM) is trusted as well as those of the system.
    ///
    /// # Errors
    /// It is something else; the text is to be read after the variable's name, and does not quote the URL.
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
            return Err("has a user or a password, which could travel in the clear: use smtps:// or ?tls=required");
        }
        let tls = tls(encryption, server.host(), authority)?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| EXPECTED)?
            .tls(tls)
            .timeout(Some(SMTP_TIMEOUT));
        Ok(Self(transport.build()))
    }
}

/// The parser lets a port pass that is no number.
fn has_port_or_none(server: &Authority) -> bool {
    let address = server.as_str().rsplit('@').next().unwrap_or_default();
    server.port_u16().is_some() || address == server.host()
}

fn tls(encryption: Encryption, host: &str, authority: Option<&[u8]>) -> Result<Tls, &'static str> {
    let parameters = || {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(pem) = authority {
            builder =
                builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| "cannot be used with this SMTP_TLS_CA")?);
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
            // The server's own words may quote the recipient; its code says enough.
            self.0.send(mail.mail.clone()).await.map(|_| ()).map_err(|error| {
                let code = error.status().map(u16::from);
                let said = code.map_or("no answer".to_owned(), |code| code.to_string());
                SendError {
                    reason: format!("the SMTP server did not take it: {said}"),
                    smtp_code: code,
                    transient: !error.is_permanent(),
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smtp_urls_that_are_none_are_refused() {
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
            let refused = SmtpTransport::new(bad, None).err().expect(bad);
            assert!(!refused.contains("secret"), "{refused}");
        }
        assert!(SmtpTransport::new("smtps://localhost", Some(b"-----BEGIN CERTIFICATE-----")).is_err());
    }

    #[test]
    fn smtp_urls_with_and_without_tls_are_taken() {
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
