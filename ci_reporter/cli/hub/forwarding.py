"""The Pushgateway that a hub hands reports on to: let in as a job is, by CI_REPORTER_PUSHGATEWAY_..."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config import values
from ci_reporter.context import load_context
from ci_reporter.errors import UsageError
from ci_reporter.frozen import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.sinks import Sink

_PREFIX = "CI_REPORTER_PUSHGATEWAY_"


def pushgateway(url: str, env: Mapping[str, str], branches: tuple[str, ...]) -> Sink:
    """The sink for this address. Raises UsageError.

    Nothing of a job's configuration holds here but how the gateway lets us in.
    """
    try:
        values.url(url)
    except ValueError as exc:
        raise UsageError(f"option --forward-pushgateway: {values.quote(url)} {exc}") from exc
    own = {name: text for name, text in env.items() if name.startswith(_PREFIX)}
    context = load_context(own, "/", {"pushgateway": url})
    sink: Sink = replace(context.config.sinks["pushgateway"].sink(context), branches=branches)
    return sink
