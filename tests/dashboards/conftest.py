"""The dashboards and rules as files, and what their tests ask of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("runs.json", "deploys.json", "reporter.json")


def dashboard(name: str) -> dict[str, Any]:
    """The committed dashboard."""
    return json.loads((ROOT / "dashboards" / name).read_text("utf-8"))


def panels(name: str) -> list[dict[str, Any]]:
    """Its panels without the headlines of rows."""
    return [panel for panel in dashboard(name)["panels"] if panel["type"] != "row"]


def only_of_a_hub(target: dict[str, Any]) -> bool:
    """Whether a query asks for nothing but what only a hub tells."""
    asked = re.findall(r"\bci_\w+(?=\{)", target["expr"])
    return bool(asked) and all(re.match(r"ci_hub_|ci_step_runs_|ci_step_run_duration_", name) for name in asked)


@pytest.fixture(name="dashboard")
def _dashboard() -> Callable[[str], dict[str, Any]]:
    return dashboard


@pytest.fixture(name="panels")
def _panels() -> Callable[[str], list[dict[str, Any]]]:
    return panels


@pytest.fixture(scope="session")
def alerts() -> Path:
    """The folder of the rules."""
    return ROOT / "alerts"
