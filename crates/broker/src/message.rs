//! A message and its `x-death` headers.

use std::time::{SystemTime, UNIX_EPOCH};

use amq_protocol::frame::{WriteContext, parsing::parse_content_header};
use amq_protocol::protocol::basic::gen_properties;
use amq_protocol::types::{AMQPValue, FieldArray, FieldTable, ShortString};

use crate::memory::Reservation;

/// The offset of the properties in a content header: class (2 bytes), weight (2), body size (8).
const PROPERTIES_OFFSET: usize = 12;

/// A published message. It is either in a queue or delivered, so it is moved and never shared.
#[derive(Debug)]
pub(crate) struct Message {
    /// The raw content header: properties are forwarded byte for byte, including unknown ones.
    pub(crate) header: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// The routing key, which is also the queue's name: this broker has only the default exchange.
    pub(crate) routing_key: ShortString,
    /// The memory reservation, released on drop.
    pub(crate) room: Reservation,
}

/// The reason a message is dead-lettered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    Rejected,
    /// The queue's `x-message-ttl` has elapsed.
    Expired,
}

impl Death {
    /// Returns RabbitMQ's name of the reason.
    fn reason(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

impl Message {
    /// Records a death in `queue` as RabbitMQ does: `x-death` and, the first time, `x-first-death-*`.
    pub(crate) fn died_in(&mut self, queue: &str, death: Death) {
        // The header was parsed at publish, so parsing cannot fail.
        let Ok(([], header)) = parse_content_header(&self.header[..]) else {
            return;
        };
        let mut headers = header.properties.headers().clone().unwrap_or_default();
        write_death(&mut headers, queue, death, self.routing_key.as_str());
        let properties = header.properties.with_headers(headers);
        let start = self.header[..PROPERTIES_OFFSET].to_vec();
        if let Ok(written) = gen_properties(&properties)(WriteContext::from(start)) {
            let before = self.header.len();
            (self.header, _) = written.into_inner();
            self.room.grow(self.header.len().saturating_sub(before) as u64);
        }
    }

    /// Returns `true` if the message died in the queue named by its routing key and returned there without a rejection in between: it
    /// would cycle forever. RabbitMQ's rule (`rabbit_dead_letter:detect_cycles`).
    pub(crate) fn is_in_cycle(&self) -> bool {
        let Ok(([], header)) = parse_content_header(&self.header[..]) else {
            return false;
        };
        let Some(headers) = header.properties.headers() else {
            return false;
        };
        let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get("x-death") else {
            return false;
        };
        let (queue, rejected) = (text(self.routing_key.as_str()), text(Death::Rejected.reason()));
        let field = |death: &AMQPValue, key| match death {
            AMQPValue::FieldTable(death) => death.inner().get(key).cloned(),
            _ => None,
        };
        let deaths = deaths.as_slice();
        let back = deaths.iter().position(|death| field(death, "queue").as_ref() == Some(&queue));
        let unaided =
            |death: &AMQPValue| matches!(death, AMQPValue::FieldTable(_)) && field(death, "reason").as_ref() != Some(&rejected);
        back.is_some_and(|back| deaths[..=back].iter().all(unaided))
    }
}

fn write_death(headers: &mut FieldTable, queue: &str, death: Death, routing_key: &str) {
    let mut deaths = Vec::new();
    if let Some(AMQPValue::FieldArray(earlier)) = headers.inner().get("x-death") {
        deaths.extend_from_slice(earlier.as_slice());
    } else {
        for (key, value) in [("reason", death.reason()), ("queue", queue), ("exchange", "")] {
            headers.insert(format!("x-first-death-{key}").into(), text(value));
        }
    }
    // One record per queue and reason, latest first.
    let known = deaths.iter().position(|record| is_death_in(record, queue, death));
    let record = match known.map(|at| deaths.remove(at)) {
        Some(AMQPValue::FieldTable(mut record)) => {
            let count = match record.inner().get("count") {
                Some(AMQPValue::LongLongInt(count)) => count.saturating_add(1),
                _ => 1,
            };
            record.insert("count".into(), AMQPValue::LongLongInt(count));
            record
        }
        _ => first_death(queue, death, routing_key),
    };
    deaths.insert(0, AMQPValue::FieldTable(record));
    headers.insert("x-death".into(), AMQPValue::FieldArray(deaths.into()));
}

fn is_death_in(record: &AMQPValue, queue: &str, death: Death) -> bool {
    let AMQPValue::FieldTable(record) = record else { return false };
    record.inner().get("queue") == Some(&text(queue)) && record.inner().get("reason") == Some(&text(death.reason()))
}

fn first_death(queue: &str, death: Death, routing_key: &str) -> FieldTable {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let mut record = FieldTable::default();
    record.insert("count".into(), AMQPValue::LongLongInt(1));
    record.insert("reason".into(), text(death.reason()));
    record.insert("queue".into(), text(queue));
    record.insert("time".into(), AMQPValue::Timestamp(now));
    record.insert("exchange".into(), text(""));
    record.insert(
        "routing-keys".into(),
        AMQPValue::FieldArray(FieldArray::from(vec![text(routing_key)])),
    );
    record
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
