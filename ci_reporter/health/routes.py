"""The route template of a request, as frameworks leave it behind: `/users/{id}`, never `/users/42`.

Whoever else knows a template puts it into the scope or the environ as `ci_reporter.route`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROUTE = "ci_reporter.route"


def asgi_route(scope: Mapping[str, Any]) -> str | None:
    """Starlette's and FastAPI's template, with what an app is mounted at."""
    if ROUTE in scope:
        return str(scope[ROUTE])
    found = scope.get("route")
    if found is None:
        return None
    included = scope.get("fastapi")
    context = included.get("effective_route_context") if included else None  # a router's prefix is there alone
    path: str | None = getattr(context or found, "path", None)
    if path is None or "app_root_path" not in scope:
        return path
    return _mount_of(scope) + ("" if hasattr(found, "routes") else path)


def _mount_of(scope: Mapping[str, Any]) -> str:
    """Where the app that answered is mounted; the values of the mount's own parameters become their names."""
    values = {str(value): name for name, value in scope.get("path_params", {}).items()}
    parts = scope["root_path"].removeprefix(scope["app_root_path"]).split("/")
    return "/".join(f"{{{values[part]}}}" if part in values else part for part in parts)


def wsgi_route(environ: Mapping[str, Any]) -> str | None:
    """Flask's template: werkzeug leaves the request in the environ, and Flask the rule on the request."""
    if ROUTE in environ:
        return str(environ[ROUTE])
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else rule.rule


def django_route(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Set Django's template: put "ci_reporter.health.routes.django_route" first into `MIDDLEWARE`."""
    import inspect

    if not inspect.iscoroutinefunction(get_response):

        def middleware(request: Any) -> Any:
            response = get_response(request)
            _set_route(request)
            return response

        return middleware

    async def middleware_async(request: Any) -> Any:
        response = await get_response(request)
        _set_route(request)
        return response

    return middleware_async


django_route.sync_capable = django_route.async_capable = True  # type: ignore[attr-defined]


def _set_route(request: Any) -> None:
    match = request.resolver_match
    if match is not None:
        place = request.scope if hasattr(request, "scope") else request.environ
        place[ROUTE] = f"/{match.route}"
