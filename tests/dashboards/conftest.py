"""The dashboards and rules as files, and what their tests ask of them."""

from __future__ import annotations

import json
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
