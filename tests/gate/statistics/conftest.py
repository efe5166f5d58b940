"""What the tests of the statistics compare with."""

import pytest


@pytest.fixture(scope="session")
def stats():
    """SciPy's distributions, which take seconds to import: only a worker that runs these tests does."""
    from scipy import stats

    return stats
