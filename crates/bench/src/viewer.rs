//! The real program in a real pseudo-terminal, with timestamps of its screen.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use eyre::{Result, bail, eyre};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use testkit::unused_address;
use vt100::Parser;

use crate::process::Process;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;
/// Time for the screen to reach the expected state.
const DEADLINE: Duration = Duration::from_secs(30);
/// Time without output after which the screen is at rest; longer than the interval of the ten frames a second of a running span.
const REST: Duration = Duration::from_millis(250);

/// A `spanfall` with its screen open, on free ports. Dropping it ends it.
pub(crate) struct Viewer {
    watched: Arc<Watched>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _terminal: Box<dyn MasterPty + Send>,
    started: Instant,
    drawn: Instant,
    api: SocketAddr,
}

/// The screen, kept by the thread that reads the terminal: it checks after every read, so that the measured time is that of the
/// output, not of a later poll.
struct Watched {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    terminal: Parser,
    /// Time of the last output.
    written: Instant,
    waiting: Option<Wanted>,
    found: Option<Instant>,
    ended: bool,
}

type Wanted = Box<dyn Fn(&str) -> bool + Send>;

impl Viewer {
    /// Starts the program with free ports and these further arguments, and waits for its first frame.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let pty = native_pty_system().openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        });
        let pty = pty.map_err(|error| eyre!("cannot open a pseudo-terminal: {error}"))?;
        let mut command = CommandBuilder::new(program);
        command.env("TERM", "xterm-256color");
        // This terminal does not answer what its ground is.
        command.env("COLORFGBG", "15;0");
        // Nor is the developer's own configuration read.
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        for flag in ["--otlp-grpc", "--otlp-http", "--sentry"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        let api = unused_address()?;
        command.args(["--api", &api.to_string()]);
        command.args(["--log-file", "/dev/null"]);
        command.args(arguments);
        let started = Instant::now();
        let child = pty.slave.spawn_command(command);
        let child = child.map_err(|error| eyre!("{} cannot be started: {error}", program.display()))?;
        drop(pty.slave);
        let pipes = (pty.master.try_clone_reader(), pty.master.take_writer());
        let (Ok(output), Ok(keys)) = pipes else {
            bail!("the pseudo-terminal cannot be used")
        };
        let mut viewer = Self {
            watched: Watched::new(output),
            keys,
            child,
            _terminal: pty.master,
            started,
            drawn: started,
            api,
        };
        let complete = |screen: &str| port(screen, "Sentry").is_some() && screen.contains(" quit");
        viewer.drawn = viewer.wait("the first frame", complete)?;
        Ok(viewer)
    }

    /// Returns the time from its start to its first whole frame.
    pub(crate) fn start_up(&self) -> Duration {
        self.drawn.duration_since(self.started)
    }

    pub(crate) fn process(&self) -> Result<Process> {
        let pid = self.child.process_id();
        Ok(Process(pid.ok_or_else(|| eyre!("the program has no process id"))?))
    }

    /// Returns the address of OTLP/HTTP.
    pub(crate) fn otlp_http(&self) -> Result<SocketAddr> {
        self.address("OTLP/HTTP")
    }

    /// Returns the address of OTLP/gRPC.
    pub(crate) fn otlp_grpc(&self) -> Result<SocketAddr> {
        self.address("OTLP/gRPC")
    }

    /// Returns the address of the query API.
    pub(crate) const fn api(&self) -> SocketAddr {
        self.api
    }

    /// Returns the address for envelopes.
    pub(crate) fn sentry(&self) -> Result<SocketAddr> {
        self.address("Sentry")
    }

