//! The most memory that the program takes while hostile requests pour in.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use eyre::{Context, Result, eyre};

use crate::load::Http;
use crate::mixes::{MIXES, Mix, empty_logs, tiny_traces};
use crate::report::Figure;
use crate::viewer::Viewer;

const MIB: usize = 1024 * 1024;
/// Store's budget in MiB.
const BUDGET: usize = 64;
/// Memory of requests and connections in flight in MiB, by docs/collector.md.
const IN_FLIGHT: usize = 256;
/// Memory of everything else in MiB.
const REST: usize = 64;
/// Seconds for which each kind is sent.
const SECONDS: &str = "BENCH_MEMORY_SECONDS";
const SECONDS_DEFAULT: u64 = 60;
/// Bytes of compressed spans: more than the largest window, so that it is filled.
const COMPRESSED: usize = 20 * MIB;
/// A sender that is turned away tries again after this.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

type Send = Arc<dyn Fn(&Targets) -> Result<()> + std::marker::Send + Sync>;

/// One kind of load.
struct Kind {
    name: &'static str,
    senders: usize,
    /// Sends until the time is over.
    send: Send,
}

struct Targets {
    addresses: Vec<(&'static Mix, SocketAddr)>,
    otlp_http: SocketAddr,
    until: Instant,
    taken: AtomicU64,
    turned_away: AtomicU64,
}

impl Targets {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn count(&self, status: u16) {
        let counter = if status < 300 { &self.taken } else { &self.turned_away };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn measure(program: &Path) -> Result<Vec<Figure>> {
    let seconds = match env::var(SECONDS) {
        Ok(seconds) => seconds
            .parse()
            .wrap_err_with(|| format!("{SECONDS} is not a number of seconds"))?,
        Err(_) => SECONDS_DEFAULT,
    };
    kinds()?
        .iter()
        .map(|kind| of(program, kind, Duration::from_secs(seconds)))
        .collect()
}

fn kinds() -> Result<Vec<Kind>> {
    let kind = |name, senders, send| Kind { name, senders, send };
    let spans = spans();
    let mut zstd = zstd::Encoder::new(Vec::new(), 1)?;
    zstd.window_log(23)?;
    zstd.write_all(&spans)?;
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 1, 24).write_all(&spans)?;
    let records = empty_logs(0).repeat(16);
    Ok(vec![
        kind("all hostile requests in turn, 8 senders", 8, Arc::new(mixes)),
        kind(
            "windows of 8 MiB (Zstandard), 200 senders",
            200,
            compressed("/v1/traces", "zstd", zstd.finish()?),
        ),
        kind(
            "windows of 16 MiB (Brotli), 200 senders",
            200,
            compressed("/v1/traces", "br", brotli),
        ),
        kind("gzip, 200 senders", 200, compressed("/v1/traces", "gzip", gzip(&spans)?)),
        kind(
            "16,000,000 empty log records, gzip, 16 senders",
            16,
            compressed("/v1/logs", "gzip", gzip(&records)?),
        ),
        kind("bodies that stop half-way, 200 senders", 200, Arc::new(half_open)),
    ])
}

fn of(program: &Path, kind: &Kind, time: Duration) -> Result<Figure> {
    let viewer = Viewer::start(program, &["--max-memory", &format!("{BUDGET}MiB")])?;
    let addresses = MIXES.iter().map(|mix| Ok((mix, mix.listener.address(&viewer)?)));
    let targets = Arc::new(Targets {
        addresses: addresses.collect::<Result<_>>()?,
        otlp_http: viewer.otlp_http()?,
        until: Instant::now() + time,
        taken: AtomicU64::new(0),
        turned_away: AtomicU64::new(0),
    });
    let senders = iter::repeat_with(|| {
        let (targets, send) = (targets.clone(), kind.send.clone());
        thread::spawn(move || while_it_lasts(&targets, &*send))
    });
    let senders: Vec<_> = senders.take(kind.senders).collect();
    for sender in senders {
        sender.join().map_err(|_| eyre!("a sender panicked"))?;
    }
    let peak = viewer.process()?.peak_memory()?;
    let (taken, turned_away) = (
        targets.taken.load(Ordering::Relaxed),
        targets.turned_away.load(Ordering::Relaxed),
    );
    #[expect(clippy::cast_precision_loss, reason = "a figure")]
    let (goal, peak) = ((BUDGET + IN_FLIGHT + REST) as f64, peak as f64 / MIB as f64);
    Ok(Figure::at_most(format!("peak memory: {}", kind.name), goal, peak, "MiB")
        .note(format!("{taken} requests accepted, {turned_away} rejected")))
}

/// Sends until the end. A connection that is cut off is part of the load: the program may close it after a rejection.
fn while_it_lasts(targets: &Targets, send: &dyn Fn(&Targets) -> Result<()>) {
    while !targets.is_over() {
        if send(targets).is_err() {
            thread::sleep(RETRY_PAUSE);
        }
    }
}

fn mixes(targets: &Targets) -> Result<()> {
    for (mix, address) in &targets.addresses {
        if targets.is_over() {
            break;
        }
        let body = (mix.body)(targets.taken.load(Ordering::Relaxed));
        let (status, _) = Http::connect(*address)?.post(mix.path, mix.content_type, &body)?;
        targets.count(status);
    }
    Ok(())
}

fn compressed(path: &'static str, encoding: &'static str, body: Vec<u8>) -> Send {
    Arc::new(move |targets| {
        let mut connection = Http::connect(targets.otlp_http)?;
        while !targets.is_over() {
            let (status, _) = connection.post_encoded(path, "application/x-protobuf", encoding, &body)?;
            targets.count(status);
            if status >= 300 {
                thread::sleep(RETRY_PAUSE);
            }
        }
        Ok(())
    })
}

/// Announces a large body, sends a part of it, and waits.
fn half_open(targets: &Targets) -> Result<()> {
    let mut stream = TcpStream::connect(targets.otlp_http)?;
    stream.set_read_timeout(Some(Duration::from_secs(6)))?;
    write!(
        stream,
        "POST /v1/traces HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        targets.otlp_http,
        15 * MIB
    )?;
    stream.write_all(&vec![0; 2 * MIB])?;
    let _ = stream.read(&mut [0; 1024])?;
    targets.count(408);
    Ok(())
}

/// Returns a body of many spans: concatenated requests are one request.
fn spans() -> Vec<u8> {
    let mut spans = Vec::new();
    for round in 0.. {
        spans.extend(tiny_traces(round));
        if spans.len() >= COMPRESSED {
            break;
        }
    }
    spans
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
