"""Payloads in the shapes that vendors publish, of a shop that does not exist."""

from __future__ import annotations

SHA, OLD_SHA, NO_SHA = "c0ffee" + "0" * 34, "decade" + "0" * 34, "0" * 40
_REPOSITORY = {"full_name": "acme/shop", "default_branch": "main"}


def repository(host="github.com"):
    return {**_REPOSITORY, "html_url": f"https://{host}/acme/shop"}


def github_run(status="completed", conclusion="success", updated_at="2026-01-01T00:05:00Z", **more):
    """A `workflow_run` event."""
    run = {
        "id": 17,
        "name": "a name for each run",
        "head_branch": "main",
        "head_sha": SHA,
        "path": ".github/workflows/ci.yml",
        "display_title": "Sell tea",
        "event": "push",
        "status": status,
        "conclusion": conclusion,
        "html_url": "https://github.com/acme/shop/actions/runs/17",
        "pull_requests": [],
        "created_at": "2026-01-01T00:00:00Z",
        "run_started_at": "2026-01-01T00:00:00Z",
        "updated_at": updated_at,
        "run_attempt": 1,
        "actor": {"login": "ada"},
        "triggering_actor": {"login": "ada"},
        "head_repository": {"full_name": "acme/shop"},
    }
    return {"workflow_run": {**run, **more}, "workflow": {"name": "CI"}, "repository": repository()}


def github_job(status="completed", conclusion="success", **more):
    """A `workflow_job` event."""
    job = {
        "id": 31,
        "run_id": 17,
        "run_attempt": 1,
        "workflow_name": "CI",
        "head_branch": "main",
        "head_sha": SHA,
        "html_url": "https://github.com/acme/shop/actions/runs/17/job/31",
        "status": status,
        "conclusion": conclusion,
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:10Z",
        "completed_at": "2026-01-01T00:04:50Z" if conclusion else None,
        "name": "unit (3.12)",
        "runner_name": "runner 1",
    }
    return {"workflow_job": {**job, **more}, "repository": repository()}


def push(ref="refs/heads/main", before=OLD_SHA, after=SHA, host="github.com"):
    """A push as GitHub, Gitea and Forgejo tell it."""
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "compare": f"https://{host}/acme/shop/compare/a...b",
        "commits": [{"id": after, "message": "Sell tea\n\nand milk"}],
        "pusher": {"name": "ada", "login": "ada"},
        "repository": repository(host),
    }


def github_deployment(state="success"):
    """A `deployment_status` event."""
    return {
        "deployment_status": {
            "id": 2,
            "state": state,
            "environment": "production",
            "updated_at": "2026-01-01T01:00:00Z",
            "log_url": "https://github.com/acme/shop/actions/runs/17/job/32",
        },
        "deployment": {
            "id": 1,
            "sha": SHA,
            "ref": "main",
            "environment": "production",
            "created_at": "2026-01-01T00:59:00Z",
            "creator": {"login": "ada"},
        },
        "workflow_run": {"id": 17, "run_attempt": 1},
        "repository": repository(),
    }


_PROJECT = {
    "path_with_namespace": "acme/tools/shop",
    "web_url": "https://gitlab.example.com/acme/tools/shop",
    "default_branch": "main",
}


def gitlab_pipeline(status="success", finished_at="2026-01-01 00:05:00 UTC", **more):
    """A pipeline event."""
    attributes = {
        "id": 17,
        "iid": 3,
        "name": None,
        "ref": "main",
        "tag": False,
        "sha": SHA,
        "source": "push",
        "status": status,
        "created_at": "2026-01-01 00:00:00 UTC",
        "finished_at": finished_at,
        "duration": 270,
        "queued_duration": 30,
        "url": "https://gitlab.example.com/acme/tools/shop/-/pipelines/17",
    }
    build = {
        "id": 31,
        "stage": "test",
        "name": "unit",
        "status": "success",
        "created_at": "2026-01-01 00:00:00 UTC",
        "started_at": "2026-01-01 00:00:30 UTC",
        "finished_at": finished_at,
        "queued_duration": 30.0,
        "runner": {"description": "runner 1"},
    }
    return {
        "object_kind": "pipeline",
        "object_attributes": {**attributes, **more},
        "merge_request": None,
        "user": {"username": "ada"},
        "project": _PROJECT,
        "commit": {"id": SHA, "title": "Sell tea"},
        "builds": [build],
    }


def gitlab_job(status="running", **more):
    """A job event, whose kind GitLab calls `build`."""
    job = {
        "object_kind": "build",
        "ref": "main",
        "tag": False,
        "sha": SHA,
        "build_id": 31,
        "build_name": "unit",
        "build_stage": "test",
        "build_status": status,
        "build_created_at": "2026-01-01 02:00:00 +0200",
        "build_started_at": "2026-01-01T00:00:30.250Z",
        "build_finished_at": None,
        "build_queued_duration": 30.0,
        "build_failure_reason": "unknown_failure",
        "pipeline_id": 17,
        "runner": {"description": "runner 1"},
        "project_name": "Acme / Tools / Shop",
        "repository": {"homepage": "https://gitlab.example.com/acme/tools/shop"},
    }
    return {**job, **more}


