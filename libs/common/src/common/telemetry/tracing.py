"""Traces by OpenTelemetry, carried from service to service in the traceparent header of messages."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from common.contracts import Headers

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("posthorn")


def configure_tracing(service: str, endpoint: str | None) -> None:
    """Create spans for this process, exported over OTLP/HTTP where an endpoint is set."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: f"posthorn-{service}"}))
    if endpoint:
        # Here, because most installations export nothing: it saves them its memory and the time to import it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


@contextmanager
def consumer_span(stage: str, headers: Headers) -> Iterator[None]:
    """A span for handling one message, child of the span that sent it (semantic conventions for messaging)."""
    parent = _propagator.extract({"traceparent": headers.traceparent})
    attributes = {
        "messaging.operation.type": "process",
        "messaging.destination.name": headers.event_type,
        "posthorn.run_id": headers.run_id,
        "posthorn.unit_id": headers.unit_id,
    }
    with _tracer.start_as_current_span(
        f"process {stage}", context=parent, kind=trace.SpanKind.CONSUMER, attributes=attributes
    ):
        yield


def current_traceparent() -> str:
    """The traceparent of the current span, empty without one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")
