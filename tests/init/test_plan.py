"""What `init` would do in a repository."""

import pytest

from ci_reporter.errors import UsageError
from ci_reporter.init.given import source
from ci_reporter.init.plan import plan
from ci_reporter.init.survey import survey
from ci_reporter.init.write import write

GO = {"go.mod": "module x"}
WORKFLOW = ".github/workflows/ci.yml"
ADOPTABLE = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: go test ./...\n"
DEPLOY = "on: push\njobs:\n  a:\n    environment:\n      name: production\n      url: https://shop.example/health\n"


def new(planned):
    return {each.path: each.after for each in planned.new}


def test_a_repository_on_github_gets_a_workflow_and_settings(planned):
    assert list(new(planned(GO))) == [".github/workflows/ci-reporter.yml", ".ci-reporter.yml"]


def test_a_repository_on_gitlab_gets_a_pipeline(repository):
    found = survey(str(repository(GO, remote="https://gitlab.example.com/acme/shop.git")))
    assert list(new(plan(found))) == [".gitlab-ci.yml", ".ci-reporter.yml"]


def test_a_second_time_there_is_nothing_to_do(repository):
    root = str(repository({**GO, "deploy.sh": ""}))
    write(root, plan(survey(root)).new)
    again = plan(survey(root))
    assert (again.changes, again.notes) == ((), ())


@pytest.mark.parametrize("path", [".ci-reporter.yml", "gate.yml"])
def test_a_file_that_is_there_is_left_as_it_is(planned, path):
    found = planned({**GO, "deploy.sh": "", path: "mine: yes"})
    assert path not in new(found)
    assert f"{path} is there already and is left as it is" in found.notes


def test_a_link_in_the_place_of_a_file_is_left_as_it_is(repository, tmp_path):
    root = repository(GO)
    (root / ".ci-reporter.yml").symlink_to(tmp_path / "outside")
    assert ".ci-reporter.yml" not in new(plan(survey(str(root))))


def test_for_a_workflow_that_runs_the_tests_a_change_is_proposed(planned):
    found = planned({**GO, WORKFLOW: ADOPTABLE})
    assert [each.path for each in found.proposed] == [WORKFLOW]
    assert list(new(found)) == [".ci-reporter.yml"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/workflows/a\n--- b\n.yml", ADOPTABLE),
        (WORKFLOW, ADOPTABLE.replace("\n", "\r\n")),
        (WORKFLOW, ADOPTABLE + "# \x0c\n"),
        (WORKFLOW, ADOPTABLE + "# \u2028\n"),
        (WORKFLOW, ADOPTABLE + "# \ufffd\n"),
    ],
    ids=["name", "CR", "form feed", "line separator", "not UTF-8"],
)
def test_a_file_that_a_patch_could_get_wrong_is_not_changed(planned, path, text):
    found = planned({**GO, path: text})
    assert found.proposed == ()
    assert any("yours to change" in note for note in found.notes)


def test_a_workflow_that_runs_the_tests_in_its_own_way_is_named(planned):
    found = planned({**GO, WORKFLOW: ADOPTABLE.replace("go test", "cd x && go test")})
    assert any(note.startswith(f"{WORKFLOW} line 6 runs tests in a way that is yours") for note in found.notes)


def test_a_workflow_that_uses_it_already_is_enough(planned):
    found = planned({**GO, WORKFLOW: "on: push\njobs: {a: {steps: [{run: ci-reporter run -- go test}]}}\n"})
    assert f"{WORKFLOW} uses ci-reporter already" in found.notes


def test_a_workflow_without_tests_does_not_stand_in_the_way(planned):
    assert ".github/workflows/ci-reporter.yml" in new(planned({**GO, WORKFLOW: "on: push\njobs: {}\n"}))


def test_another_ci_system_gets_the_line_to_copy(planned):
    found = planned({**GO, "Jenkinsfile": "pipeline {}"})
    line = "`ci-reporter run --name 'go test' --coverage coverage.out -- go test -coverprofile=coverage.out ./...`"
    assert f"Jenkins (Jenkinsfile): run {line} there" in found.notes
    assert list(new(found)) == [".ci-reporter.yml"]


def test_with_a_source_the_workflow_uses_its_action(planned):
    text = new(planned(GO, None, source("acme/ci-reporter@0123abc")))[".github/workflows/ci-reporter.yml"]
    assert "uses: acme/ci-reporter@0123abc\n" in text
    assert "pipx" not in text


def test_without_a_deploy_there_is_no_gate(planned):
    assert "gate.yml" not in new(planned(GO))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({WORKFLOW: DEPLOY + "    steps:\n      - run: helm upgrade shop ."}, "ci.yml line 8: after it, run"),
        ({"deploy.sh": ""}, "deploy.sh: run it as `ci-reporter gate around https://YOUR-SERVICE/health --rules gate"),
        ({"Makefile": "deploy:\n\t./x\n"}, "Makefile line 1: run it as `ci-reporter gate around"),
        ({".gitlab-ci.yml": "a:\n  stage: deploy\n"}, ".gitlab-ci.yml line 2: after it, run"),
    ],
    ids=["a tool", "a script", "a target", "a stage"],
)
def test_a_deploy_gets_a_gate(planned, files, said):
    found = planned({**GO, **files})
    assert "gate.yml" in new(found)
    assert any(said in note for note in found.notes)


def test_the_gate_asks_the_address_that_the_deploy_names(planned):
    text = new(planned({WORKFLOW: DEPLOY + "    steps:\n      - run: helm upgrade shop ."}))["gate.yml"]
    assert "  url: https://shop.example/health\n" in text


@pytest.mark.parametrize(
    ("git", "branch"),
    [
        ({"refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk\n", "refs/heads/main": "c0ffee"}, "trunk"),
        ({"HEAD": "ref: refs/heads/fix\n", "refs/heads/master": "c0ffee\n"}, "master"),
        ({"HEAD": "ref: refs/heads/fix\n", "packed-refs": "c0ffee refs/remotes/origin/main\n"}, "main"),
        ({"HEAD": "ref: refs/heads/develop\n"}, "develop"),
        ({"HEAD": "ref: refs/heads/x: [y]\n"}, "main"),
    ],
    ids=["remote", "usual", "packed", "ours", "hostile"],
)
def test_the_default_branch_is_the_one_that_is_built(planned, git, branch):
    texts = new(planned({**GO, **{f".git/{name}": text for name, text in git.items()}}))
    assert f"branches: [{branch}]" in texts[".github/workflows/ci-reporter.yml"]
    assert f'branches: [{branch}, "release/*"]' in texts[".ci-reporter.yml"]


def test_reports_that_lie_there_are_read_where_the_tools_name_none(planned):
    report = '<testsuites><testsuite name="a" tests="1"><testcase name="b"/></testsuite></testsuites>'
    text = new(planned({"Makefile": "test:\n", "junit.xml": report, "results.xml": "<html/>"}))
    assert "--tests junit.xml -- make test" in text[".github/workflows/ci-reporter.yml"]


def test_a_ci_system_that_gets_no_file_is_refused(planned):
    with pytest.raises(UsageError, match=r"--ci: 'circleci' is not known \(known: github, gitlab\)"):
        planned(GO, "circleci")


def test_a_source_that_is_not_a_repository_is_refused():
    with pytest.raises(UsageError, match=r"--source: 'x y' is not a repository"):
        source("x y")
