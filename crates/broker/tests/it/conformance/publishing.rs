use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldArray, FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation};

use super::client::{Client, fresh_name};

fn headers() -> FieldTable {
    let mut inner = FieldTable::default();
    inner.insert(
        "deep".into(),
        AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::Boolean(false)])),
    );
    let mut headers = FieldTable::default();
    for (key, value) in [
        (
            "sentry-trace",
            AMQPValue::LongString("0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1".into()),
        ),
        (
            "traceparent",
            AMQPValue::LongString("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        ),
        ("baggage", AMQPValue::LongString("sentry-sampled=true,other=1".into())),
        ("negative", AMQPValue::LongLongInt(-5)),
        ("small", AMQPValue::ShortInt(7)),
        ("flag", AMQPValue::Boolean(true)),
        ("half", AMQPValue::Double(0.5)),
        ("when", AMQPValue::Timestamp(1_700_000_000)),
        ("none", AMQPValue::Void),
        ("table", AMQPValue::FieldTable(inner)),
    ] {
        headers.insert(key.into(), value);
    }
    headers
}

pub(crate) async fn properties_pass_through(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let properties = BasicProperties::default()
        .with_headers(headers())
        .with_delivery_mode(2)
        .with_priority(3)
        .with_message_id("message-1".into())
        .with_correlation_id("correlation-1".into())
        .with_reply_to("unused".into())
        .with_type("email".into())
        .with_app_id("api".into())
        .with_user_id("guest".into())
        .with_content_type("application/json".into())
        .with_content_encoding("identity".into())
        .with_timestamp(1_700_000_000);
    assert_eq!(
        client.publish_with(&queue, b"{}", properties.clone()).await,
        Confirmation::Ack(None)
    );
    let message = client.take_soon(&queue).await;
    assert_eq!(message.properties, properties);
    assert_eq!(message.data, b"{}");
    assert_eq!((message.exchange.as_str(), &message.routing_key), ("", &queue));
    assert!(!message.redelivered);
}

pub(crate) async fn bodies_of_any_size_arrive(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let big: Vec<u8> = (0..3_000_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    // A frame of 131,072 bytes holds 131,064 of a body; 0xCE ends a frame and may also be part of a body.
    for body in [&big[..], &[], &big[..131_064], &big[..131_065], b"\xce\x01\x00\xce"] {
        client.publish(&queue, body).await;
        assert!(client.take_soon(&queue).await.data == body, "a body of {} bytes", body.len());
    }
}

pub(crate) async fn small_frames_are_agreed_on(url: String) {
    let client = Client::connect(&format!("{url}?frame_max=4096")).await;
    assert_eq!(client.connection.configuration().frame_max(), 4096);
    let queue = client.queue().await;
    let body = vec![7; 50_000];
    client.publish(&queue, &body).await;
    assert!(client.take_soon(&queue).await.data == body);
}

pub(crate) async fn publishes_are_confirmed_in_order(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let mut confirms = Vec::new();
    for body in 0..200_u8 {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let body = [body];
        let published = client
            .channel
            .basic_publish(ShortString::default(), queue.clone(), options, &body, properties);
        confirms.push(published.await.unwrap());
    }
    for confirm in confirms {
        assert_eq!(confirm.await.unwrap(), Confirmation::Ack(None));
    }
    // Confirmed messages are in the queue, in order.
    for body in 0..200_u8 {
        assert_eq!(client.take(&queue).await.unwrap().data, [body]);
    }
}

pub(crate) async fn unroutable_mandatory_message_is_returned(url: String) {
    let client = Client::connect(&url).await;
    let nowhere = fresh_name();
    let properties = BasicProperties::default().with_headers(headers());
    let confirmed = client.publish_with(&nowhere, b"lost", properties.clone()).await;
    // The return must precede the confirm, otherwise this would be an acknowledgement without a returned message.
    assert!(confirmed.is_ack());
    let returned = confirmed.take_message().expect("returned");
    assert_eq!((returned.reply_code, returned.reply_text.as_str()), (312, "NO_ROUTE"));
    assert_eq!(
        (&returned.delivery.routing_key, &returned.delivery.data[..]),
        (&nowhere, &b"lost"[..])
    );
    assert_eq!(returned.delivery.properties, properties);

    let options = BasicPublishOptions::default();
    let published = client
        .channel
        .basic_publish(ShortString::default(), nowhere, options, b"lost", BasicProperties::default());
    assert_eq!(published.await.unwrap().await.unwrap(), Confirmation::Ack(None));
}

pub(crate) async fn confirms_require_confirm_mode(url: String) {
    let client = Client::connect(&url).await;
    let queue = client.queue().await;
    let channel = client.other_channel().await;
    let options = BasicPublishOptions::default();
    let published = channel.basic_publish(
        ShortString::default(),
        queue.clone(),
        options,
        b"x",
        BasicProperties::default(),
    );
    assert_eq!(published.await.unwrap().await.unwrap(), Confirmation::NotRequested);
    // The channel still works: an unexpected confirm would have closed it on the client's side.
    let passive = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(queue.clone(), passive, FieldTable::default())
        .await
        .unwrap();
    assert_eq!(client.take_soon(&queue).await.data, b"x");
}
