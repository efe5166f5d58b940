"""schemathesis asks what no person would, by the document that the API serves, and checks each answer."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ci_reporter.hub.api.routes import ROUTES
from ci_reporter.hub.auth.access import ACCESS, Access

FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Http:
    """The API as an app of its own: it needs no start and no stop."""

    def __init__(self, api):
        self.api = api

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self.api(scope | {ACCESS: Access()}, receive, send)


@pytest.fixture(scope="module")
def document(shop):
    """The document, as the API serves it. What it says of the paths is asked of the API in process."""
    import schemathesis  # half a second for each worker that collects this file

    api = shop.api()
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", Http(api))
    api.close()


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)  # what a database takes is in test_endpoint.py
@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_answer_is_as_the_document_says(document, route, mode):
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import ignored_auth  # the guard's tests are in tests/hub/auth

    operation = document[f"/api/v1{route.path}"]["GET"]

    @FEW
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def ask(case):
        if mode == "positive":  # a text of the right form is not a cursor yet: test_pages.py has those
            case.query.pop("cursor", None)
        case.call_and_validate(excluded_checks=[ignored_auth])

    ask()
