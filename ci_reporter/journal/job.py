"""The id of a job whose CI system gives it none: kept in the state folder for as long as the job's process lives.

Every call of the program in one job must tell the same run, and nothing in the environment tells one job from the next.
What does is the process that runs the job's script: the topmost of our ancestors that was started with the CI system's
variables (the agent above it was not), else our parent. Two steps of a job whose scripts have nothing above them but
the agent are two runs: that is better than one run out of two jobs. `CI_RUN_ID` says it right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from ci_reporter.errors import StateError
from ci_reporter.journal import Journal
from ci_reporter.journal.files import boot_id
from ci_reporter.model import uuid7
from ci_reporter.system.ancestors import Ancestor, ancestors, environment
from ci_reporter.system.files import read_bounded, write_atomic

_FILE = "job.json"
_LARGEST = 4096
_MARKS = ("CI", "CONTINUOUS_INTEGRATION", "CI_NAME", "CI_APP_ID")  # what systems without a run id set


def job_id(journal: Journal, env: Mapping[str, str]) -> str:
    """The id of the job that runs; the first call in a job makes it. Where it cannot be kept, it is a new one."""
    line = list(ancestors())
    if found := _stored_id(journal, line):
        return found
    new, owner = uuid7(), _job_process(line, env)
    if owner is None:
        return new
    try:
        with journal.lock():
            if found := _stored_id(journal, line):  # another call of this job was faster
                return found
            _write(journal, new, owner)
    except (StateError, OSError):
        pass  # whoever writes a record next says what is wrong with the folder
    return new


def known_job_id(journal: Journal) -> str | None:
    """The id that is kept for the job that runs, without making one."""
    return _stored_id(journal, list(ancestors()))


def _stored_id(journal: Journal, line: Sequence[Ancestor]) -> str | None:
    try:
        found = json.loads(read_bounded(os.path.join(journal.path, _FILE), _LARGEST))
        # A pid alone may be another process's by now; with its start time, and on this boot, it is unique (proc(5)).
        owner = Ancestor(pid=found["pid"], started=found["started"])
        return str(found["id"]) if owner in line and found["boot_id"] == boot_id() else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _write(journal: Journal, new: str, owner: Ancestor) -> None:
    flat = {"id": new, "pid": owner.pid, "started": owner.started, "boot_id": boot_id()}
    write_atomic(os.path.join(journal.path, _FILE), json.dumps(flat).encode(), durable=False)


def _job_process(line: Sequence[Ancestor], env: Mapping[str, str]) -> Ancestor | None:
    marks = frozenset(f"{name}={env[name]}".encode("utf-8", "surrogateescape") for name in _MARKS if env.get(name))
    owner = line[0] if line else None
    for each in line if marks else ():
        if not marks <= environment(each.pid):
            break
        owner = each
    return owner
