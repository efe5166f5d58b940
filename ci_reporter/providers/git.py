"""What git knows and the CI system did not say: asked beside the user's command, in three short calls.

Nothing here writes, asks a person, fetches or waits: a checkout that git will not read (not a repository, somebody
else's, a network drive that hangs) leaves the run as it was.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from time import monotonic

from ci_reporter.frozen import replace
from ci_reporter.model import Run, rfc3339
from ci_reporter.providers import one_line, slug
from ci_reporter.system.addresses import public_url
from ci_reporter.system.git import Git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT_S = 2.0
# A CI system's checkout is detached, at a merge, or shallow: its branch, tag and folder are not git's to say.
_OF_ANY_RUN = frozenset({"revision", "repository", "repository_url", "commit_message", "commit_author", "committed_at"})
_OF_A_LOCAL_RUN = _OF_ANY_RUN | {"branch", "tag", "default_branch", "workspace"}
_DEFAULT = "refs/remotes/origin/HEAD"


def fill(run: Run, folder: str, env: Mapping[str, str], *, for_deploy: bool = False, limit_s: float = _LIMIT_S) -> Run:
    """Add what is unknown (or a revision of `HEAD`) from the repository `folder` is in; never contradict the CI system.

    The commit's message, author and time are those of the run's revision, which a shallow checkout may not have. For
    its time alone git is asked only `for_deploy`. Returns the run unchanged when git is missing, refuses, or takes more
    than `limit_s` seconds for all calls together.
    """
    known = {name: value for name, value in vars(run).items() if value and (name, value) != ("revision", "HEAD")}
    missing = (_OF_A_LOCAL_RUN if run.provider == "local" else _OF_ANY_RUN) - known.keys()
    if not missing - {"tag", "branch", "committed_at"} and not (for_deploy and "committed_at" in missing):
        return run
    try:
        found = _Repository(folder, env, limit_s).facts(known.get("revision"))
    except (OSError, ValueError, subprocess.SubprocessError):
        return run
    return replace(run, **{name: line for name in missing if (line := one_line(found.get(name) or ""))})


class _Repository:
    """A folder to ask git about, until a deadline."""

    def __init__(self, folder: str, env: Mapping[str, str], limit_s: float) -> None:
        self._git, self._deadline = Git(folder, env), monotonic() + limit_s

    def facts(self, revision: str | None) -> dict[str, Any]:
        top, default = self._top_and_default()
        url = self._ask("config", "--get", "remote.origin.url").strip() if top else ""
        found = _commit(self._log(revision)) if top else {}
        return found | _address(url) | {"workspace": top, "default_branch": default}

    def _top_and_default(self) -> tuple[str, str]:
        lines = self._ask("rev-parse", "--show-toplevel", "--symbolic-full-name", _DEFAULT).splitlines()
        top, default = (*lines, "", "")[:2]
        return top, default.removeprefix("refs/remotes/origin/") if default != _DEFAULT else ""

    def _log(self, revision: str | None) -> str:
        # What a variable says is not given to git unless it can only be a commit's name.
        if revision and not re.fullmatch(r"[0-9a-fA-F]{7,64}", revision):
            return ""
        wanted = ("--no-show-signature", "--encoding=UTF-8", "--decorate=full", "--format=%H%n%an%n%ct%n%D%n%s")
        return self._ask("log", "-1", *wanted, revision or "HEAD", "--")

    def _ask(self, *arguments: str) -> str:
        """What git prints; a command that fails for one of its arguments still answers for the others."""
        return self._git.ask(*arguments, limit_s=self._deadline - monotonic()).stdout


def _commit(log: str) -> dict[str, str]:
    lines = log.split("\n", 4)
    if len(lines) < 5:
        return {}
    refs = lines[3].split(", ")
    return {
        "revision": lines[0],
        "commit_author": lines[1],
        "committed_at": rfc3339(int(lines[2])) if re.fullmatch(r"\d{1,11}", lines[2], re.ASCII) else "",
        "commit_message": lines[4],
        "branch": _after("HEAD -> refs/heads/", refs),
        "tag": _after("tag: refs/tags/", refs),
    }


def _after(prefix: str, refs: list[str]) -> str:
    return next((ref.removeprefix(prefix) for ref in refs if ref.startswith(prefix)), "")


def _address(url: str) -> dict[str, str | None]:
    """The remote's address where it is one: a path on this machine says nothing to anybody else."""
    name = slug(url)
    return {"repository": name, "repository_url": public_url(url)} if name else {}
