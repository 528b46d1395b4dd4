//! The processes, and their state at the end.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::DEADLINE;
use e2e::mail::{Receives, SmtpServer, delivered};
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use mail_queue::{DEAD_LETTERS, QueueConnection, headers};
use tempfile::TempDir;
use testkit::{Process, RabbitMq, eventually, unused_address};

use crate::{Fault, Target};

/// Short enough to be exercised within seconds, and long enough in total to outlast any outage.
const DELAYS: &str = "200ms,500ms,1s,1s,2s,2s,3s,5s,5s,5s";

/// Maximum memory and open files of a process at the end; a debug build starts with half of it.
const RESIDENT_MAX: u64 = 128 << 20;
const FILES_MAX: usize = 100;

pub(crate) enum Broker {
    Embedded(SocketAddr, Process),
    RabbitMq(RabbitMq),
}

pub(crate) struct World {
    broker: Broker,
    api: Process,
    api_address: SocketAddr,
    mailer: Process,
    smtp: SmtpServer,
    smtp_address: SocketAddr,
    python: PathBuf,
    directory: TempDir,
}

impl Broker {
    pub(crate) async fn embedded() -> Self {
        let address = unused_address().unwrap();
        Self::Embedded(address, embedded(address).await)
    }

    fn url(&self) -> String {
        match self {
            Self::Embedded(address, _) => format!("amqp://guest:guest@{address}/%2f"),
            Self::RabbitMq(rabbitmq) => rabbitmq.url(),
        }
    }
}

async fn embedded(address: SocketAddr) -> Process {
    let mut command = Command::new(testkit::bin("broker").unwrap());
    command.args(["--listen", &address.to_string()]);
    ready(command).await
}

async fn ready(command: Command) -> Process {
    let process = Process::spawn(command).unwrap();
    process.ready(DEADLINE).await.unwrap();
    process
}

