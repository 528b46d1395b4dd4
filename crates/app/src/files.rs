//! The files that are shown instead of what arrives.

use trace_files::{Problems, Report};

use super::{App, Notice};
use crate::format;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFile {
    /// Its name, as it was given.
    pub name: String,
    /// State of reading it.
    pub state: FileState,
}

/// State of reading a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is its turn, or soon will be: bytes read, of how many (0 of 0 before that is known).
    Reading(usize, usize),
    /// All of it has been read, but for what it says itself.
    Read(Report),
    /// Nothing of it can be shown, for this reason.
    Failed(String),
}

/// All of them, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Each of them.
    pub list: Vec<ShownFile>,
    /// Time of the newest record, in nanoseconds since the Unix epoch; 0 before the first.
    pub newest_unix_nano: u64,
}

impl Files {
    /// Files that are about to be read.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let list = names.into_iter().map(|name| ShownFile {
            name,
            state: FileState::Reading(0, 0),
        });
        Self {
            list: list.collect(),
            newest_unix_nano: 0,
        }
    }

    /// Notes how far the file at this position has been read.
    pub fn set(&mut self, at: usize, state: FileState) {
        if let Some(file) = self.list.get_mut(at) {
            file.state = state;
        }
    }

    /// The first one that is not at its end.
    #[must_use]
    pub fn reading(&self) -> Option<&ShownFile> {
        self.list.iter().find(|file| matches!(file.state, FileState::Reading(..)))
    }

    /// Returns the reasons of files that cannot be shown.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter_map(|file| match &file.state {
            FileState::Failed(why) => Some(why.as_str()),
            _ => None,
        })
    }

    /// Returns true if no file can be shown, now or later.
    #[must_use]
    pub fn all_failed(&self) -> bool {
        !self.list.is_empty() && self.list.iter().all(|file| matches!(file.state, FileState::Failed(_)))
    }

    /// Returns the number of spans, log records, documents and files that could not be read.
    #[must_use]
    pub fn problems(&self) -> u64 {
        let problems = |file: &ShownFile| match &file.state {
            FileState::Reading(..) => 0,
            FileState::Read(report) => report.problems.count,
            FileState::Failed(_) => 1,
        };
        self.list.iter().map(problems).sum()
    }
}

impl App {
    /// Notes how far a file has been read, and says what of it was not.
    pub(super) fn set_file(&mut self, at: usize, state: FileState) {
        let text = match &state {
            FileState::Reading(..) => None,
            FileState::Read(report) => match report.problems.first.first() {
                Some(problem) => {
                    let file = self.files.list.get(at).map_or("", |file| &file.name);
                    let count = report.problems.count;
                    Some(format!(
                        "{} not read in {file}, the first one at {problem}",
                        format::grouped(count)
                    ))
                }
                None => warned(&report.warnings),
            },
            FileState::Failed(why) => Some(why.lines().next().unwrap_or_default().to_owned()),
        };
        if let Some(text) = text {
            self.notice = Some(Notice { text, error: true });
        }
        self.files.set(at, state);
    }

    pub(super) fn warn_of_files(&mut self, warnings: &Problems) {
        if let Some(text) = warned(warnings) {
            self.notice = Some(Notice { text, error: true });
        }
    }
}

fn warned(warnings: &Problems) -> Option<String> {
    let first = warnings.first.first()?;
    Some(match warnings.count {
        1 => format!("warning: {first}"),
        count => format!("{} warnings, the first one: {first}", format::grouped(count)),
    })
}