def gitlab_push(kind="push", ref="refs/heads/main"):
    """A push or a tag."""
    return {
        "object_kind": kind,
        "ref": ref,
        "before": NO_SHA if kind == "tag_push" else OLD_SHA,
        "after": SHA,
        "user_username": "ada",
        "project": _PROJECT,
        "commits": [{"id": SHA, "message": "Sell tea\n"}],
    }


def gitlab_deployment(status="success"):
    """A deployment event."""
    return {
        "object_kind": "deployment",
        "status": status,
        "status_changed_at": "2026-01-01 03:00:00 +0200",
        "deployment_id": 1,
        "deployable_url": "https://gitlab.example.com/acme/tools/shop/-/jobs/32",
        "environment": "production",
        "project": _PROJECT,
        "user": {"username": "ada"},
        "ref": "main",
        "commit_url": f"https://gitlab.example.com/acme/tools/shop/-/commit/{SHA}",
    }


def gitea_run(status="completed", conclusion="success", host="git.example.com"):
    """A `workflow_run` event of Gitea."""
    run = {
        "id": 17,
        "display_title": "Sell tea",
        "path": "ci.yml@refs/heads/main",
        "event": "push",
        "run_attempt": 0,
        "run_number": 3,
        "head_sha": SHA,
        "head_branch": "main",
        "status": status,
        "conclusion": conclusion,
        "html_url": f"https://{host}/acme/shop/actions/runs/3",
        "started_at": "2026-01-01T00:00:10Z",
        "completed_at": "2026-01-01T00:05:00Z" if conclusion else "1970-01-01T00:00:00Z",
        "actor": {"login": "ada"},
    }
    return {"workflow_run": run, "repository": repository(host)}


def gitea_job(status="in_progress", conclusion=None):
    """A `workflow_job` event of Gitea."""
    job = {
        "id": 31,
        "run_id": 17,
        "name": "unit",
        "head_sha": SHA,
        "head_branch": "main",
        "status": status,
        "conclusion": conclusion,
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:10Z",
        "runner_name": "runner 1",
    }
    return {"workflow_job": job, "repository": repository("git.example.com")}


def forgejo_run(status="failure"):
    """An `action_run_failure` event of Forgejo."""
    run = {
        "id": 17,
        "title": "Sell tea",
        "repository": repository("code.example.com"),
        "workflow_id": "ci.yml",
        "index_in_repo": 3,
        "trigger_user": {"login": "ada"},
        "prettyref": "main",
        "commit_sha": SHA,
        "event": "push",
        "status": status,
        "started": "2026-01-01T00:00:10Z",
        "stopped": "2026-01-01T00:05:00Z",
        "created": "2026-01-01T00:00:00Z",
        "updated": "2026-01-01T00:05:00Z",
        "html_url": "https://code.example.com/acme/shop/actions/runs/3",
    }
    return {"action": status, "run": run}


_CLOUD = {"full_name": "acme/shop", "links": {"html": {"href": "https://bitbucket.org/acme/shop"}}}


def bitbucket_push(kind="branch", name="main"):
    """A `repo:push` event of Bitbucket Cloud."""
    new = {"type": kind, "name": name, "target": {"hash": SHA, "message": "Sell tea\n"}}
    return {"push": {"changes": [{"new": new, "old": None}]}, "actor": {"nickname": "ada"}, "repository": _CLOUD}


def bitbucket_refs():
    """A `repo:refs_changed` event of a Bitbucket Data Center."""
    change = {"ref": {"id": "refs/tags/v1", "displayId": "v1", "type": "TAG"}, "fromHash": NO_SHA, "toHash": SHA}
    return {"actor": {"name": "ada"}, "repository": {"slug": "shop", "project": {"key": "ACME"}}, "changes": [change]}


def bitbucket_status(state="SUCCESSFUL"):
    """A `repo:commit_status_updated` event of Bitbucket Cloud."""
    status = {
        "key": "BUILD",
        "name": "Pipeline #17 for main",
        "state": state,
        "url": "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/17",
        "refname": "main",
        "created_on": "2026-01-01T00:00:00+00:00",
        "updated_on": "2026-01-01T00:05:00+00:00",
        "commit": {"hash": SHA},
    }
    return {"commit_status": status, "repository": _CLOUD}


def generic_run(status="success", **more):
    """A run in our own words."""
    data = {
        "repository": "acme/shop",
        "run_id": "17",
        "pipeline": "Nightly",
        "status": status,
        "branch": "main",
        "revision": SHA,
        "queued_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:10Z",
        "finished_at": "2026-01-01T00:05:00Z",
        "coverage_pct": 91.5,
        "jobs": [{"job_id": "1", "name": "unit", "status": "success"}],
    }
    return {"type": "ci.run", "timestamp": "2026-01-01T00:05:00Z", "data": {**data, **more}}
