"""The report as JSON: one flat object, schema 1 (DESIGN §4), the same in the journal, the spool and `--json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ci_reporter.frozen import Frozen, fields, required_fields
from ci_reporter.model import Coverage, FailedTest, Gate, Report, Result, Run, Step, Tests, uuid7

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _Inner = TypeVar("_Inner", Coverage, Tests, FailedTest, Gate)

SCHEMA = 1

# The keys every report has, null where unknown, in the order people read them.
_RUN_KEYS = (
    *("ci_run_id", "provider", "repository", "pipeline", "pipeline_id", "job_name"),
    *("branch", "tag", "revision", "change", "run_url", "actor", "event"),
)
_STEP_KEYS = (
    *("started_at", "finished_at", "duration_ms", "exit_code", "signal", "result", "reason", "attempts"),
    *("cpu_user_ms", "cpu_system_ms", "max_rss_bytes"),
)


def to_json(report: Report) -> dict[str, Any]:
    """Flatten a report to schema 1: the schema's keys always, further ones where they are known."""
    run, step = vars(report.run), vars(report.step)
    flat: dict[str, Any] = {"schema": SCHEMA, "report_id": report.report_id}
    flat |= {key: run[key] for key in _RUN_KEYS[:6]}
    flat["step"] = report.step.name
    flat |= {key: run[key] for key in _RUN_KEYS[6:]}
    flat["environment"] = report.environment
    flat |= {key: step[key] for key in _STEP_KEYS}
    flat["coverage_pct"] = report.coverage_pct
    flat["coverage"] = dict(vars(report.coverage)) if report.coverage else None
    flat["tests"] = dict(vars(report.tests)) if report.tests else None
    flat["measures"] = dict(report.measures)
    flat["tags"] = dict(report.tags)
    flat |= {"gate": _gate(report.gate)} if report.gate else {}
    named = {"failed_tests": list(report.failed_tests), "flaky_tests": list(report.flaky_tests)}
    flat |= {key: names for key, names in named.items() if names}
    flat |= {"failures": [_without_none(each) for each in report.failures]} if report.failures else {}
    flat |= {"slowest_tests": dict(report.slowest_tests)} if report.slowest_tests else {}
    flat |= {"traceparent": report.traceparent} if report.traceparent else {}
    rest = (run | step).items()
    return flat | {key: value for key, value in rest if key not in flat and key != "name" and value is not None}


def _gate(gate: Gate) -> dict[str, Any]:
    return _without_none(gate) | {"rules": dict(gate.rules)}


def _without_none(inner: Frozen) -> dict[str, Any]:
    return {key: value for key, value in vars(inner).items() if value is not None}


def from_json(flat: Mapping[str, Any]) -> Report:
    """Read a report, also one of an outside sender that knows only a few keys; unknown keys are passed over.

    Raises ValueError naming the key when a value is missing or of the wrong type, and nothing else for any JSON.
    """
    known = known_values(flat)
    step = {name: known.pop(name) for name in fields(Step) if name in known}
    run = {name: known.pop(name) for name in fields(Run) if name in known}
    step["name"] = known.pop("step", None) or run.get("job_name") or "unknown"
    return Report(**{"report_id": uuid7(), **known, "run": Run(**run), "step": Step(**step)})


def known_values(flat: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a report, by key, each value read as the nouns have it; `result` is always there.

    This is `from_json` without the nouns, for whoever reads thousands a second. Raises ValueError as that does.
    """
    if not isinstance(flat, Mapping):
        raise ValueError(f"a report is a JSON object, not {_short(flat)}")
    known = {}
    for key, value in flat.items():
        if value is not None and (read := _TOP.get(key)) and (found := read(flat, key)) is not None:
            known[key] = found
    if "result" not in known:
        if "exit_code" not in known:
            raise ValueError("exit_code: is missing, and so is result; one of them says how the step ended")
        known["result"] = Result.FAILURE if known["exit_code"] else Result.SUCCESS
    return known


def _inner(kind: type[_Inner], flat: Mapping[str, Any], key: str) -> _Inner | None:
    """An object within the report; None when it is not there."""
    inner = flat.get(key)
    if inner is None:
        return None
    if not isinstance(inner, Mapping):
        raise ValueError(f"{key}: expected an object, got {_short(inner)}")
    try:
        known = _members(kind, inner)
    except ValueError as exc:
        raise ValueError(f"{key}.{exc}") from None
    for name in required_fields(kind):
        if name not in known:
            raise ValueError(f"{key}.{name}: is missing")
    return kind(**known)


def _members(kind: type[Frozen], flat: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a noun's fields, each read as its annotation says."""
    readers = _readers_of(kind)
    return {name: value for name in flat if name in readers and (value := readers[name](flat, name)) is not None}


def _readers_of(kind: type[Frozen]) -> Mapping[str, Callable[[Mapping[str, Any], str], Any]]:
    """The reader of each field; a hub asks for them with each report that it gets."""
    if kind not in _READERS_OF:
        _READERS_OF[kind] = {name: _READERS[annotation.partition(" ")[0]] for name, annotation in fields(kind).items()}
    return _READERS_OF[kind]


def _values(flat: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any], str], Any]) -> dict[str, Any]:
    inner = flat.get(key)
    if inner is None:
        return {}
    if not isinstance(inner, Mapping):
        raise ValueError(f"{key}: expected an object, got {_short(inner)}")
    try:
        return {name: value for name in inner if (value := read(inner, name)) is not None}
    except ValueError as exc:
        raise ValueError(f"{key}.{exc}") from None


