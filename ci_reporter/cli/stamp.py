"""`ci-reporter stamp`: what was built, from which commit, by which run: written into the artifact itself."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence

import click

from ci_reporter.cli import output
from ci_reporter.cli.ending import exit_on_signals
from ci_reporter.cli.process import current_context
from ci_reporter.cli.progress import progress
from ci_reporter.cli.reporting import report_errors
from ci_reporter.context import Context, current_run, recorded_run_id
from ci_reporter.errors import CIReporterError, UsageError
from ci_reporter.model import BuildInfo
from ci_reporter.providers import git
from ci_reporter.surfaces.terminal import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WIDEST = 200


@click.command("stamp", epilog="Example:  ci-reporter stamp --reproducible dist/*.whl dist/*.tar.gz")
@click.argument("artifacts", metavar="ARTIFACT...", nargs=-1)
@click.option(
    "--version",
    metavar="VERSION",
    envvar="CI_REPORTER_VERSION",
    help="The version, instead of the tag's name or `git describe`.  [CI_REPORTER_VERSION]",
)
@click.option(
    "--now",
    is_flag=True,
    envvar="CI_REPORTER_NOW",
    help="Build time is the wall clock's, not SOURCE_DATE_EPOCH or the commit's.  [CI_REPORTER_NOW]",
)
@click.option(
    "--reproducible",
    is_flag=True,
    envvar="CI_REPORTER_REPRODUCIBLE",
    help="Leave out branch, run id, run URL and builder: the same commit gives the same bytes.  "
    "[CI_REPORTER_REPRODUCIBLE]",
)
@click.option("--emit", metavar="FORMAT", help="Print the build info for something else to read: json, shell, python …")
@click.option("--package", metavar="PACKAGE", default="main", help="With --emit go-ldflags: the Go package.")
@click.option("--out", metavar="FILE", help="With --emit: write it there instead of printing it.")
@click.option("--provenance", metavar="FILE", help="Write a SLSA provenance statement about the artifacts.")
@click.option("--test-result", "test_result", metavar="FILE", help="Write a statement about the tests of this run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an artifact.")
@report_errors
def command(artifacts: tuple[str, ...], as_json: bool, **wanted: Any) -> None:
    """Write version, revision and run into what the job built; `ci-reporter inspect` reads it back.

    Wheels, sdists, JARs, WARs, npm packages, zip and tar files, sites, folders, programs and container images get it
    inside; any other file gets NAME.build-info.json beside it. An artifact that has the stamp already is left as it is.
    """
    _check(artifacts, wanted)
    context = current_context()
    info = _build_info(context, wanted)
    _warn_of_unknown(info, context.env)
    artifacts = tuple(path for path in artifacts if not is_stamp(path))
    with exit_on_signals():
        failures = _stamp_all(artifacts, info, context.env, as_json=as_json)
    if wanted["emit"]:
        _emit(info, wanted)
    if failures:
        _say_failures(failures, len(artifacts))
        sys.exit(1)
    with progress(lambda: "computing digests", context.env):
        _attest(artifacts, _build_info(context, wanted | {"reproducible": False}), wanted, context)


def _check(artifacts: Sequence[str], wanted: dict[str, Any]) -> None:
    """Refuse what makes no sense before anything is written. Raises UsageError."""
    statements = [name for name in ("provenance", "test_result") if wanted[name]]
    if not artifacts and (statements or not wanted["emit"]):
        raise UsageError("stamp: no artifact is named (ci-reporter stamp dist/*.whl, or --emit FORMAT without one)")
    if wanted["out"] and not wanted["emit"]:
        raise UsageError("option --out: there is nothing to write without --emit FORMAT")
    if wanted["emit"]:
        from ci_reporter.stamp.emit import render

        render(BuildInfo(), wanted["emit"], package=wanted["package"])


def _build_info(context: Context, wanted: dict[str, Any]) -> BuildInfo:
    from ci_reporter.stamp.building import Wishes, build_info, checkout

    run = git.fill(current_run(context), context.folder, context.env)
    wishes = Wishes(version=wanted["version"], now=wanted["now"], reproducible=wanted["reproducible"])
    return build_info(run, checkout(context.folder, context.env), context.env, wishes, time.time)


def _warn_of_unknown(info: BuildInfo, env: Mapping[str, str]) -> None:
    """A stamp without the commit answers no question; the usual causes are a job without git or without `.git`."""
    if not info.revision:
        output.warn(
            "stamp: the stamp does not say which commit was built: this folder is not in a git repository, or git is "
            "not installed, and no CI system was found (run it in the checkout)",
            env,
        )


def is_stamp(path: str) -> bool:
    """Whether the file is the stamp of something, as `dist/*` finds those of the last call; say so."""
    from ci_reporter.stamp.kinds.sidecar import artifact_of

    artifact = artifact_of(path)
    if artifact:
        output.say(f"ci-reporter: skipped {plain(path, _WIDEST)} · it is the stamp of {plain(artifact, _WIDEST)}")
    return artifact is not None


def _stamp_all(artifacts: Sequence[str], info: BuildInfo, env: Mapping[str, str], *, as_json: bool) -> list[str]:
    """Stamp one after another; the reasons of those that cannot be stamped."""
    failures: list[str] = []
    at = 0

    def doing() -> str:
        return f"stamping {plain(artifacts[at], _WIDEST)} ({at + 1} of {len(artifacts)})"

    with progress(doing, env, quiet=not artifacts):
        for at, path in enumerate(artifacts):  # noqa: B007  `doing` reads it
            if failure := _stamp_one(path, info, as_json=as_json):
                failures.append(failure)
    return failures


def _stamp_one(path: str, info: BuildInfo, *, as_json: bool) -> str | None:
    """Stamp one artifact and say so; else the reason why it cannot be stamped."""
    from ci_reporter.stamp import stamp

    try:
        done = stamp(path, info)
    except CIReporterError as exc:
        if as_json:
            output.result(json.dumps({"artifact": path, "error": str(exc)}))
        return str(exc)
    if as_json:
        output.result(json.dumps({"artifact": path, **vars(done)}))
    else:
        fate = "stamped" if done.changed else "unchanged"
        output.say(f"ci-reporter: {fate} {plain(path, _WIDEST)} · {done.kind} · {plain(done.where, _WIDEST)}")
    return None


def _say_failures(failures: Sequence[str], count: int) -> None:
    """Last, where people look first."""
    if count > 1:
        output.say(f"ci-reporter: {len(failures)} of {count} artifacts could not be stamped:")
    for failure in failures:
        output.say(f"ci-reporter: {plain(failure, 2 * _WIDEST)}")


def _emit(info: BuildInfo, wanted: dict[str, Any]) -> None:
    from ci_reporter.stamp.emit import render

    text = render(info, wanted["emit"], package=wanted["package"])
    if wanted["out"]:
        _write(wanted["out"], text)
    else:
        output.result(text.removesuffix("\n"))


def _attest(artifacts: Sequence[str], info: BuildInfo, wanted: dict[str, Any], context: Context) -> None:
    if not (wanted["provenance"] or wanted["test_result"]):
        return
    from ci_reporter.stamp import attest, digest

    subjects = digest.subjects(artifacts)
    if wanted["provenance"]:
        _write(wanted["provenance"], _text(attest.provenance(subjects, info)))
    if wanted["test_result"]:
        reports = list(context.journal.reports(recorded_run_id(context)))
        _write(wanted["test_result"], _text(attest.test_result(subjects, reports, info)))


def _text(statement: dict[str, Any]) -> str:
    return json.dumps(statement, indent=2) + "\n"


def _write(path: str, text: str) -> None:
    from ci_reporter.stamp import atomic

    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    atomic.write(path, text.encode())
