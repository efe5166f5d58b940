"""`ci-reporter init` as a new user calls it."""

import os
import pty
import subprocess

import pytest

WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: go test ./...\n"


@pytest.fixture
def shop(run_program):
    """The program in a Go module that GitHub hosts."""
    subprocess.run(["git", "init", "--quiet", "-b", "main"], cwd=run_program.folder, check=True)
    subprocess.run(["git", "remote", "add", "origin", "git@github.com:a/b"], cwd=run_program.folder, check=True)
    (run_program.folder / "go.mod").write_text("module x\n")
    (run_program.folder / "deploy.sh").touch()
    return run_program


def files(program):
    found = subprocess.run(["git", "ls-files", "--others"], cwd=program.folder, capture_output=True, text=True)
    return set(found.stdout.split()) - {"go.mod", "deploy.sh"}


def test_it_shows_then_writes_then_has_nothing_to_do(shop):
    shown = shop("init")
    assert "+    if: down for 15s" in shown.stdout
    assert shown.stderr.endswith("nothing was written (`ci-reporter init --yes` writes the new files)\n")
    assert files(shop) == set()
    written = shop("init", "--yes")
    assert written.stdout == shown.stdout
    assert files(shop) == {".ci-reporter.yml", "gate.yml", ".github/workflows/ci-reporter.yml"}
    again = shop("init", "--yes")
    assert (again.stdout, again.stderr.splitlines()[-1]) == ("", "ci-reporter: nothing to do")


def test_its_output_is_a_patch_that_git_applies(shop):
    path = shop.folder / ".github/workflows/ci.yml"
    path.parent.mkdir(parents=True)
    path.write_text(WORKFLOW)
    assert shop("init", "--yes").stderr.endswith(
        ".github/workflows/ci.yml: yours to change (`ci-reporter init | git apply` does what is shown)\n"
    )
    assert path.read_text() == WORKFLOW
    subprocess.run(["git", "apply", "-"], input=shop("init").stdout, cwd=shop.folder, text=True, check=True)
    assert "- run: ci-reporter run --name 'go test' -- go test ./...\n" in path.read_text()
    assert shop("init").stderr.endswith("uses ci-reporter already\nci-reporter: nothing to do\n")


@pytest.mark.parametrize(("answer", "written"), [("y", 3), ("n", 0)])
def test_on_a_terminal_it_asks(shop, answer, written):
    ours, theirs = pty.openpty()
    with shop.start("init", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        while not said.endswith(b"[y/N]: "):
            said += os.read(ours, 65536)
        os.write(ours, f"{answer}\n".encode())
        process.wait(60)
    os.close(ours)
    assert (b"\x1b[32m+version: 1\x1b[0m" in said, len(files(shop))) == (True, written)
