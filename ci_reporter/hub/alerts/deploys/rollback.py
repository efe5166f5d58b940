"""The way back: a signed webhook, a workflow, a pipeline; called at most once, whatever dies.

The ledger says `called` before the call is made. A hub that is killed between the two never calls again: whether the
other side heard it is then unknown, and people are told so. To go back twice may be worse than not at all: the second
one may undo what somebody has just mended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from ci_reporter.errors import DeliveryError
from ci_reporter.http import Access, Answer, Request, send
from ci_reporter.http.github import URL as GITHUB
from ci_reporter.http.gitlab import URL as GITLAB
from ci_reporter.hub.alerts.deploys.watchfile import Rollback, Way, filled
from ci_reporter.model import rfc3339
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.standardwebhooks import signed_headers

CALL_S = 20.0
_GITHUB_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def call(rollback: Rollback, known: Mapping[str, str], token: str, now_s: float) -> str:
    """Set it in motion, and say what was done. Raises DeliveryError where the other side said no, or nothing.

    There is no second try: one that timed out may have been heard.
    """
    request = request_of(rollback, known, token, now_s)
    send(request, Deadline(CALL_S), retries=0, problem=lambda answer: _refusal(rollback, answer, token))
    return {
        Way.WEBHOOK: "the webhook took it",
        Way.GITHUB: f"workflow {rollback.workflow} of {rollback.target} was started",
        Way.GITLAB: f"a pipeline of {rollback.target} was started",
    }[rollback.way]


def request_of(rollback: Rollback, known: Mapping[str, str], token: str, now_s: float) -> Request:
    """The one request."""
    inputs = filled(rollback.inputs, known)
    if rollback.way is Way.WEBHOOK:
        return _webhook(rollback, {**known, **inputs}, token, now_s)
    if rollback.way is Way.GITHUB:
        url = (
            f"{rollback.url or GITHUB}/repos/{rollback.target}/actions/workflows/{quote(rollback.workflow)}/dispatches"
        )
        return _json(url, {"ref": rollback.ref, "inputs": inputs}, Access(token=token), _GITHUB_HEADERS)
    url = f"{rollback.url or GITLAB}/projects/{quote(rollback.target, safe='')}/trigger/pipeline"
    return _json(url, {"token": token, "ref": rollback.ref, "variables": inputs}, Access(), {})


def _webhook(rollback: Rollback, data: Mapping[str, str], secret: str, now_s: float) -> Request:
    """Standard Webhooks: the id is the deployment's, so that a receiver that keeps ids acts once, too."""
    request = _json(
        rollback.target, {"type": "ci.rollback", "timestamp": rfc3339(now_s), "data": dict(data)}, Access(), {}
    )
    message_id = "".join(each if each.isalnum() or each in "-_" else "-" for each in f"rollback-{data['deployment']}")
    signed = signed_headers(secret.split(), message_id, int(now_s), request.body or b"")
    return Request(**vars(request) | {"headers": {**request.headers, **signed}})


def _json(url: str, payload: Mapping[str, object], access: Access, headers: Mapping[str, str]) -> Request:
    body = json.dumps(payload).encode()
    return Request(
        method="POST", url=url, body=body, access=access, headers={"Content-Type": "application/json", **headers}
    )


def _refusal(rollback: Rollback, answer: Answer, token: str) -> DeliveryError | None:
    if 200 <= answer.status < 300:
        return None
    said = answer.text(200).replace(token, "***")
    return DeliveryError(f"{rollback.way} answered {answer.status}: {said}")
