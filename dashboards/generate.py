"""Write the dashboards beside this file: `python dashboards/generate.py`. The tests hold the JSON files to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from deploys import deploys
from grafana import Json
from reporter import reporter
from runs import runs

DASHBOARDS: dict[str, Callable[[], Json]] = {"runs.json": runs, "deploys.json": deploys, "reporter.json": reporter}


def main() -> None:
    """Write every dashboard."""
    for name, make in DASHBOARDS.items():
        (Path(__file__).parent / name).write_text(json.dumps(make(), indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
