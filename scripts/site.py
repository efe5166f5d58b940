"""What mkdocs.yml cannot say: the order of the pages, and where the repository's other files are."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

# ](../../examples/stack), from a page in a folder of docs/
LINK = re.compile(r"\]\((\.\./[^)#\s]*)")


def on_config(config: Any) -> Any:
    """Learn, look up, understand: every page is in the navigation, under its own title."""
    docs = Path(config["docs_dir"])
    pages = {folder: sorted(f"{folder}/{page.name}" for page in docs.glob(f"{folder}/*.md")) for folder in FOLDERS}
    sections = [{title: pages[folder]} for folder, title in FOLDERS.items()]
    config["nav"] = ["README.md", "tutorial.md", *sections, "why.md", "glossary.md"]
    return config


FOLDERS = {"how-to": "How to", "reference": "Reference"}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links to what is not a page, such as examples/, go to the repository."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    repository = os.environ.get("GITHUB_REPOSITORY", "OWNER/ci-reporter")

    def target(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[1]))
        return match[0] if path.startswith("docs/") else f"]({server}/{repository}/tree/HEAD/{path}"

    return LINK.sub(target, markdown)
