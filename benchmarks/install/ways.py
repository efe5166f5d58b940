"""The ways to get from nothing to a first recorded step, each as a script for sh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_STEP = "run -q -- true"
_ACTION = {
    "INPUT_RUN": "true",
    "INPUT_SHELL": "",
    "INPUT_WORKING_DIRECTORY": "",
    "INPUT_NAME": "unit",
    "INPUT_PUSHGATEWAY_URL": "",
    "INPUT_CONFIG": "",
    "CI_REPORTER_MATRIX": "null",
    "GITHUB_ACTIONS": "true",
    "RUNNER_TEMP": "$HOME/temp",
    "GITHUB_OUTPUT": "$HOME/output",
    "GITHUB_PATH": "$HOME/path",
    "GITHUB_ENV": "$HOME/env",
    "GITHUB_STATE": "$HOME/state",
}


@dataclass(frozen=True, kw_only=True)
class Way:
    """A script for an empty home folder, `first`, which runs again, warm, after `forget`: what a new job does not have.

    `later` is one more step in the same job. $PYTHON, $WHEEL, $PYZ, $ROOT and $RELEASE are the interpreter, what is
    installed, the one file, the checkout, and a release's commit: the checkout with the one file.
    """

    name: str
    first: str
    forget: str = "true"
    later: str | None = None
    needs: str = "sh"
    env: Mapping[str, str] = field(default_factory=dict)


WAYS = (
    Way(
        name="pip install",
        first=f'"$PYTHON" -m venv venv && venv/bin/pip install -q "$WHEEL" && venv/bin/ci-reporter {_STEP}',
        forget="rm -rf venv",
        later=f"venv/bin/ci-reporter {_STEP}",
    ),
    Way(name="uv tool run", first=f'uv tool run -q -p "$PYTHON" --from "$WHEEL" ci-reporter {_STEP}', needs="uv"),
    Way(name="pipx run", first=f'pipx run --python "$PYTHON" --spec "$WHEEL" ci-reporter {_STEP}', needs="pipx"),
    Way(
        name="the action",
        first='mkdir -p temp && "$RELEASE/scripts/action-run"',
        forget="rm -rf temp",
        later=f"temp/ci-reporter/bin/ci-reporter {_STEP}",
        needs="bash",
        env=_ACTION,
    ),
    Way(
        name="the action's setup",
        first=f'mkdir -p temp && node "$RELEASE/setup/main.js" && temp/ci-reporter/bin/ci-reporter {_STEP}',
        forget="rm -rf temp",
        later=f"temp/ci-reporter/bin/ci-reporter {_STEP}",
        needs="node",
        env=_ACTION,
    ),
    Way(
        name="the action of a branch, by pip",
        first='mkdir -p temp && "$ROOT/scripts/action-run"',
        forget="rm -rf temp",
        later=f"temp/ci-reporter/bin/ci-reporter {_STEP}",
        needs="bash",
        env=_ACTION,
    ),
    Way(name="ci-reporter.pyz", first=f'"$PYTHON" "$PYZ" {_STEP}', later=f'"$PYTHON" "$PYZ" {_STEP}'),
    Way(name="npx datadog-ci version", first="npx --yes @datadog/datadog-ci version", needs="npx"),
)
