"""SQL statements carry the run and the trace as a comment, and still do what they say."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.pool import StaticPool

from ci_reporter.logs import Context, sqlalchemy_engine, with_comment
from ci_reporter.logs.current import use

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
COMMENT = f"/*ci_run_id='r-1',traceparent='{TRACEPARENT}'*/"


@pytest.fixture(autouse=True)
def _in_a_run():
    with use(Context(ci_run_id="r-1", traceparent=TRACEPARENT)):
        yield


@pytest.mark.parametrize(
    ("statement", "marked"),
    [
        ("SELECT 1", f"SELECT 1 {COMMENT}"),
        ("SELECT 1;", f"SELECT 1 {COMMENT};"),
        ("SELECT 1 ; \n", f"SELECT 1 {COMMENT};"),
        ("SELECT 1 /* mine */", "SELECT 1 /* mine */"),
        ("SELECT 1 -- mine", "SELECT 1 -- mine"),
    ],
)
def test_the_comment_is_behind_the_statement(statement, marked):
    assert with_comment(statement) == marked


def test_without_a_context_nothing_is_added(script):
    assert script("from ci_reporter.logs import with_comment\nprint(with_comment('SELECT 1'))").stdout == "SELECT 1\n"


def test_the_trace_can_be_left_out():
    assert with_comment("SELECT 1", trace=False) == "SELECT 1 /*ci_run_id='r-1'*/"


@given(st.text(max_size=30), st.sampled_from(["qmark", "named", "format", "pyformat"]))
def test_no_run_id_gets_out_of_the_comment(ci_run_id, paramstyle):
    with use(Context(ci_run_id=f"x{ci_run_id}")):
        statement = with_comment("SELECT 7", paramstyle=paramstyle)
    assert statement.count("*/") == 1
    assert sqlite3.connect(":memory:").execute(statement.replace("%%", "%")).fetchall() == [(7,)]


def test_a_driver_that_reads_percent_signs_gets_two():
    with use(Context(ci_run_id="a/b")):
        assert with_comment("SELECT %s", paramstyle="format") == "SELECT %s /*ci_run_id='a%%2Fb'*/"


def test_sqlalchemys_statements_reach_the_driver_with_it():
    seen = []
    connection = sqlite3.connect(":memory:")
    connection.set_trace_callback(seen.append)
    engine = sqlalchemy.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with sqlalchemy_engine(engine).connect() as opened:
        assert opened.execute(sqlalchemy.text("SELECT :n + 1"), {"n": 6}).scalar() == 7
    engine.dispose()
    connection.close()
    assert f"SELECT 6 + 1 {COMMENT}" in seen
