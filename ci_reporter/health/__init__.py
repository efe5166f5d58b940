"""For your own service: `/health`, `/livez`, `/readyz` and `/metrics`, as ASGI or WSGI middleware.

health = Health(find(distribution="shop"), [Check("database", ping)])
app = health.asgi(app)
"""

from ci_reporter.health.build import find
from ci_reporter.health.checks import Check, Outcome
from ci_reporter.health.service import Health, Paths
from ci_reporter.model import BuildInfo

__all__ = ["BuildInfo", "Check", "Health", "Outcome", "Paths", "find"]
