//! Effects of the app, carried out.

use app::{API, DemoRequest, Effect, Event, Notice};
use query_api::Fire;

use super::terminal::Terminal;
use super::{Viewer, suspend};

impl Viewer {
    /// True when it is time to go.
    pub(super) fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Quit => return true,
            Effect::Suspend => {
                if let Err(why) = suspend::ask_job_to_stop() {
                    self.fail(why.to_owned());
                }
            }
            Effect::Browse(address) => _ = self.apply(Event::Notice(browse(&address))),
            Effect::Copy(text) => {
                if let Err(error) = Terminal::copy(&text) {
                    self.fail(format!("it cannot be copied: {error}"));
                }
            }
            Effect::Save(request) => {
                let begun = self.saving.begin(request);
                self.apply(Event::Notice(begun));
            }
            Effect::AskSentry(trace_id) => self.polling.ask_now(trace_id),
            Effect::StopAskingSentry(trace_id) => self.polling.forget(trace_id),
            Effect::Send(request) => self.send(request),
            Effect::Redrive => {
                if let Some((supervisor, _)) = &mut self.demo.running {
                    supervisor.redrive();
                }
            }
        }
        false
    }

    /// Says what went wrong.
    pub(super) fn fail(&mut self, text: String) {
        self.apply(Event::Notice(Notice { text, error: true }));
    }

    /// Sends a request that a command asked for. What is on the screen stays.
    pub(super) fn fire(&mut self, fire: Fire) {
        let request = self.app.demo_request(fire.valid);
        if let Some(request) = request {
            self.send(request);
        }
        let not_ready = || "the demo's API is not ready".to_owned();
        fire.answer(request.map(|request| request.trace_id).ok_or_else(not_ready));
    }

    fn send(&mut self, request: DemoRequest) {
        let Some((_, requests)) = &self.demo.running else { return };
        let Some(address) = self.app.services.address(API) else {
            return;
        };
        let (requests, address) = (requests.clone(), address.to_owned());
        tokio::spawn(async move { requests.send(address, request).await });
    }
}

/// Opens an address in the default browser; without one, the address is shown.
fn browse(address: &str) -> Notice {
    match open::that_detached(address) {
        Ok(()) => Notice {
            text: format!("opening {address}"),
            error: false,
        },
        Err(_) => Notice {
            text: format!("no browser here, the page is {address}"),
            error: false,
        },
    }
}
