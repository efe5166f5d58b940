"""The sinks that the settings ask for."""

from __future__ import annotations

from ci_reporter.config import Config
from ci_reporter.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.metrics import Samples
    from ci_reporter.sinks import Sink


def sink_names(config: Config) -> tuple[str, ...]:
    """The names of the sinks that are switched on."""
    return tuple(config.sinks)


def sinks(context: Context, about_us: tuple[Samples, ...] = ()) -> tuple[Sink, ...]:
    """The sinks that are switched on; `about_us` goes with a step's own report."""
    return tuple(settings.sink(context, about_us) for settings in context.config.sinks.values())
