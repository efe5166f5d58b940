"""GitHub's workflow commands. Source: github/docs, "Workflow commands for GitHub Actions"."""

from __future__ import annotations


def warning(message: str) -> str:
    """A line that GitHub shows as an annotation; it reads stderr for them too."""
    return f"::warning title=ci-reporter::{escaped(message)}"


def error(message: str) -> str:
    """The same for what fails the job."""
    return f"::error title=ci-reporter::{escaped(message)}"


def escaped(data: str) -> str:
    """Text that cannot end its line or begin another command."""
    return data.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
