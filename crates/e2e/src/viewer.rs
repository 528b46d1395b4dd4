//! `spanfall` in its own terminal, receiving telemetry from a test.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::screen::Screen;
use crate::{DEADLINE, Error};

/// The key that opens the selected item.
pub const ENTER: &str = "\r";
/// The key that returns to the previous pane. Not Escape: with a key right after it, both would be read as one.
pub const BACK: &str = "\u{1b}[Z";
const PAGE_DOWN: &str = "\u{1b}[6~";

/// Wide enough to show every line in full, but not so wide that the details are next to the waterfall; and high enough for all
/// rows.
const SIZE: (u16, u16) = (176, 60);

/// The running viewer on free ports.
pub struct Viewer {
    /// Its terminal.
    pub screen: Screen,
    /// OTLP/HTTP address.
    pub otlp_http: SocketAddr,
    /// Sentry address.
    pub sentry: SocketAddr,
    directory: TempDir,
}

impl Viewer {
    /// Starts `spanfall` with additional arguments and variables, and waits until it shows its addresses.
    ///
    /// # Errors
    /// It isn't built, or does not show its addresses.
    pub fn start(arguments: &str, environment: &[(&str, String)]) -> Result<Self, Error> {
        let directory = TempDir::new()?;
        let script = format!(
            "exec {spanfall} --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 {api} --log-file {log} {arguments}",
            spanfall = testkit::bin("spanfall")?.display(),
            api = if arguments.contains("--api") { "" } else { "--api off" },
            log = log_file(directory.path()).display(),
        );
        let all = [("SPANFALL_LOG", "trace".to_owned())];
        let screen = Screen::start(&script, all.into_iter().chain(environment.iter().cloned()), SIZE.0, SIZE.1)?;
        let text = screen.wait_frame("the addresses", |text| text.contains("Sentry :"));
        let address = |name: &str| -> Result<SocketAddr, Error> {
            let (_, after) = text.split_once(name).ok_or("no such listener")?;
            let port = after.split_whitespace().next().unwrap_or_default();
            Ok(([127, 0, 0, 1], port.parse()?).into())
        };
        Ok(Self {
            otlp_http: address("OTLP/HTTP :")?,
            sentry: address("Sentry :")?,
            screen,
            directory,
        })
    }

    /// Returns a DSN of this viewer. Its key names the service if the sender does not.
    #[must_use]
    pub fn dsn(&self, key: &str) -> String {
        format!("http://{key}@{}/1", self.sentry)
    }

    /// Returns its log file so far; the log level is the highest.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_file(self.directory.path())).unwrap_or_default()
    }

    /// Sends OTLP/JSON to it.
    ///
    /// # Errors
    /// The request is rejected.
    pub async fn send_otlp(&self, request: &Value) -> Result<(), Error> {
        let url = format!("http://{}/v1/traces", self.otlp_http);
        self.post(&url, "application/json", request.to_string()).await?;
        Ok(())
    }

    /// Sends log records in OTLP/JSON to it.
    ///
    /// # Errors
    /// The request is rejected.
    pub async fn send_logs(&self, request: &Value) -> Result<(), Error> {
        let url = format!("http://{}/v1/logs", self.otlp_http);
        self.post(&url, "application/json", request.to_string()).await?;
        Ok(())
    }

    /// Sends an envelope to it, and returns the response.
    ///
    /// # Errors
    /// The request fails.
    pub async fn send_envelope(&self, key: &str, envelope: String) -> Result<reqwest::Response, Error> {
        let url = format!("http://{}/api/1/envelope/?sentry_key={key}", self.sentry);
        self.post(&url, "application/x-sentry-envelope", envelope).await
    }

    async fn post(&self, url: &str, content_type: &str, body: String) -> Result<reqwest::Response, Error> {
        let client = http_client::builder().no_proxy().timeout(DEADLINE).build()?;
        let request = client.post(url).header("content-type", content_type).body(body);
        Ok(request.send().await?.error_for_status()?)
    }

    /// Selects the trace with this name; the list must be focused and show all traces.
    ///
    /// # Errors
    /// The keys cannot be sent.
    ///
    /// # Panics
    /// The trace isn't listed.
    pub fn select(&mut self, name: &str) -> Result<(), Error> {
        let listed = |text: &str| {
            let rows = text.lines().skip_while(|line| !line.contains("TRACES ")).skip(1);
            rows.take_while(|line| !line.is_empty()).position(|line| line.contains(name))
        };
        let text = self.screen.wait_frame(name, |text| listed(text).is_some());
        let below = listed(&text).unwrap_or_default();
        self.screen.press(&format!("g{}", "j".repeat(below)))
    }

    /// Opens the details of the selected span from the waterfall, unfolds them, reads them from the first line to the last, and returns.
    ///
    /// # Errors
    /// The keys cannot be sent.
    ///
    /// # Panics
    /// The details do not scroll.
    pub fn read_details(&mut self) -> Result<String, Error> {
        self.screen.wait_frame("the details", |text| details(text).len() < text.len());
        self.screen.press(ENTER)?;
        // Unfolds whatever is folded. Keys are done in order: once help is there, so are they.
        self.screen.press(&" j".repeat(UNFOLDED_LINES))?;
        self.screen.press("g?")?;
        self.screen.wait_frame("help", |text| text.contains(HELP));
        self.screen.press("?")?;
        let mut text = self.screen.wait_frame("no help", |text| !text.contains(HELP));
        let mut read = details(&text).to_owned();
        while text.contains(" below ─") {
            self.screen.press(PAGE_DOWN)?;
            let before = details(&text).to_owned();
            text = self.screen.wait_frame("the next lines", |text| details(text) != before);
            read.push_str(details(&text));
        }
        self.screen.press(BACK)?;
        Ok(read)
    }
}

/// The title of help, which is on the screen wherever it is scrolled to.
const HELP: &str = "Keys and marks";

/// Lines of the details that are unfolded, at most.
const UNFOLDED_LINES: usize = 100;

/// The lowest pane, without the key hints below it: those change with the focused pane.
fn details(text: &str) -> &str {
    let titles = ["\n SPAN ", "\n▌SPAN ", "\n ERROR ", "\n▌ERROR "];
    let start = titles.iter().filter_map(|title| text.rfind(title)).max();
    let end = text.trim_end().rfind('\n').unwrap_or(text.len());
    &text[start.unwrap_or(0).min(end)..end]
}

fn log_file(directory: &Path) -> std::path::PathBuf {
    directory.join("viewer.log")
}
