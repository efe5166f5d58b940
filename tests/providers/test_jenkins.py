import pytest

SHA, HEAD = "c" * 40, "d" * 40
MULTIBRANCH = {
    "JENKINS_URL": "https://jenkins.acme.test/",
    "BUILD_TAG": "jenkins-team-shop-fix%2Fcart-42",
    "BUILD_NUMBER": "42",
    "BUILD_ID": "42",
    "BUILD_URL": "https://jenkins.acme.test/job/team/job/shop/job/fix%252Fcart/42/",
    "JOB_NAME": "team/shop/fix%2Fcart",
    "JOB_BASE_NAME": "fix%2Fcart",
    "STAGE_NAME": "unit",
    "BRANCH_NAME": "fix/cart",
    "GIT_BRANCH": "origin/fix/cart",
    "GIT_COMMIT": SHA,
    "GIT_URL": "https://ann:secret@git.acme.test/acme/shop.git",
    "NODE_NAME": "agent-7",
    "NODE_LABELS": "linux arm64",
    "WORKSPACE": "/var/jenkins/workspace/shop",
    "BUILD_USER_ID": "ann",
}
PULL_REQUEST = MULTIBRANCH | {
    "JOB_NAME": "team/shop/PR-12",
    "BRANCH_NAME": "PR-12",
    "GIT_BRANCH": "PR-12",
    "CHANGE_ID": "12",
    "CHANGE_BRANCH": "fix/cart",
    "CHANGE_TARGET": "main",
    "CHANGE_AUTHOR": "bob",
}
FREESTYLE = {
    "JENKINS_URL": "https://jenkins.acme.test/",
    "BUILD_TAG": "jenkins-shop-42",
    "BUILD_NUMBER": "42",
    "JOB_NAME": "team/shop",
    "GIT_BRANCH": "origin/main",
    "GIT_COMMIT": SHA,
    "GIT_URL": "git@git.acme.test:acme/shop.git",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "jenkins"),
        ("ci_run_id", "jenkins-jenkins-team-shop-fix-2Fcart-42"),
        ("repository", "acme/shop"),
        ("repository_url", "https://git.acme.test/acme/shop.git"),
        ("pipeline", "team/shop"),
        ("pipeline_id", "jenkins-team-shop-fix%2Fcart-42"),
        ("run_number", "42"),
        ("run_url", "https://jenkins.acme.test/job/team/job/shop/job/fix%252Fcart/42/"),
        ("job_name", "unit"),
        ("stage", "unit"),
        ("node", "agent-7"),
        ("labels", "linux arm64"),
        ("branch", "fix/cart"),
        ("default_branch", None),
        ("revision", SHA),
        ("change", None),
        ("target_branch", None),
        ("actor", "ann"),
        ("workspace", "/var/jenkins/workspace/shop"),
    ],
)
def test_multibranch(read, field, value):
    assert getattr(read(MULTIBRANCH), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("change", "12"), ("branch", "fix/cart"), ("target_branch", "main"), ("pipeline", "team/shop"), ("actor", "bob")],
)
def test_pull_request(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("branch", "main"), ("pipeline", "team/shop"), ("job_name", "shop"), ("repository", "acme/shop")],
)
def test_freestyle(read, field, value):
    assert getattr(read(FREESTYLE), field) == value


@pytest.mark.parametrize(
    "variables",
    [
        {
            "ghprbPullId": "12",
            "ghprbSourceBranch": "fix/cart",
            "ghprbTargetBranch": "main",
            "ghprbActualCommit": HEAD,
        },
        {
            "gitlabMergeRequestIid": "12",
            "gitlabSourceBranch": "fix/cart",
            "gitlabTargetBranch": "main",
            "gitlabMergeRequestLastCommit": HEAD,
        },
    ],
    ids=["ghprb", "gitlab"],
)
def test_pull_request_of_a_plug_in(read, variables):
    run = read(FREESTYLE | variables)
    assert (run.change, run.branch, run.target_branch, run.revision) == ("12", "fix/cart", "main", HEAD)


@pytest.mark.parametrize(
    ("job", "pipeline", "name"),
    [
        ("shop/PYTHON=3.12,OS=linux", "shop", "shop (PYTHON=3.12,OS=linux)"),
        ("shop/PYTHON=3.12/main", "shop", "shop (PYTHON=3.12)"),
        ("shop", "shop", "shop"),
    ],
)
def test_axes_of_a_matrix_are_the_jobs_not_the_pipelines(read, job, pipeline, name):
    run = read(FREESTYLE, JOB_NAME=job)
    assert (run.pipeline, run.job_name) == (pipeline, name)


def test_parameter_called_branch_name_does_not_cut_the_pipeline(read):
    assert read(FREESTYLE, BRANCH_NAME="main").pipeline == "team/shop"


def test_tag_is_not_a_branch_too(read):
    run = read(MULTIBRANCH, TAG_NAME="v1", BRANCH_NAME="v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_tag_in_the_place_of_the_branch(read):
    run = read(FREESTYLE, GIT_BRANCH="origin/tags/v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_primary_branch_is_the_default(read):
    assert read(MULTIBRANCH, BRANCH_NAME="main", BRANCH_IS_PRIMARY="true").default_branch == "main"


def test_first_of_several_repositories(read):
    env = {name: value for name, value in FREESTYLE.items() if name != "GIT_URL"}
    assert read(env, GIT_URL_1="https://git.acme.test/acme/shop").repository == "acme/shop"


@pytest.mark.parametrize(
    "env",
    [{"BUILD_TAG": "jenkins-shop-42"}, {"JENKINS_HOME": "/var/jenkins", "BUILD_NUMBER": "42"}],
    ids=["build tag", "home"],
)
def test_recognised_without_a_configured_address(read, env):
    assert read(env).provider == "jenkins"
