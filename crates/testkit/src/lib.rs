//! Shared test helpers: waiting for a condition, running a program of the workspace, a real RabbitMQ, and parts of OTLP messages.
//!
//! It contains no mocks and no assertions: it starts real programs, waits for them with a deadline, and
//! stops them however the test ends.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{process::Command, time::Duration};
//!
//! let broker = testkit::Process::spawn(Command::new(testkit::bin("broker")?))?;
//! let address = broker.ready(Duration::from_secs(5)).await?.expect("a broker listens");
//! assert!(address.starts_with("amqp://"));
//!
//! broker.terminate();
//! assert!(broker.exited(Duration::from_secs(5)).await?.success());
//! # Ok(())
//! # }
//! ```

mod exchange;
mod flood;
pub mod otlp;
mod ports;
mod process;
mod rabbitmq;
mod wait;

pub use exchange::exchange;
pub use flood::half_open;
pub use ports::unused_address;
pub use process::{MissingBin, Process, ProcessError, bin};
pub use rabbitmq::{REQUIRE_RABBITMQ, RabbitMq, RabbitMqError};
pub use wait::{TimedOut, eventually};
