"""For your own service: `/health`, `/livez`, `/readyz` and `/metrics`, as ASGI or WSGI middleware.

health = Health(find(distribution="shop"), [Check("database", ping)])
app = health.asgi(app)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.health.app import Health
    from ci_reporter.health.build import find
    from ci_reporter.health.checks import Check, Outcome
    from ci_reporter.health.service import Paths
    from ci_reporter.model import BuildInfo

__all__ = ["BuildInfo", "Check", "Health", "Outcome", "Paths", "find"]
_MODULES = {
    "BuildInfo": "ci_reporter.model",
    "Check": "ci_reporter.health.checks",
    "Health": "ci_reporter.health.app",
    "Outcome": "ci_reporter.health.checks",
    "Paths": "ci_reporter.health.service",
    "find": "ci_reporter.health.build",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
