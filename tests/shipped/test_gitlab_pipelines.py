"""examples/gitlab-ci: the pipelines that use the components, run by gitlab-ci-local with the shell executor."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import needs
from tests.shipped.conftest import PYTHON

EXAMPLES = Path(__file__).parents[2] / "examples/gitlab-ci"
PLACE = "https://example.com/ci-reporter/1.0.0/ci-reporter.pyz"
# What the example waits minutes for takes seconds here, which are too few to judge latency by.
QUICK = """
  converge: { timeout: 20s, old_share: 40%, rate: 20/s }
  warmup: 0
  watch: 2s
  extend: 0
  rate: 20/s
  early_pass: false
  judge: threshold
  baseline: { window: 2s }
"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A pipeline that has ended, and the folder it ran in."""

    folder: Path
    exit_code: int
    log: str

    def results(self) -> dict[str, str]:
        """Results by step."""
        lines = (self.folder / ".ci-reporter/steps.ndjson").read_text().splitlines()
        return {record["step"]: record["result"] for record in map(json.loads, lines)}


@pytest.fixture
def run(tmp_path: Path, pyz: Path, base_env: Callable[..., dict[str, str]]) -> Callable[..., Ran]:
    """Run an example's pipeline in a copy of its project, with the components of this tree."""
    runner = needs(Path(__file__).parents[2] / "node_modules/.bin/gitlab-ci-local", "npm ci")
    needs("rsync", "apt-get install rsync")
    folder, programs = tmp_path / "shop", tmp_path / "bin"
    shutil.copytree(EXAMPLES, folder)
    shutil.copytree(EXAMPLES.parents[1] / "templates", folder / "templates")
    programs.mkdir()
    (programs / "python3").symlink_to(PYTHON)
    (programs / "ci-reporter").write_text(f'#!/bin/sh\nexec "{PYTHON}" "{pyz}" "$@"\n')  # as the image has it
    (programs / "ci-reporter").chmod(0o755)

    def start(example: str) -> Ran:
        text = (EXAMPLES / example).read_text().replace(PLACE, str(pyz))
        text = text.replace("/tools/ci-reporter/", "/a/b/").replace(
            "@1\n", "@$CI_COMMIT_SHA\n"
        )  # this project has them
        text = text.replace("0" * 64, hashlib.sha256(pyz.read_bytes()).hexdigest())
        (folder / ".gitlab-ci.yml").write_text(text)
        env = base_env(tmp_path / "home") | {f"GIT_{role}_EMAIL": "a@b.test" for role in ("AUTHOR", "COMMITTER")}
        env |= {f"GIT_{role}_NAME": "Ada" for role in ("AUTHOR", "COMMITTER")} | {"PATH": f"{programs}:{env['PATH']}"}
        for command in ("init -q -b main", "add -A", "commit -q -m x", "remote add origin https://gitlab.test/a/b.git"):
            subprocess.run(["git", *command.split()], cwd=folder, env=env, check=True)
        command = [runner, "--force-shell-executor", "--home", env["HOME"], "--variable", "GITLAB_CI=true"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=280)
        return Ran(folder=folder, exit_code=done.returncode, log=done.stdout + done.stderr)

    return start


class Shop(BaseHTTPRequestHandler):
    """A service that tells which revision was deployed."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "pass", "commit": self.server.live.read_text().strip()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/health+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    """The service's address; the file `live` has the revision that runs."""
    (tmp_path / "live").write_text("0" * 40)
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        server.live = tmp_path / "live"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.node
@pytest.mark.slow
def test_every_job_is_recorded_by_its_hooks(run: Callable[..., Ran]) -> None:
    ran = run("all-jobs.yml")
    assert ran.exit_code == 0, ran.log
    assert ran.results() == dict.fromkeys(("lint", "smoke", "package"), "success")


@pytest.mark.node
@pytest.mark.slow
def test_deploy_is_stamped_recorded_and_watched(run: Callable[..., Ran], shop: str, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    rules = (folder / "gate.yml").read_text().replace("https://shop.example", shop)
    rules = re.sub(r"(?s)  converge.*?(?=signals:)", QUICK.lstrip("\n"), rules)
    rules = re.sub(r".*name: slow.*\n", "", rules).replace("down for 15s", "down for 1s")
    (folder / "gate.yml").write_text(rules)
    (folder / "deploy.sh").write_text(f'#!/bin/sh\necho "$1" >{tmp_path}/live\n')
    ran = run("deploy.yml")
    assert ran.exit_code == 0, ran.log
    assert ran.results() == dict.fromkeys(("package", "baseline", "deploy", "gate"), "success")
    revision = json.loads((folder / "dist/cart.py.build-info.json").read_text())["revision"]
    assert revision == (tmp_path / "live").read_text().strip()


def yaml_of(page: Path) -> list[str]:
    """The YAML blocks of a page."""
    return re.findall(r"(?s)```yaml\n(.*?)```", page.read_text())


PAGE = EXAMPLES.parents[1] / "docs/how-to/gitlab-ci.md"
FILES = {name: (EXAMPLES / name).read_text() for name in (".gitlab-ci.yml", "all-jobs.yml", "deploy.yml")}
TEXTS = FILES | {f"{PAGE.name} {number}": text for number, text in enumerate(yaml_of(PAGE), 1)}


def referenced(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> Any:
    """What `!reference [.ci-reporter, …]` stands for."""
    job, key = loader.construct_sequence(node)
    _, jobs = yaml.safe_load_all((EXAMPLES.parents[1] / "templates/report.yml").read_text())
    return jobs[{".ci-reporter": "$[[ inputs.as ]]"}[job]][key]


class _Loader(yaml.SafeLoader):
    """Knows GitLab's tag."""


_Loader.add_constructor("!reference", referenced)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_components_have_the_inputs_that_are_given(text: str) -> None:
    for include in yaml.load(text, _Loader).get("include", []):
        name = include["component"].rpartition("/")[2].partition("@")[0]
        header = next(yaml.safe_load_all((EXAMPLES.parents[1] / f"templates/{name}.yml").read_text()))
        assert set(include.get("inputs", {})) <= set(header["spec"]["inputs"])


def test_pipelines_fit_gitlabs_schema(tool: Callable[..., Any], tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yml" for number in range(len(TEXTS))]
    for file, text in zip(files, TEXTS.values(), strict=True):
        file.write_text(json.dumps(yaml.load(text, _Loader)))
    done = tool("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", *files)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["report", "gate", "stamp", "notify"])
def test_page_lists_every_input_of_the_component(name: str) -> None:
    header = next(yaml.safe_load_all((EXAMPLES.parents[1] / f"templates/{name}.yml").read_text()))
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{name}` |"))
    assert set(re.findall(r"`([\w-]+)`", row)) - {name, "ci-reporter-tests"} == set(header["spec"]["inputs"])
