"""`ci-reporter inspect`: which commit and which run an artifact is from."""

from __future__ import annotations

import json
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import CIReporterError
from ci_reporter.surfaces.terminal import plain

_WIDEST = 200


@click.command("inspect", epilog="Example:  ci-reporter inspect dist/shop-1.0-py3-none-any.whl")
@click.argument("artifacts", metavar="ARTIFACT...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object an artifact, one a line.")
@report_errors
def command(artifacts: tuple[str, ...], as_json: bool) -> None:
    """Read the stamp back that `ci-reporter stamp` wrote; exit 1 when an artifact has none.

    A stamp says what its writer knew. Nothing in it is proof: see the page on signing.
    """
    from ci_reporter.cli.stamp import is_stamp

    paths = [path for path in artifacts if not is_stamp(path)]
    shown = [_show(path, as_json=as_json) for path in paths]
    sys.exit(0 if all(shown) else 1)


def _show(path: str, *, as_json: bool) -> bool:
    """Print the stamp of one artifact; False where there is none, or none that can be read."""
    from ci_reporter.buildinfo import to_json
    from ci_reporter.stamp import SIDECAR, inspect

    try:
        found = inspect(path)
    except CIReporterError as exc:
        output.say(f"ci-reporter: {plain(str(exc), 2 * _WIDEST)}")
        return False
    if found is None:
        output.say(f"ci-reporter: {plain(path, _WIDEST)}: has no stamp")
        return False
    kind, info = found
    known = {"artifact": path, "kind": kind, **to_json(info)}
    output.result(json.dumps(known) if as_json else "\n".join(f"{key:14}  {_text(known[key])}" for key in known))
    if kind == SIDECAR:
        _warn_of_unbound(path)
    return True


def _warn_of_unbound(path: str) -> None:
    from ci_reporter.stamp.kinds.sidecar import is_unbound

    if is_unbound(path):
        output.say(
            f"ci-reporter: warning: {plain(path, _WIDEST)}: the stamp beside it has no checksum, so it may be that of "
            "another file (stamp it again: ci-reporter stamp)"
        )


def _text(value: object) -> str:
    """A value of an artifact that may be anybody's."""
    return str(value).lower() if isinstance(value, bool) else plain(str(value), _WIDEST)
