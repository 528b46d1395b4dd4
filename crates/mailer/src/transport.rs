//! Mail transports.

use std::future::Future;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Composed;

/// A mail transport. The same [`Composed::id`] may be sent again and should not produce a second mail.
pub trait MailTransport: Send + Sync {
    /// Returns a short name for spans and logs.
    fn name(&self) -> &'static str;

    /// Sends one mail; it is accepted once this returns.
    fn send<'a>(&'a self, mail: &'a Composed) -> Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 'a>>;
}

/// A failed send. The text quotes neither the mail nor its address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendError {
    /// The reason, without personal data.
    pub reason: String,
    /// The SMTP reply code, if the server replied.
    pub smtp_code: Option<u16>,
    /// A retry can succeed.
    pub transient: bool,
}

impl SendError {
    /// Creates a temporary failure.
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            smtp_code: None,
            transient: true,
        }
    }
}

/// Writes each mail to `<message id>.eml`, readable only by its owner.
#[derive(Debug)]
pub struct FileTransport {
    dir: PathBuf,
}

impl FileTransport {
    /// Creates the directory if needed, and removes unfinished mails of a killed mailer, because they hold tokens.
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

    /// Replaces an existing file, which is the same mail. Written to a temporary file and renamed, so that readers never
    /// see a partial mail.
    fn write(&self, mail: &Composed) -> std::io::Result<()> {
        use std::io::Write as _;
        // Unique per write: a redelivered message may still be being written.
        static WRITINGS: AtomicU64 = AtomicU64::new(0);
        let writing = WRITINGS.fetch_add(1, Ordering::Relaxed);
        let unfinished = self
            .dir
            .join(format!(".{}.{}.{writing}{UNFINISHED_SUFFIX}", mail.id, std::process::id()));
        // `create_new` follows no symlink and opens no existing file.
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        let written = (|| {
            // The kernel releases the lock with the process: that distinguishes an abandoned file from one being written. A file
            // system without locks leaves abandoned files in place.
            let _ = file.try_lock();
            file.write_all(&mail.mail.formatted())?;
            // Synced, because the message is acknowledged after this.
            file.sync_all()?;
            std::fs::rename(&unfinished, self.dir.join(format!("{}.eml", mail.id)))
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
        written
    }
}

/// The suffix of unfinished mails; their names start with a dot.
const UNFINISHED_SUFFIX: &str = ".tmp";

fn is_unfinished(name: &std::ffi::OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(UNFINISHED_SUFFIX.as_bytes())
}

/// Removes a file unless its writer is alive and holds its lock. Failures are ignored: mail works without the cleanup.
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
                .map_err(|error| SendError::transient(format!("cannot write mail: {}", error.kind())))
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
    async fn redelivered_message_writes_no_second_mail() {
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
    fn unfinished_mails_of_a_killed_mailer_are_removed_at_start() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            std::fs::write(dir.path().join(name), "reset-password?token=secret").unwrap();
        };
        // Of a killed mailer, of a running one, a mail, an unrelated file.
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
    fn failed_write_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(dir.path().to_owned()).unwrap();
        std::fs::create_dir(dir.path().join("a.eml")).unwrap();
        transport.write(&composed("a")).unwrap_err();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the directory");
    }

    #[test]
    fn mail_is_not_written_through_symlinks() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        let transport = FileTransport::new(dir.path().join("mail")).unwrap();
        std::fs::write(&elsewhere, "mine").unwrap();
        // The next temporary names of this process, and the mail itself.
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
    fn concurrent_duplicates_never_expose_a_partial_mail() {
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
                            "a partial mail was visible"
                        );
                    }
                });
            }
        });
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn missing_directory_is_a_temporary_failure() {
        let dir = tempfile::tempdir().unwrap();
        let transport = FileTransport::new(dir.path().join("mail")).unwrap();
        std::fs::remove_dir(&transport.dir).unwrap();
        let error = transport.send(&composed("a")).await.unwrap_err();
        assert!(error.transient && !error.reason.contains("jane"), "{error}");
    }
}
