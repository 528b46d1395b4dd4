use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation};

use super::client::{Client, consume, dead_letter_to, fresh_name, next, next_bodies};

const REQUEUE: BasicNackOptions = BasicNackOptions {
    multiple: false,
    requeue: true,
};
const REJECT: BasicRejectOptions = BasicRejectOptions { requeue: false };

pub(crate) async fn requeued_message_is_first_and_flagged(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..2).await;
    let mut consumer = consume(&client.channel, &queue, 1).await;
    let first = next(&mut consumer).await;
    assert!(!first.redelivered);
    first.nack(REQUEUE).await.unwrap();
    let again = next(&mut consumer).await;
    assert_eq!((&again.data[..], again.redelivered), (&[0][..], true));
    again.ack(BasicAckOptions::default()).await.unwrap();
    let second = next(&mut consumer).await;
    assert_eq!((&second.data[..], second.redelivered), (&[1][..], false));
}

pub(crate) async fn requeued_messages_keep_their_order(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..5).await;
    let channel = client.other_channel().await;
    let mut consumer = consume(&channel, &queue, 3).await;
    next_bodies(&mut consumer, 2).await;
    next(&mut consumer)
        .await
        .nack(BasicNackOptions {
            multiple: true,
            requeue: true,
        })
        .await
        .unwrap();
    channel.close(200, "done".into()).await.unwrap();
    client.waiting(&queue, 5).await;
    let mut consumer = consume(&client.channel, &queue, 0).await;
    assert_eq!(next_bodies(&mut consumer, 5).await, [0, 1, 2, 3, 4]);
}

pub(crate) async fn closed_channel_requeues(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..3).await;
    let channel = client.other_channel().await;
    let mut consumer = consume(&channel, &queue, 0).await;
    next(&mut consumer).await;
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    channel.close(200, "done".into()).await.unwrap();
    let mut consumer = consume(&client.channel, &queue, 0).await;
    for body in [0, 2] {
        let again = next(&mut consumer).await;
        assert_eq!((&again.data[..], again.redelivered), (&[body][..], true));
    }
}

pub(crate) async fn lost_connection_requeues(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..5).await;
    let dying = Client::connect(&url).await;
    // Two channels, so that requeuing channel by channel would reorder the messages.
    let (one, other) = (dying.other_channel().await, dying.other_channel().await);
    let (mut first, mut second) = (consume(&one, &queue, 3).await, consume(&other, &queue, 3).await);
    for _ in 0..2 {
        next(&mut first).await;
        next(&mut second).await;
    }
    client.waiting(&queue, 0).await;
    dying.connection.close(200, "done".into()).await.unwrap();
    client.waiting(&queue, 5).await;
    let mut consumer = consume(&client.channel, &queue, 0).await;
    for body in 0..5 {
        let again = next(&mut consumer).await;
        assert_eq!((&again.data[..], again.redelivered), (&[body][..], true));
    }
}

pub(crate) async fn multiple_settles_all_before(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..4).await;
    let channel = client.other_channel().await;
    let mut consumer = consume(&channel, &queue, 0).await;
    next_bodies(&mut consumer, 2).await;
    next(&mut consumer)
        .await
        .ack(BasicAckOptions { multiple: true })
        .await
        .unwrap();
    next(&mut consumer).await;
    channel.close(200, "done".into()).await.unwrap();
    assert_eq!(client.take_soon(&queue).await.data, [3]);
    assert!(client.take(&queue).await.is_none());
}

pub(crate) fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

pub(crate) fn headers(properties: &BasicProperties) -> &FieldTable {
    properties.headers().as_ref().expect("headers")
}

/// Returns the records of `x-death`, latest first.
pub(crate) fn deaths(properties: &BasicProperties) -> Vec<&FieldTable> {
    let Some(AMQPValue::FieldArray(deaths)) = headers(properties).inner().get("x-death") else {
        panic!("no x-death")
    };
    let mut records = Vec::new();
    for death in deaths.as_slice() {
        let AMQPValue::FieldTable(death) = death else {
            panic!("a death is not a table")
        };
        records.push(death);
    }
    records
}

