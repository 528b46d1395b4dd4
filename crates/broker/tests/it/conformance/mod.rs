//! One suite for both brokers: every case runs against the embedded broker and against a real RabbitMQ.
//!
//! It covers what the services rely on, so that the embedded broker cannot drift from the real one.

mod client;
mod consuming;
mod declaring;
mod expiring;
mod publishing;
mod rejecting;
mod settling;

use std::time::Duration;

use broker::{Broker, Config};
use testkit::RabbitMq;
use tokio::time::timeout;

/// The deadline of one case; RabbitMQ is slow on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

async fn embedded() -> String {
    let broker = Broker::bind(Config::default()).await.expect("a free loopback port");
    let url = broker.url();
    tokio::spawn(broker.serve(std::future::pending()));
    url
}

/// Lists the cases once: each becomes a test against the embedded broker, and a part of the test against RabbitMQ
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
                // A task per case, so that one failure does not hide the others.
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
    declaring::queue_declaration_is_idempotent,
    declaring::purge_and_delete_return_message_counts,
    declaring::deletion_can_be_conditional,
    publishing::properties_pass_through,
    publishing::bodies_of_any_size_arrive,
    publishing::small_frames_are_agreed_on,
    publishing::publishes_are_confirmed_in_order,
    publishing::unroutable_mandatory_message_is_returned,
    publishing::confirms_require_confirm_mode,
    consuming::prefetch_limits_each_consumer,
    consuming::prefetch_concerns_later_consumers,
    consuming::consumers_take_turns,
    consuming::prefetch_is_ignored_with_no_ack,
    consuming::canceled_consumer_keeps_its_unsettled_messages,
    consuming::queue_deletion_cancels_consumers,
    consuming::get_takes_one,
    settling::requeued_message_is_first_and_flagged,
    settling::requeued_messages_keep_their_order,
    settling::closed_channel_requeues,
    settling::lost_connection_requeues,
    settling::multiple_settles_all_before,
    settling::rejected_message_is_dead_lettered,
    settling::deaths_are_counted,
    settling::dead_letters_keep_their_routing_key_by_default,
    settling::rejected_message_without_dead_letter_exchange_is_dropped,
    expiring::expired_message_is_dead_lettered,
    expiring::expired_messages_keep_their_order,
    expiring::expired_message_without_dead_letter_exchange_is_dropped,
    expiring::expired_message_is_not_delivered,
    expiring::expired_message_in_a_cycle_is_dropped,
    expiring::rejected_message_may_cycle,
    expiring::ttl_accepts_any_integer_type,
    rejecting::invalid_ttl,
    rejecting::unknown_queues,
    rejecting::unknown_exchanges,
    rejecting::conflicting_declaration,
    rejecting::unknown_delivery_tags,
    rejecting::duplicate_consumer_tag,
    rejecting::dead_letter_key_without_exchange,
    rejecting::foreign_user_id,
    rejecting::immediate,
    rejecting::wrong_login,
    rejecting::wrong_vhost,
    rejecting::closed_channel_keeps_the_connection_open,
}
