"""Fuzz each format of a kind for a moment, each in a fork: `python each_format.py coverage FOLDER libFuzzer's flags`.

Instrumenting the readers takes longer than 600 inputs. FOLDER has for each format what libFuzzer said and its status.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "fuzz"))


def main(kind: str, folder: Path, flags: list[str]) -> None:
    target = import_module(f"{kind}_target")
    for name in import_module(f"ci_reporter.{kind}").FORMATS:
        own = folder / name
        own.mkdir()
        if not (pid := os.fork()):
            os.chdir(own)
            os.dup2(os.open("log", os.O_WRONLY | os.O_CREAT), 2)
            target.fuzz(name, [*flags, str(own), *corpus(kind)])
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        (own / "status").write_text(str(status))


def corpus(kind: str) -> list[str]:
    """The folders of real files."""
    return sorted(str(path) for path in (ROOT / "tests" / kind / "data").iterdir() if path.is_dir())


main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
