"""`Health`: a service's health with the middleware that puts its endpoints before an app."""

from __future__ import annotations

from ci_reporter.health.service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.health.asgi import HealthMiddleware as Asgi
    from ci_reporter.health.wsgi import HealthMiddleware as Wsgi


class Health(Service):
    """A service's build, its checks and its traffic, and the endpoints that tell of them."""

    def asgi(self, app: Any = None, **how: Any) -> Asgi:
        """The ASGI app with the endpoints before it, or the endpoints alone."""
        from ci_reporter.health.asgi import HealthMiddleware

        return HealthMiddleware(app, self, **how)

    def wsgi(self, app: Any = None, **how: Any) -> Wsgi:
        """The WSGI app with the endpoints before it, or the endpoints alone."""
        from ci_reporter.health.wsgi import HealthMiddleware

        return HealthMiddleware(app, self, **how)
