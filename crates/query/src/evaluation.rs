//! One request on its way through the store.

use trace_model::Store;

use crate::calls::CallsPass;
use crate::cross_check::CrossCheckPass;
use crate::found::{FoundPass, WholePass};
use crate::operations::OperationsPass;
use crate::show::ShowPass;
use crate::traces::TracesPass;
use crate::{Ingest, Listeners, Part, Request, Step};

/// A request that is being answered. It holds no reference to the store, so it may wait anywhere between two steps: what is evicted
/// meanwhile is missing in the rest of the answer, and the parts say so.
#[derive(Debug)]
pub struct Evaluation(ActivePass);

#[derive(Debug)]
enum ActivePass {
    Services,
    Operations(OperationsPass),
    Traces(Box<TracesPass>),
    Calls(Box<CallsPass>),
    Found(Box<FoundPass>),
    Whole(Box<WholePass>),
    Show(Box<ShowPass>),
    Ingest(Box<Listeners>),
    CrossCheck(Box<CrossCheckPass>),
    Complete,
}

impl Evaluation {
    /// Starts a request.
    #[must_use]
    pub fn new(request: Request) -> Self {
        Self(match request {
            Request::Services => ActivePass::Services,
            Request::Operations { service, kind } => ActivePass::Operations(OperationsPass::new(service, kind)),
            Request::Search(search) => ActivePass::Traces(Box::new(TracesPass::of_search(search))),
            Request::Traces(ids) => ActivePass::Traces(Box::new(TracesPass::of_ids(ids))),
            Request::Found(search) => ActivePass::Found(Box::new(FoundPass::new(search))),
            Request::Whole(trace_id) => ActivePass::Whole(Box::new(WholePass::new(trace_id))),
            Request::Show(show, search) => ActivePass::Show(Box::new(ShowPass::new(show, search))),
            Request::Ingest(listeners) => ActivePass::Ingest(listeners),
            Request::CrossCheck(trace_id) => ActivePass::CrossCheck(Box::new(CrossCheckPass::new(trace_id))),
            Request::Calls { between } => ActivePass::Calls(Box::new(CallsPass::new(between))),
        })
    }

    /// Continues until the next part is there or about this much [work](trace_model::work) is done.
    pub fn step(&mut self, store: &Store, work: u64) -> Step {
        let last = match &mut self.0 {
            ActivePass::Complete => return Step::Complete,
            ActivePass::Traces(pass) => return pass.step(store, work),
            ActivePass::Services => Part::Services(store.services().map(|stats| stats.service.clone()).collect()),
            ActivePass::Operations(pass) => match pass.step(store, work) {
                Some(operations) => Part::Operations(operations),
                None => return Step::More,
            },
            ActivePass::Whole(pass) => match pass.step(store, work) {
                Step::Part(part) => part,
                step => return step,
            },
            ActivePass::Found(pass) => match pass.step(store, work) {
                Some(part) => part,
                None => return Step::More,
            },
            ActivePass::Show(pass) => match pass.step(store, work) {
                Some(shown) => Part::Shown(shown),
                None => return Step::More,
            },
            ActivePass::Ingest(listeners) => Part::Ingest(Box::new(Ingest::of(store, std::mem::take(&mut **listeners)))),
            ActivePass::CrossCheck(pass) => match pass.step(store, work) {
                Some(part) => part,
                None => return Step::More,
            },
            ActivePass::Calls(pass) => match pass.step(store, work) {
                Some(calls) => Part::Calls(calls),
                None => return Step::More,
            },
        };
        self.0 = ActivePass::Complete;
        Step::Part(last)
    }
}
