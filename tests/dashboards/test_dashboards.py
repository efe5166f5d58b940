"""The dashboards' JSON: as the script writes it, as Grafana knows it, and as dashboard-linter wants it.

dashboard-linter itself is a Go program that no package registry has, so its rules are said again here, each by its
name: https://github.com/grafana/dashboard-linter/tree/main/docs/rules. Those about PromQL are in test_queries.py, where
Prometheus reads the queries. `dashboards/.lint` has the exceptions, with reasons.
"""

import json
import re
import subprocess
import sys

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.dashboards.conftest import FILES, ROOT

register_default_plugins()

every_dashboard = pytest.mark.parametrize("name", FILES)


def test_the_files_are_what_the_script_writes(tmp_path):
    for script in (ROOT / "dashboards").glob("*.py"):
        (tmp_path / script.name).write_text(script.read_text())
    subprocess.run([sys.executable, tmp_path / "generate.py"], check=True)
    written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.json")}
    assert written == {path.name: path.read_text("utf-8") for path in (ROOT / "dashboards").glob("*.json")}


@every_dashboard
def test_grafana_knows_every_field(name, dashboard):
    """Grafana's own types drop what they do not know, such as a misspelt option."""
    read = Dashboard.from_json(dashboard(name))
    assert differences(dashboard(name), json.loads(JSONEncoder().encode(read))) == []


def differences(ours, theirs, path=""):
    """Paths of what is in ours and not, or not the same, in theirs."""
    if isinstance(ours, dict):
        missing = [f"{path}.{key}" for key in ours if key not in theirs]
        return missing + [
            each for key in ours if key in theirs for each in differences(ours[key], theirs[key], f"{path}.{key}")
        ]
    if isinstance(ours, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for at, (one, other) in pairs for each in differences(one, other, f"{path}[{at}]")]
    return [] if ours == theirs else [path]


def test_uids_are_stable():
    """A link, a bookmark and an update of the file find the dashboard by its uid."""
    uids = [json.loads((ROOT / "dashboards" / name).read_text())["uid"] for name in FILES]
    assert uids == ["ci-reporter-runs", "ci-reporter-deploys", "ci-reporter-reporter"]


@every_dashboard
def test_panels_do_not_overlap(name, dashboard):
    taken = [
        (x, y)
        for panel in dashboard(name)["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


@every_dashboard
def test_titles_are_unique(name, panels):
    titles = [panel["title"] for panel in panels(name)]
    assert sorted(titles) == sorted(set(titles))


@pytest.mark.parametrize("name", ["runs.json", "deploys.json"])
def test_run_ids_link_to_the_run(name, panels):
    asked = sum(target["expr"].startswith(RUN_ID) for panel in panels(name) for target in panel["targets"])
    links = re.findall(r'"url": "(.*?)"', json.dumps(panels(name)))
    assert links == ["${server:raw}/${__data.fields.repository}${run_path:raw}${__value.numeric}"] * asked
    assert asked > 0


RUN_ID = ("max by (repository, pipeline, ci_job, step, branch) (ci_step_run_id", "(ci_step_run_id", "ci_step_run_id")


class TestLinter:
    """The rules of dashboard-linter that need no PromQL parser."""

    @every_dashboard
    def test_template_datasource_rule(self, name, dashboard):
        sources = [each for each in dashboard(name)["templating"]["list"] if each["type"] == "datasource"]
        assert [(each["name"], each["label"], each["query"]) for each in sources] == [
            ("datasource", "Data source", "prometheus")
        ]

    @every_dashboard
    def test_template_on_time_change_reload_rule(self, name, dashboard):
        queries = [each for each in dashboard(name)["templating"]["list"] if each["type"] == "query"]
        assert {each["refresh"] for each in queries} == {2}

    @every_dashboard
    def test_panel_datasource_rule(self, name, panels, dashboard):
        variables = [each for each in dashboard(name)["templating"]["list"] if each["type"] == "query"]
        asking = [*panels(name), *variables, *(target for panel in panels(name) for target in panel["targets"])]
        assert [each for each in asking if each["datasource"] != {"type": "prometheus", "uid": "${datasource}"}] == []

    @every_dashboard
    def test_panel_title_description_rule(self, name, panels):
        assert [panel["id"] for panel in panels(name) if not (panel["title"] and panel["description"])] == []

    @every_dashboard
    def test_panel_units_rule(self, name, panels):
        assert {unit(panel) for panel in panels(name)} <= VALID_UNITS

    @every_dashboard
    def test_panel_no_targets_rule(self, name, panels):
        assert [panel["title"] for panel in panels(name) if not panel["targets"]] == []

    @every_dashboard
    def test_uneditable_dashboard_rule(self, name, dashboard):
        assert dashboard(name)["editable"] is False

    def test_every_exception_has_a_reason(self):
        rules = yaml.safe_load((ROOT / "dashboards/.lint").read_text())["exclusions"]
        assert {name for name, rule in rules.items() if rule["reason"]} == EXCEPTIONS


EXCEPTIONS = {"template-job-rule", "target-job-rule", "template-instance-rule", "target-instance-rule"}
# Of Grafana's units those that the dashboards use: packages/grafana-data/src/valueFormats/categories.ts
VALID_UNITS = {"none", "short", "s", "bytes", "percentunit", "reqps", "dateTimeAsIso", "dateTimeFromNow"}


def unit(panel):
    """The unit of the panel's values; for a table those of its columns, if they are all valid."""
    properties = [each for override in panel["fieldConfig"]["overrides"] for each in override["properties"]]
    units = {panel["fieldConfig"]["defaults"]["unit"], *(each["value"] for each in properties if each["id"] == "unit")}
    return units.pop() if units <= VALID_UNITS else f"{panel['title']}: {units - VALID_UNITS}"
