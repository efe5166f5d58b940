"""OTLP's requests and answers in protobuf, from and to their JSON. It needs `ci-reporter[otel]`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def is_installed() -> bool:
    """Whether the messages' package is there; nothing is imported."""
    from importlib.util import find_spec

    try:
        return find_spec("opentelemetry.proto") is not None and find_spec("google.protobuf") is not None
    except ModuleNotFoundError:
        return False


def encode(body: dict[str, Any]) -> bytes:
    """The body in protobuf. Its own JSON mapping has ids in base64 where OTLP's has hex."""
    from base64 import b64encode

    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    def mapped(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: mapped(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [mapped(each) for each in value]
        return b64encode(bytes.fromhex(value)).decode() if key in ("traceId", "spanId", "parentSpanId") else value

    encoded: bytes = ParseDict(mapped(body), ExportTraceServiceRequest()).SerializeToString()
    return encoded


def decode(body: bytes) -> dict[str, Any]:
    """An answer as the same JSON. Raises ValueError."""
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        found: dict[str, Any] = MessageToDict(ExportTraceServiceResponse.FromString(body))
    except DecodeError as exc:
        raise ValueError(str(exc)) from exc
    return found
