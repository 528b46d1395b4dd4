//! A terminal with `spanfall` in it, and the files it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use e2e::screen::Screen;
use tempfile::TempDir;

/// A terminal in which `spanfall` was started, with free ports and a temporary directory for its files.
pub(crate) struct Session {
    pub(crate) screen: Screen,
    directory: TempDir,
}

impl Session {
    /// Starts `spanfall` with these arguments.
    pub(crate) fn take(arguments: &str, environment: &[(&str, String)]) -> Self {
        let spanfall = testkit::bin("spanfall").unwrap();
        let directory = TempDir::new().unwrap();
        let mut all = vec![
            ("API_ADDR", "127.0.0.1:0".to_owned()),
            ("PAGE_ADDR", "127.0.0.1:0".to_owned()),
            // No page unless a test requests it.
            ("PAGE_DIR", directory.path().display().to_string()),
            ("MAIL_DIR", directory.path().join("mail").display().to_string()),
            ("XDG_STATE_HOME", directory.path().display().to_string()),
        ];
        all.extend(environment.iter().cloned());
        // exec would replace the shell that checks the terminal afterwards.
        let script = format!(
            "cd {session}; stty -a > before; {spanfall} {arguments}; echo $? > status; stty -a > after",
            session = directory.path().display(),
            spanfall = spanfall.display(),
        );
        Self {
            screen: Screen::start(&script, all, 120, 40).unwrap(),
            directory,
        }
    }

    /// Starts the demo on free ports.
    pub(crate) fn demo(environment: &[(&str, String)]) -> Self {
        Self::take(
            "demo --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 --api off",
            environment,
        )
    }

    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// Returns the sent mails.
    pub(crate) fn mails(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.directory.path().join("mail")) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect()
    }

    /// Waits until so many mails are sent.
    pub(crate) fn wait_mails(&self, count: usize) {
        assert!(within(|| self.mails().len() == count), "sent: {:?}", self.mails());
    }

    /// Returns the viewer's process, and its child processes.
    pub(crate) fn processes(&self) -> (u32, Vec<u32>) {
        let shell = self.screen.pid().expect("the shell runs");
        let viewer = *children(shell).first().expect("the viewer runs");
        (viewer, children(viewer))
    }

    /// Waits until none of these processes is left.
    pub(crate) fn gone(processes: &[u32]) -> bool {
        let alive = |pid: &u32| {
            // An exited process that was not reaped yet does not count.
            fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
        };
        within(|| !processes.iter().any(alive))
    }

    /// Asserts that the terminal's settings are restored, the normal screen is shown, and the cursor is visible.
    pub(crate) fn assert_restored(&self) {
        assert!(!self.file("before").is_empty());
        assert_eq!(self.file("before"), self.file("after"));
        assert_eq!(self.screen.taken_over(), (false, false), "alternate screen, hidden cursor");
    }
}

/// Returns true once a condition is met, false if it is not within the deadline.
fn within(mut is_met: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + e2e::DEADLINE;
    while !is_met() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Returns the child processes of a process.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    let lists = threads
        .into_iter()
        .flatten()
        .flatten()
        .map(|thread| fs::read_to_string(thread.path().join("children")));
    lists
        .flatten()
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}
