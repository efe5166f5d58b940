"""The documentation as a site: every link leads somewhere, every page is in it, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ELSEWHERE = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built in mkdocs' strict mode: a link or an anchor that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_of_the_documentation_is_in_the_navigation(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in ROOT.glob("docs/**/*.md")}
    navigation = (site / "index.html").read_text()
    assert {page for page in pages - {"README.html"} if f'href="{page}"' not in navigation} == set()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert [page.name for page in site.glob("**/*.html") if ELSEWHERE.search(page.read_text())] == []


def test_the_repository_s_other_files_are_linked_where_they_are(site: Path) -> None:
    assert (
        'href="https://github.com/OWNER/ci-reporter/tree/HEAD/examples/stack/README.md"'
        in (site / "how-to/see-it-in-grafana.html").read_text()
    )
