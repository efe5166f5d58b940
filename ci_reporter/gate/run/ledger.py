"""What a CI run has set in motion already, one file an action: a job that is retried rolls back once."""

from __future__ import annotations

import os

from ci_reporter.errors import StateError
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.system.files import sync_folder


class Ledger:
    """The actions of one CI run, kept in a folder that outlives its jobs."""

    def __init__(self, folder: str, ci_run_id: str) -> None:
        self._folder = folder
        self._run = "".join(each if each.isalnum() or each in "-_" else "-" for each in ci_run_id)[:100]

    def claim(self, action: Action) -> bool:
        """Note, durably, that the action begins; whether it may, as it has not run `most` times. Raises StateError."""
        try:
            os.makedirs(self._folder, exist_ok=True)
            for count in range(action.most):
                path = os.path.join(self._folder, f"{self._run}.{action.name}.{count + 1}")
                if self._create(path):
                    return True
        except OSError as exc:
            raise StateError(f"cannot note in {self._folder} that {action.name!r} runs: {exc.strerror}") from exc
        return False

    def _create(self, path: str) -> bool:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        os.close(fd)
        sync_folder(self._folder)  # the file is empty: its name is all there is to keep
        return True
