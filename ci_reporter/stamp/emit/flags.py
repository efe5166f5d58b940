"""Arguments and instructions for build tools: go, cargo, docker."""

from __future__ import annotations

import shlex

from ci_reporter.model import BuildInfo
from ci_reporter.stamp.names import one_line, pascal_case, texts, variable
from ci_reporter.stamp.oci import keys


def go_ldflags(info: BuildInfo, package: str = "main") -> str:
    """`-X` flags for `go build -ldflags "$(…)"`; Go's quotes know no escapes, so a value has one kind of them."""
    return " ".join(
        f"-X {_go_quote(f'{package}.{pascal_case(name)}={one_line(text)}')}" for name, text in texts(info).items()
    )


def cargo(info: BuildInfo) -> str:
    """What a build script prints so that `env!("BUILD_VERSION")` has it; a line break would begin an instruction."""
    return "".join(f"cargo:rustc-env={variable(name)}={one_line(text)}\n" for name, text in texts(info).items())


def docker_args(info: BuildInfo) -> str:
    """`--label` arguments, quoted for `eval "docker build $(…) ."`."""
    return _arguments(info, "--label") + "\n"


def buildx_args(info: BuildInfo) -> str:
    """`--label` and `--annotation` arguments; annotations need a builder that writes OCI images."""
    return f"{_arguments(info, '--label')} {_arguments(info, '--annotation')}\n"


def _go_quote(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', "_") + '"'


def _arguments(info: BuildInfo, option: str) -> str:
    named = keys.labels(info).items()
    return " ".join(f"{option} {shlex.quote(f'{key}={one_line(text)}')}" for key, text in named)
