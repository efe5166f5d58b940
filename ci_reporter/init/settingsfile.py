"""`.ci-reporter.yml` and `gate.yml` to begin with: what holds as it stands, and in comments what people set next."""

from __future__ import annotations

from ci_reporter.init.deploys import Deploy
from ci_reporter.init.words import yaml_text

PATH = ".ci-reporter.yml"
GATE_PATH = "gate.yml"
_BRANCHES = ("main", "master", "release/*")
_SETTINGS = """\
# Settings of ci-reporter. `ci-reporter doctor` checks them; an option or a variable wins over this file.

# Branches that keep their name in metrics; the others are counted together.
branches: [{branches}]

# Push each step's metrics to a Prometheus Pushgateway. Tokens and passwords are variables, never in this file:
# CI_REPORTER_PUSHGATEWAY_TOKEN, or CI_REPORTER_PUSHGATEWAY_USERNAME and CI_REPORTER_PUSHGATEWAY_PASSWORD.
# pushgateway: https://push.example.com

# Tell a channel that is set up, such as Slack by CI_REPORTER_SLACK, when a step breaks and when it works again.
# notify_on: change

# Fail a step whose tests have covered less than this.
# coverage_min: 80
"""
_GATE = """\
# What would be bad after a deploy. `ci-reporter gate lint {path}` checks this file.
version: 1
gate:
{url}
  expect: {{ status: 200 }}
  # A service that does not yet tell its revision never converges: until it does, add `revision: none` to `expect`.
  watch: 5m
rules:
  - name: down
    if: down for 15s
  - name: errors
    if: http_error_rate > 1%
"""


def settings(branch: str) -> str:
    """The settings to begin with; the default branch is among the branches that keep their name."""
    names = (branch, *(name for name in _BRANCHES if name != branch and name.endswith("*")))
    return _SETTINGS.format(branches=", ".join(map(_branch, names)))


def gate(deploy: Deploy) -> str:
    """Rules for the first gates after this deploy."""
    unknown = "  # url: https://shop.example/health   # what the gate asks; the command line can name it, too"
    url = f"  url: {yaml_text(deploy.url)}" if deploy.url else unknown
    return _GATE.format(path=GATE_PATH, url=url)


def _branch(name: str) -> str:
    return f'"{name}"' if "*" in name else yaml_text(name)
