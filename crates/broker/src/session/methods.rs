//! The methods of a channel: each is validated, applied to the broker's state, and answered.

use amq_protocol::protocol::basic::{self, AMQPMethod as Basic};
use amq_protocol::protocol::channel::{self, AMQPMethod as Channels};
use amq_protocol::protocol::confirm::{AMQPMethod as Confirm, SelectOk};
use amq_protocol::protocol::queue::{self, AMQPMethod as Queues};
use amq_protocol::protocol::{AMQPClass, AMQPHardError, AMQPSoftError};
use amq_protocol::types::ShortString;

use super::{Channel, OpenChannel, Session, not_open};
use crate::content::{Content, Published};
use crate::core::{Settings, Settlement};
use crate::exception::Exception;

impl Session {
    pub(super) fn on_method(&mut self, number: u16, method: AMQPClass) -> Result<(), Exception> {
        if let AMQPClass::Channel(Channels::Open(_)) = method {
            return self.open_channel(number);
        }
        match (self.channels.get_mut(&number), method) {
            (None, _) => Err(not_open(number)),
            (Some(Channel::Closing), AMQPClass::Channel(Channels::CloseOk(_))) => {
                self.channels.remove(&number);
                Ok(())
            }
            // Both sides closed the channel at the same time.
            (Some(Channel::Closing), AMQPClass::Channel(Channels::Close(_))) => {
                self.send_channel(number, Channels::CloseOk(channel::CloseOk {}));
                Ok(())
            }
            (Some(Channel::Closing), _) => Ok(()),
            (Some(Channel::Open(channel)), _) if channel.content.is_some() => {
                Err(Exception::unexpected("expected the content of basic.publish, got a method"))
            }
            (Some(Channel::Open(_)), AMQPClass::Channel(method)) => self.on_channel(number, &method),
            (Some(Channel::Open(channel)), AMQPClass::Confirm(Confirm::Select(select))) => {
                channel.confirmed.get_or_insert(0);
                if !select.nowait {
                    self.outbox.method(number, AMQPClass::Confirm(Confirm::SelectOk(SelectOk {})));
                }
                Ok(())
            }
            (Some(Channel::Open(_)), AMQPClass::Queue(method)) => self.on_queue(number, method),
            (Some(Channel::Open(channel)), AMQPClass::Basic(Basic::Publish(publish))) => {
                check_publish(&publish)?;
                channel.content = Some(Content::new(publish));
                Ok(())
            }
            (Some(Channel::Open(channel)), AMQPClass::Basic(Basic::Qos(qos))) => {
                if qos.global {
                    return Err(Exception::not_implemented("channel-wide prefetch (global=true)"));
                }
                channel.prefetch = qos.prefetch_count;
                self.send_basic(number, Basic::QosOk(basic::QosOk {}));
                Ok(())
            }
            (Some(Channel::Open(channel)), AMQPClass::Basic(Basic::Consume(consume))) => {
                let prefetch = channel.prefetch;
                self.on_consume(number, consume, prefetch)
            }
            (Some(Channel::Open(_)), AMQPClass::Basic(method)) => self.on_basic(number, method),
            (Some(Channel::Open(_)), AMQPClass::Exchange(_)) => {
                Err(Exception::not_implemented("exchanges other than the default one"))
            }
            (Some(Channel::Open(_)), AMQPClass::Tx(_)) => Err(Exception::not_implemented("transactions")),
            (Some(Channel::Open(_)), method) => {
                let (class, method) = (method.get_amqp_class_id(), method.get_amqp_method_id());
                let reason = format!("class {class} method {method} on a channel");
                Err(Exception::connection(&AMQPHardError::COMMANDINVALID, reason))
            }
        }
    }

    fn open_channel(&mut self, number: u16) -> Result<(), Exception> {
        let error = |reason: String| Err(Exception::connection(&AMQPHardError::CHANNELERROR, reason));
        if number > self.limits.channel_max {
            return error(format!("channel {number} exceeds channel_max {}", self.limits.channel_max));
        }
        if self.channels.contains_key(&number) {
            return error(format!("channel {number} is already open"));
        }
        self.channels.insert(number, Channel::Open(OpenChannel::default()));
        self.shared.core().open_channel((self.id, number));
        self.send_channel(number, Channels::OpenOk(channel::OpenOk {}));
        Ok(())
    }

    fn on_channel(&mut self, number: u16, method: &Channels) -> Result<(), Exception> {
        match method {
            Channels::Close(_) => {
                self.channels.remove(&number);
                self.shared.core().close_channel((self.id, number));
                self.send_channel(number, Channels::CloseOk(channel::CloseOk {}));
                Ok(())
            }
            // As in RabbitMQ, flow is always active and cannot be stopped.
            Channels::Flow(channel::Flow { active: true }) => {
                self.send_channel(number, Channels::FlowOk(channel::FlowOk { active: true }));
                Ok(())
            }
            Channels::Flow(_) => Err(Exception::not_implemented("channel.flow active=false")),
            _ => Err(Exception::connection(
                &AMQPHardError::COMMANDINVALID,
                "unexpected method of class channel",
            )),
        }
    }

