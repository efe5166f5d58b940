"""Which CI systems a repository has files of, and what is known of its git without asking git."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from ci_reporter.init.tree import Tree
from ci_reporter.init.words import is_path

# By the names of `providers`; AWS CodePipeline has no file in the repository.
FILES: Mapping[str, tuple[str, ...]] = {
    "github": (".github/workflows/*.yml", ".github/workflows/*.yaml"),
    "gitlab": (".gitlab-ci.yml",),
    "forgejo": (".forgejo/workflows/*.yml", ".forgejo/workflows/*.yaml"),
    "gitea": (".gitea/workflows/*.yml", ".gitea/workflows/*.yaml"),
    "circleci": (".circleci/config.yml",),
    "azure": ("azure-pipelines.yml", ".azure-pipelines.yml", ".azure-pipelines/*.yml"),
    "bitbucket": ("bitbucket-pipelines.yml",),
    "buildkite": (".buildkite/pipeline.yml", ".buildkite/pipeline.yaml"),
    "woodpecker": (".woodpecker.yml", ".woodpecker.yaml", ".woodpecker/*.yml", ".woodpecker/*.yaml"),
    "drone": (".drone.yml",),
    "travis": (".travis.yml",),
    "teamcity": (".teamcity/settings.kts", ".teamcity/pom.xml"),
    "appveyor": ("appveyor.yml", ".appveyor.yml"),
    "codebuild": ("buildspec.yml", "buildspec.yaml"),
    "codefresh": ("codefresh.yml", ".codefresh/*.yml"),
    "bitrise": ("bitrise.yml",),
    "buddy": ("buddy.yml", ".buddy/*.yml"),
    "jenkins": ("Jenkinsfile", "Jenkinsfile.*", "jenkins/Jenkinsfile", "ci/Jenkinsfile"),
    "cloudbuild": ("cloudbuild.yaml", "cloudbuild.yml"),
}
NAMES: Mapping[str, str] = {
    "github": "GitHub Actions",
    "gitlab": "GitLab CI",
    "forgejo": "Forgejo Actions",
    "gitea": "Gitea Actions",
    "circleci": "CircleCI",
    "azure": "Azure Pipelines",
    "bitbucket": "Bitbucket Pipelines",
    "appveyor": "AppVeyor",
    "teamcity": "TeamCity",
    "codebuild": "AWS CodeBuild",
    "cloudbuild": "Google Cloud Build",
}
_LARGEST_BYTES = 64 * 1024


def name(system: str) -> str:
    """The CI system as its makers write it."""
    return NAMES.get(system, system.capitalize())


def systems(tree: Tree) -> Mapping[str, tuple[str, ...]]:
    """The CI systems that have files here, with these files."""
    found = {system: tuple(_matching(tree, patterns)) for system, patterns in FILES.items()}
    return {system: paths for system, paths in found.items() if paths}


def hosted_by(root: str) -> str | None:
    """`github` or `gitlab`, where the address of a remote says so."""
    hosts = re.findall(r"(?m)^[ \t]*url[ \t]*=[ \t]*\S{0,200}?\b(github|gitlab)\b", _git_file(root, "config"))
    return hosts[0] if hosts else None


def default_branch(root: str) -> str:
    """The branch that a clone begins with; where no remote says it, `main` or `master`, else the one we are on."""
    named = _branch(_git_file(root, "refs/remotes/origin/HEAD"), "ref: refs/remotes/origin/")
    usual = (name for name in ("main", "master") if _has_branch(root, name))
    return named or next(usual, None) or _branch(_git_file(root, "HEAD"), "ref: refs/heads/") or "main"


def _branch(text: str, begin: str) -> str | None:
    name = text.strip().removeprefix(begin)
    return name if text.startswith(begin) and is_path(name) and "*" not in name else None


def _has_branch(root: str, name: str) -> bool:
    packed = _git_file(root, "packed-refs")
    refs = (f"refs/heads/{name}", f"refs/remotes/origin/{name}")
    return any(_git_file(root, ref) or f" {ref}\n" in packed for ref in refs)


def _matching(tree: Tree, patterns: tuple[str, ...]) -> list[str]:
    """The files with these paths; a `*` stands for a name and not for folders."""
    return [
        path
        for pattern in patterns
        for path in tree.files
        if path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
    ]


def _git_file(root: str, path: str) -> str:
    """A file of the repository's git folder, which is never a link."""
    folder = os.path.join(root, ".git")
    return "" if os.path.islink(folder) else Tree(root=folder).head(path, _LARGEST_BYTES)
