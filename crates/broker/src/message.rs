//! A message, and what is written on it when it dies.

use std::time::{SystemTime, UNIX_EPOCH};

use amq_protocol::frame::{WriteContext, parsing::parse_content_header};
use amq_protocol::protocol::basic::gen_properties;
use amq_protocol::types::{AMQPValue, FieldArray, FieldTable, ShortString};

use crate::memory::Reservation;

/// The part of a header's payload in front of the properties: class (2 bytes), weight (2), size of the body (8).
const BEFORE_PROPERTIES: usize = 12;

/// A message that was published. It is in one place at a time (in a queue, or delivered), so it is moved and never shared.
#[derive(Debug)]
pub(crate) struct Message {
    /// The payload of its header as it came off the wire: properties pass through byte for byte, also those not known here.
    pub(crate) header: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// Its routing key, and its queue when there is one: this broker has the default exchange only.
    pub(crate) routing_key: ShortString,
    /// What it takes of the broker's memory, until it is dropped.
    pub(crate) _room: Reservation,
}

impl Message {
    /// Writes on it that it was rejected in `queue`, as RabbitMQ does: `x-death` and, the first time, `x-first-death-*`.
    pub(crate) fn rejected_in(&mut self, queue: &str) {
        // It was read when it was published, so it can be read.
        let Ok(([], header)) = parse_content_header(&self.header[..]) else {
            return;
        };
        let mut headers = header.properties.headers().clone().unwrap_or_default();
        write_death(&mut headers, queue, self.routing_key.as_str());
        let properties = header.properties.with_headers(headers);
        let start = self.header[..BEFORE_PROPERTIES].to_vec();
        if let Ok(written) = gen_properties(&properties)(WriteContext::from(start)) {
            (self.header, _) = written.into_inner();
        }
    }
}

fn write_death(headers: &mut FieldTable, queue: &str, routing_key: &str) {
    let mut deaths = Vec::new();
    if let Some(AMQPValue::FieldArray(earlier)) = headers.inner().get("x-death") {
        deaths.extend_from_slice(earlier.as_slice());
    } else {
        for (key, value) in [("reason", "rejected"), ("queue", queue), ("exchange", "")] {
            headers.insert(format!("x-first-death-{key}").into(), text(value));
        }
    }
    // One record for each queue and reason, the latest first.
    let known = deaths.iter().position(|death| is_rejection_in(death, queue));
    let death = match known.map(|at| deaths.remove(at)) {
        Some(AMQPValue::FieldTable(mut death)) => {
            let count = match death.inner().get("count") {
                Some(AMQPValue::LongLongInt(count)) => count.saturating_add(1),
                _ => 1,
            };
            death.insert("count".into(), AMQPValue::LongLongInt(count));
            death
        }
        _ => first_death(queue, routing_key),
    };
    deaths.insert(0, AMQPValue::FieldTable(death));
    headers.insert("x-death".into(), AMQPValue::FieldArray(deaths.into()));
}

fn is_rejection_in(death: &AMQPValue, queue: &str) -> bool {
    let AMQPValue::FieldTable(death) = death else { return false };
    death.inner().get("queue") == Some(&text(queue)) && death.inner().get("reason") == Some(&text("rejected"))
}

fn first_death(queue: &str, routing_key: &str) -> FieldTable {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut death = FieldTable::default();
    death.insert("count".into(), AMQPValue::LongLongInt(1));
    death.insert("reason".into(), text("rejected"));
    death.insert("queue".into(), text(queue));
    death.insert("time".into(), AMQPValue::Timestamp(now));
    death.insert("exchange".into(), text(""));
    death.insert(
        "routing-keys".into(),
        AMQPValue::FieldArray(FieldArray::from(vec![text(routing_key)])),
    );
    death
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
