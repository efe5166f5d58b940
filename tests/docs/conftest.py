"""The worlds that the pages' commands run in: real servers behind the example hosts, and files to start from."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import exp
from pathlib import Path

import pytest
from aiohttp import web

from tests.fakes.gitlab import FakeGitLab
from tests.fakes.server import in_thread
from tests.hubs import running_hub
from tests.shipped.conftest import build, files, pyz, root, shared, tree, wheels  # noqa: F401  how the one file is made
from tests.vendors import GITHUB_TOKEN, GitHub, github_job, serving

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class World:
    """Where the commands of a page run. `names` maps an example address to the real one."""

    folder: Path
    names: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def real(self, text: str) -> str:
        """The text with real addresses."""
        for example, real in self.names.items():
            text = text.replace(example, real)
        return text

    def shown(self, text: str) -> str:
        """The text with example addresses."""
        for example, real in self.names.items():
            text = text.replace(real, example)
        return text


@pytest.fixture
def world_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], World]:
    """The world of a page: the fixture of its name, else an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()

    def find(page: str) -> World:
        maker = WORLDS.get(page)
        return maker(request, folder) if maker else World(folder=folder)

    return find


class Shop(BaseHTTPRequestHandler):
    """A service that is well and tells its revision."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"status": "pass", "commit": self.server.revision}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/health+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _shop(request: pytest.FixtureRequest, folder: Path) -> World:
    """A service of the commit that this job built."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.revision = _commit(folder, "v1.4.0")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    request.addfinalizer(lambda: (server.shutdown(), thread.join(), server.server_close()))
    names = {"https://shop.example": f"http://127.0.0.1:{server.server_port}"}
    return World(folder=folder, names=names, env={"GITHUB_SHA": server.revision})


# What the page waits minutes for takes seconds here; everything else is as the page says.
SHORT = """
gate: {
  warmup: 1s, watch: 6s, extend: 6s, sustain: 5s, rate: 20/s, baseline: { window: 6s },
  converge: { old_share: 40% }
}
rules:
  - { name: outage, if: down for 3s }
"""
SHORT_TIMES = {
    "CI_REPORTER_GATE_RULES": "short.yml",
    "CI_REPORTER_GATE_WINDOW": "3s",
}


def _deploy(request: pytest.FixtureRequest, folder: Path) -> World:
    """A checkout with a deploy script, and the service that it deploys to."""
    (folder / "deploy.sh").write_text("#!/bin/sh\n")
    (folder / "rollback.sh").write_text("#!/bin/sh\n")
    for name in ("deploy.sh", "rollback.sh"):
        (folder / name).chmod(0o755)
    (folder / "short.yml").write_text(SHORT)
    world = _shop(request, folder)
    return World(folder=folder, names=world.names, env={**world.env, **SHORT_TIMES})


def _recordings(_: pytest.FixtureRequest, folder: Path) -> World:
    """Recordings of a service that became slower by half, and a rule on it."""
    for name, phase, seconds, slower in (("before", "baseline", 120, 1.0), ("after", "watch", 300, 1.5)):
        chance = random.Random(1)
        lines = [{"recording": 1, "phase": phase}]
        for at in range(seconds * 5):
            latency_ms = round(120 * exp(chance.gauss(0, 0.45)) * slower, 1)
            lines.append({"t": at / 5, "signal": "http_latency", "ok": True, "latency_ms": latency_ms, "status": 200})
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "gate.yml").write_text('rules: [ { name: slow, if: "http_latency_p95 > +20%" } ]\n')
    return World(folder=folder)


