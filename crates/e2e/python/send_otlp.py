"""Sends one trace with everything a span can have, with OpenTelemetry's own SDK and exporter.

usage: send_otlp.py (grpc|http) ENDPOINT (none|gzip)
"""

import sys

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, set_span_in_context

protocol, endpoint, compression = sys.argv[1:]


class Counting(IdGenerator):
    """Fixed ids, known to the test."""

    def __init__(self):
        self.spans = 0xA0

    def generate_trace_id(self):
        return 0x0AF7651916CD43DD8448EB211C80319C

    def generate_span_id(self):
        self.spans += 1
        return self.spans


class Loud:
    """An exporter that raises failures, which the SDK only logs."""

    def __init__(self, exporter):
        self.exporter = exporter

    def export(self, spans):
        result = self.exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            raise SystemExit(f"export failed: {result}")
        return result

    def __getattr__(self, name):
        return getattr(self.exporter, name)


if protocol == "grpc":
    algorithm = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
    exporter = GrpcExporter(endpoint=endpoint, insecure=True, compression=algorithm, timeout=20)
else:
    algorithm = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    exporter = HttpExporter(endpoint=f"{endpoint}/v1/traces", compression=algorithm, timeout=20)

resource = Resource({"service.name": "checkout", "service.version": "1.2.3", "process.pid": 4242})
provider = TracerProvider(resource=resource, id_generator=Counting(), shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(Loud(exporter)))
tracer = provider.get_tracer("python-test", "0.1")

START = 1_700_000_000_000_000_001
attributes = {
    "str": "grüße 東京 \"quoted\"\n\x1b[31m",
    "str.empty": "",
    "bool.true": True,
    "bool.false": False,
    "int": 42,
    "int.max": 2**63 - 1,
    "int.min": -(2**63),
    "float": 0.1,
    "float.whole": 2.0,
    "float.nan": float("nan"),
    "float.inf": float("inf"),
    "float.-inf": float("-inf"),
    "bytes": b"\x00\xff\xfe",
    "seq.str": ["a", "b"],
    "seq.bool": [True, False],
    "seq.int": [1, -2, 3],
    "seq.float": [0.5, 1.0],
    "seq.bytes": [b"a", b""],
    "seq.empty": [],
    "seq.mixed": [1, "a", None, [True]],
    "map": {"inner": {"n": 1}, "list": ["x"]},
}

root = tracer.start_span("root", kind=SpanKind.SERVER, start_time=START, attributes=attributes)
context = set_span_in_context(root)
for number, kind in enumerate([SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]):
    link = Link(SpanContext(trace_id=0xF0, span_id=0xF1, is_remote=True), {"why": "batch", "n": number})
    child = tracer.start_span(kind.name, context, kind=kind, links=[link], start_time=START + 10 + number)
    if kind is SpanKind.CLIENT:
        child.set_status(Status(StatusCode.ERROR, "connection refused"))
    if kind is SpanKind.PRODUCER:
        child.set_status(Status(StatusCode.OK))
    child.end(START + 20 + number)
root.add_event("cache miss", {"key": "user:7", "tries": [1, 2]}, timestamp=START + 1)
root.add_event("bare", timestamp=START + 2)
root.end(START + 1_000_000_000)
provider.shutdown()
