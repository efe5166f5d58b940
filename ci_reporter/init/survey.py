"""What a repository has: CI systems, test suites, reports, a deploy, its default branch."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ci_reporter import registry
from ci_reporter.coverage.formats import FORMATS as COVERAGE_FORMATS
from ci_reporter.frozen import EMPTY, Frozen, replace
from ci_reporter.init import github, gitlab, settingsfile
from ci_reporter.init.deploys import Deploy, first_deploy
from ci_reporter.init.suites import Suite, suites
from ci_reporter.init.systems import default_branch, hosted_by, systems
from ci_reporter.init.tree import Tree, look
from ci_reporter.init.words import is_path
from ci_reporter.testresults import FORMATS as TEST_FORMATS

_REPORT_NAMES = """
    coverage*.xml cobertura*.xml clover.xml jacoco*.xml lcov.info *.lcov coverage.out cover.out coverage-final.json
    coverage.json .resultset.json junit*.xml *-junit.xml TEST-*.xml test-results.xml testresults.xml results.xml
    report.xml *.trx rspec.xml
"""  # as tools and their manuals call them; the content decides
_MOST_REPORTS = 50
_HEAD_BYTES = 64 * 1024


class Survey(Frozen):
    """What there is. `taken` are the paths of files we would write at which there is something, whatever it is."""

    tree: Tree
    systems: Mapping[str, tuple[str, ...]] = EMPTY
    suites: tuple[Suite, ...] = ()
    deploy: Deploy | None = None
    branch: str = "main"
    host: str | None = None
    taken: frozenset[str] = frozenset()


def survey(root: str) -> Survey:
    """Look at a repository. Nothing is changed, run or asked of the network."""
    tree = look(root)
    found = systems(tree)
    ours = (settingsfile.PATH, settingsfile.GATE_PATH, github.PATH, gitlab.PATH)
    return Survey(
        tree=tree,
        systems=found,
        suites=_with_reports(tree, suites(tree)),
        deploy=first_deploy(tree, tuple(path for paths in found.values() for path in paths)),
        branch=default_branch(root),
        host=hosted_by(root),
        taken=frozenset(path for path in ours if os.path.lexists(os.path.join(root, path))),
    )


def _with_reports(tree: Tree, found: tuple[Suite, ...]) -> tuple[Suite, ...]:
    """The suites; the only one gets the reports that lie in the repository, where its tool's settings name none."""
    if len(found) != 1 or (found[0].tests and found[0].coverage):
        return found
    kinds = {"coverage": COVERAGE_FORMATS, "tests": TEST_FORMATS}
    reports = {kind: tuple(_reports(tree, kind, table)) for kind, table in kinds.items() if not getattr(found[0], kind)}
    return (replace(found[0], **{kind: paths for kind, paths in reports.items() if paths}),)


def _reports(tree: Tree, kind: str, table: Mapping[str, str]) -> list[str]:
    """Files of the repository that are reports of this kind by what they hold."""
    candidates = list(dict.fromkeys(path for like in _REPORT_NAMES.split() for path in tree.files_like(like)))[
        :_MOST_REPORTS
    ]
    room = "coverage" if kind == "coverage" else "testresults"
    return [
        path
        for path in candidates
        if is_path(path) and "/" not in path and registry.recognise(room, tree.head(path, _HEAD_BYTES), table)
    ]
