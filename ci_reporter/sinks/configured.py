"""The sinks that the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.config import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Access
    from ci_reporter.metrics import Samples
    from ci_reporter.sinks import Sink
    from ci_reporter.sinks.loki import Loki
    from ci_reporter.sinks.pushgateway import Pushgateway

_NAMES = ("pushgateway", "loki")  # each is set by the setting of its name


def sink_names(config: Config) -> tuple[str, ...]:
    """The names of the configured sinks, without importing them."""
    return tuple(name for name in _NAMES if getattr(config, name))


def sinks(config: Config, env: Mapping[str, str], about_us: tuple[Samples, ...] = ()) -> tuple[Sink, ...]:
    """The configured sinks; `about_us` goes with a step's own report."""
    found: list[Sink] = []
    if config.pushgateway:
        found.append(pushgateway(config, about_us))
    if config.loki:
        found.append(loki(config, env))
    return tuple(found)


def pushgateway(config: Config, about_us: tuple[Samples, ...] = ()) -> Pushgateway:
    """The Pushgateway of the settings."""
    from ci_reporter.http import shown
    from ci_reporter.sinks.pushgateway import Pushgateway

    return Pushgateway(
        url=shown(config.pushgateway or ""),
        access=access(config, "pushgateway"),
        branches=config.branches,
        label_budget=config.label_budget,
        run_info=config.run_info,
        about_us=about_us,
    )


def loki(config: Config, env: Mapping[str, str]) -> Loki:
    """The Loki of the settings; the step's trace is the one that our own environment names."""
    from ci_reporter.http import shown
    from ci_reporter.sinks.loki import Loki
    from ci_reporter.system.trace import trace_id

    return Loki(
        url=shown(config.loki or ""),
        access=access(config, "loki"),
        branches=config.branches,
        tenant=config.loki_tenant,
        trace_id=trace_id(env.get("TRACEPARENT", "")),
    )


def access(config: Config, server: str) -> Access:
    """How a server lets us in; a user and password in its address go where they belong."""
    from urllib.parse import unquote

    from ci_reporter.http import Access

    settings = {name: getattr(config, f"{server}_{name}") for name in ("username", "password", "token", "ca")}
    user, _, password = (getattr(config, server) or "").partition("//")[2].rpartition("@")[0].partition(":")
    return Access(
        username=settings["username"] or unquote(user) or None,
        password=settings["password"] or unquote(password) or None,
        token=settings["token"],
        ca=settings["ca"],
    )