    fn address(&self, listener: &str) -> Result<SocketAddr> {
        let port = port(&self.text(), listener);
        let port = port.ok_or_else(|| eyre!("the header has no address of {listener}:\n{}", self.text()))?;
        Ok((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Returns the number of stored spans in the header.
    pub(crate) fn spans(&self) -> Result<u64> {
        let text = self.text();
        count_of(&text, "span").ok_or_else(|| eyre!("the header has no number of spans:\n{text}"))
    }

    /// Returns the number of stored log records in the title of their tab, which must be open.
    pub(crate) fn records(&self) -> Result<u64> {
        let text = self.text();
        records_of(&text).ok_or_else(|| eyre!("no number of records on the screen:\n{text}"))
    }

    /// Returns the text on the screen.
    pub(crate) fn text(&self) -> String {
        self.watched.lock().terminal.screen().contents()
    }

    /// Presses keys, as the bytes that a terminal sends for them.
    pub(crate) fn press(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits until the screen is as wanted and returns that moment. `wanted` may be called on another thread.
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool + Send + 'static) -> Result<Instant> {
        self.watched.set(Box::new(wanted));
        self.watched.found(what)
    }

    /// Returns the time from the begin of `act` until the screen is as wanted, which it is not yet.
    pub(crate) fn time(
        &mut self,
        what: &str,
        wanted: impl Fn(&str) -> bool + Send + 'static,
        act: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Duration> {
        if wanted(&self.text()) {
            bail!("the screen shows {what} already:\n{}", self.text());
        }
        self.watched.set(Box::new(wanted));
        let begun = Instant::now();
        act(self)?;
        Ok(self.watched.found(what)?.duration_since(begun))
    }

    /// Waits until nothing has been written for a while.
    pub(crate) fn rest(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let quiet = self.watched.lock().written.max(begun).elapsed();
            match REST.checked_sub(quiet) {
                None => return Ok(()),
                Some(left) => thread::sleep(left),
            }
            if begun.elapsed() > DEADLINE {
                bail!("the screen never is at rest:\n{}", self.text());
            }
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watched {
    /// Reads a terminal's output until it ends.
    fn new(mut output: Box<dyn Read + Send>) -> Arc<Self> {
        let watched = Arc::new(Self {
            state: Mutex::new(State {
                terminal: Parser::new(ROWS, COLUMNS, 0),
                written: Instant::now(),
                waiting: None,
                found: None,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let reader = watched.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                reader.written(&buffer[..read], Instant::now());
            }
            reader.lock().ended = true;
            reader.changed.notify_all();
        });
        watched
    }

    fn written(&self, bytes: &[u8], now: Instant) {
        let mut state = self.lock();
        state.terminal.process(bytes);
        state.written = now;
        state.look(now);
        if state.found.is_some() {
            self.changed.notify_all();
        }
    }

    fn set(&self, wanted: Wanted) {
        let mut state = self.lock();
        state.waiting = Some(wanted);
        state.found = None;
        let written = state.written;
        state.look(written);
    }

    fn found(&self, what: &str) -> Result<Instant> {
        let begun = Instant::now();
        let waits = |state: &mut State| state.found.is_none() && !state.ended;
        let waited = self.changed.wait_timeout_while(self.lock(), DEADLINE, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting = None;
        let screen = state.terminal.screen();
        state.found.ok_or_else(|| {
            let ended = if state.ended { ", and it has ended" } else { "" };
            eyre!(
                "waited {:?} for {what}{ended}; the screen:\n{}",
                begun.elapsed(),
                screen.contents()
            )
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self, now: Instant) {
        if let Some(wanted) = &self.waiting
            && wanted(&self.terminal.screen().contents())
        {
            self.found = Some(now);
            self.waiting = None;
        }
    }
}

/// The port after a listener's name: `OTLP/HTTP :4318`. Older releases had it in lowercase.
fn port(screen: &str, listener: &str) -> Option<u16> {
    let screen = screen.to_ascii_lowercase();
    let (_, rest) = screen.split_once(&listener.to_ascii_lowercase())?;
    let digits = rest.trim_start().strip_prefix(':')?;
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    digits[..end].parse().ok()
}

/// The number before a noun in the first line: `1,234 spans`.
pub(crate) fn count_of(screen: &str, noun: &str) -> Option<u64> {
    count_in(screen.lines().next()?, noun)
}

/// The number of stored log records in the title of their tab: `1,234 records`, or `1 of 1,234 records`.
pub(crate) fn records_of(screen: &str) -> Option<u64> {
    // Behind the mark of the focused part.
    let mut titles = screen.lines().filter(|line| line.chars().skip(1).take(4).eq("LOGS".chars()));
    count_in(titles.next()?, "record")
}

fn count_in(header: &str, noun: &str) -> Option<u64> {
    let noun = format!(" {noun}");
    let mut before = header.match_indices(&noun).map(|(at, _)| &header[..at]);
    let before = before.find(|before| before.ends_with(|c: char| c.is_ascii_digit()))?;
    // Older releases had spaces between groups of three.
    let digits = before
        .chars()
        .rev()
        .take_while(|c| c.is_ascii_digit() || *c == ',' || c.is_whitespace());
    let digits: Vec<char> = digits.filter(char::is_ascii_digit).collect();
    digits.iter().rev().collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: &str =
        "[1 Traces 12.3k]│ 8 Ingest       1\u{202f}234\u{202f}567 spans \n 127.0.0.1  OTLP/gRPC :4317 Sentry :8969 ";

    #[test]
    fn header_is_parsed() {
        assert_eq!(count_of(SCREEN, "span"), Some(1_234_567));
        assert_eq!(count_of("[1 Traces 12]  1,234 spans", "span"), Some(1_234));
        assert_eq!(count_of(" spanfall  1 trace · 1 span · 0", "span"), Some(1));
        assert_eq!(count_of("", "span"), None);
        assert_eq!(records_of("0 spans\n▌LOGS  following newest ── 1,234 records"), Some(1_234));
        assert_eq!(records_of("0 spans\n LOGS  2 new below ── 1 of 1,234 records"), Some(1_234));
        assert_eq!(records_of("1 record"), None);
        assert_eq!(port(SCREEN, "OTLP/gRPC"), Some(4317));
        assert_eq!(port(&SCREEN.to_lowercase(), "OTLP/gRPC"), Some(4317));
        assert_eq!(port(SCREEN, "sentry"), Some(8969));
        assert_eq!(port(SCREEN, "OTLP/HTTP"), None);
    }

    #[test]
    fn moment_is_that_of_the_matching_output() {
        let watched = Watched::new(Box::new(std::io::empty()));
        let before = Instant::now();
        watched.set(Box::new(|screen| screen.contains("here")));
        watched.written(b"not the", before);
        watched.written(b"\x1b[1mre, he\x1b[0mre", before + Duration::from_secs(1));
        watched.written(b", later", before + Duration::from_secs(2));
        assert_eq!(watched.found("it").ok(), Some(before + Duration::from_secs(1)));
    }

    #[test]
    fn wait_ends_with_the_program() {
        let watched = Watched::new(Box::new(&b"bye"[..]));
        watched.set(Box::new(|screen| screen.contains("hello")));
        let error = watched.found("a greeting").expect_err("it never appears").to_string();
        assert!(
            error.contains("a greeting, and it has ended") && error.contains("bye"),
            "{error}"
        );
    }
}
