"""One server that stands for eight vendors: how each is asked, how it says yes, and how it says no with status 200."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor: our variables for it, apprise's address, and its answers; `{url}` and `{host}` are the server's.

    `apprise_attribute` of `apprise_plugin` holds the vendor's address; it becomes `apprise_at`.
    """

    name: str
    env: Mapping[str, str]
    yes: tuple[int, str]
    no: tuple[int, str]
    apprise: str
    apprise_plugin: str = ""
    apprise_attribute: str = ""
    apprise_at: str = ""


KEY = "abcdefghijklmnopqrstuvwxyz012345"
BOT = "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
VENDORS = (
    Vendor(
        name="slack",
        env={
            "CI_REPORTER_SLACK_TOKEN": "xoxb-1",
            "CI_REPORTER_SLACK_CHANNEL": "#a",
            "CI_REPORTER_SLACK_API": "{url}/slack",
        },
        yes=(200, '{"ok": true, "ts": "1.2"}'),
        no=(200, '{"ok": false, "error": "channel_not_found"}'),
        apprise="slack://xoxb-1234567890-1234567890-abcdefghijklmnopqrstuvwx/#a",
        apprise_plugin="slack.NotifySlack",
        apprise_attribute="api_url",
        apprise_at="{url}/slack/{{}}",
    ),
    Vendor(
        name="dingtalk",
        env={"CI_REPORTER_DINGTALK": f"{{url}}/dingtalk?access_token={KEY}"},
        yes=(200, '{"errcode": 0, "errmsg": "ok"}'),
        no=(200, '{"errcode": 310000, "errmsg": "sign not match"}'),
        apprise=f"dingtalk://{KEY}",
        apprise_plugin="dingtalk.NotifyDingTalk",
        apprise_attribute="notify_url",
        apprise_at="{url}/dingtalk?access_token={{token}}",
    ),
    Vendor(
        name="wecom",
        env={"CI_REPORTER_WECOM": f"{{url}}/wecom?key={KEY}"},
        yes=(200, '{"errcode": 0, "errmsg": "ok"}'),
        no=(200, '{"errcode": 93000, "errmsg": "invalid webhook url"}'),
        apprise=f"wecombot://{KEY}",
        apprise_plugin="wecombot.NotifyWeComBot",
        apprise_attribute="notify_url",
        apprise_at="{url}/wecom?key={{key}}",
    ),
    Vendor(
        name="feishu",
        env={"CI_REPORTER_FEISHU": f"{{url}}/feishu/{KEY}"},
        yes=(200, '{"code": 0, "msg": "success"}'),
        no=(200, '{"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}'),
        apprise=f"feishu://{KEY}",
        apprise_plugin="feishu.NotifyFeishu",
        apprise_attribute="notify_url",
        apprise_at="{url}/feishu/{{token}}/",
    ),
    Vendor(
        name="telegram",
        env={
            "CI_REPORTER_TELEGRAM_TOKEN": BOT,
            "CI_REPORTER_TELEGRAM_CHAT": "12345",
            "CI_REPORTER_TELEGRAM_API": "{url}/telegram",
        },
        yes=(200, '{"ok": true, "result": {"message_id": 1}}'),
        no=(200, '{"ok": false, "error_code": 400, "description": "Bad Request: chat not found"}'),
        apprise=f"tgram://{BOT}/12345",
        apprise_plugin="telegram.NotifyTelegram",
        apprise_attribute="notify_url",
        apprise_at="{url}/telegram/bot",
    ),
    Vendor(
        name="discord",
        env={"CI_REPORTER_DISCORD": f"{{url}}/discord/1/{KEY}"},
        yes=(200, '{"id": "1"}'),
        no=(200, "<html><title>Sign in to the proxy</title></html>"),
        apprise=f"discord://123456789012345678/{KEY}",
        apprise_plugin="discord.NotifyDiscord",
        apprise_attribute="notify_url",
        apprise_at="{url}/discord",
    ),
    Vendor(
        name="mattermost",
        env={"CI_REPORTER_MATTERMOST": f"{{url}}/hooks/{KEY[:26]}"},
        yes=(200, "ok"),
        no=(200, "<html><title>Sign in to the proxy</title></html>"),
        apprise=f"mmost://{{host}}/{KEY[:26]}",
    ),
    Vendor(
        name="pagerduty",
        env={"CI_REPORTER_PAGERDUTY": KEY, "CI_REPORTER_PAGERDUTY_API": "{url}/pagerduty"},
        yes=(202, '{"status": "success", "message": "Event processed", "dedup_key": "a"}'),
        no=(200, "<html><title>Sign in to the proxy</title></html>"),
        apprise=f"pagerduty://{KEY}@{KEY}",
        apprise_plugin="pagerduty.PAGERDUTY_API_LOOKUP",
        apprise_at="{url}/pagerduty",
    ),
)


@dataclass
class Server:
    """All vendors on one port; `delay_s` is how long each takes, by name."""

    url: str
    host: str
    refuse: bool = False
    delay_s: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Server]:
    """Run the vendors while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            vendor = _vendor(self.path)
            found.asked.append(vendor.name)
            time.sleep(found.delay_s.get(vendor.name, 0.0))
            status, body = vendor.no if found.refuse else vendor.yes
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if body.startswith("<") else "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = f"127.0.0.1:{server.server_port}"
    found = Server(url=f"http://{host}", host=host)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def environment(server: Server, vendors: tuple[Vendor, ...]) -> dict[str, str]:
    """Our variables for these vendors."""
    return {name: text.format(url=server.url) for vendor in vendors for name, text in vendor.env.items()}


def _vendor(path: str) -> Vendor:
    word = path.lstrip("/").partition("/")[0].partition("?")[0]
    return next(each for each in VENDORS if each.name == ("mattermost" if word == "hooks" else word))


def as_json(server: Server) -> str:
    """What the script that runs apprise needs to know."""
    return json.dumps(
        [
            {
                "name": each.name,
                "address": each.apprise.format(host=server.host),
                "plugin": each.apprise_plugin,
                "attribute": each.apprise_attribute,
                "at": each.apprise_at.format(url=server.url),
            }
            for each in VENDORS
        ]
    )
