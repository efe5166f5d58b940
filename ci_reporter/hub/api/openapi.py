"""The OpenAPI 3.1 document, made from the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ci_reporter.hub.api import schemas
from ci_reporter.hub.api.route import Param, Route
from ci_reporter.version import __version__

PREFIX = "/api/v1"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
_HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "Send it as If-None-Match: 304 where nothing is new."}
}
_SIGN_IN = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `hub token create`, or a JWT."},
    "basic": {"type": "http", "scheme": "basic", "description": "A user of `hub user add`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "ci_reporter_session", "description": "What /login sets."},
}
_NAME = {"type": "string", "minLength": 1, "maxLength": 400}
_LINK = {"Link": {"schema": {"type": "string"}, "description": 'The next page, rel="next" (RFC 8288).'}}


def document(
    routes: Sequence[Route],
    more_paths: Mapping[str, Any] = MappingProxyType({}),
    more_schemas: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document of these routes, and of paths that are written out, with their schemas."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ci-reporter hub",
            "version": __version__,
            "description": "What CI jobs have reported. Times are RFC 3339 UTC, durations in ms; unknown is null.",
        },
        "paths": {**{f"{PREFIX}{route.path}": {"get": _operation(route)} for route in routes}, **more_paths},
        "security": [{name: []} for name in _SIGN_IN],
        "components": {
            "securitySchemes": _SIGN_IN,
            "schemas": {"problem": schemas.PROBLEM, **{each.name: each.schema for each in routes}, **more_schemas},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    names = [piece[1:-1] for piece in route.path.split("/") if piece.startswith("{")]
    in_path = [{"name": name, "in": "path", "required": True, "schema": _NAME} for name in names]
    refusals = {400: "The request cannot be understood.", 401: "Who asks must sign in.", **route.more_statuses}
    refusals |= {503: "The hub is too busy, or the answer takes too long."}
    return {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": in_path + [_param(each) for each in route.params],
        "responses": {
            "200": _response(route),
            "304": {"description": "Nothing is new since the ETag of If-None-Match."},
            **{str(status): {"description": words, "content": _PROBLEM} for status, words in refusals.items()},
        },
    }


def _response(route: Route) -> Mapping[str, Any]:
    is_page = any(each.name == "cursor" for each in route.params)
    return {
        "description": "Found.",
        "headers": _HEADERS | (_LINK if is_page else {}),
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{route.name}"}}},
    }


def _param(param: Param) -> dict[str, Any]:
    known = {"name": param.name, "in": "query", "description": param.help, "schema": param.schema}
    return known | ({"required": True} if param.required else {})
