"""What `init` would do: new files, changes to propose, and what to say. A pure function of what the repository has."""

from __future__ import annotations

from collections.abc import Iterator

from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.init import github, gitlab, settingsfile
from ci_reporter.init.adopt import Syntax, adoption
from ci_reporter.init.commands import runs_tests
from ci_reporter.init.components import with_component
from ci_reporter.init.given import Source
from ci_reporter.init.survey import Survey
from ci_reporter.init.systems import name
from ci_reporter.init.words import is_path, is_plain

WRITES = ("github", "gitlab")  # the CI systems that get a file; the others get a line to copy


class Change(Frozen):
    """A file as it is and as it would be. `before` is None for a new one; only those are written."""

    path: str
    before: str | None
    after: str


class Plan(Frozen):
    """New files and proposed changes; `notes` are sentences about what is left alone, and what to do by hand."""

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def new(self) -> tuple[Change, ...]:
        """The files that would be written."""
        return tuple(each for each in self.changes if each.before is None)

    @property
    def proposed(self) -> tuple[Change, ...]:
        """The changes to files that a person wrote."""
        return tuple(each for each in self.changes if each.before is not None)


def plan(found: Survey, system: str | None = None, source: Source | None = None) -> Plan:
    """The start for a repository, for the CI system that is given or found. Raises UsageError."""
    if system is not None and system not in WRITES:
        raise UsageError(f"option --ci: {system!r} is not known (known: {', '.join(WRITES)})")
    changes: list[Change] = []
    notes: list[str] = []
    parts = [*_ci(found, system, source), *_file(found, settingsfile.PATH, settingsfile.settings(found.branch))]
    for part in [*parts, *_gate(found)]:
        if isinstance(part, Change):
            changes.append(part)
        else:
            notes.append(part)
    if not found.tree.whole:
        notes.append("the repository has more files than were looked at; what is deep in it was passed over")
    return Plan(changes=tuple(changes), notes=tuple(notes))


def _ci(found: Survey, system: str | None, source: Source | None) -> Iterator[Change | str]:
    """What the CI systems get that the repository has; without any, the one that hosts it."""
    known = [system] if system else [each for each in WRITES if each in found.systems]
    if not known and not found.systems and found.host:
        known = [found.host]
    for each in known:
        yield from _file_of(each, found, source)
    for each in found.systems if system is None else ():
        if each not in WRITES:
            yield _line_to_copy(each, found)
    if not known and not found.systems:
        yield "there is no CI file, and no remote tells where this is hosted (choose with --ci github or --ci gitlab)"


def _file_of(system: str, found: Survey, source: Source | None) -> Iterator[Change | str]:
    paths = found.systems.get(system, ())
    texts = {path: found.tree.text(path) for path in paths}
    path = {"github": github.PATH, "gitlab": gitlab.PATH}[system]
    using = [each for each, text in texts.items() if "ci-reporter" in text and each != path]
    if using or (system == "gitlab" and "ci-reporter" in texts.get(path, "")):
        yield f"{(using or [path])[0]} uses ci-reporter already"
        return
    changes = [
        Change(path=each, before=text, after=new)
        for each, text in texts.items()
        if is_path(each) and is_plain(text) and (new := recorded_by(system, text, source))
    ]
    if changes:
        yield from changes
        return
    if by_hand := [where for each, text in texts.items() if each != path and (where := _tests_in(each, text))]:
        yield f"{by_hand[0]} runs tests in a way that is yours to change: put `ci-reporter run --` before the command"
        return
    if not found.suites:
        yield "no tests were found: put `ci-reporter run --` before the command that runs yours"
        return
    is_github = system == "github"
    yield from _file(
        found,
        path,
        github.workflow(found.suites, found.branch, source) if is_github else gitlab.pipeline(found.suites, source),
    )


def recorded_by(system: str, text: str, source: Source | None) -> str | None:
    """A person's CI file with what records its tests; None where there is nothing to change, or no safe way to."""
    if system == "github":
        setup = f"uses: {source.repository}/setup@{source.ref}" if source else github.INSTALL
        return adoption(text, Syntax(install=setup, job_indent=2))
    if source:
        return with_component(text, source)
    return adoption(text, Syntax(install=gitlab.INSTALL, job_indent=0, is_github=False))


def _tests_in(path: str, text: str) -> str | None:
    return next((f"{path} line {at}" for at, line in enumerate(text.splitlines(), 1) if runs_tests(line[:500])), None)


def _file(found: Survey, path: str, text: str) -> Iterator[Change | str]:
    """A new file; one that is there stays as it is, and that is said unless it is the very same."""
    if path not in found.taken:
        yield Change(path=path, before=None, after=text)
    elif found.tree.text(path) != text:
        yield f"{path} is there already and is left as it is"


def _gate(found: Survey) -> Iterator[Change | str]:
    if found.deploy is None:
        return
    yield from _file(found, settingsfile.GATE_PATH, settingsfile.gate(found.deploy))
    if settingsfile.GATE_PATH in found.taken:
        return
    url = "" if found.deploy.url else " https://YOUR-SERVICE/health"
    if found.deploy.line and found.deploy.path != "Makefile":
        way = f"after it, run `ci-reporter gate{url} --rules {settingsfile.GATE_PATH}`"
    else:
        way = f"run it as `ci-reporter gate around{url} --rules {settingsfile.GATE_PATH} -- {found.deploy.command}`"
    yield f"a deploy was found, {found.deploy.where}: {way}"


def _line_to_copy(system: str, found: Survey) -> str:
    lines = " and ".join(f"`{github.command(suite)}`" for suite in found.suites[:2])
    return f"{name(system)} ({found.systems[system][0]}): run {lines or '`ci-reporter run -- your tests`'} there"
