"""Discord: what a webhook is sent, within the limits of an embed, and what its answers mean."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.alert import Level, State
from ci_reporter.notify.content import content
from ci_reporter.notify.discord import DiscordSettings, payload
from ci_reporter.notify.language import Language
from tests.conftest import free_port
from tests.notify.makers import CHARTS, form_of, hostile_alert, huge_alert, make_alert, small_alert

TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKlMnOpQrStUvWxYz0123"
PATH = f"/api/webhooks/223704706495545344/{TOKEN}"
LIMITS = {"content": 2000, "description": 4096, "name": 256, "value": 1024, "footer": 2048, "embed": 6000}


def check(message):
    """Refuse what Discord refuses. Source: "Execute Webhook" and "Embed Limits"."""
    assert 0 < len(message["content"]) <= LIMITS["content"]
    assert message["allowed_mentions"].keys() == {"parse", "users", "roles"}
    (embed,) = message["embeds"]
    assert embed.keys() <= {"color", "footer", "description", "fields"}
    assert 0 <= embed["color"] <= 0xFFFFFF
    description, footer = embed.get("description", ""), embed["footer"]["text"]
    assert length(description) <= LIMITS["description"] and 0 < length(footer) <= LIMITS["footer"]
    assert len(embed.get("fields", [])) <= 25
    for each in embed.get("fields", []):
        assert each.keys() == {"name", "value", "inline"}
        assert 0 < length(each["name"]) <= LIMITS["name"] and 0 < length(each["value"]) <= LIMITS["value"]
    in_fields = sum(length(each["name"]) + length(each["value"]) for each in embed.get("fields", []))
    assert length(description) + length(footer) + in_fields <= LIMITS["embed"]


def length(text):
    """The longer of two ways to count: an emoji as two."""
    return len(text.encode("utf-16-le")) // 2


def webhook(asked):
    """A channel's webhook."""
    parts = urlsplit(asked.path)
    if parts.path != PATH:
        return no(404, {"message": "Unknown Webhook", "code": 10015})
    try:
        assert asked.headers["content-type"].startswith("application/json")
        check(asked.json)
    except (ValueError, KeyError, AssertionError):
        detail = {
            "embeds": {"0": {"description": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Too long."}]}}}
        }
        return no(400, {"code": 50035, "errors": detail, "message": "Invalid Form Body"})
    if parse_qs(parts.query).get("wait") != ["true"]:
        return 204, {}, b""
    return 200, {"Content-Type": "application/json"}, b'{"id":"1111222233334444","type":0}'


def no(status, body):
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def discord(url, **more):
    return DiscordSettings(url=f"{url}{PATH}", **more).notifier({}, Language.EN)


@pytest.mark.parametrize(
    "alert", [make_alert(), hostile_alert(), huge_alert(), small_alert()], ids=["whole", "hostile", "huge", "small"]
)
@pytest.mark.parametrize("language", Language)
def test_a_webhook_takes_every_alert(vendor, deadline, alert, language):
    server = vendor(webhook)
    settings = DiscordSettings(
        url=f"{server.url}{PATH}", mentions=("everyone", "80351110224678912", "&165511591545143296")
    )
    settings.notifier({}, language).send(alert, deadline)
    assert len(server.asked) == 1


@pytest.mark.parametrize("text", ["*" * 3000, "🚨" * 3000, "a" * 3000], ids=["escaped", "emoji", "plain"])
def test_a_long_text_fits_beside_everything_else(text):
    check(payload(content(make_alert(text=text))))


def test_a_chart_is_a_message_of_its_own_that_calls_nobody(vendor, deadline):
    server = vendor(lambda asked: (200, {}, b'{"id": "1"}'))
    discord(server.url, mentions=("everyone",)).send_chart(make_alert(charts=CHARTS), None, deadline)
    form = form_of(server.asked[0])
    said = json.loads(form["payload_json"])
    assert (server.asked[0].path, form["files[0]"][:4]) == (f"{PATH}?wait=true", b"\x89PNG")
    assert said["attachments"] == [{"id": 0, "filename": "chart.png", "description": "latency, ms: p95, p50"}]
    assert said["allowed_mentions"] == {"parse": []}


def test_the_answer_is_waited_for_also_in_a_thread(vendor, deadline):
    server = vendor(webhook)
    settings = DiscordSettings(url=f"{server.url}{PATH}?thread_id=42")
    settings.notifier({}, Language.EN).send(make_alert(), deadline)
    assert server.asked[0].path == f"{PATH}?thread_id=42&wait=true"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(404, {"message": "Unknown Webhook", "code": 10015}), "discord refused: 10015 Unknown Webhook (the"),
        (no(401, {"message": "Invalid Webhook Token", "code": 50027}), "copy it again into CI_REPORTER_DISCORD"),
        (no(400, {"message": "Invalid Form Body", "code": 50035,
                  "errors": {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Too long."}]}}}),
         "discord refused: 50035 Invalid Form Body (content: Too long.)"),
        (no(400, {"message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001}),
         "add ?thread_id="),
        (no(200, {"message": "nothing was made"}), "discord refused: nothing was made"),
        ((200, {}, b"<html><title>Sign in</title></html>"), "discord refused: a web page: Sign in"),
        ((200, {}, b""), "discord refused: status 200"),
    ],
)  # fmt: skip
def test_a_webhook_that_says_no_is_not_asked_again(vendor, deadline, answer, said):
    server = vendor(lambda asked: answer)
    with pytest.raises(Rejected) as caught:
        discord(server.url).send(make_alert(), deadline)
    assert said in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "first",
    [no(429, {"message": "You are being rate limited.", "retry_after": 0.05, "global": False}),
     (429, {"Retry-After": "0"}, b"<html>Cloudflare</html>"), (503, {}, b"")],
    ids=["body", "header", "503"],
)  # fmt: skip
def test_what_may_pass_is_tried_again(vendor, deadline, first):
    server = vendor(lambda asked: first if len(server.asked) == 1 else webhook(asked))
    discord(server.url).send(make_alert(), deadline)
    assert len(server.asked) == 2


def test_a_limit_that_lasts_is_a_failure_that_may_pass(vendor, deadline):
    server = vendor(lambda asked: no(429, {"message": "You are being rate limited.", "retry_after": 3600.0}))
    with pytest.raises(DeliveryError, match="discord said: You are being rate limited") as caught:
        discord(server.url).send(make_alert(), deadline)
    assert not isinstance(caught.value, Rejected)
    assert len(server.asked) == 1


def test_the_address_is_in_no_error(deadline):
    with pytest.raises(DeliveryError) as caught:
        discord(f"http://127.0.0.1:{free_port()}").send(make_alert(), deadline)
    assert TOKEN[:8] not in str(caught.value)


def test_a_preview_shows_the_message_without_the_secret():
    shown = discord("https://discord.com").preview(make_alert(text=f"see {TOKEN}"))
    assert shown.startswith("POST https://discord.com/***\n")
    assert "unit failed" in shown
    assert TOKEN not in shown


def test_people_are_called_in_the_first_line_and_allowed_to_be():
    message = payload(content(make_alert()), ("here", "80351110224678912", "&165511591545143296"))
    assert message["content"] == "**🔴 unit failed** @here <@80351110224678912> <@&165511591545143296>"
    assert message["allowed_mentions"] == {
        "parse": ["everyone"],
        "users": ["80351110224678912"],
        "roles": ["165511591545143296"],
    }


def test_nobody_else_is_called():
    message = payload(content(hostile_alert()))
    assert message["allowed_mentions"] == {"parse": [], "users": [], "roles": []}
    assert "@everyone" not in message["content"]


def test_what_only_discord_knows_is_shown_as_text_too():
    message = payload(content(make_alert(text="||spoiler|| <@1> <#2> <:smile:3> @everyone")))
    text = message["embeds"][0]["description"]
    assert not any(each in text for each in ("||", "<@", "<#", "<:", "@everyone"))
    assert text.replace("\u200b", "") == "||spoiler|| <@1> <#2> <:smile:3> @everyone"


def test_nothing_ends_a_code_block():
    fields = payload(content(hostile_alert()))["embeds"][0]["fields"]
    (tests,) = (each["value"] for each in fields if each["name"] == "Failed tests")
    assert tests.count("`") == 6


@pytest.mark.parametrize(
    ("changes", "colour"),
    [({}, 0xD1242F), ({"level": Level.WARNING}, 0xD29922), ({"state": State.RESOLVED}, 0x1A7F37)],
)
def test_the_colour_says_how_bad_it_is(changes, colour):
    assert payload(content(make_alert(**changes)))["embeds"][0]["color"] == colour
