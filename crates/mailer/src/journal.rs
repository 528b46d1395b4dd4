//! The on-disk journal of sent mails, so that a redelivered message sends no second mail.
//!
//! A line is written after the mail is sent and before its message is acknowledged: `<seconds since 1970> <message id> .`. The dot
//! marks a complete line: one truncated by a crash is skipped. The line is on disk before the acknowledgment
//! (`fdatasync`), so that even after a power loss only mails in flight can be sent twice.
//!
//! It is bounded: a full or old generation replaces the previous one. Mailers may share a
//! journal: each appends complete lines, and reads the lines of the others before it looks up an id.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// The size limit of a generation in bytes: 90,000 ids of the API's format.
const GENERATION_BYTES_MAX: u64 = 4 << 20;

/// The age limit of a generation: retries take up to an hour, and a broker may be down for a weekend.
const GENERATION_AGE_MAX: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The ids of recently sent mails: at least the newest `GENERATION_BYTES_MAX`, or those of three days.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    generation_bytes: u64,
    state: Mutex<State>,
    /// Notified when a claim ends.
    released: Notify,
}

#[derive(Debug)]
struct State {
    current: Generation,
    previous: HashSet<Box<str>>,
    /// The ids claimed in this process.
    claimed: HashSet<Box<str>>,
}

/// The file that lines are appended to, and its parsed ids.
#[derive(Debug)]
struct Generation {
    file: File,
    /// The inode, which identifies the file after a rename.
    inode: (u64, u64),
    ids: HashSet<Box<str>>,
    /// The number of bytes read.
    read: u64,
    /// The time of its first line, in seconds since the Unix epoch.
    since: Option<u64>,
}

/// The exclusive right, within this process, to send the mail of one id.
#[derive(Debug)]
pub struct Claim<'a> {
    journal: &'a Journal,
    id: Box<str>,
}

impl Journal {
    /// Opens the journal at `path`, and creates it and its directory if necessary.
    ///
    /// # Errors
    /// The file or its directory cannot be opened, created or read.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        Self::open_with(path, GENERATION_BYTES_MAX)
    }

    fn open_with(path: PathBuf, generation_bytes: u64) -> io::Result<Self> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let state = State {
            current: Generation::open(&path)?,
            previous: previous_ids(&path)?,
            claimed: HashSet::new(),
        };
        Ok(Self {
            path,
            generation_bytes,
            state: Mutex::new(state),
            released: Notify::new(),
        })
    }

    /// Claims an id, so that no other task of this process sends its mail; returns `None` if it was already sent. Waits
    /// while another task has claimed it.
    ///
    /// # Errors
    /// The lines of other mailers cannot be read.
    pub async fn claim(&self, id: &str) -> io::Result<Option<Claim<'_>>> {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            {
                let mut state = self.state();
                state.refresh(&self.path)?;
                if state.current.ids.contains(id) || state.previous.contains(id) {
                    return Ok(None);
                }
                if state.claimed.insert(id.into()) {
                    return Ok(Some(Claim {
                        journal: self,
                        id: id.into(),
                    }));
                }
            }
            released.await;
        }
    }

    fn record(&self, id: &str, now: SystemTime) -> io::Result<()> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut state = self.state();
        // Recorded in memory even if the write fails, because the mail is sent.
        state.current.ids.insert(id.into());
        state.refresh(&self.path)?;
        state.rotate(&self.path, self.generation_bytes, now)?;
        state.current.ids.insert(id.into());
        // One appending write, which is atomic among mailers.
        state.current.file.write_all(format!("{now} {id} .\n").as_bytes())?;
        let file = state.current.file.try_clone()?;
        drop(state);
        // Without the lock: concurrent mails share one sync.
        file.sync_data()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Records that the mail is sent. Blocks until it is on disk.
    ///
    /// # Errors
    /// It cannot be written; this process still remembers the id.
    pub fn sent(self) -> io::Result<()> {
        self.journal.record(&self.id, SystemTime::now())
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.journal.state().claimed.remove(&self.id);
        self.journal.released.notify_waiters();
    }
}

impl State {
    /// Reads the lines appended since the last read.
    fn refresh(&mut self, path: &Path) -> io::Result<()> {
        let there = match std::fs::metadata(path) {
            Ok(metadata) => Some((metadata.dev(), metadata.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if there == Some(self.current.inode) {
            return self.current.read_on();
        }
        // Another mailer has begun a new generation (or the file was deleted).
        self.current.read_on()?;
        let ended = std::mem::replace(&mut self.current, Generation::open(path)?);
        self.previous = previous_ids(path)?;
        self.previous.extend(ended.ids);
        Ok(())
    }

    /// Begins a new generation if the current one is full or old.
    fn rotate(&mut self, path: &Path, generation_bytes: u64, now: u64) -> io::Result<()> {
        let age = self.current.since.map_or(0, |since| now.saturating_sub(since));
        if self.current.read < generation_bytes && age < GENERATION_AGE_MAX.as_secs() {
            return Ok(());
        }
        // Locked, because the second of two concurrent rotations would discard the generation of the first.
        if self.current.file.try_lock().is_err() {
            return Ok(());
        }
        let there = std::fs::metadata(path).is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.current.inode);
        if there {
            std::fs::rename(path, previous(path))?;
        }
        let ended = std::mem::replace(&mut self.current, Generation::open(path)?);
        self.previous = ended.ids;
        Ok(())
    }
}

impl Generation {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
        let metadata = file.metadata()?;
        if ends_in_the_middle(&mut file, metadata.len())? {
            // A new line must not be appended to a truncated one.
            file.write_all(b"\n")?;
        }
        // The directory entry must survive a crash, too.
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            File::open(directory)?.sync_all()?;
        }
        let mut generation = Self {
            inode: (metadata.dev(), metadata.ino()),
            file,
            ids: HashSet::new(),
            read: 0,
            since: None,
        };
        generation.read_on()?;
        Ok(generation)
    }

    /// Parses the complete lines after the read position.
    fn read_on(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length == self.read {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut text = Vec::new();
        (&self.file).take(length.saturating_sub(self.read)).read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for (time, id) in text[..whole].split(|byte| *byte == b'\n').filter_map(entry) {
            self.since.get_or_insert(time);
            self.ids.insert(id.into());
        }
        self.read += whole as u64;
        Ok(())
    }
}

fn ends_in_the_middle(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Parses the time and the id of a line; returns `None` for a truncated one.
fn entry(line: &[u8]) -> Option<(u64, &str)> {
    let line = str::from_utf8(line).ok()?.strip_suffix(" .")?;
    let (time, id) = line.split_once(' ')?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (!id.is_empty() && id.bytes().all(safe)).then_some((time.parse().ok()?, id))
}

fn previous(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".previous");
    name.into()
}

fn previous_ids(path: &Path) -> io::Result<HashSet<Box<str>>> {
    let text = match std::fs::read(previous(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        text => text?,
    };
    Ok(text
        .split(|byte| *byte == b'\n')
        .filter_map(entry)
        .map(|(_, id)| id.into())
        .collect())
}

#[cfg(test)]
mod tests;
