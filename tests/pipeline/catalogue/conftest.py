"""A catalogue of three tracks that has been measured: each test gets it as the first run left it."""

import copy
import shutil

import pytest

from tests.pipeline.catalogue.living import Catalogue


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    made = Catalogue(tmp_path_factory.mktemp("living") / "catalogue")
    made.folder.mkdir()
    for seed, track_id in enumerate("abc"):
        made.add(track_id, seed, artist=f"artist {track_id}")
    assert made.run() == 0
    assert made.measured == ["a", "b", "c"]
    made.check()
    shutil.copytree(made.folder, made.folder.with_name("kept"))
    return made


@pytest.fixture
def catalogue(first_run):
    """It lies at the place where it was made, which its records name."""
    shutil.rmtree(first_run.folder)
    shutil.copytree(first_run.folder.with_name("kept"), first_run.folder)
    return copy.deepcopy(first_run)
