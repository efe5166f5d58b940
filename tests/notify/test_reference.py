"""docs/reference/channels.md lists every setting of every channel as the code has it.

`python tests/notify/test_reference.py` prints the table.
"""

import re
from pathlib import Path

from ci_reporter.config import plugins
from ci_reporter.config.setting import Setting

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "channels.md"
HEAD = "| channel | variable | key in the file | default | meaning |"
SETTINGS = [each for kind in plugins.declarations("notifiers") for each in kind.declared]


def row(setting: Setting) -> str:
    """The line of one setting."""
    variable = f"`{setting.variable}`" + (f", `{setting.variable}_FILE`" if setting.secret else "")
    key = "" if setting.secret else f"`{setting.file_key}`"
    said = re.search(r" Default: (.*)\.$", setting.help)
    meaning = setting.help.removesuffix(said[0]) if said else setting.help
    line = f"| {setting.group} | {variable} | {key} | {said[1] if said else ''} | {meaning} |"
    return re.sub(r" +", " ", line)


def test_every_setting_has_its_line():
    lines = PAGE.read_text().splitlines()
    assert [row(each) for each in SETTINGS if row(each) not in lines] == []


def test_no_setting_is_described_that_is_not_there():
    described = re.findall(r"^\|.*?\| `(CI_REPORTER_\w+)`", PAGE.read_text(), re.MULTILINE)
    assert described == [each.variable for each in SETTINGS]


if __name__ == "__main__":
    print(HEAD, "|---|---|---|---|---|", *map(row, SETTINGS), sep="\n")
