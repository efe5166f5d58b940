"""The component `report` in a pipeline that a person wrote."""

import pytest

from ci_reporter.init.components import with_component
from ci_reporter.init.given import source

TOOLS = source("tools/ci-reporter@1")
ITEM = "- component: $CI_SERVER_FQDN/tools/ci-reporter/report@1"


def test_a_job_that_runs_tests_extends_the_hooks():
    assert with_component("# ours\nstages: [test]\nunit:\n  script:\n    - npm test\n", TOOLS) == (
        f"# ours\ninclude:\n  {ITEM}\n\nstages: [test]\nunit:\n  extends: .ci-reporter\n  script:\n    - npm test\n"
    )


def test_an_include_that_is_there_gets_one_more():
    text = "include:\n- local: a.yml\nunit:\n  script:\n  - go test ./... && echo ok\n"
    new = with_component(text, TOOLS)
    assert new.startswith(f"include:\n{ITEM}\n- local: a.yml\nunit:\n  extends: .ci-reporter\n")


def test_hooks_of_a_job_begin_with_ours():
    text = "unit:\n  before_script:\n    - npm ci\n  script:\n    - npm test\n  after_script:\n    - echo end\n"
    new = with_component(text, TOOLS)
    assert "  before_script:\n    - !reference [.ci-reporter, before_script]\n    - npm ci\n" in new
    assert "  after_script:\n    - !reference [.ci-reporter, after_script]\n    - echo end\n" in new


@pytest.mark.parametrize(
    "text",
    [
        "default:\n  before_script: [a]\nunit:\n  script:\n    - pytest\n",
        "after_script: [a]\nunit:\n  script:\n    - pytest\n",
        "unit:\n  extends: .base\n  script:\n    - pytest\n",
        "unit:\n  before_script: [a]\n  script:\n    - pytest\n",
        "include: a.yml\nunit:\n  script:\n    - pytest\n",
        ".unit:\n  script:\n    - pytest\n",
        "unit:\n  needs:\n    - pytest\n  script:\n    - ./run\n",
        "unit:\n  script:\n    - pytest\n  }{",
    ],
    ids=["default", "all", "extends", "one line", "include", "hidden", "no tests", "not YAML"],
)
def test_what_cannot_be_put_in_safely_stays(text):
    assert with_component(text, TOOLS) is None
