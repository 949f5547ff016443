"""A cluster for the tests of a module."""

import pytest

from tests.runners.flink.cluster import running


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running(tmp_path_factory.mktemp("flink") / "cluster") as cluster:
        yield cluster
