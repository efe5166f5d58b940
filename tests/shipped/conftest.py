"""What people get: the tree as git has it, the packages built from it, and a runner of GitHub's steps."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import needs

ROOT = Path(__file__).parents[2]
PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")  # it has no package of ours
FILE_SUM = "ci-reporter.pyz.sha256"
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
# What a machine needs to reach its package registry; tests pass on nothing else of their environment.
NETWORK = re.compile(r"PIP_|SSL_CERT|REQUESTS_CA|NODE_EXTRA_CA|https?_proxy|no_proxy", re.IGNORECASE)


def base_env(home: Path) -> dict[str, str]:
    """PATH, HOME, LANG and the way to the package registry."""
    network = {name: value for name, value in os.environ.items() if NETWORK.match(name)}
    ours = str(Path(sys.executable).parent)  # an environment that is activated has the package
    path = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if folder != ours)
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"} | network


@pytest.fixture(name="base_env", scope="session")
def _base_env() -> Callable[[Path], dict[str, str]]:
    return base_env


@pytest.fixture(name="needs")
def _needs() -> Callable[[str | Path, str], str]:
    return needs


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home folder."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """The repository's files, relative, as git lists them: tracked or not yet, but nothing ignored."""
    listing = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, text=True)
    return [Path(name) for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def tree(make_once: Callable[..., Path], files: list[Path]) -> Path:
    """A clean checkout: the repository's files and nothing else."""

    def check_out(tree: Path) -> None:
        for name in files:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)

    return make_once("tree", check_out)


@pytest.fixture(scope="session")
def dist(make_once: Callable[..., Path], tree: Path) -> Path:
    """A folder with the wheel and the sdist built from the tree."""

    def build(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=tree, check=True)

    return make_once("dist", build)


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """The wheel built from the tree."""
    return next(dist.glob("*.whl"))


def once(path: Path, make: Callable[[Path], object]) -> Path:
    """The file or folder that `make` makes, made by the first of the processes of this test run."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make(path.with_suffix(".partial"))
            path.with_suffix(".partial").rename(path)
    return path


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run have."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pyz"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def wheels(shared: Path, root: Path) -> Path:
    """The wheels of requirements.txt."""

    def download(folder: Path) -> None:
        target = ("--platform=manylinux2014_x86_64", "--python-version=3.11", "--abi=cp311", "--abi=none")
        choice = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp", *target)
        wanted = ("-d", folder, "-r", root / "scripts/pyz/requirements.txt")
        subprocess.run([PYTHON, "-m", "pip", "download", "--quiet", *choice, *wanted], check=True)

    return once(shared / "wheels", download)


@pytest.fixture(scope="session")
def build(wheels: Path) -> Callable[..., Path]:
    """Build the file from a tree, with byte code for these Pythons."""

    def run(tree: Path, output: Path, *pythons: str, env: dict[str, str] | None = None) -> Path:
        command = [PYTHON, tree / "scripts/pyz", "--wheels", wheels, "--output", output]
        done = subprocess.run(
            [*command, *(f"--python={each}" for each in pythons)],
            env=os.environ | (env or {}),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return output

    return run


@pytest.fixture(scope="session")
def pyz(shared: Path, build: Callable[..., Path], tree: Path) -> Path:
    """The file, with byte code for the Python that runs the tests."""
    return once(shared / "ci-reporter.pyz", lambda output: build(tree, output, str(PYTHON)))


def value(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The few expressions that our files use, as GitHub evaluates them."""
    expression = expression.strip()
    for operator in ("||", "&&"):
        left, found, right = expression.partition(operator)
        if found:
            first = value(left, contexts)
            return first if bool(first) is (operator == "||") else value(right, contexts)
    left, found, right = expression.partition(" != ")
    if found:
        return (value(left, contexts) or "") != right.strip("'")
    if call := re.fullmatch(r"(\w+)\((.*)\)", expression):
        return {"always": lambda _: True, "toJSON": lambda of: json.dumps(value(of, contexts), indent=2)}[call[1]](
            call[2]
        )
    at: Any = contexts
    for name in expression.split("."):
        at = at.get(name) if isinstance(at, dict) else None
    return at


