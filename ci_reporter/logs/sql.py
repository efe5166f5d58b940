"""The run and the trace as a comment on each SQL statement, so that slow-query logs and `pg_stat_activity` name them.

Source: the sqlcommenter format (google.github.io/sqlcommenter/spec).
"""

from __future__ import annotations

from urllib.parse import quote

from ci_reporter.logs.current import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PERCENT = ("format", "pyformat")  # drivers that read a % in the statement as a parameter's


def with_comment(statement: str, *, paramstyle: str = "qmark", trace: bool = True) -> str:
    """The statement with the context behind it; one that has a comment already stays as it is.

    `paramstyle` is the driver's (DB-API 2). A trace makes each request's statements differ: without it (`trace=False`)
    caches that go by the statement's text keep working.
    """
    found = {"ci_run_id": context().ci_run_id, "traceparent": context().traceparent if trace else ""}
    pairs = ",".join(f"{key}='{quote(value, safe='')}'" for key, value in sorted(found.items()) if value)
    if not pairs or "/*" in statement or "--" in statement:
        return statement
    pairs = pairs.replace("%", "%%") if paramstyle in _PERCENT else pairs
    body = statement.rstrip()
    end = ";" if body.endswith(";") else ""
    return f"{body.removesuffix(';').rstrip()} /*{pairs}*/{end}"


def sqlalchemy_engine(engine: Any, *, trace: bool = True) -> Any:
    """Let every statement of an engine of SQLAlchemy, sync or async, carry the comment."""
    from sqlalchemy import event

    def before(_: Any, __: Any, statement: str, parameters: Any, context: Any, *___: Any) -> tuple[str, Any]:
        return with_comment(statement, paramstyle=context.dialect.paramstyle, trace=trace), parameters

    event.listen(getattr(engine, "sync_engine", engine), "before_cursor_execute", before, retval=True)
    return engine
