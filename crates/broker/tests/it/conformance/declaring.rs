use lapin::options::{QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};

use super::client::{Client, consume, fresh_name};
use super::rejecting::code;

pub(crate) async fn queue_declaration_is_idempotent(url: String) {
    let client = Client::connect(&url).await;
    let mut classic = FieldTable::default();
    classic.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    let queue = client.queue_with(classic.clone()).await;
    client.publish_each(&queue, 0..3).await;
    let _consumer = consume(&client.other_channel().await, &queue, 1).await;
    client.waiting(&queue, 2).await;
    // A repeated declaration changes nothing and returns the counts.
    let again = client
        .channel
        .queue_declare(queue.clone(), QueueDeclareOptions::durable(), classic)
        .await
        .unwrap();
    assert_eq!((again.message_count(), again.consumer_count()), (2, 1));
}

pub(crate) async fn purge_and_delete_return_message_counts(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish_each(&queue, 0..4).await;
    assert_eq!(
        client
            .channel
            .queue_purge(queue.clone(), QueuePurgeOptions::default())
            .await
            .unwrap(),
        4
    );
    client.publish_each(&queue, 0..2).await;
    assert_eq!(
        client
            .channel
            .queue_delete(queue.clone(), QueueDeleteOptions::default())
            .await
            .unwrap(),
        2
    );
    // Deleting an unknown queue succeeds.
    assert_eq!(
        client
            .channel
            .queue_delete(fresh_name(), QueueDeleteOptions::default())
            .await
            .unwrap(),
        0
    );
}

pub(crate) async fn deletion_can_be_conditional(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    client.publish(&queue, b"x").await;
    let if_empty = QueueDeleteOptions {
        if_empty: true,
        ..QueueDeleteOptions::default()
    };
    let rejected = client.other_channel().await.queue_delete(queue.clone(), if_empty).await;
    assert_eq!(code(rejected), 406);
    let _consumer = consume(&client.channel, &queue, 1).await;
    let if_unused = QueueDeleteOptions {
        if_unused: true,
        ..QueueDeleteOptions::default()
    };
    let rejected = client.other_channel().await.queue_delete(queue.clone(), if_unused).await;
    assert_eq!(code(rejected), 406);
}
