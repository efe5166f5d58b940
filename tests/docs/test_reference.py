"""The reference pages say what the code says."""

import re
from pathlib import Path

import pytest
import yaml

from ci_reporter import errors, metrics
from ci_reporter.hub.api.routes import ROUTES
from ci_reporter.model import Report, Result, Run, Step
from ci_reporter.schema import to_json

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FAMILIES = [*metrics.FAMILIES, metrics.BUILD_INFO, metrics.RUN_INFO, metrics.PUSH_FAILURES, metrics.OVERHEAD]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_metric_has_its_line(family):
    labels = "{" + ",".join(family.labels) + "}" if family.labels else ""
    assert f"| `{family.name}{labels}` | {family.help} |" in (DOCS / "reference/metrics.md").read_text()


def test_no_metric_is_described_that_is_not_there():
    described = re.findall(r"^\| `(ci_\w+)", (DOCS / "reference/metrics.md").read_text(), re.MULTILINE)
    assert sorted(described) == sorted(family.name for family in FAMILIES)


@pytest.mark.parametrize("error", [errors.CIReporterError, errors.UsageError, errors.DeliveryError])
def test_every_exit_code_of_ours_has_its_line(error):
    assert f"| {error.exit_code} |" in (DOCS / "reference/exit-codes.md").read_text()


@pytest.mark.parametrize("result", list(Result))
def test_every_result_is_explained(result):
    assert f"| `{result}` |" in (DOCS / "reference/exit-codes.md").read_text()


def test_every_key_of_a_report_is_named():
    flat = to_json(Report(report_id="x", run=Run(), step=Step(name="x", result=Result.SUCCESS)))
    page = (DOCS / "reference/report.md").read_text()
    assert [key for key in flat if f"`{key}`" not in page] == []


def test_every_attribute_of_a_span_is_named():
    code = (ROOT / "ci_reporter/sinks/spans.py").read_text()
    attributes = set(
        re.findall(r'"((?:service|cicd|vcs|deployment|test|process|error|ci_reporter)\.[\w.]+)(?:\{\w+\})?"', code)
    )
    page = (DOCS / "reference/trace.md").read_text()
    assert [name for name in attributes if f"`{name}{'*' * name.endswith('.')}`" not in page] == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["runs.json", "deploys.json", "reporter.json"])
def test_every_metric_that_a_dashboard_needs_is_named(name):
    page = (DOCS / "reference/dashboards.md").read_text()
    part = page.partition(f"<!-- {name} -->")[2].partition("\n#")[0]
    asked = re.findall(r"\b(\w+)\{job|\((\w+), job\)", (ROOT / "dashboards" / name).read_text().replace('\\"', '"'))
    needed = {re.sub(r"_(sum|count|bucket)$", "", "".join(each)) for each in asked}
    named = set(re.findall(r"`((?:ci_|push|up)\w*)`", part))
    assert named - {"ci_step_success"} == needed - {"ci_step_success"}  # the variables of every dashboard ask for it


def test_every_path_of_the_hub_has_its_line():
    lines = [
        f"| `{each.path}` | {each.summary} | {', '.join(f'`{param.name}`' for param in each.params) or '–'} |"
        for each in ROUTES
    ]
    page = (DOCS / "reference/hub-api.md").read_text()
    assert re.findall(r"^\| `/.*$", page, re.MULTILINE) == lines


def test_every_alert_has_its_line():
    rules = yaml.safe_load((ROOT / "alerts/ci-reporter.rules.yml").read_text())
    alerts = [each for group in rules["groups"] for each in group["rules"] if "alert" in each]
    lines = re.findall(r"^\| `(CI\w+)` \| (\w+) \|", (DOCS / "reference/dashboards.md").read_text(), re.MULTILINE)
    assert lines == [(each["alert"], each["labels"]["severity"]) for each in alerts]
