"""Several services judged together: the gate passes when all of them do, and names the one that does not."""

import json
import sys

import pytest

from ci_reporter.gate.probing import converge
from ci_reporter.gate.recording import Probe
from ci_reporter.gate.rules.plan import Converge

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
OUTAGE = 'if: "down for 2s"'


@pytest.fixture
def gate(run_program, gate_yml):
    """Gate services by name; the exit code, the verdict, and what was said."""

    def run(*rules, converge="40s", revision="auto", watch="10s", alpha="1%", **services):
        named = "".join(f"  {name}: {{ url: '{each.url}', revision: {revision} }}\n" for name, each in services.items())
        path = gate_yml(*(rules or [OUTAGE]), more=f"services:\n{named}", converge=converge, gate=f"  alpha: {alpha}")
        ended = run_program("gate", "watch", "--rules", path, "--watch", watch, "--expect-revision", NEW, "--json")
        return ended.returncode, json.loads(ended.stdout or "{}"), ended.stderr

    return run


def test_two_good_services_pass(gate, backend):
    code, found, said = gate(api=backend(NEW), web=backend(NEW))
    assert (code, found["verdict"]) == (0, "pass"), said
    assert found["converge"]["services"]["web"]["expected"] == NEW
    assert "api: revision c0ffee123456 answered 6 times in a row" in found["converge"]["statement"]
    assert " 0 of " in found["converge"]["statement"]


def test_a_service_that_stays_old_is_exit_4_and_named(gate, backend):
    code, found, _ = gate(api=backend(NEW), web=backend(OLD), converge="3s")
    assert code == 4
    assert found["converge"]["statement"].startswith("web: not converged after ")
    assert [each["converged"] for each in found["converge"]["services"].values()] == [True, False]


def test_a_service_that_falls_back_in_the_watch_is_named(gate, backend):
    web = backend(NEW)

    def act(handler):
        web.revision = OLD
        web.answer(handler)

    web.answer_from(60, act)
    code, _, said = gate(api=backend(NEW), web=web, converge="8s")
    assert code == 4
    assert "after converging, revision 01dbeef23456 of web answered" in said


def test_a_service_that_fails_is_exit_1_and_named(gate, backend):
    web = backend(NEW)
    web.answer_from(60, lambda handler: handler.send_error(500))
    code, found, _ = gate(api=backend(NEW), web=web)
    assert (code, found["rules"][0]["reason"]) == (1, "down for 2s (web.http_latency)")


def test_a_slow_service_is_exit_1_and_named(gate, backend):
    web = backend(NEW)
    web.delay_s = 0.2
    code, found, _ = gate('if: "http_latency_p95 > 50ms"', api=backend(NEW), web=web, watch="20s", alpha="20%")
    verdicts = {rule["name"]: rule["verdict"] for rule in found["rules"]}
    assert (code, verdicts["rule0 (web)"]) == (1, "fail")
    assert verdicts["rule0 (api)"] != "fail"


@pytest.fixture
def deployable(backend):
    """Start a service that /new brings to NEW, which fails once the watch is under way, and /old back to OLD."""

    def start():
        found = backend(OLD)

        def act(handler):
            if handler.path in ("/new", "/old"):
                found.revision = NEW if handler.path == "/new" else OLD
                found.asked = 0
            if found.revision == NEW and found.asked > 60:
                handler.send_error(500)
            else:
                found.answer(handler)

        found.act = act
        return found

    return start


def test_services_that_a_rollback_brings_back_are_exit_5(run_program, gate_yml, deployable):
    services = {"api": deployable(), "web": deployable()}
    ask = run_program.folder / "ask.py"
    ports = [each.port for each in services.values()]
    ask.write_text(
        "import sys, urllib.request\n"
        f"for port in {ports}:\n    urllib.request.urlopen(f'http://127.0.0.1:{{port}}/{{sys.argv[1]}}')\n"
    )
    back = f"[ $CI_REPORTER_LAST_GOOD_API$CI_REPORTER_LAST_GOOD_WEB = {OLD}{OLD} ] && {sys.executable} ask.py old"
    more = "services:\n" + "".join(f"  {name}: {{ url: '{each.url}' }}\n" for name, each in services.items())
    more += f'actions:\n  rollback: {{ run: "{back}", verify: true }}\n'
    path = gate_yml(f"{OUTAGE}, then: rollback", more=more)
    given = ["--rules", path, "--window", "3s", "--expect-revision", NEW, "--json"]
    ended = run_program("gate", "around", *given, "--", sys.executable, "ask.py", "new")
    found = json.loads(ended.stdout.splitlines()[-1])
    assert (ended.returncode, found["rollback"]["verified"]) == (5, True), ended.stderr
    assert "rollback: api: the last good revision is 01dbeef23456 (it answered before the deploy); web:" in ended.stderr


def test_an_address_beside_services_is_refused(run_program, gate_yml, backend):
    path = gate_yml(OUTAGE, more="services:\n  api: { url: 'http://127.0.0.1:1/' }\n")
    ended = run_program("gate", "http://127.0.0.1:2/", "--rules", path)
    assert (ended.returncode, "leave out one of them" in ended.stderr) == (2, True)


def probes(*revisions):
    return [Probe(t=float(at), ok=True, status=200, latency_ms=1.0, revision=each) for at, each in enumerate(revisions)]


def test_all_services_have_to_converge():
    seen = {"api": probes(*[NEW] * 60), "web": probes(*[NEW] * 50)}
    found = converge.of_services(seen, {"api": NEW, "web": NEW}, Converge())
    assert (found.over, found.run, found.needed) == (False, 50, 51)


def test_services_have_converged_with_the_last_of_them():
    seen = {"api": probes(*[NEW] * 51), "web": probes(OLD, *[NEW] * 101)}
    found = converge.of_services(seen, {"api": NEW, "web": NEW}, Converge())
    assert (found.over, found.reached_at_s, found.probes) == (True, 79.0, 153)
