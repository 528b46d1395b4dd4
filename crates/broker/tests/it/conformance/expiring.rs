use lapin::BasicProperties;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::client::{Client, consume, dead_letter_to, fresh_name, next};
use super::settling::{deaths, headers, text};

/// Long enough to observe a message in its queue, short enough to wait for.
const TTL_MS: i32 = 300;

fn ttl(mut arguments: FieldTable, millis: i32) -> FieldTable {
    arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(millis));
    arguments
}

impl Client {
    /// Declares a queue that expires messages into the second one after [`TTL_MS`].
    async fn delay_queue(&self) -> (ShortString, ShortString) {
        let target = self.queue().await;
        (self.queue_with(ttl(dead_letter_to(Some(&target)), TTL_MS)).await, target)
    }
}

pub(crate) async fn expired_message_is_dead_lettered(url: String) {
    let client = Client::connect(&url).await;
    let (delay, target) = client.delay_queue().await;
    let mut sent = FieldTable::default();
    sent.insert(
        "traceparent".into(),
        text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    );
    let properties = BasicProperties::default()
        .with_headers(sent.clone())
        .with_delivery_mode(2)
        .with_message_id("message-1".into());
    client.publish_with(&delay, b"later", properties).await;
    let message = client.take_soon(&target).await;
    assert_eq!((&message.data[..], message.redelivered), (&b"later"[..], false));
    assert_eq!((message.exchange.as_str(), &message.routing_key), ("", &target));
    let properties = message.properties;
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "message-1");
    assert_eq!(
        headers(&properties).inner().get("traceparent"),
        sent.inner().get("traceparent")
    );
    let [death] = deaths(&properties)[..] else {
        panic!("one death")
    };
    for (key, value) in [("queue", delay.as_str()), ("reason", "expired"), ("exchange", "")] {
        assert_eq!(death.inner().get(key), Some(&text(value)), "{key}");
        let first = format!("x-first-death-{key}");
        assert_eq!(
            headers(&properties).inner().get(first.as_str()),
            Some(&text(value)),
            "{first}"
        );
    }
    assert_eq!(death.inner().get("count"), Some(&AMQPValue::LongLongInt(1)));
    client.waiting(&delay, 0).await;
}

pub(crate) async fn expired_messages_keep_their_order(url: String) {
    let client = Client::connect(&url).await;
    let (delay, target) = client.delay_queue().await;
    client.publish_each(&delay, 0..10).await;
    client.waiting(&target, 10).await;
    for body in 0..10 {
        assert_eq!(client.take_soon(&target).await.data, [body]);
    }
}

pub(crate) async fn expired_message_without_dead_letter_exchange_is_dropped(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue_with(ttl(FieldTable::default(), TTL_MS)).await;
    client.publish_each(&queue, 0..3).await;
    client.waiting(&queue, 0).await;
    assert!(client.take(&queue).await.is_none());
}

pub(crate) async fn expired_message_is_not_delivered(url: String) {
    let client = Client::connect(&url).await;
    let (delay, target) = client.delay_queue().await;
    let channel = client.other_channel().await;
    let mut consumer = consume(&channel, &delay, 1).await;
    client.publish_each(&delay, 0..2).await;
    // Held beyond its TTL and requeued: the TTL does not restart.
    let held = next(&mut consumer).await;
    assert_eq!(client.take_soon(&target).await.data, [1], "the one behind it has expired");
    held.nack(BasicNackOptions {
        multiple: false,
        requeue: true,
    })
    .await
    .unwrap();
    assert_eq!(client.take_soon(&target).await.data, [0]);
    // Unexpired messages are still delivered.
    client.publish(&delay, &[2]).await;
    let fresh = next(&mut consumer).await;
    assert_eq!((&fresh.data[..], fresh.redelivered), (&[2][..], false));
    fresh.ack(BasicAckOptions::default()).await.unwrap();
}

/// A dead-letter cycle without a rejection would keep the message forever.
pub(crate) async fn expired_message_in_a_cycle_is_dropped(url: String) {
    let client = Client::connect(&url).await;
    let (there, back) = (fresh_name(), fresh_name());
    for (queue, other) in [(&there, &back), (&back, &there)] {
        let arguments = ttl(dead_letter_to(Some(other)), 10);
        let declared = client
            .channel
            .queue_declare(queue.clone(), QueueDeclareOptions::durable(), arguments);
        declared.await.unwrap();
    }
    client.publish(&there, b"round and round").await;
    client.waiting(&there, 0).await;
    client.waiting(&back, 0).await;
    client.publish(&there, b"again").await;
    client.waiting(&there, 0).await;
}

pub(crate) async fn rejected_message_may_cycle(url: String) {
    let client = Client::connect(&url).await;
    let (work, delay) = (fresh_name(), fresh_name());
    for (queue, arguments) in [
        (&work, dead_letter_to(Some(&delay))),
        (&delay, ttl(dead_letter_to(Some(&work)), 10)),
    ] {
        let declared = client
            .channel
            .queue_declare(queue.clone(), QueueDeclareOptions::durable(), arguments);
        declared.await.unwrap();
    }
    client.publish(&work, b"again").await;
    let mut consumer = consume(&client.channel, &work, 1).await;
    for _ in 0..3 {
        let message = next(&mut consumer).await;
        message.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    }
    let message = next(&mut consumer).await;
    let counts: Vec<_> = deaths(&message.properties)
        .iter()
        .map(|death| (death.inner().get("reason").cloned(), death.inner().get("count").cloned()))
        .collect();
    let three = Some(AMQPValue::LongLongInt(3));
    assert_eq!(
        counts,
        [(Some(text("expired")), three.clone()), (Some(text("rejected")), three)]
    );
    message.ack(BasicAckOptions::default()).await.unwrap();
}

pub(crate) async fn ttl_accepts_any_integer_type(url: String) {
    let client = Client::connect(&url).await;
    let queue = fresh_name();
    for value in [
        AMQPValue::LongInt(10_000),
        AMQPValue::LongLongInt(10_000),
        AMQPValue::ShortInt(10_000),
        AMQPValue::LongUInt(10_000),
    ] {
        let mut arguments = FieldTable::default();
        arguments.insert("x-message-ttl".into(), value.clone());
        let declared = client
            .channel
            .queue_declare(queue.clone(), QueueDeclareOptions::durable(), arguments);
        declared.await.unwrap_or_else(|error| panic!("{value:?}: {error}"));
    }
}
