"""docs/reference/configuration.md lists every setting as the code has it.

`python tests/config/test_reference.py` prints the table.
"""

import re
from pathlib import Path

from ci_reporter.config import plugins
from ci_reporter.config.load import load
from ci_reporter.config.setting import Setting

SETTINGS = plugins.settings(plugins.declarations("sinks"))  # docs/reference/channels.md has those of channels
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
HEAD = "| option | variable | key in the file | default | meaning |"
WORDS = {"grace": "`10s`", "budget": "`5s`", "branches": "`main`, `master`, `release/*`"}


def row(setting: Setting) -> str:
    """The line of one setting."""
    option = f"`{f'{setting.flag} {setting.metavar}'.strip()}`" if setting.option else ""
    option = f"{option}, `-q`" if setting.key == "quiet" else option
    variable = f"`{setting.variable}`" + (f", `{setting.variable}_FILE`" if setting.secret else "")
    key = "" if setting.secret or setting.name == "config" else f"`{setting.file_key}`"
    meaning = re.sub(r" Default: .*$", "", setting.help)
    return f"| {option} | {variable} | {key} | {default(setting)} | {meaning} |".replace("  ", " ")


def default(setting: Setting) -> str:
    """The default as a person would write it."""
    said = re.search(r"Default: (.*)\.$", setting.help)
    value = setting.default
    if setting.key in WORDS or said:
        return WORDS.get(setting.key) or said[1]
    return "" if not isinstance(value, int) or isinstance(value, bool) or value is None else f"`{value}`"


def test_every_setting_has_its_line():
    lines = PAGE.read_text().splitlines()
    assert [row(each) for each in SETTINGS if row(each) not in lines] == []


def test_no_setting_is_described_that_is_not_there():
    described = re.findall(r"^\|.*\| `(CI_REPORTER_\w+)`", PAGE.read_text(), re.MULTILINE)
    assert described == [each.variable for each in SETTINGS]


def test_every_file_on_the_page_is_read(tmp_path):
    read = []
    for text in re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        (tmp_path / ".ci-reporter.yml").write_text(text)
        password = {"CI_REPORTER_PUSHGATEWAY_PASSWORD": "x"} if "username" in text else {}
        read.append(load({}, password, (str(tmp_path),)))
    assert read[1] == read[2] != read[0]


if __name__ == "__main__":
    print(HEAD, "|---|---|---|---|---|", *map(row, SETTINGS), sep="\n")