def _commit(folder: Path, tag: str) -> str:
    """Make the folder a repository with one tagged commit; its id."""
    who = {f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER") for what, text in WHO.items()}
    git = ["git", "-C", str(folder), "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "--allow-empty", "-m", "a"], ["tag", tag]):
        subprocess.run([*git, *words], check=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", **who})
    return subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()


WHO = {"NAME": "a", "EMAIL": "a@shop.example", "DATE": "1769860800 +0000"}
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
}


def _artifacts(_: pytest.FixtureRequest, folder: Path) -> World:
    """A job on GitHub that has built a zip file and a wheel."""
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / ".gitignore").write_text("dist\nbuild\n*.json\n")
    _commit(folder, "v1.4.0")
    (folder / "dist").mkdir()
    with zipfile.ZipFile(folder / "dist/shop.zip", "w") as archive:
        archive.writestr("a", "1")
    with zipfile.ZipFile(folder / "dist/shop-1.4.0-py3-none-any.whl", "w") as archive:
        archive.writestr("shop-1.4.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop\nVersion: 1.4.0\n")
        archive.writestr("shop-1.4.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("shop-1.4.0.dist-info/RECORD", "")
    return World(folder=folder, env=GITHUB)


def _shards(_: pytest.FixtureRequest, folder: Path) -> World:
    """A checkout whose `make test` writes reports, with a change since origin/main."""
    (folder / "cart.py").write_text("def total(prices):\n    return sum(prices)\n")
    (folder / "Makefile").write_text(MAKEFILE)
    for shard in ("shard-1", "shard-2"):
        (folder / shard).mkdir()
        (folder / shard / "coverage.xml").write_text(COBERTURA)
    _commit(folder, "v1.4.0")
    subprocess.run(["git", "-C", str(folder), "update-ref", "refs/remotes/origin/main", "HEAD"], check=True)
    (folder / "cart.py").write_text("def total(prices):\n    return sum(prices, start=0)\n")
    return World(folder=folder)


COBERTURA = """<?xml version="1.0" ?>
<coverage line-rate="1" lines-covered="2" lines-valid="2" version="7.6" timestamp="1769860800">
 <sources><source>.</source></sources>
 <packages><package name="."><classes><class name="cart.py" filename="cart.py"><lines>
  <line number="1" hits="1"/><line number="2" hits="1"/>
 </lines></class></classes></package></packages>
</coverage>
"""
MAKEFILE = """test:
\t@mkdir -p build/unit
\t@cp shard-1/coverage.xml coverage.xml 2>/dev/null || true
\t@echo '<testsuite name="cart"><testcase name="adds up" time="0.01"/></testsuite>' > build/unit/TEST-cart.xml
"""


def _gateway(request: pytest.FixtureRequest, folder: Path) -> World:
    pushgateway = request.getfixturevalue("pushgateway")
    names = {"pushgateway.example:9091": f"127.0.0.1:{pushgateway.port}"}
    return World(folder=folder, names=names)


def _prometheus(request: pytest.FixtureRequest, folder: Path) -> World:
    world = _gateway(request, folder)
    prometheus, eventually = request.getfixturevalue("prometheus"), request.getfixturevalue("eventually")
    eventually(lambda: b'"health":"up"' in prometheus.get("/api/v1/targets"), "the first scrape")
    return World(folder=folder, names={**world.names, "prometheus.example:9090": f"127.0.0.1:{prometheus.port}"})


def _monitoring(request: pytest.FixtureRequest, folder: Path) -> World:
    """A gateway, a Prometheus, and the checkout's alerts."""
    shutil.copytree(ROOT / "alerts", folder / "alerts")
    return _prometheus(request, folder)


GATE = """rules:
  - { name: down, if: "down for 2s" }
"""
JUNIT = """<testsuite name="cart">
 <testcase name="adds up" time="0.01"/>
 <testcase name="rounds" time="0.02"><failure message="1.005"/></testcase>
</testsuite>
"""


def _python(request: pytest.FixtureRequest, folder: Path) -> World:
    """A service, and a checkout with reports, a rules file and something to stamp. The watch is shorter than shown."""
    (folder / "cart.py").write_text("def total(prices):\n    return sum(prices)\n")
    (folder / "coverage.xml").write_text(COBERTURA)
    (folder / "junit.xml").write_text(JUNIT)
    (folder / "gate.yml").write_text(GATE)
    (folder / ".gitignore").write_text("*.zip\n*.ndjson\n")
    shop = _shop(request, folder)
    with zipfile.ZipFile(folder / "shop.zip", "w") as archive:
        archive.writestr("a", "1")
    return World(folder=folder, names={**shop.names, "watch_s=300": 'watch_s=4, warmup_s=0, rules="gate.yml"'})


class Chat(BaseHTTPRequestHandler):
    """A chat's webhook that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _channels(request: pytest.FixtureRequest, folder: Path) -> World:
    """A checkout of main whose tests fail, a chat, and the variable that sets it up, which the page exports."""
    (folder / "Makefile").write_text("test:\n\t@exit 1\n")
    _commit(folder, "v1.4.0")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    request.addfinalizer(lambda: (server.shutdown(), thread.join(), server.server_close()))
    address = f"http://127.0.0.1:{server.server_port}"
    env = {"CI_REPORTER_SLACK": f"{address}/services/T000/B000/XXXX", "CI_REPORTER_BUDGET": "60s"}
    return World(folder=folder, names={"https://hooks.slack.com": address, "/srv/shop": str(folder)}, env=env)


def _one_file(request: pytest.FixtureRequest, folder: Path) -> World:
    """The one file, with byte code for the Python that runs the tests, and its checksum, as a release has them."""
    file = Path(shutil.copy2(request.getfixturevalue("pyz"), folder / "ci-reporter.pyz"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "ci-reporter.pyz.sha256").write_text(f"{digest}  ci-reporter.pyz\n")
    return World(folder=folder)


def _tutorial(_: pytest.FixtureRequest, folder: Path) -> World:
    """An empty folder. The first gate fails as on the page; the second takes seconds."""
    (folder / "short.yml").write_text(SHORT)
    port = next(port for port in range(20_000 + os.getpid() % 9_000, 32_000) if _is_free(port))
    names = {
        "8000": str(port),
        "--window 60s --watch 60s": "--window 60s --warmup 2s --watch 60s",
        "--rate 20/s --window 60s --watch 90s": "--rules short.yml --window 6s",
    }
    who = {f"GIT_{role}_{what}": WHO[what] for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return World(folder=folder, names=names, env=who)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _page(_: pytest.FixtureRequest, folder: Path) -> World:
    """An empty folder whose path the page calls /work."""
    return World(folder=folder, names={"/work/": f"{folder}/"})


def _pull_request(request: pytest.FixtureRequest, folder: Path) -> World:
    """The last job of a run of pull request 7: GitHub's API, and the token for it."""
    late = {"completed_at": "2026-01-31T12:02:05Z"}
    jobs = [github_job(1, "lint"), github_job(2, "docs", "failure", **late), github_job(3, "deploy", None)]
    stack = ExitStack()
    request.addfinalizer(stack.close)
    url = stack.enter_context(serving(GitHub(jobs=jobs)))
    env = {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_REF_NAME": "7/merge", "GITHUB_TOKEN": GITHUB_TOKEN}
    return World(folder=folder, env=GITHUB | env | {"GITHUB_WORKFLOW": "CI", "GITHUB_API_URL": url})


def _repository(_: pytest.FixtureRequest, folder: Path) -> World:
    """A Python project that GitHub hosts, with a script that deploys it."""
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["pytest"]\n')
    (folder / "deploy.sh").touch()
    for words in (["init", "-q", "-b", "main"], ["remote", "add", "origin", "https://github.com/acme/shop"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return World(folder=folder)


class Collector(BaseHTTPRequestHandler):
    """An OTLP endpoint that takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _collector(request: pytest.FixtureRequest, folder: Path) -> World:
    """A job of the run shop-42, and an OTLP endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    request.addfinalizer(lambda: (server.shutdown(), thread.join(), server.server_close()))
    names = {"https://otlp.example": f"http://127.0.0.1:{server.server_port}"}
    return World(folder=folder, names=names, env={"CI_RUN_ID": "shop-42"})


def _hub(request: pytest.FixtureRequest, folder: Path) -> World:
    """A hub, and a job that has its secret."""
    secret = folder / "hub-secret"
    secret.write_text("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n")
    running = running_hub(folder, CI_REPORTER_HUB_SECRETS_FILE=str(secret))
    hub = running.__enter__()
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    names = {"https://hub.example": hub.url}
    return World(folder=folder, names=names, env={"CI_REPORTER_HUB_SECRET_FILE": "hub-secret"})


def _hub_with_webhooks(request: pytest.FixtureRequest, folder: Path) -> World:
    """A hub that takes webhooks, and their secret."""
    secret = folder / "webhook-secrets"
    secret.write_text("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n")
    running = running_hub(folder, CI_REPORTER_HUB_WEBHOOK_SECRETS_FILE=str(secret))
    hub = running.__enter__()
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    return World(folder=folder, names={"https://hub.example": hub.url}, env={"CI_REPORTER_HUB": hub.url})


def _hub_with_passwords(request: pytest.FixtureRequest, folder: Path) -> World:
    """A hub whose reports are signed, its database, and a password."""
    (folder / "password").write_text("correct horse battery\n")
    world = _hub(request, folder)
    return World(folder=folder, names=world.names)


def _hub_with_runs(request: pytest.FixtureRequest, folder: Path) -> World:
    """A hub that has two runs, of which the second failed."""
    running = running_hub(folder)
    hub = running.__enter__()
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    tests = {"total": 9, "passed": 9, "failed": 0, "errors": 0, "skipped": 0}
    failed = {"exit_code": 1, "tests": tests | {"passed": 8, "failed": 1}, "failed_tests": ["test_cart"]}
    for number, more in ((1, {"exit_code": 0, "tests": tests}), (2, failed)):
        report = {
            "report_id": f"r{number}",
            "ci_run_id": f"run-{number}",
            "repository": "acme/shop",
            "pipeline": "CI",
            "job_name": "unit",
            "step": "pytest",
            "branch": "main",
            "coverage_pct": 93 + number / 5,
            "started_at": f"2025-01-31T12:0{number - 1}:59Z",
            "finished_at": f"2025-01-31T12:0{number}:00Z",
            "duration_ms": 1000,
            **more,
        }
        assert hub.post(report)[0] == 202
    return World(folder=folder, env={"CI_REPORTER_HUB": hub.url})


def _polled(request: pytest.FixtureRequest, folder: Path) -> World:
    """A GitLab with two projects, whose rate limit is whole again at each request."""
    fake, now_s = FakeGitLab(), time.time() - 600
    for project, number, status, branch in (
        ("platform/web", 1, "success", "release/1"),
        ("platform/web", 2, "failed", "main"),
        ("platform/api", 3, "running", "main"),
    ):
        fake.add(project, number, status, now_s, ref=branch)

    async def refill(asked: web.Request) -> None:
        fake.limit, fake.remaining = 2000, 2001

    fake.faults.append(refill)
    served = in_thread(fake)
    url = served.__enter__()
    request.addfinalizer(lambda: served.__exit__(None, None, None))
    names = {"https://gitlab.example": url, "gitlab.example": url.removeprefix("http://")}
    return World(folder=folder, names=names, env={"GITLAB_TOKEN": fake.token})


def _hub_with_rules(request: pytest.FixtureRequest, folder: Path) -> World:
    """A hub with a rule that tells a webhook; what that was told is in a file."""
    told = folder / "told"

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with told.open("a") as file:
                file.write(f"{body['type']}: {body['data']['title']}\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    request.addfinalizer(lambda: (server.shutdown(), thread.join(), server.server_close()))
    (folder / "rules.yml").write_text("alerts: [{ on: pipeline, branch: main, if: result == failure }]\n")
    address = f"http://127.0.0.1:{server.server_port}/hook"
    running = running_hub(folder, CI_REPORTER_HUB_CONFIG=str(folder / "rules.yml"), CI_REPORTER_WEBHOOK=address)
    hub = running.__enter__()
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    names = {"https://hub.example": hub.url, "https://chat.example/hook": address}
    return World(folder=folder, names=names, env={"CI_REPORTER_HUB": hub.url})


def _hub_at_its_address(request: pytest.FixtureRequest, folder: Path) -> World:
    """A hub with runs, where a hub is that was told nothing."""
    world = _hub_with_runs(request, folder)
    return World(folder=folder, names={"http://127.0.0.1:8750": world.env["CI_REPORTER_HUB"]})


WORLDS = {
    "alert-from-a-hub.md": _hub_with_rules,
    "answer-the-gate.md": _shop,
    "comment-on-a-pull-request.md": _pull_request,
    "coverage-and-tests.md": _shards,
    "gate-a-deploy.md": _deploy,
    "judge-a-recording.md": _recordings,
    "push-to-a-pushgateway.md": _prometheus,
    "python-api.md": _python,
    "see-it-in-grafana.md": _monitoring,
    "receive-webhooks.md": _hub_with_webhooks,
    "record-jobs-without-python.md": _pull_request,
    "poll-your-ci.md": _polled,
    "run-a-hub.md": _hub,
    "sign-in-to-a-hub.md": _hub_with_passwords,
    "hub-api.md": _hub_with_runs,
    "run-from-one-file.md": _one_file,
    "see-a-run-as-a-trace.md": _collector,
    "see-the-hub.md": _hub_at_its_address,
    "show-a-run.md": _page,
    "sign-what-you-ship.md": _artifacts,
    "stamp-an-artifact.md": _artifacts,
    "start-in-a-repository.md": _repository,
    "tell-people.md": _channels,
    "tutorial.md": _tutorial,
    "when-delivery-fails.md": _gateway,
}
