"""ci-reporter.pyz: the same bytes from the same tree, nothing but Python needed, and the program's promises."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.runner.test_environment import HEAVY
from tests.shipped.conftest import PYTHON, once

# With the byte code of the three Pythons that the Makefile names.
LARGEST = 5_000_000


@pytest.fixture(scope="session")
def sources_only(shared: Path, tree: Path) -> Path:
    """The file without any byte code: what a Python sees that it does not name. Built with wheels that pip gets."""
    command = (PYTHON, tree / "scripts/pyz", "--output")
    return once(shared / "sources.pyz", lambda output: subprocess.run([*command, output], check=True))


Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def call(tmp_path: Path, pyz: Path) -> Call:
    """Run the file in an empty folder, with a Python that does not see what is installed (-S)."""

    def run(
        *args: str, file: Path = pyz, flags: tuple[str, ...] = ("-S",), **env: str
    ) -> subprocess.CompletedProcess[str]:
        given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"} | env
        command = [PYTHON, *flags, file, *args]
        return subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=100)

    return run


def records(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / ".ci-reporter/steps.ndjson").read_text().splitlines()]


# What it is


def test_two_builds_of_one_tree_are_the_same_bytes(
    tmp_path: Path, tree: Path, pyz: Path, build: Callable[..., Path]
) -> None:
    """In another folder, at another time, with another seed for hashes, another umask and another time zone."""
    copy = shutil.copytree(tree, tmp_path / "elsewhere/deeper/copy", copy_function=shutil.copyfile)
    env = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    before = os.umask(0o077)
    try:
        again = build(copy, tmp_path / "again.pyz", str(PYTHON), env=env)
    finally:
        os.umask(before)
    assert again.read_bytes() == pyz.read_bytes()


def test_it_is_small(pyz: Path) -> None:
    packs = {each.filename: each.compress_size for each in zipfile.ZipFile(pyz).infolist()}
    ours = packs.pop(f"{sys.implementation.cache_tag}-{magic()}")
    assert 3 * ours + sum(packs.values()) < LARGEST


def magic() -> int:
    from importlib.util import MAGIC_NUMBER

    return int.from_bytes(MAGIC_NUMBER[:2], "little")


def test_nothing_in_it_is_compiled_for_one_machine(pyz: Path) -> None:
    packs = {"sources", f"{sys.implementation.cache_tag}-{magic()}"}
    others = {Path(name).suffix for name in zipfile.ZipFile(pyz).namelist() if name not in packs}
    assert others <= {"", ".py", ".pem", ".txt", ".md"}


EVERYTHING = """
import sys

def main():
    for name in sorted(sys.meta_path[0]._index):
        try:
            name.endswith("__main__") or __import__(name)
        except ImportError as lacking:
            print(lacking.name)
        except AssertionError:
            print("Windows")
"""


@pytest.mark.parametrize("form", ["pyz", "sources_only"])
def test_every_module_inside_can_be_imported(
    call: Call, tmp_path: Path, form: str, request: pytest.FixtureRequest
) -> None:
    """But those for other packages, which nobody has asked for, and for Windows."""
    (tmp_path / "everything.py").write_text(EVERYTHING)
    done = call("-m", "everything", file=request.getfixturevalue(form), PYTHONPATH=str(tmp_path))
    assert done.stderr == ""
    assert set(done.stdout.split()) == {"Windows", "greenlet", "yaml._yaml"}


def test_the_sources_inside_are_the_same_program(root: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without comments and docstrings, each statement in its line."""
    monkeypatch.syspath_prepend(root / "scripts/pyz")
    from lean import lean

    requests = zipfile.ZipFile(next(wheels.glob("requests-*")))
    sources = [requests.read(name) for name in requests.namelist() if name.endswith(".py")]
    sources += [path.read_bytes() for path in (root / "ci_reporter").rglob("*.py")]
    assert not [source for source in sources if program(source) != program(lean(source))]


