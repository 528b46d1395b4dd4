//! Where a mail goes.

use std::future::Future;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Composed;

/// Sends mail. The same [`Composed::id`] may come again and must not make a second mail where that can be helped.
pub trait MailTransport: Send + Sync {
    /// A short name for spans and logs.
    fn name(&self) -> &'static str;

    /// Sends one mail; it is sent once this returns.
    fn send<'a>(&'a self, mail: &'a Composed) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;
}

/// A mail was not sent. The text quotes neither the mail nor its address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// What went wrong.
    pub reason: String,
    /// The reply code of the SMTP server, if it answered.
    pub smtp_code: Option<u16>,
    /// Whether trying again can help.
    pub transient: bool,
}

impl SendError {
    /// A failure that may be over in a moment.
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            smtp_code: None,
            transient: true,
        }
    }
}

/// Writes each mail into a file of its own, `<message id>.eml`, readable to its owner alone.
#[derive(Debug)]
pub struct FileTransport {
    dir: PathBuf,
}

impl FileTransport {
    /// Creates the directory if needed, and removes the unfinished mails that a killed mailer left in it: each holds a token.
    ///
    /// # Errors
    /// The directory cannot be created or read.
    pub fn new(dir: PathBuf) -> std::io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            if is_unfinished(&entry.file_name()) && entry.file_type()?.is_file() {
                remove_if_abandoned(&entry.path());
            }
        }
        Ok(Self { dir })
    }

    /// Over a file that is there already: the same message again, the same mail. Written aside and renamed, so that nobody ever
    /// reads half a mail.
    fn write(&self, mail: &Composed) -> std::io::Result<()> {
        use std::io::Write as _;
        // Of its own for each writing: a message that is delivered again may be under way still.
        static WRITINGS: AtomicU64 = AtomicU64::new(0);
        let writing = WRITINGS.fetch_add(1, Ordering::Relaxed);
        let unfinished = self
            .dir
            .join(format!(".{}.{}.{writing}{UNFINISHED}", mail.id, std::process::id()));
        // `create_new` follows no symlink and opens nothing that somebody else made.
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        let written = (|| {
            // The kernel drops the lock with the process: that tells an abandoned file from one that is being written. A file
            // system without locks leaves abandoned files in place.
            let _ = file.try_lock();
            file.write_all(&mail.mail.formatted())?;
            // The message is acknowledged after this: what is on the disk then must survive a crash.
            file.sync_all()?;
            std::fs::rename(&unfinished, self.dir.join(format!("{}.eml", mail.id)))
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        written
    }
}

/// How the name of an unfinished mail ends; it starts with a dot.
const UNFINISHED: &str = ".tmp";

fn is_unfinished(name: &std::ffi::OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(UNFINISHED.as_bytes())
}

/// A file whose writer is alive is locked. One that cannot be locked or removed stays: mail works without that.
fn remove_if_abandoned(path: &std::path::Path) {
    if std::fs::File::open(path).is_ok_and(|file| file.try_lock().is_ok()) {
        let _ = std::fs::remove_file(path);
    }
}

impl MailTransport for FileTransport {
    fn name(&self) -> &'static str {
        "file"
    }

    fn send<'a>(&'a self, mail: &'a Composed) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>> {
        Box::pin(async move {
            tokio::task::block_in_place(|| self.write(mail))
                .map_err(|error| SendError::transient(format!("cannot write the mail: {}", error.kind())))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::compose::compose;

    fn composed(id: &str) -> Composed {
        let email = "jane@example.org".parse().expect("valid");
        compose(id, &mail_queue::ResetRequest { email }, "http://here").unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_message_that_comes_again_makes_no_second_mail() {
        let dir = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(dir.path().join("new/mail")).unwrap();
        for id in ["a", "a", "b"] {
            transport.send(&composed(id)).await.unwrap();
        }
        let mut files: Vec<_> = std::fs::read_dir(&transport.dir)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        files.sort();
        assert_eq!(files, ["a.eml", "b.eml"]);
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(transport.dir.clone()), 0o700);
        assert_eq!(mode(transport.dir.join("a.eml")), 0o600);
    }

    #[test]
    fn unfinished_mails_of_a_killed_mailer_are_removed_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            std::fs::write(dir.path().join(name), "reset-password?token=secret").unwrap();
        };
        // Of a killed mailer, of one that runs, a mail, a file of somebody else.
        for name in [".a.4194304.0.tmp", ".b.1.0.tmp", "c.eml", "notes.tmp"] {
            file(name);
        }
        let writing = std::fs::File::open(dir.path().join(".b.1.0.tmp")).unwrap();
        writing.lock().unwrap();
        std::os::unix::fs::symlink(dir.path().join("c.eml"), dir.path().join(".d.1.0.tmp")).unwrap();
        FileTransport::new(dir.path().to_owned()).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".b.1.0.tmp", ".d.1.0.tmp", "c.eml", "notes.tmp"]);
    }

    #[test]
    fn a_mail_that_cannot_be_finished_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(dir.path().to_owned()).unwrap();
        std::fs::create_dir(dir.path().join("a.eml")).unwrap();
        transport.write(&composed("a")).unwrap_err();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the directory");
    }

    #[test]
    fn a_mail_is_written_through_no_symlink() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        let transport = FileTransport::new(dir.path().join("mail")).unwrap();
        std::fs::write(&elsewhere, "mine").unwrap();
        // The names to come: the next writings of this process, and the mail itself.
        let process = std::process::id();
        let names = (0..1_000).map(|writing| format!(".a.{process}.{writing}.tmp"));
        for name in names.chain(["a.eml".to_owned()]) {
            std::os::unix::fs::symlink(&elsewhere, transport.dir.join(name)).unwrap();
        }
        transport.write(&composed("a")).unwrap_err();
        transport.write(&composed("b")).unwrap();
        assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "mine");
    }

    #[test]
    fn a_message_that_is_handled_twice_at_once_makes_no_half_mail() {
        let dir = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(dir.path().to_owned()).unwrap();
        let mail = composed("a");
        let whole = mail.mail.formatted();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        transport.write(&mail).unwrap();
                        assert!(
                            std::fs::read(dir.path().join("a.eml")).unwrap() == whole,
                            "half a mail was there to read"
                        );
                    }
                });
            }
        });
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_directory_that_went_away_is_a_failure_for_the_moment() {
        let dir = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(dir.path().join("mail")).unwrap();
        std::fs::remove_dir(&transport.dir).unwrap();
        let error = transport.send(&composed("a")).await.unwrap_err();
        assert!(error.transient && !error.reason.contains("jane"), "{error}");
    }
}
