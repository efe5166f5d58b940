"""How a command is started: its environment, its signals, its streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ci_reporter.frozen import EMPTY, Frozen


class Launch(Frozen):
    """How commands are started.

    `env` is the environment without us, `added` is what we add to it. `defaults` are the signals to start with at
    their default, `ignored` those to start with ignored beside the ones that we ignore ourselves. `streams` maps the
    command's descriptors to ours where they differ.
    """

    env: Mapping[str, str]
    added: Mapping[str, str] = EMPTY
    mask: frozenset[int] = frozenset()
    defaults: Sequence[int] = ()
    ignored: frozenset[int] = frozenset()
    own_group: bool = True
    streams: Mapping[int, int] | None = None
