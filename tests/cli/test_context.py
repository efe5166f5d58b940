"""`ci-reporter context`: one truth for a person, a shell, a dotenv file and a program."""

import json
import subprocess

import pytest

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_NUMBER": "42",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_JOB": "unit",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_ACTOR": "octo",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_WORKSPACE": "/w",
}


def test_json_is_one_flat_object_without_what_is_unknown(run_program):
    told = json.loads(run_program("context", "--json", env=GITHUB).stdout)
    assert told == {
        "ci_run_id": "github-17012345678-2",
        "provider": "github",
        "repository": "acme/shop",
        "repository_url": "https://github.com/acme/shop",
        "pipeline": "CI",
        "pipeline_id": "17012345678",
        "run_number": "42",
        "attempt": "2",
        "run_url": "https://github.com/acme/shop/actions/runs/17012345678/attempts/2",
        "job_name": "unit",
        "branch": "main",
        "revision": "a" * 40,
        "actor": "octo",
        "event": "push",
        "workspace": "/w",
    }


def test_the_table_has_the_same(run_program):
    rows = run_program("context", env=GITHUB).stdout.splitlines()
    table = dict(row.split(maxsplit=1) for row in rows)
    assert table == json.loads(run_program("context", "--json", env=GITHUB).stdout)


def test_a_pull_request_is_known_by_its_head(run_program):
    event = run_program.folder / "event.json"
    head = {"sha": "b" * 40, "ref": "topic"}
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}}))
    env = GITHUB | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event), "GITHUB_HEAD_REF": "topic"}
    told = json.loads(run_program("context", "--json", env=env | {"GITHUB_REF": "refs/pull/7/merge"}).stdout)
    assert (told["revision"], told["change"], told["branch"]) == ("b" * 40, "7", "topic")


@pytest.mark.parametrize(
    "branch", ["plain", "a b", "it's", "$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "ü+?#"]
)
def test_a_shell_reads_back_what_was_told(run_program, branch):
    script = run_program("context", "--shell", env=GITHUB | {"GITHUB_REF_NAME": branch}).stdout
    asked = f'{script}\nprintf "%s|%s" "$CI_RUN_ID" "$CI_REPORTER_BRANCH"'
    done = subprocess.run(["sh", "-c", asked], cwd=run_program.folder, capture_output=True, text=True, check=True)
    assert done.stdout == f"github-17012345678-2|{branch}"
    assert not (run_program.folder / "pwned").exists()


def test_eval_exports_the_run_id_to_later_commands(run_program):
    script = run_program("context", "--shell", env=GITHUB).stdout
    done = subprocess.run(["sh", "-c", f"{script}\nenv"], capture_output=True, text=True, check=True)
    assert "CI_RUN_ID=github-17012345678-2" in done.stdout.splitlines()


def test_what_was_exported_is_told_again(run_program):
    told = json.loads(run_program("context", "--json", env=GITHUB).stdout)
    again = {"CI_RUN_ID" if key == "ci_run_id" else f"CI_REPORTER_{key.upper()}": value for key, value in told.items()}
    assert json.loads(run_program("context", "--json", env=again).stdout) == told


def test_dotenv_keeps_to_gitlabs_limits(run_program):
    env = GITHUB | {"GITHUB_REF_NAME": "b" * 4000, "GITHUB_WORKFLOW": "w" * 4000}
    text = run_program("context", "--dotenv", env=env).stdout
    names = [line.partition("=")[0] for line in text.splitlines()]
    assert len(text.encode()) <= 5120
    assert len(names) <= 20
    assert all(name.isidentifier() for name in names)


def test_dotenv_has_nothing_of_this_job_alone(run_program):
    text = run_program("context", "--dotenv", env=GITHUB | {"CI_REPORTER_ENVIRONMENT": "staging"}).stdout
    assert "CI_RUN_ID=github-17012345678-2\n" in text
    assert not [word for word in ("JOB", "WORKSPACE", "ENVIRONMENT") if word in text]


def test_a_run_id_of_ones_own_wins(run_program):
    assert (
        json.loads(run_program("context", "--json", env=GITHUB | {"CI_RUN_ID": "mine"}).stdout)["ci_run_id"] == "mine"
    )
