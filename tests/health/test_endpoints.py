"""What the four endpoints answer, behind uvicorn and behind wsgiref."""

import pytest

from ci_reporter.health import BuildInfo, Check, Health, Outcome, Paths

BUILD = BuildInfo(version="1.2.3", revision="c0ffee1" + "0" * 33, branch="main")


NAMES = ("health", "livez", "readyz", "metrics")


def no():
    return False


def test_health_says_which_build_is_well(endpoints):
    said = endpoints(Health(BUILD))("/health")
    assert (said.status, said.headers["content-type"]) == (200, "application/health+json")
    assert said.headers["cache-control"] == "no-store"
    assert said.json.pop("uptime_s") >= 0
    known = {"status": "pass", "version": "1.2.3", "releaseId": BUILD.revision, "revision": BUILD.revision}
    assert {key: said.json[key] for key in known} == known


def test_unknown_is_left_out(endpoints):
    ask = endpoints(Health())
    assert set(ask("/health").json) == {"status", "uptime_s"}
    assert not [name for name in ask.samples() if name.startswith("build_info")]


@pytest.mark.parametrize(
    ("checks", "status", "code"),
    [
        ([Check("a", lambda: None), Check("b", lambda: True)], "pass", 200),
        ([Check("a", lambda: None), Check("b", no)], "fail", 503),
        ([Check("a", no, critical=False)], "warn", 200),
        ([Check("a", lambda: Outcome(status="warn"))], "warn", 200),
        ([Check("a", lambda: Outcome(status="warn")), Check("b", no)], "fail", 503),
    ],
    ids=["all well", "one fails", "not critical", "warns", "worst counts"],
)
def test_the_worst_check_decides(endpoints, checks, status, code):
    said = endpoints(Health(checks=checks))("/health")
    assert (said.json["status"], said.status) == (status, code)


def test_a_check_is_told_by_name(endpoints):
    outcome = Outcome(status="warn", output="91 %\nfull", observed_value=91, observed_unit="%")
    said = endpoints(Health(checks=[Check("disk", lambda: outcome, critical=False)]))("/health").json
    (disk,) = said["checks"]["disk"]
    assert disk.pop("time").endswith("Z")
    assert disk == {
        "status": "warn",
        "observedValue": 91,
        "observedUnit": "%",
        "output": "91 % full",
        "critical": False,
    }


def test_a_check_without_a_value_of_its_own_tells_its_time(endpoints):
    said = endpoints(Health(checks=[Check("db", lambda: None)]))("/health").json
    (db,) = said["checks"]["db"]
    assert (db["observedUnit"], db["observedValue"] >= 0) == ("ms", True)


def test_being_alive_needs_no_check(endpoints):
    asked = []
    ask = endpoints(Health(checks=[Check("db", lambda: asked.append(1) or False)]))
    said = ask("/livez")
    assert (said.status, said.json, asked) == (200, {"status": "pass"}, [])


def test_being_ready_asks_only_the_checks_that_are_for_it(endpoints):
    ask = endpoints(Health(checks=[Check("db", lambda: None), Check("mail", no, ready=False)]))
    said = ask("/readyz")
    assert (said.status, list(said.json["checks"])) == (200, ["db"])
    assert ask("/health").status == 503


def test_not_being_ready_is_503(endpoints):
    assert endpoints(Health(checks=[Check("db", no)]))("/readyz").status == 503


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/metrics"])
def test_head_is_get_without_the_body(endpoints, path):
    ask = endpoints(Health(BUILD))
    head, get = ask(path, "HEAD"), ask(path)
    assert (head.status, head.body, head.headers["content-type"]) == (200, b"", get.headers["content-type"])
    assert int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PURGE"])
def test_other_methods_are_refused_and_ask_no_check(endpoints, method):
    asked = []
    said = endpoints(Health(checks=[Check("db", lambda: asked.append(1))]))("/health", method)
    assert (said.status, said.headers["allow"], asked) == (405, "GET, HEAD", [])


def test_the_endpoints_can_be_elsewhere_or_nowhere(endpoints):
    ask = endpoints(Health(paths=Paths(prefix="/internal/", livez="/alive", metrics=None)))
    codes = {path: ask(path).status for path in ("/internal/health", "/internal/alive", "/internal/metrics", "/health")}
    assert codes == {"/internal/health": 200, "/internal/alive": 200, "/internal/metrics": 404, "/health": 404}


@pytest.mark.parametrize("prefix", ["", "/", "/a", "a", "/a/"])
def test_a_prefix_may_be_written_in_any_way(prefix):
    assert set(Paths(prefix=prefix).table()) == {f"{'/a' if 'a' in prefix else ''}/{name}" for name in NAMES}


def test_metrics_are_what_prometheus_reads(endpoints, promtool_says):
    ask = endpoints(Health(BUILD))
    ask("/nothing-here")
    text = ask("/metrics").body.decode()
    assert promtool_says(text) == ""
    assert f'build_info{{branch="main",revision="{BUILD.revision}",version="1.2.3"}} 1.0' in text


def test_openmetrics_is_given_to_who_asks_for_it(endpoints):
    said = endpoints(Health(BUILD))("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert said.headers["content-type"].startswith("application/openmetrics-text")
    assert said.body.endswith(b"# EOF\n")


def test_two_checks_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two checks are named 'db'"):
        Health(checks=[Check("db", no), Check("db", no)])
