"""`ci-reporter stamp` and `ci-reporter inspect`, as a job calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile

import pytest

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "RUNNER_NAME": "runner-1",
}


@pytest.fixture
def job(run_program):
    """The program in a checkout with one commit of 2026-01-31T12:00:00Z and an artifact."""
    date = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1769860800 +0000")
    git = ["git", "-C", run_program.folder, "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "a"], ["tag", "v1.4.0"]):
        subprocess.run([*git, *command], check=True, env=run_program.environment() | date)
    with zipfile.ZipFile(run_program.folder / "a.zip", "w") as archive:
        archive.writestr("a", "1")
    return run_program


def inspected(job, *paths):
    done = job("inspect", "--json", *paths)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_is_stamped_in_a_job_is_inspected_anywhere(job):
    done = job("stamp", "a.zip", env=GITHUB)
    assert (done.returncode, done.stderr) == (0, "ci-reporter: stamped a.zip · zip · build-info.json\n")
    (found,) = inspected(job, "a.zip")
    revision = found.pop("revision")
    assert len(revision) == 40
    assert found == {
        "artifact": "a.zip",
        "kind": "zip",
        "version": "v1.4.0",
        "branch": "main",
        "dirty": False,
        "build_time": "2026-01-31T12:00:00.000Z",
        "builder": "github/runner-1",
        "ci_run_id": "github-17012345678-1",
        "run_url": "https://github.com/acme/shop/actions/runs/17012345678",
        "repository_url": "https://github.com/acme/shop",
    }


def test_people_get_a_table(job):
    job("stamp", "a.zip", env=GITHUB)
    lines = job("inspect", "a.zip").stdout.splitlines()
    assert lines[:3] == ["artifact        a.zip", "kind            zip", "version         v1.4.0"]


def test_the_second_time_nothing_changes(job):
    job("stamp", "a.zip", env=GITHUB)
    before = (job.folder / "a.zip").stat().st_mtime_ns
    assert "unchanged a.zip" in job("stamp", "a.zip", env=GITHUB).stderr
    assert (job.folder / "a.zip").stat().st_mtime_ns == before


def test_two_runs_of_one_commit_give_the_same_bytes(job, wheel, sdist):
    other = GITHUB | {"GITHUB_RUN_ID": "2", "RUNNER_NAME": "runner-2"}
    for path in (wheel, sdist):
        copies = [shutil.copy(path, job.folder / f"{number}-{path.name}") for number in (1, 2)]
        for copy, env in zip(copies, (GITHUB, other), strict=True):
            assert job("stamp", "--reproducible", str(copy), env=env).returncode == 0
        assert copies[0].read_bytes() == copies[1].read_bytes()


def test_a_run_for_the_branch_and_one_for_the_tag_give_the_same_bytes(job, wheel):
    tag = GITHUB | {"GITHUB_REF": "refs/tags/v1.4.0", "GITHUB_REF_NAME": "v1.4.0", "GITHUB_REF_TYPE": "tag"}
    copies = [shutil.copy(wheel, job.folder / f"{number}-{wheel.name}") for number in (1, 2)]
    for copy, env in zip(copies, (GITHUB, tag), strict=True):
        assert job("stamp", "--reproducible", str(copy), env=env).returncode == 0
    assert copies[0].read_bytes() == copies[1].read_bytes()


def test_provenance_names_the_run_also_where_the_stamp_does_not(job):
    job("stamp", "--reproducible", "a.zip", "--provenance", "provenance.json", env=GITHUB)
    details = json.loads((job.folder / "provenance.json").read_text())["predicate"]["runDetails"]
    assert details["metadata"] == {"invocationId": "github-17012345678-1"}


def test_the_version_is_what_one_says(job):
    job("stamp", "--version", "2.0", "a.zip")
    assert inspected(job, "a.zip")[0]["version"] == "2.0"


def test_several_artifacts_are_one_line_each(job):
    (job.folder / "notes.txt").write_text("hello")
    done = job("stamp", "--json", "a.zip", "notes.txt")
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["zip", "sidecar"]


def test_one_bad_artifact_does_not_keep_the_others_from_their_stamp(job):
    (job.folder / "bad.zip").write_bytes(b"PK\3\4 and no end")
    done = job("stamp", "missing", "bad.zip", "a.zip")
    assert done.returncode == 1
    first, *last = done.stderr.splitlines()
    assert first == "ci-reporter: stamped a.zip · zip · build-info.json"
    assert last[:2] == ["ci-reporter: 2 of 3 artifacts could not be stamped:", "ci-reporter: missing: no such artifact"]
    assert last[2].startswith("ci-reporter: bad.zip: the zip file has no end")
    assert inspected(job, "a.zip")


def test_machines_are_told_of_a_bad_artifact_too(job):
    done = job("stamp", "--json", "missing", "a.zip")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"artifact": "missing", "error": "missing: no such artifact"}
    assert lines[1]["changed"] is True


def test_a_second_call_passes_over_the_stamps_of_the_first(job):
    (job.folder / "notes.txt").write_text("hello")
    assert job("stamp", "notes.txt").returncode == 0
    for command in ("stamp", "inspect"):
        done = job(command, "notes.txt", "notes.txt.build-info.json")
        assert done.returncode == 0
        assert "skipped notes.txt.build-info.json · it is the stamp of notes.txt" in done.stderr
    assert sorted(each.name for each in job.folder.glob("notes*")) == ["notes.txt", "notes.txt.build-info.json"]


def test_a_file_that_changed_after_its_stamp_is_exit_1(job):
    (job.folder / "notes.txt").write_text("hello")
    job("stamp", "notes.txt")
    with (job.folder / "notes.txt").open("a") as file:
        file.write("!")
    done = job("inspect", "notes.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert "notes.txt: is not the file that notes.txt.build-info.json was written for" in done.stderr


def test_a_stamp_beside_a_file_without_a_checksum_is_warned_of(job):
    (job.folder / "notes.txt").write_text("hello")
    (job.folder / "notes.txt.build-info.json").write_text('{"version": "1"}')
    done = job("inspect", "notes.txt")
    assert done.returncode == 0
    assert "warning: notes.txt: the stamp beside it has no checksum" in done.stderr


def test_without_git_and_ci_it_warns(run_program):
    (run_program.folder / "notes.txt").write_text("hello")
    done = run_program("stamp", "notes.txt")
    assert done.returncode == 0
    assert "warning: stamp: the stamp does not say which commit was built" in done.stderr


def test_an_artifact_without_a_stamp_is_exit_1(job):
    done = job("inspect", "a.zip")
    assert (done.returncode, done.stderr) == (1, "ci-reporter: a.zip: has no stamp\n")


def test_a_stamp_that_is_none_is_said(job):
    with zipfile.ZipFile(job.folder / "a.zip", "a") as archive:
        archive.writestr("build-info.json", '{"version": 1}')
    done = job("inspect", "a.zip")
    assert done.returncode == 1
    assert "version: expected a text, got 1" in done.stderr


def test_a_stamp_drives_no_terminal(job):
    with zipfile.ZipFile(job.folder / "a.zip", "a") as archive:
        archive.writestr("build-info.json", json.dumps({"version": "1\x1b[2J\n::error::x"}))
    assert job("inspect", "a.zip").stdout.splitlines()[-1] == "version         1 ::error::x"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "no artifact is named"),
        (("--provenance", "x.json"), "no artifact is named"),
        (("--out", "x", "a.zip"), "without --emit"),
        (("--emit", "yaml"), "no format named 'yaml'"),
        (("--now", "--reproducible", "a.zip"), "leave one of them out"),
    ],
    ids=["nothing", "provenance of nothing", "out of nothing", "unknown format", "both times"],
)
def test_a_call_that_makes_no_sense_is_refused_before_anything_is_written(job, arguments, reason):
    before = (job.folder / "a.zip").read_bytes()
    done = job("stamp", *arguments)
    assert done.returncode == 2
    assert reason in done.stderr
    assert (job.folder / "a.zip").read_bytes() == before


def test_build_info_is_printed_for_a_shell(job):
    done = job("stamp", "--emit", "shell", "--version", "1; reboot")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "export BUILD_VERSION='1; reboot'")


def test_build_info_is_written_to_a_file(job):
    done = job("stamp", "--emit", "json", "--out", "out/info.json", "--version", "2.0")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((job.folder / "out/info.json").read_text())["version"] == "2.0"


def test_provenance_names_the_stamped_bytes(job):
    import hashlib

    done = job("stamp", "a.zip", "--provenance", "provenance.json", env=GITHUB)
    assert done.returncode == 0, done.stderr
    statement = json.loads((job.folder / "provenance.json").read_text())
    digest = hashlib.sha256((job.folder / "a.zip").read_bytes()).hexdigest()
    assert statement["subject"] == [{"name": "a.zip", "digest": {"sha256": digest}}]
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"


def test_the_test_result_is_that_of_this_run(job):
    xml = '<testsuite name="s"><testcase name="a" classname="c"/></testsuite>'
    (job.folder / "junit.xml").write_text(xml)
    job("run", "--name", "unit", "--tests", "junit.xml", "--", "true", env=GITHUB)
    done = job("stamp", "--reproducible", "a.zip", "--test-result", "tests.json", env=GITHUB)
    assert done.returncode == 0, done.stderr
    assert json.loads((job.folder / "tests.json").read_text())["predicate"]["result"] == "PASSED"


def test_an_archive_that_leads_out_is_refused_by_inspect_too(job):
    with zipfile.ZipFile(job.folder / "a.zip", "a") as archive:
        archive.writestr("../../x", "1")
    assert "leads out of it" in job("inspect", "a.zip").stderr
