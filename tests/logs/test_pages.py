"""What the pages on logs show runs and prints what they say; the reference names what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ci_reporter import logs

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = DOCS / "how-to/follow-a-run-through-logs.md"
PATH = Path(sys.executable).parent
GIVEN = """
import subprocess, urllib.request
from concurrent.futures import ThreadPoolExecutor
import flask, grpc, httpx, requests, sqlalchemy
def app(*_): ...
def work(number): assert logs.context().trace_id
flask_app = flask.Flask("shop")
executor = ThreadPoolExecutor(1)
"""


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(), re.DOTALL)


def test_its_python_runs(script, tmp_path):
    (tmp_path / "build-info.json").write_text("{}")
    ended = script("\n".join([GIVEN, *blocks("python"), "executor.shutdown()", "client.close()", "channel.close()"]))
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("trusted", ["10.1.2.3", "192.0.2.1"])
def test_its_trust_is_what_it_says(trusted):
    (line,) = re.findall(r"`(logs\.WsgiMiddleware\(app, trust=.*\))`", HOW_TO.read_text())
    seen = []
    middleware = eval(line, {"logs": logs, "app": lambda *_: [seen.append(logs.context().ci_run_id)]})
    middleware({"REMOTE_ADDR": trusted, "HTTP_X_CI_RUN_ID": "r-1"}, None)
    assert seen == (["r-1"] if trusted.startswith("10.") else [None])


def test_its_commands_print_what_it_says(run_program):
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=run_program.folder,
                env=run_program.environment() | {"PATH": f"{PATH}:{run_program.environment()['PATH']}"},
                capture_output=True,
                text=True,
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, output, ""), command


def test_every_name_is_in_the_reference():
    page = (DOCS / "reference/logs.md").read_text()
    table = page.partition("## `ci_reporter.logs`")[2].partition("## Carriers")[0]
    assert set(logs.__all__) - {"Context"} == set(re.findall(r"[`,] ?`?(\w+)\(", table))


@pytest.mark.parametrize("name", logs.__all__)
def test_every_name_is_there(name):
    assert callable(getattr(logs, name))


def test_a_name_that_is_not_there_is_said():
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        logs.nope  # noqa: B018
