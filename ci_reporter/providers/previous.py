"""Which commit the branch was at before this run's push, as the CI system tells it: the one that ran before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

# GitLab, "Predefined variables"; Jenkins' Git plugin; Woodpecker, "Environment variables"; Drone, "Reference".
_VARIABLES = ("CI_COMMIT_BEFORE_SHA", "GIT_PREVIOUS_COMMIT", "CI_PREV_COMMIT_SHA", "DRONE_COMMIT_BEFORE")
_COMMIT = re.compile(r"(?!0+$)[0-9a-f]{40,64}")  # only zeros: the branch is new


def previous_revision(env: Mapping[str, str], read_file: Callable[[str], str]) -> str | None:
    """The commit before this push; None for a new branch, a schedule, and where the CI system does not say."""
    found = next((env[name] for name in _VARIABLES if env.get(name)), None) or _of_event(env, read_file)
    return found if found and _COMMIT.fullmatch(found) else None


def _of_event(env: Mapping[str, str], read_file: Callable[[str], str]) -> str | None:
    """GitHub, Gitea and Forgejo: `before` in the payload of a push (GitHub's "Webhook events and payloads")."""
    if env.get("GITHUB_EVENT_NAME") != "push" or not env.get("GITHUB_EVENT_PATH"):
        return None
    try:
        before = json.loads(read_file(env["GITHUB_EVENT_PATH"]))["before"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return before if isinstance(before, str) else None
