"""BuildInfo as text that something else reads: a shell, a compiler, a CI system. One function a format.

A branch may be called `$(reboot)`, or hold quotes: in every format a value stays a value. What is unknown is left out
of lists of settings; in source code, where a missing name would break a build, it is there and empty. What a format
cannot hold becomes `_`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ci_reporter.errors import UsageError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.emit import code, flags, labels, settings

FORMATS: Mapping[str, Callable[..., str]] = {
    "json": settings.json_file,
    "dotenv": settings.dotenv,
    "shell": settings.shell,
    "properties": settings.properties,
    "github-output": settings.github_output,
    "go-ldflags": flags.go_ldflags,
    "cargo": flags.cargo,
    "docker-args": flags.docker_args,
    "buildx-args": flags.buildx_args,
    "python": code.python,
    "js": code.javascript,
    "ts": code.typescript,
    "c": code.c_header,
    "kubernetes": labels.kubernetes,
    "helm": labels.helm,
}
_GO_PACKAGE = re.compile(r"[A-Za-z0-9_./~%-]+")


def render(info: BuildInfo, format: str, *, package: str = "main") -> str:  # noqa: A002
    """The text of a format. `package` is the Go package whose variables `go-ldflags` sets. Raises UsageError."""
    if format not in FORMATS:
        raise UsageError(f"no format named {format!r} (known: {', '.join(FORMATS)})")
    if format != "go-ldflags":
        return FORMATS[format](info)
    if not _GO_PACKAGE.fullmatch(package):
        raise UsageError(f"{package!r} is not a Go package (write its import path: main, example.com/shop/version)")
    return flags.go_ldflags(info, package)
