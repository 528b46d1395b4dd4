use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ErrorKind};
use testkit::eventually;

use super::client::{Client, SOON, consume, fresh_name};

const PASSIVE: QueueDeclareOptions = QueueDeclareOptions {
    passive: true,
    durable: false,
    exclusive: false,
    auto_delete: false,
    nowait: false,
};

/// Returns the reply code of an exception.
pub(crate) fn code<T>(rejected: lapin::Result<T>) -> u16 {
    let Err(error) = rejected else { panic!("it was not rejected") };
    let ErrorKind::ProtocolError(error) = error.kind() else {
        panic!("not the protocol's error: {error:?}")
    };
    error.get_id()
}

async fn consume_as(channel: &Channel, queue: &ShortString, tag: &str) -> lapin::Result<()> {
    let options = BasicConsumeOptions::default();
    channel
        .basic_consume(queue.clone(), tag.into(), options, FieldTable::default())
        .await
        .map(drop)
}

async fn publish(client: &Client, exchange: &str, options: BasicPublishOptions, properties: BasicProperties) -> u16 {
    let published = client
        .channel
        .basic_publish(exchange.into(), fresh_name(), options, b"x", properties)
        .await;
    match published {
        Ok(confirm) => code(confirm.await),
        rejected => code(rejected),
    }
}

pub(crate) async fn unknown_queues(url: String) {
    let client = Client::connect(&url).await;
    assert_eq!(
        code(consume_as(&client.other_channel().await, &fresh_name(), "tag").await),
        404
    );
    let passive = client
        .other_channel()
        .await
        .queue_declare(fresh_name(), PASSIVE, FieldTable::default())
        .await;
    assert_eq!(code(passive), 404);
}

pub(crate) async fn unknown_exchanges(url: String) {
    let client = Client::connect(&url).await;
    let options = BasicPublishOptions::default();
    assert_eq!(
        publish(&client, "no-such-exchange", options, BasicProperties::default()).await,
        404
    );
}

pub(crate) async fn conflicting_declaration(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let transient = QueueDeclareOptions::default();
    let rejected = client
        .other_channel()
        .await
        .queue_declare(queue.clone(), transient, FieldTable::default())
        .await;
    assert_eq!(code(rejected), 406);
    let arguments = super::client::dead_letter_to(Some(&queue));
    let rejected = client
        .other_channel()
        .await
        .queue_declare(queue, QueueDeclareOptions::durable(), arguments)
        .await;
    assert_eq!(code(rejected), 406);
}

pub(crate) async fn unknown_delivery_tags(url: String) {
    let client = Client::connect(&url).await;
    let channel = client.other_channel().await;
    channel.basic_ack(99, BasicAckOptions::default()).await.unwrap();
    // An acknowledgement has no answer; the exception shows at the next request.
    let closed = || async { (!channel.status().connected()).then_some(()) };
    eventually(SOON, closed).await.unwrap();
}

pub(crate) async fn duplicate_consumer_tag(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    consume_as(&client.channel, &queue, "tag").await.unwrap();
    assert_eq!(code(consume_as(&client.channel, &queue, "tag").await), 530);
    // A connection exception.
    let closed = || async { (!client.connection.status().connected()).then_some(()) };
    eventually(SOON, closed).await.unwrap();
}

pub(crate) async fn dead_letter_key_without_exchange(url: String) {
    let client = Client::connect(&url).await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString("x".into()));
    let rejected = client
        .channel
        .queue_declare(fresh_name(), QueueDeclareOptions::durable(), arguments)
        .await;
    assert_eq!(code(rejected), 406);
}

pub(crate) async fn invalid_ttl(url: String) {
    let client = Client::connect(&url).await;
    for ttl in [
        AMQPValue::LongInt(-1),
        AMQPValue::LongLongInt(i64::MAX),
        AMQPValue::LongString("1000".into()),
        AMQPValue::Boolean(true),
    ] {
        let mut arguments = FieldTable::default();
        arguments.insert("x-message-ttl".into(), ttl.clone());
        let channel = client.other_channel().await;
        let rejected = channel.queue_declare(fresh_name(), QueueDeclareOptions::durable(), arguments);
        assert_eq!(code(rejected.await), 406, "{ttl:?}");
    }
}

pub(crate) async fn foreign_user_id(url: String) {
    let client = Client::connect(&url).await;
    let properties = BasicProperties::default().with_user_id("alice".into());
    assert_eq!(publish(&client, "", BasicPublishOptions::default(), properties).await, 406);
}

pub(crate) async fn immediate(url: String) {
    let client = Client::connect(&url).await;
    let options = BasicPublishOptions {
        immediate: true,
        ..BasicPublishOptions::default()
    };
    assert_eq!(publish(&client, "", options, BasicProperties::default()).await, 540);
}

pub(crate) async fn wrong_login(url: String) {
    let url = url.replace("guest:guest", "guest:wrong");
    assert_eq!(code(Connection::connect(&url, ConnectionProperties::default()).await), 403);
}

pub(crate) async fn wrong_vhost(url: String) {
    let url = url.replace("/%2f", "/elsewhere");
    assert_eq!(code(Connection::connect(&url, ConnectionProperties::default()).await), 530);
}

pub(crate) async fn closed_channel_keeps_the_connection_open(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let rejected = client.other_channel().await;
    let channel = client.other_channel().await;
    assert_eq!(code(consume_as(&rejected, &fresh_name(), "tag").await), 404);
    client.publish(&queue, b"x").await;
    let _consumer = consume(&channel, &queue, 1).await;
    client.waiting(&queue, 0).await;
}
