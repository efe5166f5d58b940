"""How fast messages go to each chat: as fast as a channel's rate allows, and never faster than the vendor does."""

import pytest

from ci_reporter.config import plugins
from ci_reporter.notify.language import Language
from ci_reporter.notify.pace import wait_s

# What the vendors say: at most so many messages within so many seconds. Sources: the channels' own files.
LIMITS = {
    "slack": [(1, 1)],
    "dingtalk": [(20, 60)],
    "wecom": [(20, 60)],
    "feishu": [(5, 1), (100, 60)],
    "teams": [(4, 1)],
    "discord": [(5, 2), (30, 60)],
    "telegram": [(20, 60)],
    "mattermost": [(10, 1)],
}


def times(rate, count):
    """When messages of a storm go out."""
    found, now_s = [], 1_780_000_000.0
    for _ in range(count):
        now_s += wait_s(found, rate, now_s)
        found.append(now_s)
    return found


@pytest.mark.parametrize(("channel", "limits"), LIMITS.items(), ids=LIMITS)
def test_a_storm_is_within_the_vendors_limits(channel, limits):
    rate = plugins.declaration("notifiers", channel)().notifier({}, Language.EN).rate
    found = times(rate, 200)
    for count, per_s in limits:
        gaps = [later - earlier for earlier, later in zip(found, found[count:], strict=False)]
        assert min(gaps) > per_s - 0.001  # floats
