//! Chaos: load on the API while API, mailer, broker and mail server are killed, stopped and restarted at random. Every accepted
//! mail is sent.
//!
//! `cargo test` runs each part for some seconds, `make chaos` for minutes. The seed is printed; `CHAOS_SEED` repeats it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod load;
mod world;

use std::time::{Duration, Instant};

use e2e::python::interpreter_or_skip;
use fastrand::Rng;
use testkit::RabbitMq;

use crate::load::Load;
use crate::world::{Broker, World};

/// Messages prefetched by a mailer.
const PREFETCH: usize = 8;

/// A fault of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// SIGKILL, a pause, a new process.
    Kill,
    /// SIGSTOP, a pause, SIGCONT.
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Api,
    Mailer,
    Smtp,
    Broker,
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect(name))
}

/// Returns true in `make chaos`.
fn is_long() -> bool {
    variable("CHAOS_SECONDS").is_some()
}

/// Injects every fault once in random order, and repeats until the time is up.
async fn chaos(name: &str, broker: Broker, broker_dies: bool) {
    let Some(python) = interpreter_or_skip() else { return };
    let seconds = variable("CHAOS_SECONDS").unwrap_or(0);
    let seed = variable("CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{name}: CHAOS_SEED={seed} CHAOS_SECONDS={seconds}");
    let mut rng = Rng::with_seed(seed);
    let mut world = World::start(&python, broker).await;
    let load = Load::start(&world.api_url());
    load.accept(20).await;
    let (started, mut kills, mut faults) = (Instant::now(), 0, 0);
    loop {
        let targets = [Target::Api, Target::Mailer, Target::Smtp, Target::Broker];
        let mut round: Vec<_> = targets
            .into_iter()
            .flat_map(|target| [(target, Fault::Kill), (target, Fault::Stop)])
            .filter(|fault| broker_dies || *fault != (Target::Broker, Fault::Kill))
            .collect();
        rng.shuffle(&mut round);
        for (target, fault) in round {
            world.hurt(target, fault, Duration::from_millis(rng.u64(50..1500))).await;
            kills += usize::from(fault == Fault::Kill && [Target::Mailer, Target::Smtp].contains(&target));
            faults += 1;
            load.accept(rng.u32(5..40)).await;
        }
        if started.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    let promised = load.stop().await;
    let embedded_died = broker_dies && world.is_embedded();
    let missing = world.missing(&promised, !embedded_died).await;
    let duplicates = world.duplicates();
    println!(
        "{name}: {faults} faults, {} accepted, {} lost, {duplicates} duplicates of {kills} kills",
        promised.len(),
        missing.len()
    );
    world.assert_small();
    assert!(
        duplicates <= PREFETCH * kills,
        "{duplicates} duplicates of {kills} kills (CHAOS_SEED={seed})"
    );
    assert!(
        embedded_died || missing.is_empty(),
        "lost: {missing:?} (CHAOS_SEED={seed})\n{}",
        world.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_loses_no_mail_with_the_embedded_broker() {
    chaos("embedded broker, not killed", Broker::embedded().await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_loses_no_mail_with_a_real_rabbitmq() {
    if let Some(rabbitmq) = RabbitMq::start_or_skip().await {
        chaos("RabbitMQ", Broker::RabbitMq(rabbitmq), true).await;
    }
}

/// The embedded broker keeps messages in memory: its losses are counted, and nothing else fails.
#[tokio::test(flavor = "multi_thread")]
async fn chaos_counts_what_a_killed_embedded_broker_loses() {
    if is_long() {
        chaos("embedded broker, killed", Broker::embedded().await, true).await;
    }
}
