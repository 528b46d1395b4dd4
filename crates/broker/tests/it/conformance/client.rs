//! A thin client over lapin for the cases.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};
use testkit::eventually;
use tokio::time::timeout;

/// The deadline for something expected at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    pub(crate) connection: Connection,
    /// In confirm mode.
    pub(crate) channel: Channel,
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default())
            .await
            .expect("connects");
        let channel = connection.create_channel().await.expect("a channel");
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .expect("confirms");
        Self { connection, channel }
    }

    /// Opens another channel, which an exception may close.
    pub(crate) async fn other_channel(&self) -> Channel {
        self.connection.create_channel().await.expect("a channel")
    }

    /// Declares a durable queue of a unique name.
    pub(crate) async fn queue(&self) -> ShortString {
        self.queue_with(FieldTable::default()).await
    }

    pub(crate) async fn queue_with(&self, arguments: FieldTable) -> ShortString {
        let name = fresh_name();
        let declared = self
            .channel
            .queue_declare(name.clone(), QueueDeclareOptions::durable(), arguments)
            .await;
        assert_eq!(declared.expect("declared").name(), &name);
        name
    }

    /// Declares a queue and its dead-letter queue, in this order.
    pub(crate) async fn queue_with_dead_letters(&self) -> (ShortString, ShortString) {
        let dead = self.queue().await;
        (self.queue_with(dead_letter_to(Some(&dead))).await, dead)
    }

    pub(crate) async fn publish(&self, queue: &ShortString, body: &[u8]) {
        let confirmed = self.publish_with(queue, body, BasicProperties::default()).await;
        assert_eq!(confirmed, Confirmation::Ack(None), "accepted and routed");
    }

    /// Publishes with `mandatory` and awaits the confirm.
    pub(crate) async fn publish_with(&self, queue: &ShortString, body: &[u8], properties: BasicProperties) -> Confirmation {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let published = self
            .channel
            .basic_publish(ShortString::default(), queue.clone(), options, body, properties)
            .await;
        published.expect("published").await.expect("confirmed")
    }

    pub(crate) async fn publish_each(&self, queue: &ShortString, bodies: std::ops::Range<u8>) {
        for body in bodies {
            self.publish(queue, &[body]).await;
        }
    }

    /// Waits until the queue has this number of ready messages.
    pub(crate) async fn waiting(&self, queue: &ShortString, messages: u32) {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let there = || async {
            let declared = self
                .channel
                .queue_declare(queue.clone(), options, FieldTable::default())
                .await;
            (declared.expect("there").message_count() == messages).then_some(())
        };
        eventually(SOON, there)
            .await
            .unwrap_or_else(|_| panic!("there are never {messages} messages in {queue}"));
    }

    /// Gets the first message with `no_ack`.
    pub(crate) async fn take(&self, queue: &ShortString) -> Option<Delivery> {
        let got = self.channel.basic_get(queue.clone(), BasicGetOptions { no_ack: true }).await;
        got.expect("a queue").map(|message| message.delivery)
    }

    /// Like [`take`](Self::take), but waits for a message.
    pub(crate) async fn take_soon(&self, queue: &ShortString) -> Delivery {
        eventually(SOON, || self.take(queue)).await.expect("a message")
    }
}

pub(crate) fn fresh_name() -> ShortString {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("conformance-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed)).into()
}

pub(crate) fn dead_letter_to(queue: Option<&ShortString>) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    if let Some(queue) = queue {
        arguments.insert(
            "x-dead-letter-routing-key".into(),
            AMQPValue::LongString(queue.as_str().into()),
        );
    }
    arguments
}

pub(crate) async fn consume(channel: &Channel, queue: &ShortString, prefetch: u16) -> Consumer {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await.expect("qos");
    consume_with(channel, queue, BasicConsumeOptions::default()).await
}

pub(crate) async fn consume_with(channel: &Channel, queue: &ShortString, options: BasicConsumeOptions) -> Consumer {
    channel
        .basic_consume(queue.clone(), fresh_name(), options, FieldTable::default())
        .await
        .expect("a consumer")
}

pub(crate) async fn next(consumer: &mut Consumer) -> Delivery {
    let next = timeout(SOON, consumer.next()).await.expect("a delivery");
    next.expect("an open consumer").expect("an open channel")
}

pub(crate) async fn next_bodies(consumer: &mut Consumer, count: usize) -> Vec<u8> {
    let mut bodies = Vec::new();
    for _ in 0..count {
        bodies.extend(next(consumer).await.data);
    }
    bodies
}
