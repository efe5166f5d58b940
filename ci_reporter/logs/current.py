"""The context of what happens now: which run it belongs to, its trace and baggage, and the fields on its log lines.

A request's context is in context variables: asyncio's tasks inherit it, threads do not (`outgoing.in_context`). Where
nothing else is said, that of the process holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Context:
    """Which run, which trace, and what else is carried. `baggage` has its members as they were sent, by key."""

    ci_run_id: str | None = None
    traceparent: str = ""
    tracestate: str = ""
    baggage: Mapping[str, str] = field(default_factory=dict)

    @property
    def trace_id(self) -> str | None:
        """The 32 hex digits that all spans and lines of a trace share."""
        return self.traceparent[3:35] or None


class _Process:
    """The context of what no request has caused."""

    context = Context()


_MARK = "_ci_reporter_context"
_CURRENT: ContextVar[Context] = ContextVar("ci_reporter_context")


def context() -> Context:
    """The context of what happens now, else that of the process; without a run, the process's run."""
    return _CURRENT.get(_Process.context)


def context_of(error: BaseException | None) -> Context:
    """The current context; where there is none, the one that `error` comes from: servers log it after the request."""
    return _CURRENT.get(None) or getattr(error, _MARK, None) or _Process.context


def begin(started_with: Context) -> None:
    """Set the context of the process."""
    _Process.context = started_with


@contextmanager
def use(wanted: Context) -> Iterator[Context]:
    """Within the block, `wanted` is the context; without a run of its own, it belongs to the process's."""
    current = replace(wanted, ci_run_id=wanted.ci_run_id or _Process.context.ci_run_id)
    token = _CURRENT.set(current)
    try:
        yield current
    except BaseException as exc:
        _mark(exc, current)
        raise
    finally:
        _CURRENT.reset(token)


def _mark(error: BaseException, current: Context) -> None:
    """Note where an exception comes from; the innermost place counts."""
    if not hasattr(error, _MARK):
        try:
            setattr(error, _MARK, current)
        except AttributeError:
            pass  # its class has slots alone


@contextmanager
def bind(*, ci_run_id: str | None = None, **fields: Any) -> Iterator[None]:
    """Within the block, every log line has these fields, and belongs to that run where one is named."""
    from structlog.contextvars import bound_contextvars

    with use(replace(context(), ci_run_id=ci_run_id or context().ci_run_id)), bound_contextvars(**fields):
        yield
