"""Reports as a Parquet file: a column for each key of the report, written in row groups, so that memory stays flat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, BinaryIO

from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen, fields
from ci_reporter.model import Coverage, FailedTest, Gate, Run, Step, Tests, seconds_of
from ci_reporter.schema import from_json, to_json

_ROWS = 5_000  # in a group
_TIMES = ("started_at", "finished_at", "committed_at")
_OBJECTS: Mapping[str, type[Frozen]] = {"coverage": Coverage, "tests": Tests, "gate": Gate}
_MAPS = ("measures", "tags", "slowest_tests")


def write_parquet(bodies: Iterable[str], out: BinaryIO) -> int:
    """Write reports, each given as JSON; gives their number. Raises UsageError without pyarrow, StoreError, OSError."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ModuleNotFoundError as exc:
        raise UsageError(f"--format parquet needs pyarrow, which is not installed here ({exc.name})") from exc
    schema, waiting, count = _schema(pyarrow), iter(bodies), 0
    with ParquetWriter(out, schema, compression="zstd") as writer:
        while batch := [_record(body) for body in islice(waiting, _ROWS)]:
            columns = {name: [each.get(name) for each in batch] for name in schema.names}
            writer.write_batch(pyarrow.RecordBatch.from_pydict(columns, schema=schema))
            count += len(batch)
    return count


def _schema(pa: Any) -> Any:
    """The columns, in the order of a report's keys."""
    scalars = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "Result": pa.string()}

    def kind_of(annotation: str) -> Any:
        if annotation.startswith("Mapping["):
            return pa.map_(pa.string(), kind_of(annotation.removeprefix("Mapping[str, ").removesuffix("]")))
        return scalars[annotation.partition(" ")[0]]

    def struct(kind: type[Frozen]) -> Any:
        return pa.struct([(name, kind_of(annotation)) for name, annotation in fields(kind).items()])

    known = {name: kind_of(text) for kind in (Run, Step) for name, text in fields(kind).items() if name != "name"}
    known |= dict.fromkeys(_TIMES, pa.timestamp("ms", tz="UTC"))
    known |= {name: struct(kind) for name, kind in _OBJECTS.items()}
    known |= {"measures": kind_of("Mapping[str, float]"), "tags": kind_of("Mapping[str, str]")}
    known |= {"slowest_tests": kind_of("Mapping[str, int]"), "failures": pa.list_(struct(FailedTest))}
    known |= dict.fromkeys(("failed_tests", "flaky_tests"), pa.list_(pa.string()))
    known |= dict.fromkeys(("report_id", "step", "environment", "traceparent"), pa.string())
    return pa.schema([*known.items(), ("coverage_pct", pa.float64())])


def _record(body: str) -> dict[str, Any]:
    """A report as the columns want it: times as milliseconds, maps as pairs."""
    flat = to_json(from_json(_without_surrogates(json.loads(body)) if "\\ud" in body.lower() else json.loads(body)))
    for name in _TIMES:
        moment_s = seconds_of(flat.get(name))
        flat[name] = None if moment_s is None else round(moment_s * 1000)
    flat |= {name: list(flat[name].items()) for name in _MAPS if name in flat}
    if flat.get("gate"):
        flat["gate"]["rules"] = list(flat["gate"]["rules"].items())
    return flat


def _without_surrogates(found: Any) -> Any:
    """The same without half characters, which JSON can write and UTF-8 cannot."""
    if isinstance(found, str):
        return found.encode("utf-8", "replace").decode()
    if isinstance(found, list):
        return [_without_surrogates(each) for each in found]
    if isinstance(found, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in found.items()}
    return found
