use futures_util::{FutureExt as _, StreamExt as _};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions, QueueDeleteOptions,
};
use tokio::time::timeout;

use super::client::{Client, SOON, consume, consume_with, next, next_bodies};

pub(crate) async fn prefetch_limits_each_consumer(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let (first, second) = (client.other_channel().await, client.other_channel().await);
    let (mut three, mut one) = (consume(&first, &queue, 3).await, consume(&second, &queue, 1).await);
    client.publish_each(&queue, 0..10).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(next(&mut three).await);
    }
    next(&mut one).await;
    client.waiting(&queue, 6).await;
    assert!(three.next().now_or_never().is_none() && one.next().now_or_never().is_none());
    // Each settlement allows one more delivery.
    held[0].ack(BasicAckOptions::default()).await.unwrap();
    held[2].ack(BasicAckOptions::default()).await.unwrap();
    next_bodies(&mut three, 2).await;
    client.waiting(&queue, 4).await;
    assert!(three.next().now_or_never().is_none() && one.next().now_or_never().is_none());
}

pub(crate) async fn prefetch_concerns_later_consumers(url: String) {
    let client = Client::connect(&url).await;
    let (queue, other) = (client.queue().await, client.queue().await);
    let channel = client.other_channel().await;
    let mut two = consume(&channel, &queue, 2).await;
    channel.basic_qos(1, BasicQosOptions::default()).await.unwrap();
    let mut one = consume_with(&channel, &other, BasicConsumeOptions::default()).await;
    client.publish_each(&queue, 0..5).await;
    client.publish_each(&other, 0..5).await;
    assert_eq!(next_bodies(&mut two, 2).await, [0, 1]);
    assert_eq!(next_bodies(&mut one, 1).await, [0]);
    client.waiting(&queue, 3).await;
    client.waiting(&other, 4).await;
}

pub(crate) async fn consumers_take_turns(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let channel = client.other_channel().await;
    let (mut first, mut second) = (consume(&channel, &queue, 0).await, consume(&channel, &queue, 0).await);
    client.publish_each(&queue, 0..6).await;
    let mut all = [next_bodies(&mut first, 3).await, next_bodies(&mut second, 3).await];
    // The order of consumers is unspecified.
    all.sort();
    assert_eq!(all, [[0, 2, 4], [1, 3, 5]]);
}

pub(crate) async fn prefetch_is_ignored_with_no_ack(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let channel = client.other_channel().await;
    channel.basic_qos(1, BasicQosOptions::default()).await.unwrap();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let mut consumer = consume_with(&channel, &queue, options).await;
    client.publish_each(&queue, 0..5).await;
    assert_eq!(next_bodies(&mut consumer, 5).await, [0, 1, 2, 3, 4]);
    channel.close(200, "done".into()).await.unwrap();
    client.waiting(&queue, 0).await;
}

pub(crate) async fn canceled_consumer_keeps_its_unsettled_messages(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let channel = client.other_channel().await;
    let mut consumer = consume(&channel, &queue, 1).await;
    client.publish_each(&queue, 0..2).await;
    let held = next(&mut consumer).await;
    channel
        .basic_cancel(consumer.tag(), BasicCancelOptions::default())
        .await
        .unwrap();
    held.ack(BasicAckOptions::default()).await.unwrap();
    // The second message was not delivered, and the first one is not requeued.
    channel.close(200, "done".into()).await.unwrap();
    assert_eq!(client.take_soon(&queue).await.data, [1]);
    assert!(client.take(&queue).await.is_none());
}

pub(crate) async fn queue_deletion_cancels_consumers(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let mut consumer = consume(&client.other_channel().await, &queue, 1).await;
    client
        .channel
        .queue_delete(queue, QueueDeleteOptions::default())
        .await
        .unwrap();
    assert!(timeout(SOON, consumer.next()).await.expect("the consumer ends").is_none());
}

pub(crate) async fn get_takes_one(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    assert!(client.take(&queue).await.is_none());
    client.publish_each(&queue, 0..3).await;
    let got = client
        .channel
        .basic_get(queue.clone(), BasicGetOptions::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&got.data[..], got.message_count), (&[0][..], 2));
    client.waiting(&queue, 2).await;
    got.ack(BasicAckOptions::default()).await.unwrap();
    assert_eq!(client.take_soon(&queue).await.data, [1]);
}
