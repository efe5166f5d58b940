"""The file that remembers what was said: read and written whole, under a lock where the file system has one.

    {"version": 1,
     "reports": {"<series>": [<report>, …]},
     "rules": {"<rule>": {"<group>": {"members": {…}, "episode": {…}}}}}

Whoever cannot get the lock goes on without it: a write may then be lost, which costs a message too many.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.journal.files import encode, try_lock
from ci_reporter.model import Report, Result
from ci_reporter.notify.policies.state import Entry, Episode, Member
from ci_reporter.schema import from_json, to_json
from ci_reporter.system.files import open_regular, read_bounded, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.context import Context
    from ci_reporter.system.deadline import Deadline

_NAME = "alerts.json"
_BEGINNING = b'{"version":'  # every file that we write begins like this
_LARGEST = 16 * 1024 * 1024
_POLL_S = 0.005
_LOCK_WAIT_S = 2.0
_GOOD, _OTHERS = 10, 3  # reports that are kept of a series: as many good ones as a median is made of
_MOST_SERIES, _MOST_ENTRIES = 500, 2000  # those that were seen last


class State(Frozen):
    """What the file holds: the last reports by series, and an entry by rule and group."""

    reports: Mapping[str, tuple[Report, ...]] = EMPTY
    entries: Mapping[tuple[str, str], Entry] = EMPTY


class StateFile:
    """The file at a path; its folder is made when it is written."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._is_foreign = False

    def read(self) -> tuple[State, str]:
        """The state, and what is wrong with the file if anything is: then nothing is known from it."""
        content = b""
        try:
            content = read_bounded(self.path, _LARGEST)
            return _state(json.loads(content)), ""
        except FileNotFoundError:
            return State(), ""
        except OSError as exc:
            return State(), f"{self.path} cannot be read: {exc.strerror}"
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            ours = content.startswith(_BEGINNING) or _BEGINNING.startswith(content.strip(b"\0"))  # or torn
            self._is_foreign = not ours
            return State(), self._foreign() if self._is_foreign else f"{self.path} is damaged, and is written anew"

    def write(self, state: State) -> str:
        """Write the state; what is wrong if that fails. A file that somebody else has written stays as it is."""
        if self._is_foreign:
            return self._foreign()
        try:
            _check_plain(self.path)
            write_atomic(self.path, encode(_flat(state)))
        except OSError as exc:
            return f"cannot write {self.path}: {exc.strerror}; the next run may say the same again"
        return ""

    def _foreign(self) -> str:
        return (
            f"{self.path} is not a state file of ci-reporter, and stays as it is: what was said before is not known"
            " (set CI_REPORTER_NOTIFY_STATE to another file)"
        )

    @contextmanager
    def lock(self, deadline: Deadline) -> Iterator[bool]:
        """Be the only one that changes the file; gives whether that worked out within two seconds."""
        try:
            os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
            fd = open_regular(f"{self.path}.lock", os.O_RDWR | os.O_CREAT)
        except OSError:
            yield False
            return
        try:
            until_s = time.monotonic() + min(_LOCK_WAIT_S, deadline.left_s())
            # Polled, as flock(2) has no timeout: a process that hangs must not hang us.
            while not (ours := _try_lock(fd)) and time.monotonic() < until_s:
                time.sleep(_POLL_S)
            yield ours
        finally:
            os.close(fd)


def state_file(context: Context) -> StateFile:
    """The file of a job: the one that the settings name, else one in the state folder."""
    named = context.config.notify_state
    return StateFile(context.path(named) if named else os.path.join(context.journal.path, _NAME))


def remember(state: State, series: str, report: Report, entries: Mapping[tuple[str, str], Entry]) -> State:
    """The state with a report and these entries; of each series the last reports stay."""
    known = [each for each in state.reports.get(series, ()) if each.report_id != report.report_id]
    kept = _last([*known, _short(report)])
    others = {name: found for name, found in state.reports.items() if name != series}
    untouched = {key: entry for key, entry in state.entries.items() if key not in entries}
    return State(
        reports=dict([*others.items(), (series, kept)][-_MOST_SERIES:]),
        entries=dict([*untouched.items(), *entries.items()][-_MOST_ENTRIES:]),
    )


