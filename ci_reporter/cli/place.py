"""Where the program runs: environment, folders, settings. Only the command line reads these from the process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ci_reporter import registry
from ci_reporter.config import Config
from ci_reporter.config.load import load
from ci_reporter.journal import Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.http import Access
    from ci_reporter.http.prometheus import Prometheus
    from ci_reporter.metrics import Samples
    from ci_reporter.sinks import Sink
    from ci_reporter.sinks.loki import Loki
    from ci_reporter.sinks.pushgateway import Pushgateway

STATE_FOLDER = ".ci-reporter"
_SINKS = ("pushgateway", "loki")  # each is set by the setting of its name


@dataclass(frozen=True, kw_only=True)
class Place:
    """The world as the program finds it."""

    env: Mapping[str, str]
    folder: str
    root: str
    config: Config

    @property
    def journal(self) -> Journal:
        """The state folder."""
        folder = (
            os.path.join(self.folder, self.config.dir) if self.config.dir else os.path.join(self.root, STATE_FOLDER)
        )
        return Journal(os.path.normpath(folder))

    @property
    def sink_names(self) -> tuple[str, ...]:
        """The sinks that are configured, without importing them."""
        return tuple(name for name in _SINKS if getattr(self.config, name))

    @property
    def openmetrics(self) -> str | None:
        """The OpenMetrics file to write, if one is wanted."""
        return os.path.join(self.folder, self.config.openmetrics) if self.config.openmetrics else None


def here(options: Mapping[str, Any]) -> Place:
    """Look around and load the settings. Raises UsageError."""
    env = dict(os.environ)
    folder = _working_folder()
    root = repository_root(folder)
    config = load(options, env, (folder, root))
    _check_formats(config)
    return Place(env=env, folder=folder, root=root, config=config)


def repository_root(folder: str) -> str:
    """The nearest folder upwards with a `.git`, else the folder itself."""
    at = folder
    while not os.path.exists(os.path.join(at, ".git")):
        parent = os.path.dirname(at)
        if parent == at:
            return folder
        at = parent
    return at


def first_word(config: Config, command: Sequence[str]) -> str:
    """The program that is run: with --shell the shell, for a line of it may hold anything."""
    return "sh" if config.shell else command[0]


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been deleted under us; the command may not need it
        return "/"


def _check_formats(config: Config) -> None:
    """Refuse the name of a report format that nobody has. Raises UsageError."""
    for kind, name in (("coverage", config.coverage_format), ("testresults", config.tests_format)):
        if name:
            from importlib import import_module

            registry.load(kind, name, import_module(f"ci_reporter.{kind}").FORMATS)


def sinks(config: Config, about_us: tuple[Samples, ...] = ()) -> tuple[Sink, ...]:
    """The configured sinks; `about_us` goes with a step's own report."""
    found: list[Sink] = []
    if config.pushgateway:
        found.append(pushgateway(config, about_us))
    if config.loki:
        found.append(loki(config))
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


def prometheus(config: Config) -> Prometheus | None:
    """The Prometheus whose counts a gate judges, if one is set."""
    if not config.prometheus:
        return None
    from ci_reporter.http import shown
    from ci_reporter.http.prometheus import Prometheus

    return Prometheus(url=shown(config.prometheus), access=access(config, "prometheus"))


def loki(config: Config) -> Loki:
    """The Loki of the settings; of the step's trace is known what our own environment says of it."""
    from ci_reporter.http import shown
    from ci_reporter.sinks.loki import Loki
    from ci_reporter.system.trace import trace_id

    return Loki(
        url=shown(config.loki or ""),
        access=access(config, "loki"),
        branches=config.branches,
        tenant=config.loki_tenant,
        trace_id=trace_id(os.environ.get("TRACEPARENT", "")),
    )


def access(config: Config, sink: str) -> Access:
    """How a server lets us in; a user and password in its address go where they belong."""
    from urllib.parse import unquote

    from ci_reporter.http import Access

    set_here = {name: getattr(config, f"{sink}_{name}") for name in ("username", "password", "token", "ca")}
    user, _, password = (getattr(config, sink) or "").partition("//")[2].rpartition("@")[0].partition(":")
    return Access(
        username=set_here["username"] or unquote(user) or None,
        password=set_here["password"] or unquote(password) or None,
        token=set_here["token"],
        ca=set_here["ca"],
    )
