//! Invariants under any sequence of operations: no message is lost, duplicated or reordered.

use std::collections::BTreeSet;
use std::sync::Arc;

use amq_protocol::types::{AMQPValue, FieldTable};
use proptest::prelude::*;

use super::*;
use crate::memory::Memory;

const CLIENT: ConnectionId = ConnectionId(1);

#[derive(Clone, Debug)]
enum Step {
    Publish,
    Consume {
        channel: u16,
        prefetch: u16,
    },
    Cancel {
        channel: u16,
    },
    Get {
        channel: u16,
    },
    /// Settles the channel's unsettled delivery at this position.
    Settle {
        channel: u16,
        position: usize,
        multiple: bool,
        settlement: Settlement,
    },
    Reopen {
        channel: u16,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let channel = || 1_u16..4;
    let settlement = prop::sample::select(vec![Settlement::Ack, Settlement::Requeue, Settlement::Reject]);
    prop_oneof![
        3 => Just(Step::Publish),
        1 => (channel(), 0_u16..3).prop_map(|(channel, prefetch)| Step::Consume { channel, prefetch }),
        1 => channel().prop_map(|channel| Step::Cancel { channel }),
        1 => channel().prop_map(|channel| Step::Get { channel }),
        3 => (channel(), 0_usize..4, any::<bool>(), settlement)
            .prop_map(|(channel, position, multiple, settlement)| Step::Settle { channel, position, multiple, settlement }),
        1 => channel().prop_map(|channel| Step::Reopen { channel }),
    ]
}

/// A broker with the queue `work`, its dead-letter queue `dead`, and the numbers of published and acknowledged messages.
struct World {
    core: Core,
    memory: Memory,
    published: u8,
    acknowledged: BTreeSet<u8>,
}

const MEMORY: u64 = 1 << 20;

impl World {
    fn new() -> Self {
        let mut core = Core::default();
        core.connect(CLIENT, Arc::new(Outbox::new(usize::MAX)), 4096);
        for channel in 1..4 {
            core.open_channel((CLIENT, channel));
        }
        let mut arguments = FieldTable::default();
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
        arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString("dead".into()));
        for (queue, arguments) in [("work", arguments), ("dead", FieldTable::default())] {
            let queue: ShortString = queue.into();
            let declare = amq_protocol::protocol::queue::Declare {
                queue: queue.clone(),
                passive: false,
                durable: true,
                exclusive: false,
                auto_delete: false,
                nowait: false,
                arguments,
            };
            core.declare(&queue, Settings::of(&declare).unwrap()).unwrap();
        }
        Self {
            core,
            memory: Memory::new(MEMORY),
            published: 0,
            acknowledged: BTreeSet::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        let work: ShortString = "work".into();
        match *step {
            Step::Publish => {
                let message = Message {
                    header: vec![0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
                    body: vec![self.published],
                    routing_key: work,
                    room: self.memory.reserve(1).unwrap(),
                };
                self.core.publish(message).unwrap();
                self.published += 1;
            }
            Step::Consume { channel, prefetch } => {
                // One tag per channel; a second consumer with it is rejected, which is covered too.
                if let Ok(queue) = self.core.consume((CLIENT, channel), &"tag".into(), &work, (false, prefetch)) {
                    self.core.deliver(queue);
                }
            }
            Step::Cancel { channel } => self.core.cancel((CLIENT, channel), &"tag".into()),
            Step::Get { channel } => drop(self.core.get((CLIENT, channel), &work, false).unwrap()),
            Step::Settle {
                channel,
                position,
                multiple,
                settlement,
            } => {
                let held = &self.core.channels[&(CLIENT, channel)].unsettled;
                let Some(tag) = held.keys().nth(position).copied() else {
                    return;
                };
                if settlement == Settlement::Ack {
                    let settled = held.iter().filter(|(other, _)| **other == tag || multiple && **other < tag);
                    self.acknowledged
                        .extend(settled.map(|(_, unsettled)| unsettled.entry.message.body[0]));
                }
                self.core.settle((CLIENT, channel), tag, multiple, settlement).unwrap();
            }
            Step::Reopen { channel } => {
                self.core.close_channel((CLIENT, channel));
                self.core.open_channel((CLIENT, channel));
            }
        }
    }

    /// Returns the bodies of the ready messages of a queue, in order.
    fn waiting(&self, name: &str) -> Vec<u8> {
        self.core.queues[&self.core.names[name]]
            .ready
            .values()
            .map(|entry| entry.message.body[0])
            .collect()
    }

    fn held(&self) -> Vec<u8> {
        let unsettled = self.core.channels.values().flat_map(|channel| channel.unsettled.values());
        unsettled.map(|unsettled| unsettled.entry.message.body[0]).collect()
    }
}

#[test]
fn lost_connection_requeues_in_order() {
    let mut world = World::new();
    for channel in [2, 1] {
        world.take(&Step::Consume { channel, prefetch: 3 });
    }
    (0..6).for_each(|_| world.take(&Step::Publish));
    // Each of the two channels holds every other message.
    let other = (ConnectionId(2), 1);
    world.core.connect(other.0, Arc::new(Outbox::new(usize::MAX)), 4096);
    world.core.open_channel(other);
    world.core.consume(other, &"tag".into(), &"work".into(), (false, 0)).unwrap();
    world.core.disconnect(CLIENT);
    let given: Vec<_> = world.core.channels[&other].unsettled.values().map(|one| &one.entry).collect();
    assert_eq!(
        given.iter().map(|entry| entry.message.body[0]).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    assert!(given.iter().all(|entry| entry.redelivered));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn message_is_in_exactly_one_place(steps in prop::collection::vec(step(), 0..100)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            let mut all = [world.waiting("work"), world.waiting("dead"), world.held()].concat();
            all.extend(&world.acknowledged);
            all.sort_unstable();
            let published: Vec<u8> = (0..world.published).collect();
            prop_assert_eq!(all, published);
            prop_assert!(world.waiting("work").is_sorted(), "messages were reordered: {:?}", world.waiting("work"));
            for channel in world.core.channels.values() {
                for consumer in channel.consumers.values() {
                    prop_assert!(consumer.prefetch == 0 || consumer.unsettled <= consumer.prefetch.into());
                }
            }
        }
        // After the disconnect nothing is unsettled, and the remaining messages use exactly their memory.
        world.core.disconnect(CLIENT);
        prop_assert!(world.held().is_empty());
        let World { core, memory, .. } = world;
        drop(core);
        prop_assert!(memory.reserve(MEMORY - crate::memory::MESSAGE_OVERHEAD).is_some(), "memory was not released");
    }

    #[test]
    fn consumer_with_credit_gets_ready_messages(steps in prop::collection::vec(step(), 0..100)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            let idle = world.core.channels.values().flat_map(|channel| channel.consumers.values()).any(|consumer| {
                consumer.prefetch == 0 || consumer.unsettled < consumer.prefetch.into()
            });
            prop_assert!(!idle || world.waiting("work").is_empty(), "a consumer with credit gets nothing");
        }
    }
}
