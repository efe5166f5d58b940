"""The hub's configuration file: YAML with a section for each subject. A key that nobody knows is an error.

auth:       who may sign in              (settings/auth.py)
poll:       CI systems to look at        (settings/poll.py)
alerts:     rules on what happens        (its room reads it: `Settings.section("alerts")`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ci_reporter.config import yaml
from ci_reporter.config.yaml import Node
from ci_reporter.hub.settings.auth import Auth, auth_of
from ci_reporter.hub.settings.poll import Poll, poll_of

_LIMIT_KIB = 256
# In the order of the reference page. Those without a reader here are read by the room that they are for.
SECTIONS = ("auth", "poll", "alerts", "actions", "silences", "deployments")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the file says; `path` is empty where there is none."""

    path: str = ""
    auth: Auth = field(default_factory=Auth)
    poll: Poll = field(default_factory=Poll)
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))

    def section(self, name: str) -> Node | None:
        """What is written under a key, for the room that reads it; None where nothing is."""
        if name not in SECTIONS:
            raise KeyError(name)
        return self.nodes.get(name)


def load(path: str) -> Settings:
    """Read a file. Raises UsageError naming file, line, key, value and the way out."""
    return _settings(yaml.load(path, _LIMIT_KIB), path)


def parse(content: bytes, path: str) -> Settings:
    """Read the content of a file. Raises UsageError."""
    return _settings(yaml.parse(content, path), path)


def _settings(node: Node, path: str) -> Settings:
    nodes = yaml.mapping(node, SECTIONS)
    auth = auth_of(nodes["auth"]) if "auth" in nodes else Auth()
    poll = poll_of(nodes["poll"]) if "poll" in nodes else Poll()
    return Settings(path=path, auth=auth, poll=poll, nodes=MappingProxyType(nodes))
