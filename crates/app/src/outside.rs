//! Requests beyond this screen: to the demo, a page, Sentry, the clipboard.

use ingest_state::Listener;
use trace_model::{SpanId, TraceId};

use super::{API, App, DemoRequest, Effect, Notice, PAGE, Pane, ServiceState, Tab};

impl App {
    pub(super) fn send(&mut self, valid: bool) -> Option<Effect> {
        let Some(request) = self.demo_request(valid) else {
            let text = "the API is not ready; press o to read what the services print".to_owned();
            self.notice = Some(Notice { text, error: true });
            return None;
        };
        // The user wants to see the trace of a request that was just sent.
        self.resume();
        self.screens.go_to(Tab::Traces);
        self.screens.take_above();
        self.forget_trail();
        self.traces.select(request.trace_id);
        self.screens.pane = Pane::Waterfall;
        Some(Effect::Send(request))
    }

    /// Returns a request of the demo with new ids; `None` while its API is not ready.
    pub fn demo_request(&mut self, valid: bool) -> Option<DemoRequest> {
        self.services.address(API)?;
        Some(DemoRequest {
            trace_id: TraceId::from_bytes(self.ids.u128(1..).to_be_bytes()).ok()?,
            span_id: SpanId::from_bytes(self.ids.u64(1..).to_be_bytes()).ok()?,
            valid,
        })
    }

    pub(super) fn open_page(&mut self) -> Option<Effect> {
        if let Some(address) = self.services.address(PAGE) {
            // A process says `host:port` or a URL.
            let url = if address.contains("://") {
                address.to_owned()
            } else {
                format!("http://{address}/")
            };
            return Some(Effect::Browse(url));
        }
        let text = match self.services.state(PAGE) {
            Some(ServiceState::Absent { why }) => why,
            _ => "the page is not ready; press o to read what the services print",
        };
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: true,
        });
        None
    }

    pub(super) fn open_in_sentry(&mut self) -> Option<Effect> {
        let (trace_id, _) = self.waterfall.selected()?;
        if let Some(site) = &self.sentry.site {
            return Some(Effect::Browse(site.trace_url(trace_id)));
        }
        self.notice = Some(Notice {
            text: "no Sentry is known here: SENTRY_ORG (and SENTRY_URL, of a self-hosted one) name it".to_owned(),
            error: true,
        });
        None
    }

    pub(super) fn ask_sentry(&mut self) -> Option<Effect> {
        let (trace_id, _) = self.waterfall.selected()?;
        if self.sentry.is_asked {
            self.notice = Some(Notice {
                text: "asking Sentry for this trace …".to_owned(),
                error: false,
            });
            return Some(Effect::AskSentry(trace_id));
        }
        self.notice = Some(Notice {
            text: "Sentry is not polled: set SENTRY_AUTH_TOKEN and SENTRY_ORG".to_owned(),
            error: true,
        });
        None
    }

    pub(super) fn copy_dsn(&mut self) -> Effect {
        self.screens.popup = None;
        let dsn = self.dsn();
        self.notice = Some(Notice {
            text: format!("copied, where the terminal allows it: {dsn}"),
            error: false,
        });
        Effect::Copy(dsn)
    }

    /// Returns the DSN of this viewer, for Sentry's SDKs.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://spanfall@{}/1", self.addresses[Listener::Sentry])
    }

    /// Returns the address for the Spotlight option of Sentry's SDKs.
    #[must_use]
    pub fn spotlight(&self) -> String {
        format!("http://{}/stream", self.addresses[Listener::Sentry])
    }
}
