"""Alerts for tests: one with everything in it, one that wants to break out, one that no channel has room for."""

from __future__ import annotations

from email import message_from_bytes, policy

from ci_reporter.model import Result, Run
from ci_reporter.notify.alert import Alert, Chart, Commit, Curve, Field, Level, Link

RUN = Run(
    ci_run_id="github-17012345678-1",
    provider="github",
    repository="acme/shop",
    pipeline="CI",
    job_name="unit (3.12)",
    branch="main",
    revision="c0ffee1234567890c0ffee1234567890c0ffee12",
    run_url="https://ci.example/acme/shop/runs/17012345678",
    job_url="https://ci.example/acme/shop/runs/17012345678/jobs/2",
    actor="ada",
)
HOSTILE = (
    "<!channel> <at id=all></at> @all @everyone *b* _i_ `c` ~s~ [x](https://evil.example)"
    " <script>alert(1)</script> & \"'\r\nBcc: x\x1b[31m\u202e"
)
CHARTS = (
    Chart(
        title="latency, ms",
        curves=(Curve(name="p95", values=(46.0, 48.0, 300.0, None, 340.0)), Curve(name="p50", values=(30.0,) * 5)),
        split=2,
    ),
)


def make_alert(**changes) -> Alert:
    """An alert with everything in it: a failed step."""
    known = {
        "title": "unit failed",
        "text": "3 of 200 tests failed.\nThe first one is test_total.",
        "level": Level.ERROR,
        "service": "shop",
        "environment": "production",
        "run": RUN,
        "result": Result.FAILURE,
        "fields": (Field(name="Duration", value="2 min 3 s"), Field(name="Coverage", value="93.1 % (-1.2)")),
        "failed_tests": ("tests/test_cart.py::test_total", "tests/test_cart.py::test_tax", "tests/test_x.py::test_y"),
        "commit": Commit(
            revision=RUN.revision,
            subject="count the tax once",
            author="Ada Lovelace",
            stat=("cart.py | 4 ++--", "1 file changed, 2 insertions(+), 2 deletions(-)"),
        ),
        "links": (Link(text="Dashboard", url="https://grafana.example/d/ci"),),
        "at_s": 1_780_000_000.0,
        "alert_id": "0198c0de-0000-7000-8000-000000000001",
        "dedup_key": "acme/shop CI unit main",
    }
    return Alert(**known | changes)


def small_alert() -> Alert:
    """An alert with nothing but a title."""
    return Alert(title="nightly import is late")


def hostile_alert() -> Alert:
    """An alert whose every text wants to break out: of markup, headers, lines and colours."""
    return make_alert(
        title=HOSTILE,
        text=HOSTILE,
        service=HOSTILE,
        run=Run(**vars(RUN) | {"branch": HOSTILE, "job_name": HOSTILE, "run_url": "javascript:alert(1)"}),
        fields=(Field(name="Reason", value=HOSTILE), Field(name=HOSTILE, value=HOSTILE)),
        failed_tests=(HOSTILE, "```\n# heading"),
        commit=Commit(revision=HOSTILE, subject=HOSTILE, author=HOSTILE, stat=(HOSTILE,)),
        links=(Link(text=HOSTILE, url="https://ok.example/?a=1&b=<2>"), Link(text="x", url="file:///etc/passwd")),
    )


def huge_alert() -> Alert:
    """An alert that no channel has room for."""
    return make_alert(
        title="长" * 5000,
        text="故障 🚨\n" * 20_000,
        fields=tuple(Field(name=f"字段{n}", value="值" * 3000) for n in range(100)),
        failed_tests=tuple(f"tests/测试_{n}.py::test_{'x' * 300}" for n in range(3000)),
        commit=Commit(revision=RUN.revision, subject="修" * 2000, stat=tuple("文件 | 1 +" for _ in range(500))),
        links=tuple(Link(text="链接" * 50, url=f"https://x.example/{n}{'y' * 3500}") for n in range(60)),
    )


def form_of(asked) -> dict[str, bytes]:
    """The fields of a form, as a server reads them: by the standard library's parser of MIME."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    whole = message_from_bytes(head + asked.body, policy=policy.HTTP)
    return {each.get_param("name", header="content-disposition"): each.get_payload(decode=True)
            for each in whole.iter_parts()}  # fmt: skip
