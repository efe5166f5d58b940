"""`POST /webhooks/…`: what is signed and new is durable before the answer; what is not ours is a 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest

from ci_reporter.errors import StoreError
from ci_reporter.hub.exposition import exposition
from ci_reporter.hub.runs.deployments import last_deployments
from ci_reporter.hub.runs.reading import changes_after, record_at
from ci_reporter.hub.webhooks.deliveries import last_deliveries
from ci_reporter.hub.webhooks.source import Source
from ci_reporter.system.standardwebhooks import signed_headers
from tests.hub.webhooks import payloads
from tests.hub.webhooks.conftest import SECRET, signed

SHOP = "acme/shop"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _state(hub, repository=SHOP, ci_run_id="github-17-1"):
    found = record_at(hub.store.select, repository, ci_run_id)
    return found and str(found.state)


def _hex(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_run_that_was_told_is_kept_before_the_answer(each_hub):
    reply = each_hub.github(payloads.github_run())
    assert (reply.status, reply.json) == (202, {"outcome": "recorded"})
    found = record_at(each_hub.store.select, SHOP, "github-17-1")
    assert (found.state, found.told.pipeline, found.told.actor, found.hooked_final_ms) == (
        "success",
        "CI",
        "ada",
        round(each_hub.now_s * 1000),
    )


def test_a_push_and_a_deployment_are_changes(each_hub):
    each_hub.run(
        each_hub.delivery(payloads.push("refs/tags/v1"), "push"),
        each_hub.delivery(payloads.github_deployment(), "deployment_status"),
    )
    found = {(str(each.kind), each.subject, each.became) for each in changes_after(each_hub.store.select, 0, 10)}
    assert found == {("tag", "v1", payloads.SHA), ("deployment", "production", "success")}
    assert last_deployments(each_hub.store.select, SHOP, "production", 10)[0].actor == "ada"


@pytest.mark.parametrize("same", ["id", "body"])
def test_a_delivery_that_comes_twice_is_known(each_hub, same):
    each_hub.github(payloads.push(), "push", delivery="1")
    payload = payloads.push(after="f" * 40) if same == "id" else payloads.push()
    reply = each_hub.github(payload, "push", delivery="1" if same == "id" else "2")
    assert (reply.status, reply.json) == (200, {"outcome": "duplicate"})
    assert len(changes_after(each_hub.store.select, 0, 10)) == 1


def test_deliveries_at_the_same_time_are_each_kept(hub):
    runs = [payloads.github_run(id=number) for number in range(120)]
    assert {reply.status for reply in hub.run(*map(hub.delivery, runs))} == {202}
    assert len(last_deliveries(hub.store.select, 200)) == 120


@pytest.mark.parametrize(
    "signature",
    [None, "", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, signed(b"{}"), "sha256=\udcff"],
)
def test_what_is_not_signed_is_refused_without_a_word_of_why(hub, signature):
    given = None if signature is None else signature.encode("utf-8", "surrogateescape").decode("latin-1")
    reply = hub.github(payloads.github_run(), X_Hub_Signature_256=given)
    assert reply.status == 401
    assert reply.json["detail"] == "the signature is missing, wrong, or more than five minutes old"
    assert _state(hub) is None


def test_nothing_is_parsed_before_it_is_verified(hub):
    assert hub.github(b"[" * 100_000, X_Hub_Signature_256="sha256=" + "0" * 64).status == 401


def test_without_a_secret_nothing_is_taken(hub):
    hub.secrets = ""
    reply = hub.github(payloads.github_run())
    assert reply.status == 401
    assert "CI_REPORTER_HUB_WEBHOOK_SECRETS" in reply.json["detail"]


def test_while_a_secret_is_replaced_both_are_good(hub):
    hub.secrets = f"another_secret_of_ours\n{SECRET}\n"
    for secret, payload in (("another_secret_of_ours", payloads.github_run()), (SECRET, payloads.github_run(id=18))):
        body = json.dumps(payload).encode()
        assert hub.github(body, X_Hub_Signature_256=signed(body, secret)).status == 202


def test_the_secret_of_a_repository_speaks_for_it_alone(hub):
    hub.secrets = "acme/*: a_secret_of_the_shop\nother/*: a_secret_of_others"
    for secret, status in (("a_secret_of_the_shop", 202), ("a_secret_of_others", 403)):
        owner = "acme" if status == 202 else "other"
        _, body, headers, _ = hub.delivery(payloads.github_run())
        headers["X-Hub-Signature-256"] = signed(body, secret)
        assert hub.post(f"github?repository={owner}/shop", body, headers).status == status


def test_a_secret_of_a_repository_counts_only_where_the_address_names_it(hub):
    hub.secrets = "acme/*: a_secret_of_the_shop"
    _, body, headers, _ = hub.delivery(payloads.github_run())
    assert (
        hub.post("github", body, headers | {"X-Hub-Signature-256": signed(body, "a_secret_of_the_shop")}).status == 401
    )


def test_gitlab_sends_its_token_as_it_is(hub):
    hub.secrets = token = "a_token_of_gitlab"
    body = json.dumps(payloads.gitlab_pipeline()).encode()
    headers = {"X-Gitlab-Event": "Pipeline Hook", "X-Gitlab-Token": token, "Idempotency-Key": "1"}
    assert hub.post("gitlab", body, headers).status == 202
    assert _state(hub, "acme/tools/shop", "gitlab-17") == "success"
    assert hub.post("gitlab", body, headers | {"X-Gitlab-Token": token[:-1]}).status == 401


@pytest.mark.parametrize("name", ["gitlab", "generic"])
def test_standard_webhooks_are_verified_with_their_time(hub, name):
    hub.secrets = WHSEC
    payload = payloads.gitlab_pipeline() if name == "gitlab" else payloads.generic_run()
    body = json.dumps(payload).encode()
    headers = signed_headers([WHSEC], "msg_1", round(hub.now_s), body)
    assert hub.post(name, body, headers).status == 202
    hub.now_s += 301
    assert hub.post(name, body, headers).status == 401


def test_gitea_and_forgejo_are_known_by_their_headers_wherever_they_send(hub):
    hub.secrets = "a_secret_of_gitea"
    for path, name, payload in (
        ("gitea", "Gitea", payloads.gitea_run()),
        ("github", "Forgejo", payloads.forgejo_run("success")),
    ):
        body = json.dumps(payload).encode()
        event = "workflow_run" if name == "Gitea" else "action_run_success"
        alike = {"X-GitHub-Event": event, "X-Gitea-Event": event, f"X-{name}-Event": event, f"X-{name}-Delivery": name}
        headers = {**alike, f"X-{name}-Signature": _hex(body, "a_secret_of_gitea")}
        assert hub.post(path, body, headers).status == 202
    assert [_state(hub, SHOP, each) for each in ("gitea-17-1", "forgejo-17-1")] == ["success", "success"]


def test_bitbucket_signs_in_a_header_of_another_name(hub):
    hub.secrets = "a_secret_of_bitbucket"
    body = json.dumps(payloads.bitbucket_status()).encode()
    headers = {"X-Event-Key": "repo:commit_status_updated", "X-Hub-Signature": "sha256=" + _hex(body, hub.secrets)}
    assert hub.post("bitbucket", body, headers).status == 202
    assert _state(hub, SHOP, "bitbucket-17") == "success"


def test_a_form_with_a_payload_is_read_too(hub):
    body = urlencode({"payload": json.dumps(payloads.github_run())}).encode()
    assert hub.github(body, Content_Type="application/x-www-form-urlencoded").status == 202
    assert _state(hub) == "success"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ping", {"zen": "x"}),
        ("star", {"repository": payloads.repository()}),
        ("workflow_job", {"workflow_job": None, "repository": payloads.repository()}),
        ("workflow_run", {"workflow_run": [], "repository": 7}),
        ("push", []),
        ("workflow_run", payloads.github_run(id={"x": 1}, updated_at=7, head_branch=["x"], run_attempt=10**30)),
    ],
)
def test_what_is_not_for_us_is_answered_with_a_2xx(hub, event, payload):
    assert hub.github(payload, event).json["outcome"] == "ignored"


def test_numbers_that_cannot_be_do_no_harm(each_hub):
    odd = payloads.github_run(run_attempt=10**30, updated_at="9999-12-31T23:59:59Z")
    assert each_hub.github(odd).status == 202
    assert (
        each_hub.github(
            payloads.github_job(run_attempt="7" * 50, started_at="0001-01-01T00:00:00Z"), "workflow_job"
        ).status
        == 202
    )


@pytest.mark.parametrize(
    ("path", "body", "headers", "method", "status"),
    [
        ("jenkins", b"{}", {}, "POST", 404),
        ("github", b"", {}, "GET", 405),
        ("github", b"{}", {"Content-Length": str(6 * 1024**2)}, "POST", 413),
        ("github", b"x" * (5 * 1024**2 + 1), {}, "POST", 413),
        ("github", b"{}", {"Content-Encoding": "gzip"}, "POST", 415),
        ("github", b"{nonsense", {"X-Hub-Signature-256": signed(b"{nonsense")}, "POST", 400),
        ("github", b"[" * 1_000, {"X-Hub-Signature-256": signed(b"[" * 1_000)}, "POST", 400),
    ],
)
def test_what_no_sender_sends_is_refused(hub, path, body, headers, method, status):
    reply = hub.post(path, body, headers, method)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_database_that_cannot_be_written_is_a_503(hub):
    class Away:
        def transact(self, _):
            raise StoreError("the disk is full")

    hub.store, store = Away(), hub.store
    reply = hub.github(payloads.github_run(), delivery="1")
    assert (reply.status, reply.headers["retry-after"]) == (503, "30")
    hub.store = store
    assert hub.github(payloads.github_run(), delivery="1").json == {"outcome": "recorded"}


def test_too_many_deliveries_at_once_are_told_to_come_again(hub):
    hub.most_waiting = 3
    replies = hub.run(*(hub.delivery(payloads.github_run(id=number)) for number in range(5)))
    assert {reply.status for reply in replies} == {202, 503}
    assert {reply.headers.get("retry-after") for reply in replies} == {None, "5"}


def test_deliveries_are_listed_without_what_was_in_them(each_hub):
    each_hub.github(payloads.github_run(), delivery="1")
    each_hub.now_s += 1
    each_hub.github({"repository": payloads.repository()}, "star", delivery="2")
    found = [
        (each.delivery_id, each.event, each.repository, each.outcome)
        for each in last_deliveries(each_hub.store.select, 9)
    ]
    assert found == [("2", "star", SHOP, "ignored"), ("1", "workflow_run", SHOP, "recorded")]
    assert last_deliveries(each_hub.store.select, 9, Source.GITLAB) == []


def test_what_came_of_deliveries_is_counted(hub):
    _, body, headers, _ = hub.delivery(payloads.github_run("completed", "enchanted"))
    hub.run(
        ("github", body, headers, "POST"),
        ("github", body, headers | {"X-Hub-Signature-256": "sha256=x"}, "POST"),
    )
    text = exposition(hub.endpoint.blocks(), openmetrics=False)
    for line in (
        'ci_webhook_deliveries_total{source="github",outcome="recorded"} 1',
        'ci_webhook_refused_total{source="github",code="401"} 1',
        'ci_webhook_unknown_statuses_total{source="github"} 1',
    ):
        assert line in text