def _names(flat: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = flat.get(key)
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key}: expected a list of texts, got {_short(names)}")
    return tuple(names)


def _failures(flat: Mapping[str, Any], key: str) -> tuple[FailedTest, ...]:
    listed = flat.get(key)
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise ValueError(f"{key}: expected a list of objects, got {_short(listed)}")
    found = (_inner(FailedTest, {f"{key}[{at}]": each}, f"{key}[{at}]") for at, each in enumerate(listed))
    return tuple(each for each in found if each)


def _text(flat: Mapping[str, Any], key: str) -> str | None:
    value = flat.get(key)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_WHOLE:
        return str(value)
    raise ValueError(f"{key}: expected text, got {_short(value)}")


def _id(flat: Mapping[str, Any], key: str) -> str | None:
    """An id that may become the name of a file."""
    value = _text(flat, key)
    if value and (len(value) > 100 or value.startswith(".") or not _ID_CHARACTERS.issuperset(value)):
        raise ValueError(f"{key}: expected at most 100 letters, digits, '-', '_' and '.', got {_short(value)}")
    return value


def _whole(flat: Mapping[str, Any], key: str) -> int | None:
    value = flat.get(key)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # what a language without whole numbers makes of 12
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _LARGEST_WHOLE:
        raise ValueError(f"{key}: expected a whole number, got {_short(value)}")
    return value


def _number(flat: Mapping[str, Any], key: str) -> float | None:
    value = flat.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST_NUMBER:
        raise ValueError(f"{key}: expected a number, got {_short(value)}")
    return value


def _flag(flat: Mapping[str, Any], key: str) -> bool | None:
    value = flat.get(key)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{key}: expected true or false, got {_short(value)}")
    return value


def _result(flat: Mapping[str, Any], key: str) -> Result | None:
    value = _text(flat, key)
    if value is not None and value not in set(Result):
        raise ValueError(f"{key}: no result named {_short(value)} (known: {', '.join(Result)})")
    return Result(value) if value else None


def _short(value: object) -> str:
    """A value as a message may show it: short, and no way to fail on it."""
    if isinstance(value, Mapping | list | tuple):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) >= _LARGEST_WHOLE:
        return "a number of more than 64 bits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


_READERS: Mapping[str, Callable[[Mapping[str, Any], str], Any]] = {
    "str": _text,
    "int": _whole,
    "bool": _flag,
    "Result": _result,
    "float": _number,
    "Mapping[str,": lambda flat, key: _values(flat, key, _text),
}
_READERS_OF: dict[type[Frozen], Mapping[str, Callable[[Mapping[str, Any], str], Any]]] = {}
_TOP: Mapping[str, Callable[[Mapping[str, Any], str], Any]] = {
    **{name: read for kind in (Run, Step) for name, read in _readers_of(kind).items() if name != "name"},
    "report_id": _id,
    "step": _text,
    "environment": _text,
    "coverage": lambda flat, key: _inner(Coverage, flat, key),
    "coverage_pct": _number,
    "tests": lambda flat, key: _inner(Tests, flat, key),
    "gate": lambda flat, key: _inner(Gate, flat, key),
    "measures": lambda flat, key: _values(flat, key, _number),
    "tags": lambda flat, key: _values(flat, key, _text),
    "failed_tests": _names,
    "failures": _failures,
    "flaky_tests": _names,
    "slowest_tests": lambda flat, key: _values(flat, key, _whole),
    "traceparent": _text,
}
_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
_LARGEST_WHOLE = 2**63
_LARGEST_NUMBER = 1.7976931348623157e308  # of a 64-bit float
