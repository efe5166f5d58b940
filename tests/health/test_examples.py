"""examples/health: each service, stamped, behind a real server, asked as the gate and Prometheus ask."""

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from ci_reporter import buildinfo
from ci_reporter.model import BuildInfo

EXAMPLES = Path(__file__).parents[2] / "examples/health"
BUILD = BuildInfo(version="1.2.3", revision="c0ffee1" + "0" * 33, branch="main")
GUNICORN = ("-m", "gunicorn", "--log-level", "warning", "--threads", "2", "--bind", "127.0.0.1:{port}")
UVICORN = ("-m", "uvicorn", "--log-level", "warning", "--port", "{port}")
SERVICES = [
    ("flask", (*GUNICORN, "service:app"), "/items/3", "/items/<int:number>"),
    ("django", (*GUNICORN, "service:app"), "/items/3", "/items/<int:number>"),
    ("django", (*UVICORN, "service:asgi_app"), "/items/3", "/items/<int:number>"),
    ("fastapi", (*UVICORN, "service:app"), "/items/3", "/items/{number}"),
    ("asgi", (*UVICORN, "service:app"), "/hello/ann", "/hello/{name}"),
    ("wsgi", ("service.py", "{port}"), "/hello/ann", "/hello/{name}"),
]


@pytest.fixture(
    params=SERVICES,
    ids=["flask", "django", "django as asgi", "fastapi", "asgi", "wsgi"],
    name="service",
    scope="module",
)
def _service(request, tmp_path_factory, free_ports):
    """A running service: how to ask it, a path of its own, and that path's route."""
    name, command, path, route = request.param
    folder = shutil.copytree(EXAMPLES / name, tmp_path_factory.mktemp(name) / "service")
    (folder / "build-info.json").write_bytes(buildinfo.encode(BUILD))
    port = free_ports()
    argv = [sys.executable, *(each.format(port=port) for each in command)]
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        yield process, f"http://127.0.0.1:{port}", path, route
        process.terminate()


@pytest.fixture
def asked(service, site, eventually):
    """The service as soon as it answers."""
    process, url, path, route = service

    def answers():
        assert process.poll() is None, process.stderr.read().decode()
        with suppress(OSError):
            return site(url=url)("/livez").status == 200

    eventually(answers, f"{url} to answer")
    return site(url=url), path, route


def test_the_example_says_who_it_is_and_that_it_is_well(asked):
    ask, _, _ = asked
    said = ask("/health")
    assert (said.status, said.json["version"], said.json["revision"]) == (200, "1.2.3", BUILD.revision)
    assert said.json["checks"]["database"][0]["status"] == "pass"
    assert ask("/readyz").json["status"] == "pass"


def test_the_example_counts_by_route(asked, promtool_says, eventually):
    ask, path, route = asked
    assert ask(path).status == 200
    known = f'http_requests_total{{code="200",method="GET",route="{route}"}}'
    eventually(lambda: ask.samples().get(known, 0) >= 1, f"{known} to be there")
    assert ask.samples()["http_requests_in_progress"] == 0
    assert promtool_says(ask("/metrics").body.decode()) == ""


def test_the_program_finds_the_example_well(asked, run_program):
    ask, _, _ = asked
    ended = run_program("health", f"{ask.url}/health", "--expect-revision", BUILD.revision[:9], "--json")
    seen = json.loads(ended.stdout)
    assert (ended.returncode, seen["ok"], seen["revision"], seen["version"]) == (0, True, BUILD.revision, "1.2.3")
    assert {"port", "status", "revision", "check database"} <= {each["name"] for each in seen["findings"]}
