"""A new sink is a file and a line in a table; one of another package a file and an entry point. Nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ci_reporter
from ci_reporter import registry

SINK = '''
"""A sink for tests: a line of each step is appended to a file."""

from __future__ import annotations

from ci_reporter.config import values
from ci_reporter.config.setting import Settings, option, setting
from ci_reporter.frozen import Frozen
from ci_reporter.sinks import Finding, Receipt


class DiarySettings(Settings, group="diary"):
    """Where the diary is, and who writes it."""

    file: str | None = option(None, values.text, "FILE", "Append a line of each step to FILE.", main=True)
    author: str = setting("nobody", values.text, "NAME", "Who writes. Default: nobody.")
    pause_s: float = setting(0.0, values.duration_s, "TIME", "How long to think first.", key="pause")
    seal: str | None = setting(None, values.text, "", "The seal.", secret=True)

    def sink(self, context, about_us=()):
        return Diary(path=context.path(self.file), author=self.author, seal=self.seal)

    def findings(self, context):
        yield Finding(ok=True, seen=f"{self.author} writes a diary in {self.file}")


class Diary(Frozen):
    path: str
    author: str
    seal: str | None
    name: str = "diary"

    def send(self, own, backlog, deadline):
        reports = [*([own] if own else []), *backlog]
        try:
            with open(self.path, "a") as file:
                file.writelines(f"{self.author}: {each.step.name} {self.seal}\\n" for each in reports)
        except OSError as exc:
            return Receipt(refused={each.report_id: f"{self.path}: {exc.strerror}" for each in reports})
        return Receipt(taken=frozenset(each.report_id for each in reports))

    def preview(self, report):
        return f"{self.author}: {report.step.name}"
'''


def added_here(folder: Path) -> None:
    """A copy of our package with one more file and one more line."""
    package = folder / "ci_reporter"
    shutil.copytree(Path(ci_reporter.__file__).parent, package)
    (package / "sinks/diary.py").write_text(SINK)
    table = package / "registry.py"
    line = '    "diary": "ci_reporter.sinks.diary:DiarySettings",\n'
    table.write_text(re.sub(r"(^SINKS = .*\n)", rf"\g<1>{line}", table.read_text(), flags=re.MULTILINE))


def added_elsewhere(folder: Path) -> None:
    """Another distribution with an entry point."""
    (folder / "diary_plugin.py").write_text(SINK)
    info = folder / "diary-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: diary\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ci_reporter.sinks]\ndiary = diary_plugin:DiarySettings\n")


@pytest.fixture(scope="module", params=[added_here, added_elsewhere], ids=["ours", "theirs"])
def path(request, tmp_path_factory):
    """A folder of PYTHONPATH with one more sink, in either way."""
    folder = tmp_path_factory.mktemp("more")
    request.param(folder)
    return folder


@pytest.fixture
def program(path, run_program):
    """The program with the sink."""

    def run(*arguments, file="", **env):
        (run_program.folder / ".ci-reporter.yml").write_text(file)
        variables = {f"CI_REPORTER_{name}": value for name, value in env.items()}
        return run_program(*arguments, env={"PYTHONPATH": str(path)} | variables)

    run.folder = run_program.folder
    return run


@pytest.fixture
def diary(program):
    """What the sink has written."""
    return lambda: (program.folder / "diary").read_text() if (program.folder / "diary").exists() else ""


@pytest.mark.parametrize(
    ("options", "how"),
    [
        (["--diary", "diary"], {"DIARY_AUTHOR": "ann"}),
        ([], {"DIARY": "diary", "DIARY_AUTHOR": "ann"}),
        ([], {"file": "diary: {file: diary, author: ann}\n"}),
        ([], {"file": "diary: diary\ndiary_author: ann\n"}),
    ],
    ids=["option", "variables", "grouped", "flat"],
)
def test_its_settings_come_from_everywhere(program, diary, tmp_path, options, how):
    (tmp_path / "seal").write_text("wax\n")
    ended = program("run", "--name", "unit", *options, "--", "true", DIARY_SEAL_FILE=str(tmp_path / "seal"), **how)
    assert ended.stderr.endswith(" · pushed\n")
    assert diary() == "ann: unit wax\n"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"file": "diary: {fil: x}\n"}, "line 1: unknown key 'fil' in 'diary' (perhaps you meant 'file')"),
        ({"file": "diary_autor: x\n"}, "line 1: unknown key 'diary_autor' (perhaps you meant 'diary_author')"),
        ({"file": "diary: {file: x, pause: long}\n"}, "diary.pause: 'long' is not a duration (write 90s, 5m or 1h30m)"),
        ({"file": "diary: {seal: wax}\n"}, "'diary.seal' is a secret and not for a file in git; set CI_REPORTER_DIARY"),
        ({"DIARY_PAUSE": "long"}, "variable CI_REPORTER_DIARY_PAUSE: 'long' is not a duration"),
        ({"DIARY_SEAL_FILE": "nope"}, "variable CI_REPORTER_DIARY_SEAL_FILE: cannot read nope: No such file"),
    ],
    ids=["key", "flat key", "value", "secret", "variable", "secret file"],
)
def test_a_mistake_in_its_settings_ends_before_the_command_starts(program, how, said):
    ended = program("run", "--", "touch", "started", **how)
    assert (ended.returncode, said in ended.stderr) == (2, True)
    assert not (program.folder / "started").exists()


def test_a_mistyped_variable_of_it_is_told(program):
    ended = program("run", "--", "true", DIARY_AUTOR="ann")
    assert "CI_REPORTER_DIARY_AUTOR is not a setting and is ignored (perhaps you meant CI_REPORTER_DIARY_AUTHOR)" in (
        ended.stderr
    )


def test_what_it_does_not_take_is_spooled_and_flushed(program, diary):
    (program.folder / "diary").mkdir()
    assert "not delivered" in program("run", "--diary", "diary", "--", "true").stderr
    (program.folder / "diary").rmdir()
    ended = program("flush", DIARY="diary")
    assert "1 of 1 waiting reports delivered" in ended.stderr
    assert diary() == "nobody: true None\n"


def test_the_help_names_its_option(program):
    assert re.search(
        r"--diary FILE +Append a line of each step to FILE\.\s+\[CI_REPORTER_DIARY\]", program("run", "--help").stdout
    )


def test_a_dry_run_shows_what_it_would_send(program, diary):
    ended = program("run", "--diary", "diary", "--dry-run", "--", "true")
    assert (ended.stdout, diary()) == ("nobody: true\n", "")


def test_the_doctor_asks_it(program):
    ended = program("doctor", DIARY="diary")
    assert (ended.returncode, "ok    nobody writes a diary in diary\n" in ended.stdout) == (0, True)


def test_a_plug_in_that_is_no_sink_is_said(run_program, tmp_path):
    added_elsewhere(tmp_path)
    (tmp_path / "diary_plugin.py").write_text("class DiarySettings: pass\n")
    ended = run_program("run", "--", "true", env={"PYTHONPATH": str(tmp_path), "CI_REPORTER_DIARY": "x"})
    assert (ended.returncode, "the plug-in 'diary' of ci_reporter.sinks is not a sink" in ended.stderr) == (2, True)


@pytest.mark.parametrize("name", registry.SINKS)
def test_the_settings_of_a_sink_are_light(name):
    """They are read before the command starts: whatever a sink needs to send is imported where it is used."""
    target = registry.SINKS[name].partition(":")[0]
    line = [sys.executable, "-c", f"import sys, json, {target}; print(json.dumps(list(sys.modules)))"]
    loaded = set(
        json.loads(subprocess.run(line, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout)
    )
    heavy = {"dataclasses", "inspect", "requests", "ssl", "prometheus_client", "yaml", "base64", "random", "gzip"}
    assert not loaded & (heavy | {"ci_reporter.http", "ci_reporter.metrics", "importlib.metadata"})