    fn on_queue(&mut self, number: u16, method: Queues) -> Result<(), Exception> {
        let (nowait, answer) = match method {
            Queues::Declare(declare) => {
                let counts = if declare.passive {
                    self.shared.core().counts(&declare.queue)?
                } else {
                    let settings = Settings::of(&declare)?;
                    self.shared.core().declare(&declare.queue, settings)?
                };
                let (message_count, consumer_count) = (counts.messages, counts.consumers);
                let ok = queue::DeclareOk {
                    queue: declare.queue,
                    message_count,
                    consumer_count,
                };
                (declare.nowait, Queues::DeclareOk(ok))
            }
            Queues::Purge(purge) => {
                let message_count = self.shared.core().purge(&purge.queue)?;
                (purge.nowait, Queues::PurgeOk(queue::PurgeOk { message_count }))
            }
            Queues::Delete(delete) => {
                let message_count = self.shared.core().delete(&delete.queue, delete.if_unused, delete.if_empty)?;
                (delete.nowait, Queues::DeleteOk(queue::DeleteOk { message_count }))
            }
            _ => return Err(Exception::not_implemented("bindings (only the default exchange exists)")),
        };
        if !nowait {
            self.outbox.method(number, AMQPClass::Queue(answer));
        }
        Ok(())
    }

    fn on_consume(&mut self, number: u16, consume: basic::Consume, prefetch: u16) -> Result<(), Exception> {
        if consume.exclusive || consume.no_local || !consume.arguments.inner().is_empty() {
            return Err(Exception::not_implemented(
                "consumers that are exclusive, no-local or with arguments",
            ));
        }
        let mut consumer_tag = consume.consumer_tag;
        if consumer_tag.as_str().is_empty() {
            self.last_consumer += 1;
            consumer_tag = format!("amq.ctag-{}-{}", self.id.0, self.last_consumer).into();
        }
        let mut core = self.shared.core();
        let queue = core.consume((self.id, number), &consumer_tag, &consume.queue, (consume.no_ack, prefetch))?;
        if !consume.nowait {
            self.send_basic(number, Basic::ConsumeOk(basic::ConsumeOk { consumer_tag }));
        }
        core.deliver(queue);
        Ok(())
    }

    fn on_basic(&mut self, number: u16, method: Basic) -> Result<(), Exception> {
        let id = (self.id, number);
        let mut core = self.shared.core();
        match method {
            Basic::Ack(ack) => core.settle(id, ack.delivery_tag, ack.multiple, Settlement::Ack),
            Basic::Nack(nack) => core.settle(id, nack.delivery_tag, nack.multiple, Settlement::rejected(nack.requeue)),
            Basic::Reject(reject) => core.settle(id, reject.delivery_tag, false, Settlement::rejected(reject.requeue)),
            Basic::Get(get) => {
                if !core.get(id, &get.queue, get.no_ack)? {
                    self.send_basic(number, Basic::GetEmpty(basic::GetEmpty {}));
                }
                Ok(())
            }
            Basic::Cancel(basic::Cancel { consumer_tag, nowait }) => {
                core.cancel(id, &consumer_tag);
                if !nowait {
                    self.send_basic(number, Basic::CancelOk(basic::CancelOk { consumer_tag }));
                }
                Ok(())
            }
            // The answer to the cancel that is sent when a queue is deleted.
            Basic::CancelOk(_) => Ok(()),
            _ => Err(Exception::not_implemented("basic.recover")),
        }
    }

    /// Handles a complete message: enqueues it, returns it if mandatory and unroutable, and only then confirms it.
    pub(super) fn on_published(&mut self, number: u16, Published { message, mandatory }: Published) -> Result<(), Exception> {
        let Some(message) = message else {
            if !std::mem::replace(&mut self.full, true) {
                tracing::warn!(connection = self.id.0, "rejecting publishes: message memory is full");
            }
            if self.confirm(number, false) {
                return Ok(());
            }
            return Err(Exception::no_room("message memory is full"));
        };
        self.full = false;
        let unroutable = self.shared.core().publish(message).err();
        if let (true, Some(message)) = (mandatory, unroutable) {
            let method = Basic::Return(basic::Return {
                reply_code: AMQPSoftError::NOROUTE.get_id(),
                reply_text: "NO_ROUTE".into(),
                exchange: ShortString::default(),
                routing_key: message.routing_key.clone(),
            });
            self.outbox
                .content(number, AMQPClass::Basic(method), &message, self.limits.frame_max);
        }
        self.confirm(number, true);
        Ok(())
    }

    /// Confirms the latest publish; returns `false` if the channel is not in confirm mode.
    fn confirm(&mut self, number: u16, accepted: bool) -> bool {
        let Some(Channel::Open(OpenChannel {
            confirmed: Some(confirmed),
            ..
        })) = self.channels.get_mut(&number)
        else {
            return false;
        };
        *confirmed += 1;
        let delivery_tag = *confirmed;
        let (multiple, requeue) = (false, false);
        let confirm = if accepted {
            Basic::Ack(basic::Ack { delivery_tag, multiple })
        } else {
            Basic::Nack(basic::Nack {
                delivery_tag,
                multiple,
                requeue,
            })
        };
        self.send_basic(number, confirm);
        true
    }

    fn send_basic(&self, number: u16, method: Basic) {
        self.outbox.method(number, AMQPClass::Basic(method));
    }
}

fn check_publish(publish: &basic::Publish) -> Result<(), Exception> {
    if publish.immediate {
        return Err(Exception::not_implemented("immediate=true"));
    }
    if !publish.exchange.as_str().is_empty() {
        let reason = format!("no exchange '{}' in vhost '/'", publish.exchange);
        return Err(Exception::channel(&AMQPSoftError::NOTFOUND, reason));
    }
    Ok(())
}