pub(crate) async fn rejected_message_is_dead_lettered(url: String) {
    let client = Client::connect(&url).await;
    let (queue, dead) = client.queue_with_dead_letters().await;
    let mut traced = FieldTable::default();
    traced.insert(
        "traceparent".into(),
        text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    );
    let properties = BasicProperties::default()
        .with_headers(traced.clone())
        .with_message_id("message-1".into());
    assert_eq!(client.publish_with(&queue, b"bad", properties).await, Confirmation::Ack(None));
    let mut consumer = consume(&client.channel, &queue, 1).await;
    next(&mut consumer).await.reject(REJECT).await.unwrap();

    let message = client.take_soon(&dead).await;
    assert_eq!((&message.data[..], message.redelivered), (&b"bad"[..], false));
    assert_eq!((message.exchange.as_str(), &message.routing_key), ("", &dead));
    let properties = message.properties;
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "message-1");
    let headers = headers(&properties).inner();
    assert_eq!(headers.get("traceparent"), traced.inner().get("traceparent"));
    for (key, value) in [("queue", queue.as_str()), ("reason", "rejected"), ("exchange", "")] {
        assert_eq!(
            headers.get(format!("x-first-death-{key}").as_str()),
            Some(&text(value)),
            "{key}"
        );
    }
    let [death] = deaths(&properties)[..] else {
        panic!("one death")
    };
    for (key, value) in [("queue", queue.as_str()), ("reason", "rejected"), ("exchange", "")] {
        assert_eq!(death.inner().get(key), Some(&text(value)), "{key}");
    }
    assert_eq!(death.inner().get("count"), Some(&AMQPValue::LongLongInt(1)));
    assert_eq!(
        death.inner().get("routing-keys"),
        Some(&AMQPValue::FieldArray(vec![text(queue.as_str())].into()))
    );
    assert!(matches!(death.inner().get("time"), Some(AMQPValue::Timestamp(seconds)) if *seconds > 1_700_000_000));
}

pub(crate) async fn deaths_are_counted(url: String) {
    let client = Client::connect(&url).await;
    // Each queue is the other's dead-letter queue.
    let (one, other) = (fresh_name(), fresh_name());
    for (queue, dead) in [(&one, &other), (&other, &one)] {
        let declared = client
            .channel
            .queue_declare(queue.clone(), QueueDeclareOptions::durable(), dead_letter_to(Some(dead)));
        declared.await.unwrap();
    }
    client.publish(&one, b"x").await;
    let (mut first, mut second) = (
        consume(&client.channel, &one, 1).await,
        consume(&client.channel, &other, 1).await,
    );
    next(&mut first).await.reject(REJECT).await.unwrap();
    next(&mut second)
        .await
        .nack(BasicNackOptions {
            multiple: false,
            requeue: false,
        })
        .await
        .unwrap();
    next(&mut first).await.reject(REJECT).await.unwrap();
    let message = next(&mut second).await;
    let summary: Vec<_> = deaths(&message.properties)
        .iter()
        .map(|death| (death.inner().get("queue").cloned(), death.inner().get("count").cloned()))
        .collect();
    let record = |queue: &ShortString, count| (Some(text(queue.as_str())), Some(AMQPValue::LongLongInt(count)));
    assert_eq!(summary, [record(&one, 2), record(&other, 1)]);
    assert_eq!(
        headers(&message.properties).inner().get("x-first-death-queue"),
        Some(&text(one.as_str()))
    );
}

pub(crate) async fn dead_letters_keep_their_routing_key_by_default(url: String) {
    let client = Client::connect(&url).await;
    // The routing key is the queue's own name, so a rejected message returns to its end.
    let queue = client.queue_with(dead_letter_to(None)).await;
    client.publish_each(&queue, 0..2).await;
    let mut consumer = consume(&client.channel, &queue, 1).await;
    next(&mut consumer).await.reject(REJECT).await.unwrap();
    next(&mut consumer).await.ack(BasicAckOptions::default()).await.unwrap();
    let again = next(&mut consumer).await;
    assert_eq!((&again.data[..], deaths(&again.properties).len()), (&[0][..], 1));
}

pub(crate) async fn rejected_message_without_dead_letter_exchange_is_dropped(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..2).await;
    let channel = client.other_channel().await;
    let mut consumer = consume(&channel, &queue, 1).await;
    next(&mut consumer).await.reject(REJECT).await.unwrap();
    assert_eq!(next(&mut consumer).await.data, [1]);
    channel.close(200, "done".into()).await.unwrap();
    client.waiting(&queue, 1).await;
    assert_eq!(client.take_soon(&queue).await.data, [1]);
}
