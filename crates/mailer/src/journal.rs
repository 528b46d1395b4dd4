//! Which mails were sent, on disk, so that a redelivered message makes no second mail.
//!
//! A line is written once the mail is sent and before its message is acknowledged: `<seconds since 1970> <message id> .`. Its end
//! shows that it is whole: what a crash has cut off is skipped. The line is on the disk before the acknowledgment
//! (`fdatasync`), so that also a machine that loses power sends no more mails twice than were in hand.
//!
//! It is bounded: a generation that is full or old becomes the previous one, and the one before that is gone. Mailers may share a
//! journal: each appends whole lines, and reads what the others have appended before it looks an id up.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// When a generation is full, in bytes: 90,000 ids of the API's.
const GENERATION_BYTES: u64 = 4 << 20;

/// When a generation is old: a message may wait for its attempts for an hour, and a broker may be away for a weekend.
const GENERATION_AGE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The ids of the mails that were sent lately: at least the newest `GENERATION_BYTES` of them, or those of three days.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    generation_bytes: u64,
    state: Mutex<State>,
    /// An id is no longer claimed.
    released: Notify,
}

#[derive(Debug)]
struct State {
    current: Generation,
    previous: HashSet<Box<str>>,
    /// The ids of mails that are being sent by this process.
    claimed: HashSet<Box<str>>,
}

/// The file that lines are appended to, and what has been read of it.
#[derive(Debug)]
struct Generation {
    file: File,
    /// Which file it is, whatever its name is by now.
    inode: (u64, u64),
    ids: HashSet<Box<str>>,
    /// How many bytes of it have been read.
    read: u64,
    /// When its first line was written, in seconds since 1970.
    since: Option<u64>,
}

/// The right to send the mail of one id.
#[derive(Debug)]
pub struct Claim<'a> {
    journal: &'a Journal,
    id: Box<str>,
}

impl Journal {
    /// Opens the journal at `path`, and creates it and its directory if need be.
    ///
    /// # Errors
    /// That fails.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        Self::open_with(path, GENERATION_BYTES)
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

    /// Claims an id, so that nobody else in this process sends its mail meanwhile; `None` if its mail was sent already. Waits
    /// while somebody else has claimed it.
    ///
    /// # Errors
    /// What other mailers have appended cannot be read.
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
        // Remembered whatever the disk says: the mail is sent.
        state.current.ids.insert(id.into());
        state.refresh(&self.path)?;
        state.rotate(&self.path, self.generation_bytes, now)?;
        state.current.ids.insert(id.into());
        // One write at the end of the file: whole, whoever else appends.
        state.current.file.write_all(format!("{now} {id} .\n").as_bytes())?;
        let file = state.current.file.try_clone()?;
        drop(state);
        // Without the lock: mails that are sent at the same time share the wait for the disk.
        file.sync_data()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Records that the mail is sent. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// It cannot be written; this process remembers it all the same.
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
    /// Reads what has been appended since, by whomever.
    fn refresh(&mut self, path: &Path) -> io::Result<()> {
        let there = match std::fs::metadata(path) {
            Ok(metadata) => Some((metadata.dev(), metadata.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if there == Some(self.current.inode) {
            return self.current.read_on();
        }
        // Another mailer has begun a new generation (or somebody has deleted the file).
        self.current.read_on()?;
        let ended = std::mem::replace(&mut self.current, Generation::open(path)?);
        self.previous = previous_ids(path)?;
        self.previous.extend(ended.ids);
        Ok(())
    }

    /// Begins a new generation if the current one is full or old.
    fn rotate(&mut self, path: &Path, generation_bytes: u64, now: u64) -> io::Result<()> {
        let age = self.current.since.map_or(0, |since| now.saturating_sub(since));
        if self.current.read < generation_bytes && age < GENERATION_AGE.as_secs() {
            return Ok(());
        }
        // Two mailers that did this at once would throw away what the first of them has just set aside.
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
            // What is appended must not become part of a line that was cut off.
            file.write_all(b"\n")?;
        }
        // The name itself must be there after a crash, too.
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

    /// Reads the whole lines behind what has been read.
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

/// The time and the id of a line; `None` for what is left of one.
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
