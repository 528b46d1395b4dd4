//! What the tests of several crates need: waiting for a condition, running a program of the workspace, and a real RabbitMQ.
//!
//! It is not a mock of anything and holds no assertions of its own: it starts real things, waits for them with a deadline, and
//! takes them away again whatever way the test ends.
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

mod flood;
mod process;
mod rabbitmq;
mod wait;

pub use flood::half_open;
pub use process::{MissingBin, Process, ProcessError, bin};
pub use rabbitmq::{REQUIRE_RABBITMQ, RabbitMq, RabbitMqError};
pub use wait::{TimedOut, eventually};
