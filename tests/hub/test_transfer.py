"""Reports go out of a database and into another one, with the installed program."""

from __future__ import annotations

import json

import pytest

REPORT = {"report_id": "a", "repository": "acme/shop", "job_name": "unit", "exit_code": 0}


def ndjson(*reports):
    return "".join(json.dumps(each) + "\n" for each in reports)


def test_what_was_imported_is_exported(run_program):
    reports = [REPORT, {**REPORT, "report_id": "b", "job_name": "日本"}]
    done = run_program("hub", "import", "-", stdin=ndjson(*reports))
    assert (done.returncode, done.stderr) == (0, "ci-reporter: -: 2 stored, 0 known, 0 refused\n")
    exported = run_program("hub", "export").stdout
    assert [json.loads(line) for line in exported.splitlines()] == reports
    again = run_program("hub", "import", "-", stdin=exported)
    assert again.stderr == "ci-reporter: -: 0 stored, 2 known, 0 refused\n"


def test_a_line_that_is_no_report_is_named_and_the_others_are_kept(run_program):
    done = run_program("hub", "import", "-", stdin=f"{{\n\n{ndjson(REPORT)}" + ndjson({"job_name": "x"}))
    assert done.returncode == 1
    assert "ci-reporter: -, line 1: the body is not JSON" in done.stderr
    assert "-, line 4: exit_code: is missing" in done.stderr
    assert "-: 1 stored, 0 known, 2 refused" in done.stderr


def test_the_steps_of_a_state_folder_are_imported(run_program):
    run_program("run", "--", "true")
    done = run_program("hub", "import", ".ci-reporter")
    assert done.stderr == "ci-reporter: .ci-reporter: 1 stored, 0 known, 0 refused\n"


def test_a_backup_is_restored_by_the_program(run_program):
    run_program("hub", "import", "-", stdin=ndjson(REPORT))
    assert run_program("hub", "backup", "copy.db").stderr == "ci-reporter: ci-reporter-hub.db is backed up in copy.db\n"
    done = run_program("hub", "restore", "copy.db", "--database", "new.db")
    assert (done.returncode, done.stderr) == (0, "ci-reporter: new.db is restored from copy.db\n")
    assert json.loads(run_program("hub", "export", "--database", "new.db").stdout) == REPORT


def test_a_file_that_is_not_there_is_one_sentence(run_program):
    done = run_program("hub", "import", "nothing.ndjson")
    assert (done.returncode, done.stderr) == (1, "ci-reporter: cannot read nothing.ndjson: No such file or directory\n")


def test_a_time_to_keep_that_is_none_is_one_sentence(run_program):
    done = run_program("hub", "serve", "--keep", "soon")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "option --keep: 'soon' is not a duration (write 90s, 5m or 1h30m)" in done.stderr


def test_a_file_moves_to_postgresql_by_export_and_import(run_program, postgres_databases):
    run_program("hub", "import", "-", stdin=ndjson(REPORT, {**REPORT, "report_id": "b"}))
    exported = run_program("hub", "export").stdout
    url = postgres_databases.take()
    done = run_program("hub", "import", "-", "--database", url, stdin=exported)
    assert (done.returncode, done.stderr) == (0, "ci-reporter: -: 2 stored, 0 known, 0 refused\n")
    assert run_program("hub", "export", "--database", url).stdout == exported
    postgres_databases.give_back(url)


@pytest.mark.parametrize(("command", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_a_postgresql_has_tools_of_its_own_for_backups(run_program, command, tool):
    done = run_program("hub", command, "copy", "--database", "postgresql://db/ci")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"this command is for SQLite files; for a PostgreSQL use {tool}" in done.stderr


def test_a_password_among_the_arguments_is_refused_and_not_said(run_program):
    done = run_program("hub", "export", "--database", "postgresql://hub:s3cret@127.0.0.1/ci")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "leave the password out" in done.stderr
    assert "s3cret" not in done.stderr
