//! One program for both brokers: every case runs against the embedded broker and against a real RabbitMQ.
//!
//! What the services rely on is written down here, so that the embedded broker cannot drift from the real one.

mod client;
mod consuming;
mod declaring;
mod expiring;
mod publishing;
mod refusing;
mod settling;

use std::time::Duration;

use broker::{Broker, Config};
use testkit::RabbitMq;
use tokio::time::timeout;

/// For one case; RabbitMQ on a busy machine takes its time.
const DEADLINE: Duration = Duration::from_secs(60);

async fn embedded() -> String {
    let broker = Broker::bind(Config::default()).await.expect("a free loopback port");
    let url = broker.url();
    tokio::spawn(broker.serve(std::future::pending()));
    url
}

/// Lists the cases once: each becomes a test of its own against the embedded broker, and a part of the test against RabbitMQ
/// (which takes seconds to start).
macro_rules! cases {
    ($($module:ident::$case:ident,)*) => {
        mod embedded {
            $(#[tokio::test]
            async fn $case() {
                let case = super::$module::$case(super::embedded().await);
                tokio::time::timeout(super::DEADLINE, case).await.expect("the case hangs");
            })*
        }

        #[tokio::test]
        async fn rabbitmq() {
            let Some(broker) = RabbitMq::start_or_skip().await else { return };
            let mut failed = Vec::new();
            $(
                // A task of its own, so that one case that fails does not hide the others.
                let case = tokio::spawn($module::$case(broker.url()));
                match timeout(DEADLINE, case).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => failed.push(format!("{}: {error}", stringify!($case))),
                    Err(_) => failed.push(format!("{}: hangs", stringify!($case))),
                }
            )*
            assert!(failed.is_empty(), "{failed:#?}");
        }
    };
}

cases! {
    declaring::a_queue_is_declared_once,
    declaring::purge_and_delete_say_how_many,
    declaring::deletion_can_be_conditional,
    publishing::properties_pass_through,
    publishing::bodies_of_any_size_arrive,
    publishing::small_frames_are_agreed_on,
    publishing::each_publish_is_confirmed,
    publishing::the_unroutable_is_returned_if_mandatory,
    publishing::without_confirms_nothing_is_confirmed,
    consuming::prefetch_limits_each_consumer,
    consuming::prefetch_concerns_later_consumers,
    consuming::consumers_take_turns,
    consuming::without_acknowledgement_no_limit,
    consuming::cancelled_consumers_keep_what_they_hold,
    consuming::a_deleted_queue_cancels_its_consumers,
    consuming::get_takes_one,
    settling::a_requeued_message_comes_first_and_flagged,
    settling::requeued_messages_keep_their_order,
    settling::a_closed_channel_gives_back,
    settling::a_lost_connection_gives_back,
    settling::multiple_settles_all_before,
    settling::a_rejected_message_is_dead_lettered,
    settling::deaths_are_counted,
    settling::dead_letters_keep_their_key_without_another,
    settling::a_rejected_message_without_dead_letters_is_dropped,
    expiring::an_expired_message_is_dead_lettered,
    expiring::expired_messages_keep_their_order,
    expiring::an_expired_message_without_dead_letters_is_dropped,
    expiring::an_expired_message_is_not_delivered,
    expiring::an_expired_message_that_comes_back_is_dropped,
    expiring::a_rejected_message_may_come_back,
    expiring::a_time_to_live_of_any_integer_type_is_the_same,
    refusing::a_time_to_live_that_is_none,
    refusing::unknown_queues,
    refusing::unknown_exchanges,
    refusing::another_declaration,
    refusing::unknown_delivery_tags,
    refusing::a_consumer_tag_twice,
    refusing::a_dead_letter_key_alone,
    refusing::somebody_elses_user_id,
    refusing::immediate,
    refusing::wrong_login,
    refusing::wrong_vhost,
    refusing::a_closed_channel_leaves_the_connection,
}