impl World {
    pub(crate) async fn start(python: &Path, broker: Broker) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (api_address, smtp_address) = (unused_address().unwrap(), unused_address().unwrap());
        let url = broker.url();
        let smtp = smtp(python, smtp_address, directory.path()).await;
        Self {
            api: ready(api(&url, api_address)).await,
            mailer: ready(mailer(&url, smtp_address, directory.path())).await,
            broker,
            api_address,
            smtp,
            smtp_address,
            python: python.to_owned(),
            directory,
        }
    }

    pub(crate) fn api_url(&self) -> String {
        format!("http://{}/users/reset-password", self.api_address)
    }

    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.broker, Broker::Embedded(..))
    }

    /// Injects a fault into one process; it has recovered afterwards.
    pub(crate) async fn hurt(&mut self, target: Target, fault: Fault, pause: Duration) {
        let url = self.broker.url();
        match (target, fault) {
            (Target::Broker, fault) => self.hurt_broker(fault, pause).await,
            (target, Fault::Stop) => {
                let process = match target {
                    Target::Api => &self.api,
                    Target::Mailer => &self.mailer,
                    _ => &self.smtp.process,
                };
                process.pause();
                tokio::time::sleep(pause).await;
                process.resume();
            }
            (Target::Api, Fault::Kill) => {
                gone(&self.api, pause).await;
                self.api = ready(api(&url, self.api_address)).await;
            }
            (Target::Mailer, Fault::Kill) => {
                gone(&self.mailer, pause).await;
                self.mailer = ready(mailer(&url, self.smtp_address, self.directory.path())).await;
            }
            (Target::Smtp, Fault::Kill) => {
                gone(&self.smtp.process, pause).await;
                self.smtp = smtp(&self.python, self.smtp_address, self.directory.path()).await;
            }
        }
    }

    async fn hurt_broker(&mut self, fault: Fault, pause: Duration) {
        match (&mut self.broker, fault) {
            (Broker::Embedded(_, process), Fault::Stop) => {
                process.pause();
                tokio::time::sleep(pause).await;
                process.resume();
            }
            (Broker::Embedded(address, process), Fault::Kill) => {
                gone(process, pause).await;
                *process = embedded(*address).await;
            }
            (Broker::RabbitMq(rabbitmq), Fault::Stop) => {
                rabbitmq.pause();
                tokio::time::sleep(pause).await;
                rabbitmq.resume();
            }
            (Broker::RabbitMq(rabbitmq), Fault::Kill) => {
                rabbitmq.kill();
                tokio::time::sleep(pause).await;
                rabbitmq.start_again().await.unwrap();
            }
        }
    }

    /// Waits until all accepted mails are sent, redrives dead letters, and returns the recipients without a mail. Without `all`
    /// it is enough that the queues are idle.
    pub(crate) async fn missing(&self, promised: &BTreeSet<String>, all: bool) -> Vec<String> {
        let deadline = if all { 2 * DEADLINE } else { DEADLINE / 2 };
        let none = || async {
            self.redrive().await;
            self.recipients_without_mail(promised).is_empty().then_some(())
        };
        let _ = eventually(deadline, none).await;
        self.recipients_without_mail(promised)
    }

    fn recipients_without_mail(&self, promised: &BTreeSet<String>) -> Vec<String> {
        let mails = delivered(&maildir(self.directory.path())).unwrap();
        let sent: BTreeSet<_> = mails.into_values().flatten().collect();
        promised.difference(&sent).cloned().collect()
    }

    /// Redrives the dead letters after checking that each has a reason.
    async fn redrive(&self) {
        let url = self.broker.url();
        let link = QueueConnection::open(&url.parse().unwrap(), "chaos").await.unwrap();
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = link
            .channel
            .queue_declare(DEAD_LETTERS.into(), passive, FieldTable::default());
        let count = queue.await.unwrap().message_count();
        for _ in 0..count {
            // Not acknowledged: it is requeued when the connection closes.
            let message = link
                .channel
                .basic_get(DEAD_LETTERS.into(), BasicGetOptions::default())
                .await
                .unwrap();
            let Some(message) = message else { break };
            let table = message.delivery.properties.headers().clone().unwrap();
            let reason = table.inner().get(headers::REASON);
            assert!(
                matches!(reason, Some(AMQPValue::LongString(reason)) if !reason.is_empty()),
                "{table:?}"
            );
            assert!(headers::attempts(Some(&table)) > 0, "{table:?}");
        }
        link.close().await;
        if count > 0 {
            let mut redrive = Command::new(testkit::bin("mailer").unwrap());
            redrive
                .arg("redrive")
                .env_clear()
                .env("RABBITMQ_URL", &url)
                .env("OTEL_TRACES_EXPORTER", "none");
            let redrive = Process::spawn(redrive).unwrap();
            assert!(redrive.exited(DEADLINE).await.unwrap().success(), "{:?}", redrive.stderr());
        }
    }

    /// Returns the number of duplicate mails.
    pub(crate) fn duplicates(&self) -> usize {
        let mails = delivered(&maildir(self.directory.path())).unwrap();
        mails.values().map(|mails| mails.len() - 1).sum()
    }

    /// Asserts that no process has grown or leaks descriptors.
    pub(crate) fn assert_small(&self) {
        let mut processes = vec![("api", &self.api), ("mailer", &self.mailer)];
        if let Broker::Embedded(_, process) = &self.broker {
            processes.push(("broker", process));
        }
        for (name, process) in processes {
            let proc = PathBuf::from(format!("/proc/{}", process.pid()));
            let status = std::fs::read_to_string(proc.join("status")).unwrap();
            let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
            let resident = kib.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10;
            let files = std::fs::read_dir(proc.join("fd")).unwrap().count();
            println!("{name}: {} MiB, {files} files", resident >> 20);
            assert!(
                resident < RESIDENT_MAX && files < FILES_MAX,
                "{name}: {resident} bytes, {files} files"
            );
        }
    }

    pub(crate) fn log(&self) -> String {
        self.mailer.stdout().join("\n")
    }
}

fn maildir(directory: &Path) -> PathBuf {
    directory.join("mail")
}

async fn gone(process: &Process, pause: Duration) {
    process.kill();
    process.exited(DEADLINE).await.unwrap();
    tokio::time::sleep(pause).await;
}

async fn smtp(python: &Path, address: SocketAddr, directory: &Path) -> SmtpServer {
    let maildir = maildir(directory);
    SmtpServer::start(python, address, Receives::Into(&maildir), &[])
        .await
        .unwrap()
}

fn program(name: &str, broker: &str) -> Command {
    let mut command = Command::new(testkit::bin(name).unwrap());
    command
        .env_clear()
        .env("RABBITMQ_URL", broker)
        .env("OTEL_TRACES_EXPORTER", "none");
    command
}

fn api(broker: &str, address: SocketAddr) -> Command {
    let mut api = program("api", broker);
    api.env("API_ADDR", address.to_string());
    api
}

fn mailer(broker: &str, smtp: SocketAddr, directory: &Path) -> Command {
    let mut mailer = program("mailer", broker);
    mailer
        .env("SMTP_URL", format!("smtp://{smtp}"))
        .env("MAIL_JOURNAL", directory.join("sent.journal"))
        .env("MAIL_RETRY_DELAYS", DELAYS);
    mailer
}
