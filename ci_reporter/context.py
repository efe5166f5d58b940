"""Where we are: environment, folders, settings, state folder. Filled once, by the command line or a Python caller.

Nothing below the command line reads the process's environment or working folder by itself; it takes a `Context`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ci_reporter import registry
from ci_reporter.config.load import load
from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.journal import Journal
from ci_reporter.providers import detect, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ci_reporter.config import Config
    from ci_reporter.model import Run
    from ci_reporter.system.masking import Masking

STATE_FOLDER = ".ci-reporter"


class Context(Frozen):
    """The world a step runs in. `folder` is the working folder, `root` the repository's top, else `folder`."""

    env: Mapping[str, str]
    folder: str
    root: str
    config: Config
    journal: Journal

    def path(self, name: str) -> str:
        """A file as the settings name it: from the working folder."""
        return os.path.join(self.folder, name)


def load_context(env: Mapping[str, str], folder: str, options: Mapping[str, Any] = EMPTY) -> Context:
    """Load the settings that hold in a folder. `options` are the strongest, as `config.load` takes them.

    Raises UsageError.
    """
    root = repository_root(folder)
    config = load(options, env, (folder, root))
    _check_formats(config)
    state = os.path.join(folder, config.dir) if config.dir else os.path.join(root, STATE_FOLDER)
    return Context(env=env, folder=folder, root=root, config=config, journal=Journal(os.path.normpath(state)))


def current_run(context: Context) -> Run:
    """The run we are in. Where the CI system gives it no id, the state folder keeps one while the job lives."""

    def own_job_id() -> str:
        from ci_reporter.journal.job import job_id

        return job_id(context.journal, context.env)

    return detect(context.env, read_text, own_job_id)


def recorded_run_id(context: Context) -> str:
    """The run whose records are meant: the one we are in; without a CI system the one that was recorded last."""

    def earlier_job_id() -> str:
        from ci_reporter.journal.job import known_job_id

        return known_job_id(context.journal) or "unknown"

    run = detect(context.env, read_text, earlier_job_id)
    if run.provider == "local" and "CI_RUN_ID" not in context.env and (newest := context.journal.newest()):
        return newest.run.ci_run_id
    return run.ci_run_id


def masking_of(context: Context, more: frozenset[str] = frozenset()) -> Masking:
    """Knows the secrets of the environment, of our own settings, and `more`."""
    from ci_reporter.system.masking import Masking, secrets_of  # most steps have nothing to mask before they start

    return Masking(secrets_of(context.env) | context.config.secrets() | more)


def repository_root(folder: str) -> str:
    """The nearest folder upwards with a `.git`, else the folder itself."""
    at = folder
    while not os.path.exists(os.path.join(at, ".git")):
        parent = os.path.dirname(at)
        if parent == at:
            return folder
        at = parent
    return at


def _check_formats(config: Config) -> None:
    """Refuse the name of a report format that nobody has. Raises UsageError."""
    for kind, name in (("coverage", config.coverage_format), ("testresults", config.tests_format)):
        if name:
            from importlib import import_module

            registry.load(kind, name, import_module(f"ci_reporter.{kind}").FORMATS)
