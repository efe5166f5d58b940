"""The poller of a hub: its settings and its database → a service."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from functools import partial

from ci_reporter.hub.poll.poller import Poller, World
from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.run import Run
from ci_reporter.hub.settings.poll import Poll
from ci_reporter.hub.store.tables import Tables


def poller(
    poll: Poll,
    tables: Tables,
    environ: Mapping[str, str],
    *,
    branches: Sequence[str],
    alone: bool,
) -> Poller | None:
    """The poller, None where there is nothing to poll. Raises UsageError for a token that cannot be used."""
    if not poll.sources:
        return None
    for source in poll.sources:
        source.token.read(environ)
    world = World(
        tables=tables,
        record=partial(_keep, tables, branches),
        environ=environ,
        replica="hub" if alone else f"{socket.gethostname()}-{os.getpid()}",
        alone=alone,
    )
    return Poller(poll, world)


def _keep(tables: Tables, branches: Sequence[str], runs: Sequence[Run]) -> None:
    record(tables, runs, source=Source.POLL, now_ms=round(time.time() * 1000), branches=branches)
