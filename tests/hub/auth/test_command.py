"""`hub token` and `hub user` as people call them, beside a hub that runs on the same database."""

from __future__ import annotations

import json
import urllib.error

import pytest

from tests.hub.auth.conftest import basic, bearer
from tests.hubs import running_hub

PASSWORD = "correct horse battery"


@pytest.fixture
def call(run_program):
    """Call a command of the hub on a database: `call("token", "list")`."""

    def run(*words, database="hub.db", **how):
        return run_program("hub", *words, "--database", str(database), **how)

    return run


def status(hub, path, headers):
    try:
        hub.get(path, **headers)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code
    return 200


def test_tokens_and_users_work_beside_a_hub_that_runs(call, tmp_path, eventually):
    with running_hub(tmp_path, CI_REPORTER_HUB_SECRETS="a-secret-of-some-length") as hub:
        made = call("token", "create", "--name", "grafana", "--scope", "read", database=hub.database)
        token = bearer(made.stdout.strip())
        assert status(hub, "/metrics", token) == 200
        call("user", "add", "Jane", stdin=f"{PASSWORD}\n", database=hub.database)
        assert status(hub, "/api/v1/runs", basic("jane", PASSWORD)) == 200
        assert call("token", "revoke", "grafana", database=hub.database).returncode == 0
        eventually(lambda: status(hub, "/metrics", token) == 401, "the token to be refused")
        assert hub.stop() == 0
        log = [json.loads(line) for line in hub.log.read_text().splitlines()]
    assert made.stdout.strip() not in hub.log.read_text()
    said = {line["message"]: line for line in log if line.get("audit")}
    assert said["a user has signed in"]["user"] == "jane"
    assert said["a token was refused"]["address"] == "127.0.0.1"
    assert any("nobody can sign in yet: add a user" in line["message"] for line in log)
    listed = call("token", "list", "--all", "--json", database=hub.database)
    assert json.loads(listed.stdout)["last_used_at"]


def test_a_token_is_the_only_thing_on_stdout(call):
    done = call("token", "create", "--name", "ci", "--scope", "ingest", "--repository", "acme/*", "--expires", "90d")
    assert done.stdout.startswith("crh_") and done.stdout.count("\n") == 1
    assert done.stderr.startswith("ci-reporter: token ci may ingest acme/* until 2")


def test_tokens_are_a_table(call, database):
    call("token", "create", "--name", "grafana", "--scope", "read", "--expires", "never", database=database)
    heads, row = call("token", "list", database=database).stdout.splitlines()
    assert heads.split()[:4] == ["NAME", "ID", "SCOPES", "REPOSITORIES"]
    assert [row.split()[0], *row.split()[2:]] == ["grafana", "read", "all", "never", "never", "valid"]


def test_no_tokens_are_said(call):
    assert call("token", "list").stderr == "ci-reporter: hub.db has no tokens\n"


def test_users_come_and_go(call):
    assert call("user", "add", "jane", "--role", "admin", stdin=PASSWORD).returncode == 0
    assert call("user", "list").stdout.splitlines()[1].split()[:3] == ["jane", "admin", "all"]
    assert "there is a user 'jane'" in call("user", "add", "jane", stdin=PASSWORD).stderr
    assert call("user", "remove", "jane").stderr == "ci-reporter: user jane is removed\n"
    assert call("user", "remove", "jane").returncode == 1


def test_a_password_comes_from_a_file_too(call, run_program):
    (run_program.folder / "password").write_text(f"{PASSWORD}\n")
    done = call("user", "add", "jane", env={"CI_REPORTER_HUB_USER_PASSWORD_FILE": "password"})
    assert (done.returncode, done.stderr) == (0, "ci-reporter: user jane is added (viewer, all repositories)\n")


WRONG = {
    "no password": (["user", "add", "jane"], "", "there is no password (write it to stdin"),
    "a short one": (["user", "add", "jane"], "short", "has 5 characters, and 12 are the least"),
    "the name again": (["user", "add", "jane"], "jane-jane-jane", "is easy to guess"),
    "one letter": (["user", "add", "jane"], "aaaaaaaaaaaaaaa", "is easy to guess"),
    "no name": (["user", "add", "j ne"], PASSWORD, "is not a user's name"),
    "nobody": (["user", "remove", "jane"], "", "there is no user 'jane'"),
    "no time": (["token", "create", "--name", "x", "--scope", "read", "--expires", "soon"], "", "'soon' is not a dur"),
    "no unit": (["token", "create", "--name", "x", "--scope", "read", "--expires", "90"], "", "has no unit"),
    "no token": (["token", "revoke", "x"], "", "no valid token is named 'x' (hub token list)"),
}


@pytest.mark.parametrize(("words", "stdin", "said"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_sentence(call, words, stdin, said):
    done = call(*words, stdin=stdin)
    assert done.returncode in (1, 2)
    assert (said in done.stderr, done.stderr.count("\n")) == (True, 1)


def test_another_program_s_database_is_left_alone(call, run_program):
    (run_program.folder / "hub.db").write_text("notes " * 1000)
    done = call("token", "list")
    assert (done.returncode, "it is not a SQLite database" in done.stderr) == (1, True)
