"""Which processes belong to a command. Pure: a list of processes in, a set of them out."""

import os
import subprocess

import pytest

from ci_reporter.runner.tree import Mark, Process, Root, members, processes

OWN_GROUP = Root(pid=100, group=100)


def process(pid, parent=1, group=None):
    return Process(pid=pid, parent=parent, group=group or pid, started=pid)


@pytest.mark.parametrize(
    ("other", "belongs"),
    [
        (process(101, parent=100), True),
        (process(101, parent=1, group=100), True),
        (process(101, parent=100, group=7), True),
        (process(101, parent=1), False),
        (process(101, parent=99), False),
    ],
    ids=["child", "orphan of its group", "child in another group", "stranger", "child of a stranger"],
)
def test_what_belongs_to_a_command(other, belongs):
    assert (other in members(OWN_GROUP, [process(99), process(100), other])) is belongs


def test_a_tree_is_followed_all_the_way_down():
    line = [process(100 + depth, parent=99 + depth) for depth in range(50)]
    assert members(OWN_GROUP, reversed(line)) == set(line)


def test_what_descends_from_a_known_process_belongs_too():
    known, child = process(7), process(8, parent=7)
    assert members(None, [known, child, process(9)], [known]) == {known, child}


def test_a_number_that_is_somebody_elses_by_now_is_left_alone():
    """The command and its group are gone; the kernel has given its process id to another process."""
    assert members(None, [process(100), process(101, parent=100)], []) == set()


def test_a_process_is_the_same_with_another_parent():
    assert process(5, parent=4).identity == process(5, parent=1, group=3).identity


def test_what_carries_the_mark_is_found():
    env = {"PATH": os.environ["PATH"], "MARK": "x=y"}
    with subprocess.Popen(["sleep", "30"], env=env) as marked, subprocess.Popen(["sleep", "30"]) as other:
        found = {each.pid for each in Mark("MARK=x=y").carriers(processes())}
        marked.kill()
        other.kill()
    assert found & {marked.pid, other.pid} == {marked.pid}
