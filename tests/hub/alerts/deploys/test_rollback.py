"""The one call that sets a rollback in motion, as each side wants it."""

import json

import pytest

from ci_reporter.errors import DeliveryError
from ci_reporter.hub.alerts.deploys.rollback import call
from ci_reporter.hub.alerts.deploys.watchfile import Rollback, Way
from ci_reporter.system.standardwebhooks import verify
from tests.vendors import said, serving

SECRET = "whsec_" + "c2VjcmV0" * 6
NOW_S = 1_780_000_000.0
KNOWN = {"deployment": "github-7-1", "revision": "b" * 40, "to_revision": "a" * 40, "environment": "production"}
INPUTS = {"revision": "{to_revision}"}


def asked_by(rollback, answer=(204, {}, b""), token="secret-token"):
    """The requests that one call makes."""
    asked = []
    with serving(lambda each: asked.append(each) or answer) as url:
        target = url if rollback.way is Way.WEBHOOK else rollback.target
        made = Rollback(**vars(rollback) | {"url": url, "target": target})
        call(made, KNOWN, token, NOW_S)
    return asked


def test_a_workflow_is_dispatched_with_its_inputs():
    (asked,) = asked_by(Rollback(way=Way.GITHUB, target="acme/shop", workflow="rollback.yml", inputs=INPUTS))
    assert (asked.method, asked.path) == ("POST", "/repos/acme/shop/actions/workflows/rollback.yml/dispatches")
    assert json.loads(asked.body) == {"ref": "main", "inputs": {"revision": "a" * 40}}
    assert asked.headers["authorization"] == "Bearer secret-token"


def test_a_pipeline_is_triggered_with_its_variables():
    (asked,) = asked_by(Rollback(way=Way.GITLAB, target="acme/shop", inputs=INPUTS), said(201, {"id": 1}))
    assert asked.path == "/projects/acme%2Fshop/trigger/pipeline"
    body = {"token": "secret-token", "ref": "main", "variables": {"revision": "a" * 40}}
    assert json.loads(asked.body) == body
    assert "authorization" not in asked.headers


def test_a_webhook_is_signed_and_named_after_the_deployment():
    (asked,) = asked_by(Rollback(way=Way.WEBHOOK, target=""), token=SECRET)
    assert verify(asked.headers, asked.body, [SECRET], NOW_S) == "rollback-github-7-1"
    assert json.loads(asked.body)["data"] == KNOWN


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
def test_a_no_is_said_once_without_the_token(status):
    rollback = Rollback(way=Way.GITLAB, target="acme/shop")
    asked = []

    def answer(each):
        asked.append(each)
        return said(status, {"message": "no: secret-token"})

    with serving(answer) as url, pytest.raises(DeliveryError) as caught:
        call(Rollback(**vars(rollback) | {"url": url}), KNOWN, "secret-token", NOW_S)
    assert len(asked) == 1
    assert "secret-token" not in str(caught.value)
    assert str(status) in str(caught.value)
