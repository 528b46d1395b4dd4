//! Finding a running viewer and asking it.

mod events;

use std::net::SocketAddr;
use std::time::Duration;

use eyre::{Context, Result, eyre};
use query_api::FIRE_HEADER;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use crate::problem::Exit;
use crate::runtime::{self, Viewer};
use app::text::clean_lines;

pub use events::{Event, Events};

/// Time to connect and to prove identity.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(2);
/// Time of any other answer, in which nothing arrives.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A viewer that has proved to be the one of its runtime file.
#[derive(Clone, Debug)]
pub struct Attached {
    client: Client,
    api: SocketAddr,
}

#[derive(Deserialize)]
struct Identity {
    proof: String,
}

#[derive(Deserialize)]
struct Failed {
    error: String,
}

impl Attached {
    /// Attaches to the viewer at an address, or to the last started one; `None` if none runs.
    ///
    /// # Errors
    /// The runtime directory cannot be trusted, or no viewer is at the address.
    pub async fn find(api: Option<SocketAddr>) -> Result<Option<Self>> {
        let client = http_client::builder()
            .no_proxy()
            .connect_timeout(IDENTITY_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()?;
        for viewer in runtime::viewers(&runtime::directory())? {
            if api.is_none_or(|api| api == viewer.api) && is_proved(&client, &viewer).await {
                return Ok(Some(Self { client, api: viewer.api }));
            }
        }
        match api {
            Some(api) => Err(Exit::no_viewer(format!("no viewer of this user at {api}")).into()),
            None => Ok(None),
        }
    }

    /// The same, for commands that need one.
    ///
    /// # Errors
    /// No viewer runs, or it does not answer.
    pub async fn required(api: Option<SocketAddr>) -> Result<Self> {
        let found = Self::find(api).await?;
        found.ok_or_else(|| Exit::no_viewer("no viewer is running (start spanfall, or spanfall serve)".to_owned()).into())
    }

    /// Attaches to a viewer of this process.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn to(api: SocketAddr) -> Result<Self> {
        let client = http_client::builder().no_proxy().read_timeout(READ_TIMEOUT).build()?;
        Ok(Self { client, api })
    }

    /// Returns the address of the viewer's query API.
    #[must_use]
    pub const fn api(&self) -> SocketAddr {
        self.api
    }

    /// Asks for a path below the viewer's own API; `None` if what it names is not stored.
    ///
    /// # Errors
    /// The viewer rejects the request, or has ended.
    pub async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Option<Vec<u8>>> {
        let answer = self.ask(path, parameters).await?;
        let status = answer.status();
        let body = answer.bytes().await.wrap_err_with(|| self.silent())?;
        match status {
            StatusCode::OK => Ok(Some(body.into())),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.rejected(status, &body)),
        }
    }

    /// Asks the viewer to do something.
    ///
    /// # Errors
    /// The viewer rejects the request, or has ended.
    pub async fn post(&self, path: &str) -> Result<Vec<u8>> {
        let request = self.client.post(self.url(path, &[])?).header(FIRE_HEADER, "1");
        let answer = request.send().await.wrap_err_with(|| self.silent())?;
        let status = answer.status();
        let body = answer.bytes().await.wrap_err_with(|| self.silent())?;
        match status {
            StatusCode::OK => Ok(body.into()),
            status => Err(self.rejected(status, &body)),
        }
    }

    /// Opens a stream of events below the viewer's own API.
    ///
    /// # Errors
    /// The viewer rejects the request, or has ended.
    pub async fn events(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Events> {
        let answer = self.ask(path, parameters).await?;
        match answer.status() {
            StatusCode::OK => Ok(Events::new(answer)),
            status => {
                let body = answer.bytes().await.wrap_err_with(|| self.silent())?;
                Err(self.rejected(status, &body))
            }
        }
    }

    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Response> {
        self.client
            .get(self.url(path, parameters)?)
            .send()
            .await
            .wrap_err_with(|| self.silent())
    }

    fn url(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Url> {
        Ok(Url::parse_with_params(
            &format!("http://{}/spanfall/v1/{path}", self.api),
            parameters,
        )?)
    }

    fn silent(&self) -> String {
        format!("the viewer at {} does not answer", self.api)
    }

    fn rejected(&self, status: StatusCode, body: &[u8]) -> eyre::Report {
        let said = serde_json::from_slice::<Failed>(body).map(|failed| failed.error);
        let said = said.unwrap_or_else(|_| status.to_string());
        eyre!("the viewer at {} rejected: {}", self.api, clean_lines(&said))
    }
}

/// Returns true if the port is still the viewer's. The file of a viewer that has ended is removed.
async fn is_proved(client: &Client, viewer: &Viewer) -> bool {
    let challenge = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let url = format!("http://{}/spanfall/v1/identity?challenge={challenge}", viewer.api);
    let asked = client.get(url).timeout(IDENTITY_TIMEOUT).send().await;
    if asked.as_ref().is_err_and(|error| error.is_connect() && !error.is_timeout()) {
        viewer.forget();
    }
    let Ok(answer) = asked else { return false };
    let identity = answer.json::<Identity>().await;
    identity.is_ok_and(|identity| viewer.nonce.verifies(&challenge, &identity.proof))
}
