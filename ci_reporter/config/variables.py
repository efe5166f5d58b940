"""Variables that begin with CI_REPORTER_: settings, others that have a meaning, and the rest, which may be mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ci_reporter.config.setting import PREFIX, Setting
from ci_reporter.frozen import fields
from ci_reporter.model import Run

_TOLD = "STEP MEASURES"  # what `run` gives to its command, and a `run` inside that finds
_ACTION = "LAST_GOOD RULE VERDICT VERDICT_FILE"  # what the gate gives to an action
_OF_SERVICES = f"{PREFIX}LAST_GOOD_"  # and the name of a service
_COMMANDS = """BASE COMMENT_KEY COVERAGE_DIFF_MIN NOW REPRODUCIBLE VERSION
    GATE_BASELINE GATE_CONTROL GATE_CONVERGE_TIMEOUT GATE_EXPECT_REVISION GATE_JUNIT GATE_MARKDOWN GATE_ON GATE_OUT
    GATE_RATE GATE_RULES GATE_URL GATE_WARMUP GATE_WATCH GATE_WATCH_TIME GATE_WINDOW
    HEALTH_CA HEALTH_EXPECT_REVISION HEALTH_REVISION_AT HEALTH_TIMEOUT HEALTH_TLS_DAYS
    HEALTH_TOKEN HEALTH_TOKEN_FILE HEALTH_URL
    HUB_ALLOW_ANONYMOUS_METRICS HUB_ALLOW_ANONYMOUS_READS HUB_ALLOW_BODY_SIGNATURES HUB_BRANCHES HUB_COMPAT HUB_CONFIG
    HUB_DATABASE HUB_DATABASE_PASSWORD HUB_DATABASE_PASSWORD_FILE HUB_FORWARD_PUSHGATEWAY HUB_KEEP HUB_KEEP_RUNS
    HUB_LISTEN HUB_LOG_LEVEL HUB_SECRETS HUB_SECRETS_FILE HUB_USER_PASSWORD HUB_USER_PASSWORD_FILE
    HUB_WEBHOOK_SECRETS HUB_WEBHOOK_SECRETS_FILE"""  # options of other commands
_TEMPLATES = "PYTHON PYZ PYZ_SHA256"  # where the GitLab components and the Jenkins library find us
_FOREIGN = "PACKAGE TESTS_REQUIRE_ALL"  # of our examples and our own test suite


def others() -> frozenset[str]:
    """The variables that are not settings of a step and have another meaning: nobody is warned of them.

    The fields of a `Run` are among them: `ci-reporter context` writes them, and they correct what a CI system says.
    """
    words = f"{_TOLD} {_ACTION} {_COMMANDS} {_TEMPLATES} {_FOREIGN}".split()
    return frozenset(f"{PREFIX}{word}" for word in (*words, *(name.upper() for name in fields(Run))))


def unknown_variables(env: Mapping[str, str], known: Sequence[Setting]) -> tuple[str, ...]:
    """Variables that look like settings of ours and are neither those nor anything else of ours."""
    ours = {name for name in env if name.startswith(PREFIX) and not name.startswith(_OF_SERVICES)}
    return tuple(sorted(ours - _names(known) - others())) if ours else ()


def warnings(names: Iterable[str], known: Sequence[Setting]) -> list[str]:
    """What to say of variables that nobody reads, each with what was probably meant."""
    from ci_reporter.config.hint import nearest

    words = sorted(name.removeprefix(PREFIX) for name in _names(known) | others())
    found = []
    for name in names:
        near = nearest(name.removeprefix(PREFIX), words)  # what all names begin with makes none of them nearer
        way_out = f"perhaps you meant {PREFIX}{near}" if near else "see `ci-reporter run --help`, or rename it"
        found.append(f"variable {name} is not a setting and is ignored ({way_out})")
    return found


def _names(known: Iterable[Setting]) -> set[str]:
    names: set[str] = set()
    for each in known:
        names.update(each.variables)
        if each.secret:
            names.update(f"{variable}_FILE" for variable in each.variables)
    return names