def evaluated(text: str, contexts: Mapping[str, Any]) -> str:
    """A text with its `${{ … }}` replaced."""

    def replacement(found: re.Match[str]) -> str:
        result = value(found[1], contexts)
        return "true" if result is True else str(result or "")

    return re.sub(r"\$\{\{(.*?)\}\}", replacement, str(text))


@dataclass(kw_only=True)
class Done:
    """A step that has ended."""

    exit_code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Job:
    """A job on GitHub's runner: runs the steps of workflows and composite actions as the runner does."""

    workspace: Path
    temp: Path
    action_path: Path
    env: dict[str, str]
    contexts: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    files: int = 0

    def action(self, env: Mapping[str, str] | None = None, *, folder: str = "", **inputs: str) -> Done:
        """Call action.yml, or the one of a folder. Inputs have `_` for `-`."""
        path = self.action_path / folder
        action = yaml.safe_load((path / "action.yml").read_text())
        given = {name.replace("_", "-"): text for name, text in inputs.items()}
        defaults = {name: evaluated(each.get("default", ""), self.contexts) for name, each in action["inputs"].items()}
        assert set(given) <= set(defaults), "no such input"
        contexts = self.contexts | {"inputs": defaults | given, "steps": {}}
        done = self.steps(action["runs"]["steps"], contexts, dict(env or {}) | {"GITHUB_ACTION_PATH": str(path)})
        outputs = action.get("outputs", {})
        done.outputs = {name: evaluated(each["value"], contexts) for name, each in outputs.items()}
        return done

    def steps(self, steps: list[dict[str, Any]], contexts: dict[str, Any], env: dict[str, str]) -> Done:
        """Run one after the other; after a failure only those that say `if: always()`."""
        total = Done(exit_code=0, log="")
        for step in steps:
            condition = str(step.get("if", ""))
            if (total.exit_code and "always()" not in condition) or (condition and not value(condition, contexts)):
                continue
            done = self.step(step, contexts, env)
            total.log += done.log
            total.exit_code = total.exit_code or done.exit_code
            contexts.setdefault("steps", {})[step.get("id", "")] = {"outputs": done.outputs}
        return total

    def step(self, step: dict[str, Any], contexts: Mapping[str, Any], env: Mapping[str, str]) -> Done:
        """Run one step: a script, our action, or somebody else's, which is passed over."""
        own = {name: evaluated(text, contexts) for name, text in step.get("env", {}).items()}
        if "/ci-reporter@" in step.get("uses", ""):
            inputs = {name.replace("-", "_"): evaluated(text, contexts) for name, text in step["with"].items()}
            return self.action(dict(env) | own, **inputs)
        if "uses" in step:
            return Done(exit_code=0, log="")
        process = self.start(evaluated(step["run"], contexts), dict(env) | own)
        log, _ = process.communicate(timeout=280)
        return Done(exit_code=process.returncode, log=log, outputs=self.written())

    def start(self, script: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start a script as `shell: bash` does."""
        self.files += 1
        file = self.temp / f"step-{self.files}-{self.workspace.parent.name}.sh"
        file.write_text(script + "\n")
        for name in ("OUTPUT", "PATH"):
            self.command_file(name).write_text("")
        path = os.pathsep.join([*reversed(self.paths), self.env["PATH"]])
        commands = {f"GITHUB_{name}": str(self.command_file(name)) for name in ("OUTPUT", "PATH", "STEP_SUMMARY")}
        return subprocess.Popen(
            [*SHELL, file],
            cwd=self.workspace,
            env=self.env | {"PATH": path} | commands | dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command_file(self, name: str) -> Path:
        """The file behind GITHUB_<name>."""
        return self.workspace.parent / f"command_{name}"

    def written(self) -> dict[str, str]:
        """The outputs that a step wrote; what it added to the path holds for the steps after it."""
        self.paths += self.command_file("PATH").read_text().split()
        found: dict[str, str] = {}
        lines = iter(self.command_file("OUTPUT").read_text().splitlines())
        for line in lines:
            name, mark, end = line.partition("<<")
            if mark and "=" not in name:
                found[name] = "\n".join(iter(lines.__next__, end))
            else:
                name, _, found[name] = line.partition("=")
        return found

    def records(self) -> list[dict[str, Any]]:
        """What steps.ndjson holds."""
        path = self.workspace / ".ci-reporter/steps.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def start_job(folder: Path, temp: Path, tree: Path, home: Path) -> Job:
    """Start a job with its workspace in a folder, and with that $RUNNER_TEMP."""
    workspace = folder / "workspace"
    workspace.mkdir()
    temp.mkdir(exist_ok=True)
    env = base_env(home) | {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_JOB": "unit",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "17012345678",
        "GITHUB_SHA": "b" * 40,
        "GITHUB_WORKFLOW": "CI",
        "GITHUB_WORKSPACE": str(workspace),
        "RUNNER_TEMP": str(temp),
    }
    return Job(workspace=workspace, temp=temp, action_path=tree, env=env)


@pytest.fixture
def new_job(tmp_path: Path, tree: Path, home: Path) -> Job:
    """A job on a runner where nothing was installed before."""
    return start_job(tmp_path, tmp_path / "temp", tree, home)


@pytest.fixture(scope="session")
def release(make_once: Callable[..., Path], tree: Path, pyz: Path) -> Path:
    """The tree of a release's commit: with the one file and its checksum."""

    def add(folder: Path) -> None:
        shutil.copytree(tree, folder, dirs_exist_ok=True)
        shutil.copy2(pyz, folder / "ci-reporter.pyz")
        digest = hashlib.sha256(pyz.read_bytes()).hexdigest()
        (folder / FILE_SUM).write_text(f"{digest}  ci-reporter.pyz\n")

    return make_once("release", add)


@pytest.fixture(scope="session")
def start_release_job(release: Path, home: Path) -> Callable[[Path], Job]:
    """Start a job on a new runner that uses the action of a release, in a folder of its own."""

    def start(folder: Path) -> Job:
        action = folder / "action"
        action.mkdir()
        for name in ("action.yml", "setup", "gate", "stamp", "notify", "scripts", "ci-reporter.pyz", FILE_SUM):
            copy = shutil.copytree if (release / name).is_dir() else shutil.copy2
            copy(release / name, action / name)
        return start_job(folder, folder / "temp", action, home)

    return start


@pytest.fixture
def release_job(tmp_path: Path, start_release_job: Callable[[Path], Job]) -> Job:
    """A job on a new runner that uses the action of a release."""
    return start_release_job(tmp_path)


@pytest.fixture(scope="session")
def runner_temp(make_once: Callable[..., Path], tree: Path, home: Path) -> Path:
    """A $RUNNER_TEMP that jobs share, where the action was used before: it is installed once."""

    def install(temp: Path) -> None:
        done = start_job(temp, temp, tree, home).action(run="true")
        assert (temp / "ci-reporter/installed").exists(), done.log

    return make_once("runner", install)


@pytest.fixture
def job(tmp_path: Path, runner_temp: Path, tree: Path, home: Path) -> Job:
    """A job on a runner where the action was used before."""
    job = start_job(tmp_path, runner_temp, tree, home)
    job.paths.append(str(runner_temp / "ci-reporter/bin"))
    return job


@pytest.fixture
def tool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a tool of the environment that the tests run in."""

    def run(name: str, *args: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([Path(sys.executable).with_name(name), *args], capture_output=True, text=True, cwd=ROOT)

    return run
