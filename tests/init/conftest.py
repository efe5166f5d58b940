"""Small repositories, made of the files that matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_reporter.init.plan import Plan, plan
from ci_reporter.init.survey import survey


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Path]:
    """Make a repository on GitHub: `repository({"go.mod": "module x"})`."""

    def make(files: dict[str, str], remote: str = "git@github.com:acme/shop.git") -> Path:
        root = tmp_path / "shop"
        for name, text in {".git/config": f'[remote "origin"]\n\turl = {remote}\n', **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return make


@pytest.fixture
def planned(repository) -> Callable[..., Plan]:
    """What `init` would do in a repository of these files: `planned({...}, "gitlab")`."""
    return lambda files, *asked: plan(survey(str(repository(files))), *asked)
