"""The commits since the last good deploy, with their authors and what they change, as lines for a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ci_reporter.errors import CIReporterError
from ci_reporter.http.github import URL as GITHUB_URL
from ci_reporter.http.github import GitHub, github_api
from ci_reporter.http.gitlab import GitLab, gitlab_api
from ci_reporter.http.upstream import Comparison
from ci_reporter.hub.settings.poll import Provider, Source
from ci_reporter.model import Run
from ci_reporter.system.deadline import Deadline

_WITHIN_S = 10.0
_MOST = 10
_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class Since:
    """What there is to say: lines, and the page that shows the whole."""

    lines: tuple[str, ...]
    url: str | None = None


Compare = Callable[[Run, str, str], Since]


def comparer(sources: Sequence[Source], env: Mapping[str, str]) -> Compare:
    """Compare by the targets of `poll:`, which have the address and the token; GitHub's public ones need neither."""

    def compare(run: Run, base: str, head: str) -> Since:
        try:
            return since(_comparison(run, base, head, sources, env), base)
        except CIReporterError as exc:
            return Since(lines=(f"the commits since {base[:_SHORT]} are not known: {exc}",))

    return compare


def since(found: Comparison, base: str) -> Since:
    """The lines of a comparison: how many, by whom, what they change, and the newest of them."""
    authors = Counter(each.author for each in found.changes if each.author)
    by = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in authors.most_common(_MOST))
    commits = "1 commit" if found.total == 1 else f"{found.total} commits"
    head = f"{commits} since {base[:_SHORT]}, the last good deploy{f': by {by}' if by else ''}"
    return Since(lines=(head, *_stat(found), *_newest(found)), url=found.url)


def _stat(found: Comparison) -> Iterator[str]:
    if found.files is not None:
        files = "1 file" if found.files == 1 else f"{found.files} files"
        yield f"{files} changed, {found.additions or 0} insertions(+), {found.deletions or 0} deletions(-)"


def _newest(found: Comparison) -> Iterator[str]:
    shown = list(reversed(found.changes))[:_MOST]
    yield from (
        f"{each.revision[:_SHORT]} {each.subject}{f' ({each.author})' if each.author else ''}" for each in shown
    )
    if found.total > len(shown):
        yield f"… {found.total - len(shown)} more"


def _comparison(run: Run, base: str, head: str, sources: Sequence[Source], env: Mapping[str, str]) -> Comparison:
    repository = run.repository or ""
    source = next((each for each in sources if _has(each, run)), None)
    token = source.token.read(env) if source else None
    deadline = Deadline(_WITHIN_S)
    if run.provider == Provider.GITHUB:
        api = github_api(source.url if source else GITHUB_URL, token)
        return GitHub(api=api, repository=repository).compare(base, head, deadline)
    if run.provider == Provider.GITLAB and source:
        return GitLab(api=gitlab_api(source.url, token), project=repository).compare(base, head, deadline)
    raise CIReporterError(f"no target of poll: has {repository or 'it'} on {run.provider}")


def _has(source: Source, run: Run) -> bool:
    matches = any(fnmatchcase(run.repository or "", each) for each in source.repositories)
    return str(source.provider) == run.provider and matches