def program(source: bytes) -> CodeType:
    """The code of a module but for docstrings; each instruction has its line and its column."""
    from statements import is_documented, statements

    tree = ast.parse(source)
    for node in statements(tree):
        node.end_lineno = node.end_col_offset = None  # which may be the end of a docstring
        if is_documented(node):
            node.body[0].value = ast.Constant("", lineno=node.body[0].lineno, col_offset=0)
    return compile(tree, "module", "exec", dont_inherit=True)


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("a = '#'  # one\n", "a = '#'\n"),
        ("a = r'\\'#' # one\nb = '\\\\' # two\n", "a = r'\\'#'\nb = '\\\\'\n"),
        ('# one\nf"#{a}" """\'#""#"""# two', '\nf"#{a}" """\'#""#"""'),
        ('def a():\n  """b\n  # c\n  """  # d\n  e\n', 'def a():\n  ""\n\n\n  e\n'),
    ],
    ids=["comment", "backslash", "long string", "docstring"],
)
def test_comments_are_told_from_strings(root: Path, source: str, left: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root / "scripts/pyz")
    from lean import lean

    assert lean(source.encode()).decode() == left


def test_every_package_inside_has_its_licence(pyz: Path, root: Path) -> None:
    licensed = " ".join(zipfile.ZipFile(pyz).namelist()).replace("_", "-")
    locked = re.findall(r"^([\w-]+)==", (root / "scripts/pyz/requirements.txt").read_text(), re.MULTILINE)
    assert len(locked) == 9
    assert not [name for name in locked if f"{name.lower()}-" not in licensed]


