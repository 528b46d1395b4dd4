"""Sends one error in three ways: as exception event, as log record with an exception, and by Sentry."""
import logging, sys
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
import sentry_sdk

otlp, dsn = sys.argv[1:3]

class OutOfStock(Exception):
    pass

def reserve(order):
    raise OutOfStock(f"order {order} of 'chair' is out of stock")

def main():
    resource = Resource({"service.name": "shop"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{otlp}/v1/traces")))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{otlp}/v1/logs")))
    logger = logging.getLogger("shop")
    logger.addHandler(LoggingHandler(logger_provider=logs))
    tracer = provider.get_tracer("shop")
    for order in (17, 18):
        try:
            with tracer.start_as_current_span("checkout"):
                try:
                    reserve(order)
                except OutOfStock:
                    logger.exception("checkout failed")
                    raise
        except OutOfStock:
            pass
    # Outside of any span: a record without a trace.
    try:
        reserve(20)
    except OutOfStock:
        logger.exception("nightly check failed")
    sentry_sdk.init(dsn, default_integrations=False, server_name="shop", release="shop@1.4.2", environment="staging")
    try:
        reserve(19)
    except OutOfStock as error:
        sentry_sdk.capture_exception(error)
    sentry_sdk.capture_message("queue 7 is full", level="error")
    sentry_sdk.flush(timeout=20)
    provider.shutdown()
    logs.shutdown()

main()
