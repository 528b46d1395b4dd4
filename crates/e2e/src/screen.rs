//! A program in its own terminal: sends keys and reads the screen.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::{DEADLINE, Error};

/// Interval of reading the screen.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Variables that affect the programs under test.
const FOREIGN: [&str; 10] = [
    "RABBITMQ_URL",
    "SENTRY_AUTH_TOKEN",
    "SENTRY_DSN",
    "SENTRY_ORG",
    "SENTRY_URL",
    "SMTP_URL",
    "NO_COLOR",
    "API_ADDR",
    "RUST_LOG",
    "SPANFALL_SENTRY_ASK_AFTER",
];

/// A pseudo-terminal with a program in it. Dropping it kills the program.
pub struct Screen {
    parser: Arc<Mutex<Recorded>>,
    keys: Box<dyn Write + Send>,
    child: Running,
    /// Reads the output until it is closed.
    output: JoinHandle<()>,
    /// True while reading is paused.
    stopped: Arc<AtomicBool>,
    /// True to end the reader.
    closed: Arc<AtomicBool>,
    master: Box<dyn MasterPty + Send>,
}

/// A program whose terminal is closed. Dropping it kills the program.
pub struct Orphan {
    child: Running,
}

struct Recorded {
    terminal: vt100::Parser,
    bytes: Vec<u8>,
}

/// Returns a screen's text from the title of its waterfall on, if that is of this trace: the title ends with the beginning of its id.
#[must_use]
pub fn waterfall_of<'a>(text: &'a str, trace_id: &str) -> Option<&'a str> {
    let (_, waterfall) = text.split_once("WATERFALL  ")?;
    let title = waterfall.lines().next()?;
    title.contains(&trace_id[..8]).then_some(waterfall)
}

impl Screen {
    /// Starts a shell command in a terminal of this size. The shell is `sh`, so that a test can check the terminal's settings
    /// before and after.
    pub fn start<K, V>(
        script: &str,
        environment: impl IntoIterator<Item = (K, V)>,
        columns: u16,
        rows: u16,
    ) -> Result<Self, Error>
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        Self::start_in(script, environment, columns, rows, true)
    }

    /// Like [`Self::start`]; a terminal that does not control the program sends it no signals.
    pub fn start_in<K, V>(
        script: &str,
        environment: impl IntoIterator<Item = (K, V)>,
        columns: u16,
        rows: u16,
        controls: bool,
    ) -> Result<Self, Error>
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let pty = native_pty_system().openpty(PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        command.set_controlling_tty(controls);
        command.env("TERM", "xterm-256color");
        // This terminal does not report its background color.
        command.env("COLORFGBG", "15;0");
        // Nor is the developer's own configuration read.
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        // The developer's environment must not affect the test.
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command)?;
        drop(pty.slave);

        let parser = Arc::new(Mutex::new(Recorded {
            terminal: vt100::Parser::new(rows, columns, 0),
            bytes: Vec::new(),
        }));
        let mut written = pty.master.try_clone_reader()?;
        let reader = parser.clone();
        let stopped = Arc::new(AtomicBool::new(false));
        let waits = stopped.clone();
        let closed = Arc::new(AtomicBool::new(false));
        let ends = closed.clone();
        let output = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read) = written.read(&mut buffer) {
                if read == 0 || ends.load(Ordering::Acquire) {
                    break;
                }
                while waits.load(Ordering::Acquire) {
                    std::thread::park();
                }
                let mut recorded = lock(&reader);
                recorded.terminal.process(&buffer[..read]);
                recorded.bytes.extend_from_slice(&buffer[..read]);
            }
        });
        Ok(Self {
            parser,
            keys: pty.master.take_writer()?,
            child: Running(child),
            output,
            stopped,
            closed,
            master: pty.master,
        })
    }

    /// Closes the terminal like a closed window. `key` makes the program write, so that the reader can end.
    pub fn close(mut self, key: &str) -> Result<Orphan, Error> {
        self.closed.store(true, Ordering::Release);
        self.press(key)?;
        self.output.join().map_err(|_| "the reader panicked")?;
        drop((self.keys, self.master));
        Ok(Orphan { child: self.child })
    }

    /// Pauses reading the output, as a terminal does on `^S`, or resumes it.
    pub fn stop_reading(&self, stop: bool) {
        self.stopped.store(stop, Ordering::Release);
        self.output.thread().unpark();
    }

    /// Returns the shell's process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.0.process_id()
    }

    /// Presses keys, as the bytes sent by a terminal.
    pub fn press(&mut self, keys: &str) -> Result<(), Error> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Returns the current text of the screen.
    #[must_use]
    pub fn text(&self) -> String {
        lock(&self.parser).terminal.screen().contents()
    }

    /// Returns the text of the screen if the last output was the end of a frame: ratatui moves or hides the cursor after each.
    /// Between two frames, panes may show different states.
    #[must_use]
    pub fn frame(&self) -> Option<String> {
        let recorded = lock(&self.parser);
        let whole = recorded.bytes.ends_with(b"\x1b[?25l");
        whole.then(|| recorded.terminal.screen().contents())
    }

    /// Like [`Self::frame`], with colors.
    #[must_use]
    pub fn picture(&self) -> Option<vt100::Screen> {
        let recorded = lock(&self.parser);
        let whole = recorded.bytes.ends_with(b"\x1b[?25l");
        whole.then(|| recorded.terminal.screen().clone())
    }

    /// Returns all output so far.
    #[must_use]
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&lock(&self.parser).bytes).into_owned()
    }

    /// Returns whether the alternate screen is shown, and whether the cursor is hidden.
    #[must_use]
    pub fn taken_over(&self) -> (bool, bool) {
        let recorded = lock(&self.parser);
        let screen = recorded.terminal.screen();
        (screen.alternate_screen(), screen.hide_cursor())
    }

    /// Waits until `wanted` accepts the screen, and returns its text.
    ///
    /// # Panics
    /// The deadline passed: the panic shows the screen.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.look(what, || Some(self.text()), wanted)
    }

    /// Like [`Self::wait`], for a complete frame; not while a cursor is shown.
    ///
    /// # Panics
    /// The deadline passed: the panic shows the screen.
    pub fn wait_frame(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.look(what, || self.frame(), wanted)
    }

    fn look(&self, what: &str, seen: impl Fn() -> Option<String>, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            if let Some(text) = seen().filter(|text| wanted(text)) {
                return text;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "timed out waiting for {what}; the screen:\n{}",
                self.text()
            );
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Waits until the program has exited.
    ///
    /// # Panics
    /// The deadline passed: the panic shows the screen.
    pub fn ended(&mut self) -> Result<ExitStatus, Error> {
        let started = Instant::now();
        loop {
            // Its last output may still be in the pipe.
            if let Some(status) = self.child.0.try_wait()?.filter(|_| self.output.is_finished()) {
                return Ok(status);
            }
            assert!(
                started.elapsed() < DEADLINE,
                "program did not exit; the screen:\n{}",
                self.text()
            );
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }
}

impl Orphan {
    /// Waits until the program has exited.
    ///
    /// # Panics
    /// The deadline passed.
    pub fn ended(&mut self) -> Result<ExitStatus, Error> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.0.try_wait()? {
                return Ok(status);
            }
            assert!(started.elapsed() < DEADLINE, "program did not exit");
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }
}

/// A program that is killed when dropped.
struct Running(Box<dyn Child + Send + Sync>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn lock(recorded: &Mutex<Recorded>) -> MutexGuard<'_, Recorded> {
    recorded.lock().unwrap_or_else(PoisonError::into_inner)
}