def _last(reports: Sequence[Report]) -> tuple[Report, ...]:
    good = [each for each in reports if each.step.result is Result.SUCCESS][-_GOOD:]
    others = [each for each in reports if each.step.result is not Result.SUCCESS][-_OTHERS:]
    chosen = {each.report_id for each in (*good, *others)}
    return tuple(each for each in reports if each.report_id in chosen)


def _short(report: Report) -> Report:
    """The report without what no condition compares with."""
    step = replace(report.step, output_tail=None, command=None, reason=None)
    run = replace(report.run, commit_message=None, commit_author=None, workspace=None, labels=None)
    return replace(report, run=run, step=step, failed_tests=(), failures=(), flaky_tests=(), slowest_tests=EMPTY)


def _check_plain(path: str) -> None:
    """Raise OSError for what must not be replaced: root would put a file in the place of /dev/null for all others."""
    with suppress(FileNotFoundError):
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a folder is not replaced, and has an error of its own
            raise OSError(errno.EINVAL, "it is not a plain file")


def _try_lock(fd: int) -> bool:
    try:
        return try_lock(fd)
    except OSError:  # a file system without locks
        return False


def _flat(state: State) -> dict[str, Any]:
    rules: dict[str, dict[str, Any]] = {}
    for (rule, group), entry in state.entries.items():
        rules.setdefault(rule, {})[group] = entry_to_json(entry)
    reports = {series: [_flat_report(each) for each in found] for series, found in state.reports.items()}
    return {"version": 1, "reports": reports, "rules": rules}


def _flat_report(report: Report) -> dict[str, Any]:
    return {name: value for name, value in to_json(report).items() if value not in (None, {})}


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """An entry as one JSON object."""
    flat = {
        "members": {name: dict(vars(each)) for name, each in entry.members.items()},
        "episode": _flat_episode(entry.episode),
        "ended": _flat_episode(entry.ended),
        "last_told_s": entry.last_told_s,
    }
    return {name: value for name, value in flat.items() if value is not None}


def _flat_episode(episode: Episode | None) -> dict[str, Any] | None:
    return vars(episode) | {"references": dict(episode.references)} if episode else None


def _state(flat: Any) -> State:
    if flat["version"] != 1:
        raise ValueError("of another version")
    return State(
        reports={series: tuple(from_json(each) for each in found) for series, found in flat["reports"].items()},
        entries={
            (rule, group): entry_from_json(found)
            for rule, groups in flat["rules"].items()
            for group, found in groups.items()
        },
    )


def entry_from_json(flat: Any) -> Entry:
    """The entry that `entry_to_json` wrote. Raises ValueError, TypeError, KeyError or AttributeError for other JSON."""
    return Entry(
        members={str(name): _member(each) for name, each in flat["members"].items()},
        episode=_episode(flat.get("episode")),
        ended=_episode(flat.get("ended")),
        last_told_s=_time_s(flat.get("last_told_s")),
    )


def _member(flat: Any) -> Member:
    return Member(
        holds=flat["holds"] is True, since_s=float(flat["since_s"]), runs=int(flat["runs"]), at_s=float(flat["at_s"])
    )


def _episode(flat: Any) -> Episode | None:
    if flat is None:
        return None
    return Episode(
        since_s=float(flat["since_s"]),
        runs=int(flat["runs"]),
        told=tuple(map(str, flat["told"])),
        told_at_s=_time_s(flat.get("told_at_s")),
        sure=flat["sure"] is True,
        least=flat["least"] is True,
        references={str(channel): str(name) for channel, name in flat["references"].items()},
    )


def _time_s(value: Any) -> float | None:
    return None if value is None else float(value)
