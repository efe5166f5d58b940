"""What is built here: a Run, what git says of the checkout and a few wishes, into a BuildInfo."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ci_reporter.buildinfo import LONGEST
from ci_reporter.errors import UsageError
from ci_reporter.frozen import replace
from ci_reporter.model import BuildInfo, Run, rfc3339
from ci_reporter.system.git import Git

_LIMIT_S = 20.0  # `git status` of a large checkout that has just been made reads every file
_LATEST_S = 253402300799  # the end of the year 9999


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What git says of the files that are built; None where it says nothing."""

    described: str | None = None
    dirty: bool | None = None
    commit_time_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How the stamp is wanted.

    `reproducible`: without what differs between two runs of one commit, one of them perhaps for a tag of it.
    """

    version: str | None = None
    now: bool = False
    reproducible: bool = False


def checkout(folder: str, env: Mapping[str, str]) -> Checkout:
    """Ask git about the repository `folder` is in. Files that git does not know do not count: builds make many."""
    git = Git(folder, env)
    try:
        # The length of a shortened commit would depend on how much of the repository a clone has.
        described = git.line("describe", "--always", "--tags", "--abbrev=12", "--dirty", limit_s=_LIMIT_S)
        changed = git.ask("status", "--porcelain", "--untracked-files=no", limit_s=_LIMIT_S)
        committed = git.line("log", "-1", "--no-show-signature", "--format=%ct", limit_s=_LIMIT_S)
    except (OSError, subprocess.SubprocessError):
        return Checkout()
    if committed is None:
        return Checkout()
    dirty = bool(changed.stdout) if changed.returncode == 0 else None
    return Checkout(described=described, dirty=dirty, commit_time_s=int(committed))


def build_info(
    run: Run, found: Checkout, env: Mapping[str, str], wishes: Wishes, clock: Callable[[], float]
) -> BuildInfo:
    """Put it together; a value longer than 1000 characters is left out. Raises UsageError."""
    if wishes.now and wishes.reproducible:
        raise UsageError("--now and --reproducible: the wall clock is not the same twice (leave one of them out)")
    info = BuildInfo(
        version=_version(wishes.version) or run.tag or found.described,
        revision=run.revision,
        branch=run.branch,
        dirty=found.dirty,
        build_time=_time(clock() if wishes.now else _source_epoch_s(env, found)),
        builder="/".join(filter(None, (run.provider, run.node))),
        ci_run_id=_run_id(run, env),
        run_url=run.run_url,
        repository_url=run.repository_url,
    )
    if wishes.reproducible:
        info = replace(info, branch=None, builder=None, ci_run_id=None, run_url=None)
    return replace(info, **{name: None for name, value in vars(info).items() if len(str(value)) > LONGEST})


def _version(wanted: str | None) -> str | None:
    if wanted and (not wanted.isprintable() or len(wanted) > LONGEST):
        raise UsageError(f"--version: {wanted!r:.60} is not a version (one line of at most {LONGEST} characters)")
    return wanted


def _run_id(run: Run, env: Mapping[str, str]) -> str | None:
    """The run's id; one made up for this call alone would name nothing."""
    return run.ci_run_id if run.provider != "local" or env.get("CI_RUN_ID") else None


def _source_epoch_s(env: Mapping[str, str], found: Checkout) -> float | None:
    """The time of the sources. Source: reproducible-builds.org, SOURCE_DATE_EPOCH."""
    text = env.get("SOURCE_DATE_EPOCH", "").strip()
    if not text:
        return found.commit_time_s
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > _LATEST_S:
        raise UsageError(f"SOURCE_DATE_EPOCH: {text!r:.60} is not a time (whole seconds since 1970)")
    return int(text)


def _time(epoch_s: float | None) -> str | None:
    return None if epoch_s is None else rfc3339(epoch_s)
