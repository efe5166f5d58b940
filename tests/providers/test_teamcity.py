import pytest

BUILD, CONFIGURATION = "/agent/build.properties", "/agent/config.properties"
PUSH = {
    "TEAMCITY_VERSION": "2025.11 (build 207946)",
    "TEAMCITY_PROJECT_NAME": "Shop",
    "TEAMCITY_BUILDCONF_NAME": "Unit",
    "TEAMCITY_BUILD_PROPERTIES_FILE": BUILD,
    "BUILD_NUMBER": "42",
    "BUILD_URL": "https://tc.acme.test/buildConfiguration/Shop_Unit/1234",
    "BUILD_VCS_NUMBER": "c" * 40,
}
FILES = {
    BUILD: r"""#TeamCity build properties without 'system.' prefix
#Sat Jan 31 12:00:00 UTC 2026
build.number=42
teamcity.build.id=1234
teamcity.build.checkoutDir=C\:\\agent\\work\\shop
teamcity.configuration.properties.file=/agent/config.properties
""",
    CONFIGURATION: r"""
teamcity.build.branch = fix/caf\u00e9\=\ud83d\ude00
teamcity.build.branch.is_default=false
teamcity.build.triggeredBy.username : ann
teamcity.agent.name=agent-7
teamcity.build.id=9999
""",
}
DEFAULT = {
    BUILD: "teamcity.configuration.properties.file=/agent/config.properties",
    CONFIGURATION: "teamcity.build.branch=<default>\r\nteamcity.build.vcs.branch.Shop_Git=refs/heads/main\r\n"
    "teamcity.build.branch.is_default=true\r\n",
}
PULL_REQUEST = {
    BUILD: "teamcity.build.branch=pull/12\nteamcity.pullRequest.number=12\n"
    "teamcity.pullRequest.source.branch=fix/cart\nteamcity.pullRequest.target.branch=main\n",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider", "teamcity"),
        ("ci_run_id", "teamcity-1234"),
        ("pipeline", "Shop"),
        ("run_number", "42"),
        ("run_url", "https://tc.acme.test/buildConfiguration/Shop_Unit/1234"),
        ("job_name", "Unit"),
        ("node", "agent-7"),
        ("branch", "fix/caf\u00e9=\U0001f600"),
        ("default_branch", None),
        ("revision", "c" * 40),
        ("change", None),
        ("actor", "ann"),
        ("workspace", r"C:\agent\work\shop"),
    ],
)
def test_push(read, field, value):
    assert getattr(read(PUSH, FILES), field) == value


@pytest.mark.parametrize("field", ["branch", "default_branch"])
def test_default_branch_has_a_name(read, field):
    assert getattr(read(PUSH, DEFAULT), field) == "main"


@pytest.mark.parametrize(("field", "value"), [("change", "12"), ("branch", "fix/cart"), ("target_branch", "main")])
def test_pull_request(read, field, value):
    assert getattr(read(PUSH, PULL_REQUEST), field) == value


def test_variables_of_a_pull_request(read):
    run = read(PUSH, TEAMCITY_PULLREQUEST_NUMBER="12", TEAMCITY_PULLREQUEST_TARGET_BRANCH="main")
    assert (run.change, run.target_branch) == ("12", "main")


@pytest.mark.parametrize(
    ("url", "run_id"),
    [("https://tc.acme.test/viewLog.html?buildId=1234&x=1", "1234"), ("", "42")],
    ids=["address", "number"],
)
def test_run_id_without_the_file(read, url, run_id):
    assert read(PUSH, BUILD_URL=url).pipeline_id == run_id


@pytest.mark.parametrize("content", ["", "\x00\xff", "teamcity.build.branch", "\\", "teamcity.build.branch=\\ud800"])
def test_file_of_any_content_costs_nothing_else(read, content):
    assert read(PUSH, {BUILD: content}).job_name == "Unit"
