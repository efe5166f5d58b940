import pytest

SHA, HEAD = "c" * 40, "d" * 40
PAGE = "https://dev.azure.com/acme/0a0a-11/_build/results?buildId=1234"
PUSH = {
    "TF_BUILD": "True",
    "BUILD_BUILDID": "1234",
    "BUILD_BUILDNUMBER": "20260131.4",
    "BUILD_DEFINITIONNAME": "shop-ci",
    "BUILD_REPOSITORY_NAME": "acme/shop",
    "BUILD_REPOSITORY_URI": "https://ann@dev.azure.com/acme/shop/_git/shop",
    "BUILD_SOURCEBRANCH": "refs/heads/release/1.0",
    "BUILD_SOURCEBRANCHNAME": "1.0",
    "BUILD_SOURCEVERSION": SHA,
    "BUILD_SOURCEVERSIONMESSAGE": "fix the cart",
    "BUILD_SOURCESDIRECTORY": "/agent/_work/1/s",
    "BUILD_REQUESTEDFOR": "Ann Ash",
    "BUILD_REASON": "IndividualCI",
    "SYSTEM_TEAMFOUNDATIONSERVERURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECTID": "0a0a-11",
    "SYSTEM_JOBID": "7d7d",
    "SYSTEM_TASKINSTANCEID": "8e8e",
    "SYSTEM_JOBDISPLAYNAME": "unit linux",
    "SYSTEM_STAGEDISPLAYNAME": "Test",
    "SYSTEM_JOBATTEMPT": "1",
    "SYSTEM_STAGEATTEMPT": "1",
    "AGENT_NAME": "Azure Pipelines 2",
}
PULL_REQUEST = PUSH | {
    "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
    "BUILD_SOURCEVERSIONMESSAGE": "Merge pull request 12 from fix/cart into main",
    "BUILD_REASON": "PullRequest",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "998877",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "12",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix/cart",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "azure"),
        ("ci_run_id", "azure-1234-1"),
        ("repository", "acme/shop"),
        ("repository_url", "https://dev.azure.com/acme/shop/_git/shop"),
        ("pipeline", "shop-ci"),
        ("run_number", "20260131.4"),
        ("run_url", PAGE),
        ("job_name", "unit linux"),
        ("job_url", f"{PAGE}&view=logs&j=7d7d&t=8e8e"),
        ("stage", "Test"),
        ("node", "Azure Pipelines 2"),
        ("branch", "release/1.0"),
        ("revision", SHA),
        ("commit_message", "fix the cart"),
        ("change", None),
        ("actor", "Ann Ash"),
        ("event", "IndividualCI"),
        ("workspace", "/agent/_work/1/s"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("change", "12"),
        ("branch", "fix/cart"),
        ("target_branch", "main"),
        ("revision", HEAD),
        ("commit_message", None),
    ],
)
def test_pull_request_is_its_head_not_the_merge(read, field, value):
    assert getattr(read(PULL_REQUEST), field) == value


def test_pull_request_of_azure_repos_has_an_id_only(read):
    assert read(PULL_REQUEST, SYSTEM_PULLREQUEST_PULLREQUESTNUMBER="").change == "998877"


def test_merge_ref_alone_tells_the_change_and_no_branch(read):
    run = read(PUSH, BUILD_SOURCEBRANCH="refs/pull/12/merge")
    assert (run.change, run.branch) == ("12", None)


def test_tag(read):
    run = read(PUSH, BUILD_SOURCEBRANCH="refs/tags/v1")
    assert (run.tag, run.branch) == ("v1", None)


def test_rerun_of_a_job(read):
    assert read(PUSH, SYSTEM_JOBATTEMPT="2").ci_run_id == "azure-1234-2"
