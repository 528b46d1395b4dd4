//! OTLP over gRPC.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request as HttpRequest;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response as HttpResponse};
use http::StatusCode;
use opentelemetry_proto::tonic::collector::{logs, metrics, trace};
use prost::Message;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use trace_model::{Rejected, Source};

use crate::intake::Intake;
use crate::refusal::Refusal;
use crate::{body, door};

/// The routes of the gRPC listener; `http` is where its neighbour listens, for those who confuse the two.
pub(crate) fn routes(intake: &Intake, http: SocketAddr) -> Router {
    let traces = trace::v1::trace_service_server::TraceServiceServer::new(Services(intake.clone()));
    let logs = logs::v1::logs_service_server::LogsServiceServer::new(Services(intake.clone()));
    let metrics = metrics::v1::metrics_service_server::MetricsServiceServer::new(Services(intake.clone()));
    // The limit holds for the message as sent and for what it inflates to.
    Routes::new(traces.accept_compressed(Gzip).max_decoding_message_size(body::LIMIT))
        .add_service(logs.accept_compressed(Gzip).max_decoding_message_size(body::LIMIT))
        .add_service(metrics.accept_compressed(Gzip).max_decoding_message_size(body::LIMIT))
        .into_axum_router()
        .layer(from_fn(move |request, next| only_grpc(request, next, http)))
}

async fn only_grpc(request: HttpRequest, next: Next, http: SocketAddr) -> HttpResponse {
    if door::is_grpc(&request) {
        next.run(request).await
    } else {
        let reason = format!("this port speaks gRPC (content type application/grpc); OTLP over HTTP goes to http://{http}");
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason).into_response()
    }
}

#[derive(Clone, Debug)]
struct Services(Intake);

#[tonic::async_trait]
impl trace::v1::trace_service_server::TraceService for Services {
    async fn export(
        &self,
        request: Request<trace::v1::ExportTraceServiceRequest>,
    ) -> Result<Response<trace::v1::ExportTraceServiceResponse>, Status> {
        let body = request.into_inner().encode_to_vec().into();
        let partial = self
            .0
            .traces(body, Source::OtlpGrpc, Rejected::default())
            .map_err(|refusal| refusal.grpc_status())?;
        Ok(Response::new(super::trace_response(partial)))
    }
}

#[tonic::async_trait]
impl logs::v1::logs_service_server::LogsService for Services {
    async fn export(
        &self,
        request: Request<logs::v1::ExportLogsServiceRequest>,
    ) -> Result<Response<logs::v1::ExportLogsServiceResponse>, Status> {
        let body = request.into_inner().encode_to_vec().into();
        self.0.logs(body, Source::OtlpGrpc).map_err(|refusal| refusal.grpc_status())?;
        Ok(Response::new(logs::v1::ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl metrics::v1::metrics_service_server::MetricsService for Services {
    async fn export(
        &self,
        request: Request<metrics::v1::ExportMetricsServiceRequest>,
    ) -> Result<Response<metrics::v1::ExportMetricsServiceResponse>, Status> {
        let body = request.into_inner().encode_to_vec().into();
        self.0
            .metrics(body, Source::OtlpGrpc)
            .map_err(|refusal| refusal.grpc_status())?;
        Ok(Response::new(metrics::v1::ExportMetricsServiceResponse::default()))
    }
}
