"""The page about a gate from Python: its snippets run as they stand, against a real service."""

import re
from pathlib import Path

import pytest

import ci_reporter.gate
from ci_reporter.gate import GateOptions, World

PAGE = (Path(__file__).parents[2] / "docs/reference/gate-python.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_snippets_run_in_their_order(backend, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    service, names = backend("c0ffee1234567"), {}
    Path("gate.yml").write_text('rules: [ { name: down, if: "down for 2s" } ]\n')
    for snippet in SNIPPETS:
        text = snippet.replace("https://shop.example/health", service.url)
        text = text.replace("watch_s=300", 'watch_s=5, warmup_s=0, rules="gate.yml"')
        exec(text, names)
    assert (names["outcome"].exit_code, names["problems"]) == (0, [])
    assert {each.name for each in tmp_path.iterdir()} >= {"watch.ndjson", "gate.xml"}
    assert capsys.readouterr().out == ""


def test_every_name_of_the_room_is_imported_on_demand():
    assert all(getattr(ci_reporter.gate, name) for name in ci_reporter.gate.__all__)


def test_the_page_names_every_option():
    fields = {*GateOptions.__dataclass_fields__, *World.__dataclass_fields__}
    own = {"name", "dry_run", "out", "junit", "markdown", "clock", "now", "pause"}  # of the command line, and of tests
    assert {name for name in fields - own if f"`{name}`" not in PAGE} == set()
