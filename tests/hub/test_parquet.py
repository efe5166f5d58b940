"""Reports as a Parquet file, read back by pyarrow."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from ci_reporter.errors import UsageError
from ci_reporter.hub import parquet
from ci_reporter.schema import from_json, to_json

FULL = {
    "report_id": "a",
    "ci_run_id": "github-1-1",
    "repository": "acme/shop",
    "job_name": "日本",
    "step": "pytest",
    "started_at": "2026-01-31T12:00:00.123Z",
    "finished_at": "2026-01-31T13:00:05+01:00",
    "duration_ms": 4877,
    "exit_code": 1,
    "result": "failure",
    "coverage_pct": 93.1,
    "coverage": {"unit": "line", "covered": 931, "total": 1000, "declared_mismatch": True},
    "tests": {"total": 3, "passed": 1, "failed": 2, "errors": 0, "skipped": 0},
    "gate": {"verdict": "fail", "probes": 100, "rules": {"outage": "fail"}, "p95_ms": 12.5},
    "measures": {"bundle_bytes": 48123},
    "tags": {"team": "web"},
    "failed_tests": ["a", "b"],
    "failures": [{"name": "a", "message": "boom", "line": 3}],
    "slowest_tests": {"a": 12},
    "from_tomorrow": True,
}
MINIMAL = {"report_id": "b", "pipeline_id": 17, "job_name": "unit", "duration_ms": 5, "exit_code": 0}


def written(*flats):
    out = io.BytesIO()
    assert parquet.write_parquet(map(json.dumps, flats), out) == len(flats)
    return pq.read_table(io.BytesIO(out.getvalue()))


def test_what_was_written_is_read_back():
    found = written(FULL).to_pylist()[0]
    assert found["started_at"] == datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)
    assert found["finished_at"] == datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
    for name in ("report_id", "repository", "job_name", "step", "duration_ms", "exit_code", "result", "coverage_pct"):
        assert found[name] == FULL[name]
    assert found["coverage"]["declared_mismatch"] is True
    assert found["tests"]["failed"] == 2
    assert (found["gate"]["p95_ms"], found["gate"]["rules"]) == (12.5, [("outage", "fail")])
    assert (found["measures"], found["tags"]) == ([("bundle_bytes", 48123.0)], [("team", "web")])
    assert (found["failed_tests"], found["failures"][0]["line"]) == (["a", "b"], 3)


def test_what_is_unknown_is_null():
    found = written(MINIMAL).to_pylist()[0]
    assert (found["pipeline_id"], found["coverage"], found["started_at"]) == ("17", None, None)


def test_the_columns_are_the_keys_of_a_report():
    whole = from_json(FULL | {"environment": "x", "traceparent": "x", "flaky_tests": ["x"]})
    keys = set(to_json(whole)) - {"schema"}
    columns = set(written(MINIMAL).schema.names)
    assert keys <= columns
    assert "committed_at" in columns


def test_half_a_character_harms_nobody():
    assert written(FULL | {"actor": "a\ud800"}).to_pylist()[0]["actor"] == "a?"


def test_reports_are_written_in_groups(monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS", 2)
    out = io.BytesIO()
    parquet.write_parquet(map(json.dumps, [MINIMAL] * 5), out)
    read = pq.ParquetFile(io.BytesIO(out.getvalue())).metadata
    assert (read.num_rows, read.num_row_groups) == (5, 3)


def test_no_reports_are_a_file_without_rows():
    assert written().num_rows == 0


def test_without_pyarrow_it_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="--format parquet needs pyarrow, which is not installed here"):
        parquet.write_parquet([], io.BytesIO())


def test_the_program_writes_the_file(run_program, tmp_path):
    run_program("hub", "import", "-", stdin=json.dumps(FULL))
    done = run_program("hub", "export", "--format", "parquet", "--output", str(tmp_path / "all.parquet"))
    assert (done.returncode, done.stderr) == (0, f"ci-reporter: 1 reports are in {tmp_path}/all.parquet\n")
    assert pq.read_table(tmp_path / "all.parquet").column("report_id").to_pylist() == ["a"]


def test_a_parquet_file_needs_a_name(run_program):
    done = run_program("hub", "export", "--format", "parquet")
    assert done.returncode == 2
    assert "--format parquet writes a file: name it with --output" in done.stderr
