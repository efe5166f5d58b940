"""Jenkins' Remote access API: folders, multibranch jobs, `tree` with ranges, Basic with an API token, no ETags.

Source: Jenkins, "Remote access API"; jenkinsci/jenkins, hudson.model.Job, hudson.security.csrf.DefaultCrumbIssuer.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import unquote

from aiohttp import web

from tests.fakes.server import Fake

FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
JOB = "org.jenkinsci.plugins.workflow.job.WorkflowJob"


class FakeJenkins(Fake):
    """Folders by path, `""` is the root; jobs by path, each with its builds, newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.user = "robot"
        self.folders: dict[str, str] = {"": "hudson.model.Hudson"}
        self.builds: dict[str, list[dict]] = {}
        self.crumb, self.sessions = "a-crumb", {"s1"}

    def add(self, job: str, number: int, result: str | None, at_s: float, duration_s: float = 60, **more) -> dict:
        """Write a build; its folders are made where they are missing."""
        parts = job.split("/")[:-1]
        for depth in range(len(parts)):
            self.folders.setdefault("/".join(parts[: depth + 1]), FOLDER)
        builds = self.builds.setdefault(job, [])
        builds[:] = [each for each in builds if each["number"] != number]
        made = {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "number": number,
            "url": f"{self.url or 'https://ci.example'}/{job}/{number}/",
            "result": result,
            "building": result is None,
            "timestamp": round(at_s * 1000),
            "duration": 0 if result is None else round(duration_s * 1000),
            "estimatedDuration": 61_000,
            "actions": [
                {},
                {"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": {"SHA1": f"{number:040x}"}},
            ],
            **more,
        }
        builds.insert(0, made)
        builds.sort(key=lambda each: -each["number"])
        return made

    def answer(self, request: web.Request) -> web.Response:  # noqa: PLR0911  a table of addresses
        if request.method == "POST":
            return self.posted(request)
        sent = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {sent}":
            return web.Response(status=401, text="<html><title>Error 401</title></html>", content_type="text/html")
        path = request.rel_url.raw_path
        if path == "/me/api/json":
            return self.plain({"id": self.user})
        match = re.fullmatch(r"((?:/job/[^/]+)*)/api/json", path)
        tree = request.query.get("tree", "")
        if not match:
            return web.Response(status=404, text="<html><title>Not found</title></html>", content_type="text/html")
        name = "/".join(unquote(each) for each in match[1].split("/job/")[1:])
        if not tree:
            raise AssertionError("without tree= every build there ever was is loaded")
        if name in self.folders:
            return self.plain(self.folder(name, tree))
        if name in self.builds and (span := re.fullmatch(r"allBuilds\[.*\]\{(\d+),(\d+)\}", tree)):
            return self.plain({"allBuilds": self.builds[name][int(span[1]) : int(span[2])]})
        return web.Response(status=404, text="<html><title>Not found</title></html>", content_type="text/html")

    def folder(self, name: str, tree: str) -> dict:
        prefix = f"{name}/" if name else ""
        inner = [each for each in (*self.folders, *self.builds) if each.startswith(prefix) and each != name]
        jobs = []
        for path in sorted(each for each in inner if "/" not in each.removeprefix(prefix) and each):
            made: dict = {"_class": self.folders.get(path, JOB), "name": path.removeprefix(prefix)}
            if path in self.folders and "jobs[name]" in tree:
                made["jobs"] = []
            if path in self.builds and "builds[" in tree:
                made |= {"color": "blue", "builds": self.builds[path][:20]}
            jobs.append(made)
        return {"_class": self.folders[name], "jobs": jobs}

    def posted(self, request: web.Request) -> web.Response:
        """A POST by password needs a crumb, and the session that it is of."""
        if request.headers.get("Jenkins-Crumb") != self.crumb or request.cookies.get("JSESSIONID") not in self.sessions:
            return web.Response(status=403, text="No valid crumb was included in the request")
        return web.Response(status=201)

    def plain(self, body: object) -> web.Response:
        return web.Response(
            body=json.dumps(body).encode(), content_type="application/json", headers={"X-Jenkins": "2.479"}
        )
