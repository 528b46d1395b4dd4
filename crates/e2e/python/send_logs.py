"""Sends log records: by OpenTelemetry's SDK within a span and outside of any, and by Sentry's.

usage: send_logs.py OTLP_URL DSN
"""

import logging
import sys

import sentry_sdk
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sentry_sdk import logger as sentry_logger

otlp, dsn = sys.argv[1:3]
resource = Resource({"service.name": "shop"})
spans = TracerProvider(resource=resource)
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{otlp}/v1/traces")))
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{otlp}/v1/logs")))
logger = logging.getLogger("shop.stock")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=logs))

with spans.get_tracer("shop").start_as_current_span("checkout"):
    logger.warning("stock of %s is low", "chairs", extra={"left": 3})
logger.info("nightly inventory done")
spans.shutdown()
logs.shutdown()

sentry_sdk.init(dsn, enable_logs=True, default_integrations=False, auto_enabling_integrations=False)
sentry_logger.error("payment {payment} declined", payment=42)
sentry_sdk.flush(timeout=20)