def test_a_wheel_that_is_not_locked_is_refused(tmp_path: Path, tree: Path) -> None:
    zipfile.ZipFile(tmp_path / "evil-1-py3-none-any.whl", "w").close()
    command = [PYTHON, tree / "scripts/pyz", "--wheels", tmp_path, "--output", tmp_path / "out.pyz"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "requirements.txt has another hash for it, or none" in done.stderr
    assert not (tmp_path / "out.pyz").exists()


def test_a_python_that_is_not_there_is_named(tmp_path: Path, tree: Path, wheels: Path) -> None:
    command = [PYTHON, tree / "scripts/pyz", "--wheels", wheels, "--output", tmp_path / "x", "--python=3.99"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "python3.99 is not installed; name what there is: make pyz PYZ_PYTHONS=" in done.stderr


# How it runs


def test_it_records_a_step_with_nothing_installed(call: Call, tmp_path: Path) -> None:
    done = call("run", "--name", "unit", "--", "sh", "-c", "echo said; exit 3", flags=("-I", "-S"))
    assert (done.returncode, done.stdout) == (3, "said\n")
    assert [(each["step"], each["exit_code"]) for each in records(tmp_path)] == [("unit", 3)]


def test_it_is_a_program(pyz: Path, tmp_path: Path) -> None:
    env = {"PATH": f"{PYTHON.parent}:{os.environ['PATH']}"}
    done = subprocess.run([pyz, "--version"], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout[:12]) == (0, "ci-reporter ")


@pytest.mark.parametrize("how", ["read-only", "missing"])
def test_it_writes_nothing_but_records(call: Call, tmp_path: Path, how: str) -> None:
    home = tmp_path / "home"
    if how == "read-only":
        home.mkdir(0o500)
    done = call("run", "--", "true", HOME=str(home), TMPDIR=str(home))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"home", ".ci-reporter"}
    assert not home.exists() or not list(home.iterdir())


def test_a_python_that_it_does_not_name_runs_it_too(call: Call, tmp_path: Path, sources_only: Path) -> None:
    done = call("run", "--", "sh", "-c", "exit 3", file=sources_only)
    assert done.returncode == 3, done.stderr
    assert call("summary", file=sources_only).stdout.count("failure") == 1


def test_it_may_be_replaced_while_it_runs(call: Call, tmp_path: Path, pyz: Path) -> None:
    file = shutil.copy(pyz, tmp_path / "own.pyz")
    done = call("run", "--", "sh", "-c", f"echo > {file}; exit 3", file=Path(file))
    assert (done.returncode, len(records(tmp_path))) == (3, 1), done.stderr


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_push_fails_at_once_where_the_file_has_gone(call: Call, tmp_path: Path, pyz: Path, scheme: str) -> None:
    copy = Path(shutil.copy(pyz, tmp_path / "copy.pyz"))
    gateway = f"{scheme}://127.0.0.1:1"
    done = call("run", "--pushgateway", gateway, "--", "rm", str(copy), file=copy)
    why = "connection refused" if scheme == "http" else "has gone or changed"
    assert (done.returncode, why in done.stderr, "Traceback" in done.stderr) == (0, True, False)


def test_two_at_once_do_not_disturb_each_other(call: Call, tmp_path: Path) -> None:
    threads = [threading.Thread(target=call, args=("run", "-q", "--", "true")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["result"] for each in records(tmp_path)] == ["success"] * 6


def test_an_old_python_is_told_so(tmp_path: Path, root: Path) -> None:
    """The file that Python reads first, as a Python 3.10 sees it."""
    code = "import sys; sys.version_info = (3, 10); exec(open(sys.argv[1]).read())"
    done = subprocess.run([PYTHON, "-c", code, root / "scripts/pyz/launch.py"], capture_output=True, text=True)
    assert (done.returncode, done.stderr[:42]) == (2, "ci-reporter: needs Python 3.11 or newer, a")


MARK_THE_START = """
import sys

def hook(event, _):
    if event in ("os.posix_spawn", "os.exec"):
        sys.stderr.write("STARTED\\n")

sys.addaudithook(hook)
"""


def test_nothing_heavy_is_imported_before_the_command_starts(call: Call, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(MARK_THE_START)
    env = {"CI_REPORTER_PUSHGATEWAY": "http://127.0.0.1:9", "PYTHONPATH": str(tmp_path)}
    log = call("run", "--", "true", flags=("-X", "importtime"), **env).stderr
    before, _, after = log.partition("| site\n")[2].partition("STARTED")
    imported = set(re.findall(r"\|\s+([\w.]+)$", before, re.MULTILINE))
    assert "ci_reporter.runner" in imported
    assert not imported & {*HEAVY, "zipfile", "tempfile", "importlib.resources"}
    assert "prometheus_client" in after


def test_a_path_of_the_working_folder_is_not_searched(call: Call, tmp_path: Path) -> None:
    """What lies in the repository is not imported, whatever its name."""
    (tmp_path / "requests.py").write_text("raise SystemExit('imported the wrong file')")
    done = call("run", "--pushgateway", "http://127.0.0.1:9", "--", "true")
    assert (done.returncode, "not delivered" in done.stderr, "wrong file" in done.stderr) == (0, True, False)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_its_promises_hold(pyz: Path, root: Path) -> None:
    """What tests/runner says of the installed program. (All of it can be run so, and holds.)"""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"CI_REPORTER_TESTS_PROGRAM": str(pyz), "PATH": f"{PYTHON.parent}:{os.environ['PATH']}"}
    files = [f"tests/runner/test_{promise}.py" for promise in ("exit_code", "streams", "last_signals")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=290)
    assert done.returncode == 0, done.stdout[-3000:]


# Its other processes, and whom it trusts


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    """A service that says 200."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_gates_prober_starts_from_it(call: Call, service: str, tmp_path: Path) -> None:
    (tmp_path / "gate.yml").write_text('rules: [{ name: down, if: "down for 2s" }]')
    done = call("gate", "baseline", service, "--rules", "gate.yml", "--window", "2s", "--out", "before.ndjson")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "before.ndjson").read_text().count("\n") > 1


def test_a_rules_patterns_are_matched_in_a_process_of_it(pyz: Path) -> None:
    command = [PYTHON, "-P", pyz, "-m", "ci_reporter.gate.probing.patterns"]
    done = subprocess.run(command, input='["a+", "baa"]\n', capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ('["aa"]\n', "")


def test_its_list_of_authorities_is_used_for_https(call: Call, tmp_path: Path) -> None:
    """A certificate of nobody's is refused as such, and not for want of a list."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        done = call("run", "--pushgateway", f"https://127.0.0.1:{server.server_port}", "--", "true")
        server.shutdown()
        thread.join()
    assert "certificate is not trusted: self-signed certificate" in done.stderr


@pytest.mark.services
def test_it_has_no_hub_and_says_where_to_get_one(call: Call) -> None:
    done = call("hub", "serve")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'ci-reporter[hub]'" in done.stderr


def test_it_pushes(call: Call, pushgateway: Any) -> None:
    done = call("run", "--name", "unit", "--pushgateway", pushgateway.url, "--", "true")
    assert done.stderr.endswith(" · pushed\n")
    assert b"ci_step_success" in pushgateway.get("/metrics")
