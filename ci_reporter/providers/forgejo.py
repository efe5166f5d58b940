"""Forgejo Actions. Source: Forgejo documentation, "Forgejo Actions reference".

A fork of Gitea that sets Gitea's and GitHub's variables beside its own `FORGEJO_ACTIONS`.
"""

from __future__ import annotations

from ci_reporter.providers import Env, Fields, ReadFile, gitea


def read(env: Env, read_file: ReadFile) -> Fields:
    """What Forgejo says of this run."""
    return gitea.read(env, read_file)
