"""What the tests of catalogues have in common: a manifest that is read, and three tracks that have been measured."""

import copy
import shutil

import pytest

from beamprint.pipeline.catalogue.manifest import read_manifest
from beamprint.pipeline.store.local_files import LocalFiles
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
    """As the first run left it, at the place where it was made, which its records name."""
    shutil.rmtree(first_run.folder)
    shutil.copytree(first_run.folder.with_name("kept"), first_run.folder)
    return copy.deepcopy(first_run)


@pytest.fixture
def rows(tmp_path):
    """Reads a manifest of a name and content: (uri, id, tags) of every row."""

    def read(name, content):
        (tmp_path / name).write_bytes(content)
        return [
            (row.uri, row.track_id, dict(row.tags))
            for row in read_manifest(LocalFiles(), str(tmp_path / name))
        ]

    return read
