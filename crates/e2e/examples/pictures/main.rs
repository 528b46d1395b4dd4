//! `make pictures`: the pictures of the documents, from a real run of the demo.

mod slow_mail;
mod svg;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use e2e::screen::Screen;
use slow_mail::SlowMail;
use svg::Frame;
use tempfile::TempDir;

const SIZE: (u16, u16) = (112, 28);
/// Interval of screen captures while recording.
const BETWEEN_LOOKS: Duration = Duration::from_millis(60);
/// Display time of a still part.
const READING: Duration = Duration::from_millis(1_600);
/// Largest moving picture, in bytes.
const MOVING_MAX: usize = 2_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mail = SlowMail::start().await?;
    tokio::task::spawn_blocking(move || {
        Session::start(docs, mail)
            .and_then(Session::record)
            .map_err(|error| error.to_string())
    })
    .await??;
    Ok(())
}

/// The demo in a terminal, and the directory of its pictures.
struct Session {
    screen: Screen,
    docs: PathBuf,
    film: Vec<Frame>,
    mail: SlowMail,
    _directory: TempDir,
}

impl Session {
    fn start(docs: PathBuf, mail: SlowMail) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let directory = TempDir::new()?;
        let path = |name: &str| directory.path().join(name).display().to_string();
        let environment = [
            ("API_ADDR", "127.0.0.1:0".to_owned()),
            ("PAGE_ADDR", "127.0.0.1:0".to_owned()),
            ("MAIL_DIR", path("mail")),
            ("SMTP_URL", mail.url.clone()),
            ("XDG_STATE_HOME", path("state")),
            ("COLORTERM", "truecolor".to_owned()),
        ];
        let script = format!(
            "exec {} demo --otlp-grpc 0 --otlp-http 0 --sentry 0 --api 0",
            testkit::bin("spanfall")?.display()
        );
        let screen = Screen::start(&script, environment, SIZE.0, SIZE.1)?;
        screen.wait_frame("the demo's services", |text| {
            text.contains("mailer ●") && text.contains("api ●")
        });
        Ok(Self {
            screen,
            docs,
            film: Vec::new(),
            mail,
            _directory: directory,
        })
    }

    fn record(mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.hold(READING);
        self.mail.set_delay_ms(350);
        self.press("r", "the reset's trace", |text| text.contains("✓ 7/7"))?;
        self.hold(READING);
        self.still("screen")?;
        self.press("x", "the cross-check", |text| text.contains("CROSS-CHECK"))?;
        self.hold(READING);
        self.still("cross-check")?;
        self.press("q", "the waterfall", |text| !text.contains("CROSS-CHECK"))?;
        for _ in 0..3 {
            self.press("jj", "another span", |_| true)?;
            self.hold(READING / 3);
        }
        self.press("i", "the failed reset", |text| text.contains("✗"))?;
        self.hold(READING);
        let moving = svg::moving(&self.film);
        if moving.len() > MOVING_MAX {
            return Err(format!("the moving picture has {} bytes", moving.len()).into());
        }
        std::fs::write(self.docs.join("live.svg"), moving)?;
        // The list without the filter line: its cursor would be visible.
        self.press("\u{1b}[Z/status:error\r", "the filter", |text| {
            text.contains("status:error") && text.contains('◆')
        })?;
        self.hold(READING / 2);
        self.still("filter")?;
        self.press("\u{1b}", "all traces", |text| !text.contains("status:error"))?;
        for delay in [40, 40, 40, 350] {
            self.mail.set_delay_ms(delay);
            self.press("r", "another reset", |_| true)?;
            self.hold(READING);
        }
        self.hold(READING * 2);
        self.press("gd", "the comparison", |text| text.contains("COMPARE"))?;
        self.hold(READING / 2);
        self.still("compare")
    }

    /// Presses keys and records until `wanted` accepts the screen.
    fn press(&mut self, keys: &str, what: &str, wanted: impl Fn(&str) -> bool) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.screen.press(keys)?;
        let started = Instant::now();
        while !self.look().is_some_and(|text| wanted(&text)) {
            if started.elapsed() > e2e::DEADLINE {
                return Err(format!("did not see {what}:\n{}", self.screen.text()).into());
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    /// Records for this time.
    fn hold(&mut self, time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            self.look();
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Records the current screen and returns its text; `None` between two frames.
    fn look(&mut self) -> Option<String> {
        let picture = self.screen.picture()?;
        let text = picture.contents();
        svg::add(&mut self.film, picture);
        Some(text)
    }

    fn still(&self, name: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let last = self.film.last().ok_or("nothing was recorded")?;
        std::fs::write(self.docs.join(format!("{name}.svg")), svg::still(last))?;
        Ok(())
    }
}
