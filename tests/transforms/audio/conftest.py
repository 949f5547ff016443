"""Files for the tests of formats, made once for all of them."""

import pytest

from tests.transforms.audio.formats import one_of_each


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return one_of_each(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch") / "file"
