"""Branches and tags as the CI systems really write them: short names, full refs, and tags below `heads/`."""

import pytest

from ci_reporter.providers import ref_of

SYSTEMS = {
    "github": ({"GITHUB_ACTIONS": "true"}, "GITHUB_REF"),
    "github's head": ({"GITHUB_ACTIONS": "true"}, "GITHUB_HEAD_REF"),
    "gitlab": ({"GITLAB_CI": "true"}, "CI_COMMIT_BRANCH"),
    "gitlab's ref": ({"GITLAB_CI": "true"}, "CI_COMMIT_REF_NAME"),
    "appveyor": ({"APPVEYOR": "True"}, "APPVEYOR_REPO_BRANCH"),
    "azure": ({"TF_BUILD": "True"}, "BUILD_SOURCEBRANCH"),
    "bitbucket": ({"BITBUCKET_COMMIT": "c"}, "BITBUCKET_BRANCH"),
    "bitrise": ({"BITRISE_BUILD_SLUG": "5f"}, "BITRISE_GIT_BRANCH"),
    "buddy": ({"BUDDY": "true"}, "BUDDY_RUN_BRANCH"),
    "buddy's old name": ({"BUDDY": "true"}, "BUDDY_EXECUTION_BRANCH"),
    "buildkite": ({"BUILDKITE": "true"}, "BUILDKITE_BRANCH"),
    "circleci": ({"CIRCLECI": "true"}, "CIRCLE_BRANCH"),
    "codebuild": ({"CODEBUILD_BUILD_ID": "a:b"}, "CODEBUILD_WEBHOOK_HEAD_REF"),
    "codefresh": ({"CF_BUILD_ID": "65"}, "CF_BRANCH"),
    "drone": ({"DRONE": "true"}, "DRONE_BRANCH"),
    "jenkins": ({"JENKINS_URL": "https://j.test/"}, "GIT_BRANCH"),
    "jenkins, multibranch": ({"JENKINS_URL": "https://j.test/"}, "BRANCH_NAME"),
    "travis": ({"TRAVIS": "true"}, "TRAVIS_BRANCH"),
    "woodpecker": ({"CI": "woodpecker"}, "CI_COMMIT_BRANCH"),
    "generic": ({"CI": "true"}, "GIT_BRANCH"),
}
TAGGED = {
    "github": ({"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag"}, "GITHUB_REF_NAME"),
    "gitlab": ({"GITLAB_CI": "true"}, "CI_COMMIT_TAG"),
    "appveyor": ({"APPVEYOR": "True"}, "APPVEYOR_REPO_TAG_NAME"),
    "bitbucket": ({"BITBUCKET_COMMIT": "c"}, "BITBUCKET_TAG"),
    "bitrise": ({"BITRISE_BUILD_SLUG": "5f"}, "BITRISE_GIT_TAG"),
    "buddy": ({"BUDDY": "true"}, "BUDDY_RUN_TAG"),
    "buildkite": ({"BUILDKITE": "true"}, "BUILDKITE_TAG"),
    "circleci": ({"CIRCLECI": "true"}, "CIRCLE_TAG"),
    "codefresh": ({"CF_BUILD_ID": "65"}, "CF_RELEASE_TAG"),
    "jenkins": ({"JENKINS_URL": "https://j.test/"}, "TAG_NAME"),
    "travis": ({"TRAVIS": "true"}, "TRAVIS_TAG"),
}
BRANCHES = {
    "main": "main",
    "refs/heads/main": "main",
    "heads/main": "main",
    "origin/main": "main",
    "refs/heads/origin/main": "main",
    "refs/remotes/origin/main": "main",
    "remotes/origin/main": "main",
    "refs/heads/feature/one": "feature/one",
    "origin/feature/tags/one": "feature/tags/one",
}
TAGS = ["refs/tags/0.1.0", "tags/0.1.0", "refs/heads/tags/0.1.0", "heads/tags/0.1.0", "origin/tags/0.1.0"]


@pytest.mark.parametrize(("text", "name"), BRANCHES.items())
def test_a_branch_loses_what_stands_before_its_name(text, name):
    assert ref_of(text) == (name, False)


@pytest.mark.parametrize("text", [*TAGS, "refs/remotes/origin/tags/0.1.0", "refs/heads/origin/tags/0.1.0"])
def test_what_stands_below_tags_is_a_tag(text):
    assert ref_of(text) == ("0.1.0", True)


@pytest.mark.parametrize("text", ["refs/heads/", "tags/", "", "refs/remotes/origin/"])
def test_a_ref_without_a_name_is_nothing(text):
    assert ref_of(text)[0] == ""


@pytest.mark.parametrize(("text", "name"), BRANCHES.items())
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_branch_on_every_system(read, system, text, name):
    env, variable = SYSTEMS[system]
    run = read(env, **{variable: text})
    assert (run.branch, run.tag) == (name, None)


@pytest.mark.parametrize("text", TAGS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_tag_in_the_place_of_a_branch_on_every_system(read, system, text):
    env, variable = SYSTEMS[system]
    run = read(env, **{variable: text})
    assert (run.branch, run.tag) == (None, "0.1.0")


@pytest.mark.parametrize("text", ["0.1.0", *TAGS])
@pytest.mark.parametrize("system", TAGGED)
def test_a_tag_on_every_system(read, system, text):
    env, variable = TAGGED[system]
    assert read(env, **{variable: text}).tag == "0.1.0"


@pytest.mark.parametrize("system", TAGGED)
def test_a_tag_beside_its_full_ref_is_one_tag(read, system):
    env, variable = TAGGED[system]
    branch = SYSTEMS[system][1]
    run = read(env, **{variable: "0.1.0", branch: "refs/heads/tags/0.1.0"})
    assert (run.branch, run.tag) == (None, "0.1.0")
