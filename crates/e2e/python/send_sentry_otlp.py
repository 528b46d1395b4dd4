"""Sends two spans by Sentry's OTLP route, and prints their trace id.

With `integration <dsn>` it is Sentry's SDK that derives the route from the DSN, and an error goes along in an envelope. With `by-hand` it is
OpenTelemetry's SDK, as its environment variables say.
"""

import json
import sys

from opentelemetry import trace

if sys.argv[1] == "integration":
    import sentry_sdk
    from sentry_sdk.integrations.otlp import OTLPIntegration

    sentry_sdk.init(dsn=sys.argv[2], integrations=[OTLPIntegration()])
    fail = sentry_sdk.capture_exception
    flush = lambda: sentry_sdk.flush(timeout=20)
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    fail = trace.get_current_span().record_exception
    flush = provider.force_flush

tracer = trace.get_tracer("checkout")
with tracer.start_as_current_span("POST /checkout") as root:
    with tracer.start_as_current_span("charge card") as child:
        child.add_event("card read")
        try:
            raise ValueError("card declined")
        except ValueError as error:
            fail(error)

trace.get_tracer_provider().force_flush()
flush()
print(json.dumps({"trace_id": trace.format_trace_id(root.get_span_context().trace_id)}))
